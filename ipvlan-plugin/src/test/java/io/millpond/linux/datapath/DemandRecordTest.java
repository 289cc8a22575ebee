package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class DemandRecordTest {
  private static final HostVeth VETH = HostVeth.of(Fabric.key("a"));
  private static final String PREFIX = "mpd1:" + VETH.name().substring(3) + ":";

  private static HostPort tcp(int port, int podPort) {
    return new HostPort(Optional.empty(), HostPort.Protocol.TCP, port, podPort);
  }

  private static PodDemands ports(List<HostPort> ports) {
    return new PodDemands(ports, Bandwidth.UNLIMITED);
  }

  @Test
  void whatAPodAsksForIsOneShortName() {
    PodDemands demands =
        new PodDemands(
            List.of(
                tcp(8080, 80),
                tcp(8081, 81),
                tcp(8082, 82),
                tcp(443, 443),
                new HostPort(
                    Optional.of(IpAddress.parse("10.0.1.5")), HostPort.Protocol.UDP, 53, 5353),
                new HostPort(Optional.empty(), HostPort.Protocol.SCTP, 9, 9)),
            new Bandwidth(
                Optional.of(new Bandwidth.Limit(10_000_000, 524_288)),
                Optional.of(new Bandwidth.Limit(2_000, 16_000))));

    List<String> names = DemandRecord.names(VETH, demands);

    assertThat(names)
        .containsExactly(
            PREFIX + "0:t8080-80+3,t443,u53-5353@10.0.1.5,s9,i10000000-524288,e2000-16000");
    assertThat(DemandRecord.read(names)).isEqualTo(demands);
  }

  @Test
  void whoAsksForNothingHasNoName() {
    assertThat(DemandRecord.names(VETH, PodDemands.NONE)).isEmpty();
    assertThat(DemandRecord.read(List.of("enp0s3"))).isEqualTo(PodDemands.NONE);
  }

  @Test
  void manyPortsGoOnInFurtherNamesAndKeepTheirOrder() {
    List<HostPort> ports = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      ports.add(tcp(20_000 + 2 * i, 30_000 - i));
    }
    List<String> names = DemandRecord.names(VETH, ports(ports));
    List<String> disordered = new ArrayList<>(names.reversed());

    assertThat(names).hasSizeGreaterThan(1).allMatch(name -> name.length() <= 127);
    assertThat(DemandRecord.read(disordered)).isEqualTo(ports(ports));
  }

  @Test
  void aRangeOfAnyLengthFitsAndMoreThanTheNamesCanHoldIsRefused() {
    List<HostPort> range = new ArrayList<>();
    List<HostPort> gaps = new ArrayList<>();
    for (int i = 0; i < 512; i++) {
      range.add(tcp(20_000 + i, 20_000 + i));
      gaps.add(tcp(20_000 + 2 * i, 20_000 + 2 * i));
    }
    assertThat(DemandRecord.names(VETH, ports(range))).containsExactly(PREFIX + "0:t20000+512");
    assertThat(DemandRecord.read(DemandRecord.names(VETH, ports(range)))).isEqualTo(ports(range));
    assertThatThrownBy(() -> DemandRecord.names(VETH, ports(gaps)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("512 host ports");
    assertThat(DemandRecord.excess(ports(range))).isEmpty();
    assertThat(DemandRecord.excess(ports(gaps)).orElseThrow()).contains("512 host ports", "fewer");
  }

  @Test
  void whatCannotBeReadSaysNothing() {
    assertThat(
            DemandRecord.read(
                List.of(
                    PREFIX + "0:t0,t70000,t1+70000,x80,t80@,t80@1.2.3.400,i1-1,e,,t22",
                    "mpd2:abc:0:t23")))
        .isEqualTo(ports(List.of(tcp(22, 22))));
  }
}
