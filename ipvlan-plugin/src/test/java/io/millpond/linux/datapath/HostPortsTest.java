package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.nft.PortMapping;
import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is on record of host ports, also by a release that came after this one. */
final class HostPortsTest {
  private static final IpAddress POD = IpAddress.parse("10.0.1.21");
  private static final HostPort PORT = port(8080);

  private static HostPort port(int port) {
    return new HostPort(Optional.empty(), HostPort.Protocol.TCP, port, 80);
  }

  private static Link link(String alias, String names) {
    return new Link(
        7,
        0,
        HostVeth.of(Fabric.key("a")).name(),
        "veth",
        Optional.of(alias),
        Optional.empty(),
        1500,
        OptionalInt.empty(),
        OptionalInt.empty(),
        List.of(names));
  }

  private static String readable() {
    return Alias.of(Fabric.key("a"), POD, 1, "default/a").format();
  }

  @Test
  void theRecordOfThisReleaseSaysWhereAPortLeads() {
    HostPorts.Records records =
        HostPorts.Records.of(List.of(link(readable(), "mpd1:abcdefghijkl:0:t8080-80")));

    assertThat(records.complete()).containsExactly(new PortMapping(PORT, POD));
    assertThat(records.newer()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"mpd1:abcdefghijkl:0:t8080-80", "mpd2:abcdefghijkl:0:t8080-80,z9?"})
  void anOpenPortOfANewerReleaseStaysOpenAndNoOther(String names) {
    HostPorts.Records records = HostPorts.Records.of(List.of(link("mp2 q=unknown", names)));
    PortMapping theirs = new PortMapping(PORT, POD);

    assertThat(records.all()).isEmpty();
    assertThat(records.ofNewer(List.of(theirs, new PortMapping(port(9090), POD))))
        .containsExactly(theirs);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mpd1:abcdefghijkl:0:t8080-80", "mpd2:abcdefghijkl:0:t8080-80,z9?"})
  void aPortOfANewerReleaseIsNotGivenAway(String names) {
    PodDemands demands = new PodDemands(List.of(PORT), Bandwidth.UNLIMITED);

    assertThatThrownBy(() -> HostPorts.refuseConflict(demands, link("mp2 q=unknown", names)))
        .isInstanceOf(HostPorts.TakenException.class)
        .hasMessageContaining("8080/tcp");
  }
}
