package io.millpond.simulator.account;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.Subnet;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SubnetSpaceTest {
  private static SubnetSpace space(String cidr) {
    return new SubnetSpace(
        new Subnet("subnet-1", "vpc-1", "zone", Cidr.parse(cidr), new TreeMap<>()));
  }

  @Test
  void fiveAddressesAreReserved() {
    SubnetSpace space = space("10.0.0.0/28");

    assertThat(space.free()).isEqualTo(11);
    assertThat(space.take(11)).startsWith(Ipv4.parse("10.0.0.4")).endsWith(Ipv4.parse("10.0.0.14"));
    assertThatThrownBy(() -> space.take(1))
        .isInstanceOfSatisfying(
            AwsError.class,
            e -> assertThat(e.code()).isEqualTo("InsufficientFreeAddressesInSubnet"));
  }

  @Test
  void addressesAreGivenInTurnAcrossTheEnd() {
    SubnetSpace space = space("10.0.0.0/28");
    List<Ipv4> first = space.take(10);
    first.forEach(space::release);

    assertThat(space.take(2)).containsExactly(Ipv4.parse("10.0.0.14"), Ipv4.parse("10.0.0.4"));
  }

  @Test
  void oneAddressSpoilsABlock() {
    SubnetSpace space = space("192.168.0.0/26");
    space.take(Ipv4.parse("192.168.0.40"));

    assertThat(space.takeBlocks(1)).containsExactly(Cidr.parse("192.168.0.16/28"));
    assertThatThrownBy(() -> space.takeBlocks(1))
        .isInstanceOfSatisfying(
            AwsError.class, e -> assertThat(e.code()).isEqualTo("InsufficientCidrBlocks"));
    space.release(Cidr.parse("192.168.0.16/28"));
    assertThat(space.takeBlocks(1)).hasSize(1);
  }

  @Test
  void aTrialLeavesTheOriginalAlone() {
    SubnetSpace space = space("10.0.0.0/24");
    space.copy().take(100);

    assertThat(space.free()).isEqualTo(251);
  }
}
