package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The pool's routes in the machine's own namespace; needs root, but no IPvlan. */
@Tag("vm")
final class PoolRoutesVmTest {
  private static final IpAddress ADDRESS = IpAddress.parse("10.0.1.21");
  private static final PoolRoutes.Remembered IN_USE =
      new PoolRoutes.Remembered(true, BootTime.BOOT);
  private static final PoolRoutes.Remembered EARLY =
      new PoolRoutes.Remembered(false, BootTime.ofSeconds(7));

  private final PoolRoutes routes = new PoolRoutes();

  @AfterEach
  void flush() {
    Shell.run("ip route flush table main proto 109");
  }

  private static String unreachable() {
    return Shell.run("ip -4 route show type unreachable proto 109");
  }

  @Test
  void anAddressThatIsNotOfThePoolGetsNoRouteByARelease() throws IOException {
    try (NetlinkSocket host = NetlinkSocket.open()) {
      routes.releaseIfKnown(host, ADDRESS, BootTime.ofSeconds(9));
      assertThat(unreachable()).isEmpty();
      routes.inUse(ADDRESS);
      routes.releaseIfKnown(host, ADDRESS, BootTime.ofSeconds(9));
    }
    assertThat(unreachable()).contains("10.0.1.21");
    assertThat(routes.metric(ADDRESS))
        .isEqualTo(Optional.of(PoolRoutes.releasedAt(BootTime.ofSeconds(9))));
  }

  @Test
  void aRouteThatSaysSomethingElseThanWhatIsOnRecordGoes() throws IOException {
    routes.released(ADDRESS, BootTime.ofSeconds(7));
    Shell.run(
        "ip route add unreachable 10.0.1.21 proto 109 metric %d; ip route del unreachable 10.0.1.21 metric %d"
            .formatted(PoolRoutes.IN_USE, PoolRoutes.releasedAt(BootTime.ofSeconds(7))));
    routes.removeOthers();
    assertThat(KernelLedger.look().routes()).containsOnly(Map.entry(ADDRESS, EARLY));
    assertThat(unreachable().strip().lines()).hasSize(1);
  }

  /** Between the two messages of a change both routes are there. */
  @Test
  void aLookLeavesBothRoutesOfAnAddressAndTheStartKeepsTheRelease() throws IOException {
    long released = PoolRoutes.releasedAt(BootTime.ofSeconds(7));
    Shell.run(
        "for m in %d %d; do ip route add unreachable 10.0.1.21 proto 109 metric $m; done"
            .formatted(released, PoolRoutes.IN_USE));
    assertThat(KernelLedger.look().routes()).containsOnly(Map.entry(ADDRESS, EARLY));
    assertThat(unreachable().strip().lines()).hasSize(2);
    assertThat(KernelLedger.read(routes).routes()).containsOnly(Map.entry(ADDRESS, EARLY));
    assertThat(unreachable().strip().lines())
        .singleElement()
        .asString()
        .contains("metric " + released);
  }

  @Test
  void whatIsMissingIsRememberedAndWhatIsOnRecordIsNotTouched() throws IOException {
    assertThat(routes.rememberIfMissing(ADDRESS, IN_USE)).isTrue();
    assertThat(routes.metric(ADDRESS)).isEqualTo(Optional.of(PoolRoutes.IN_USE));
    assertThat(routes.rememberIfMissing(ADDRESS, EARLY)).isFalse();
    assertThat(unreachable().strip().lines())
        .singleElement()
        .asString()
        .contains("10.0.1.21")
        .contains("metric " + PoolRoutes.IN_USE);
  }
}
