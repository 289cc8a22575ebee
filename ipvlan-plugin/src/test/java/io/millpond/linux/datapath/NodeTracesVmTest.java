package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A node that millpond leaves. Needs root, but no IPvlan. */
@Tag("vm")
final class NodeTracesVmTest {
  private static final String THEIRS = "tcp dport 22 accept comment \"ssh\"";

  private Netns netns;

  @SuppressWarnings("NullAway.Init")
  NodeTracesVmTest() {}

  @BeforeEach
  void start() throws IOException {
    Shell.run("ip netns del lx-gone 2>/dev/null || true");
    netns = Fabric.pod("gone");
    Shell.run(
        """
        ip -n lx-gone link add eni0 type dummy
        ip -n lx-gone link set eni0 alias 'mpe1 p=default'
        ip -n lx-gone link add other type dummy
        ip -n lx-gone link set other alias 'somebody else'
        ip -n lx-gone route add unreachable 10.9.9.9 proto 42
        ip netns exec lx-gone nft -f - <<'N'
        add table inet fw
        add chain inet fw f { type filter hook forward priority 0; policy drop; }
        add rule inet fw f %s
        N
        """
            .formatted(THEIRS));
  }

  @AfterEach
  void remove() {
    netns.close();
    Shell.run("ip netns del lx-gone");
  }

  private static String in(String command) {
    return Shell.run("ip netns exec lx-gone " + command);
  }

  @Test
  void everythingOfOursGoesAndNothingOfOthers() throws IOException {
    PoolRoutes routes = new PoolRoutes();
    HostDatapath node = new HostDatapath(IpAddress.parse("127.0.0.1"), routes);
    netns.inside(
        () -> {
          node.install();
          routes.released(IpAddress.parse("10.0.1.21"), BootTime.ofSeconds(7));
          routes.inUse(IpAddress.parse("10.0.1.22"));
          return node.reconcile(List.of());
        });
    assertThat(in("nft list ruleset")).contains("table inet millpond", "mpd*");

    List<String> removed = netns.inside(NodeTraces::remove);

    assertThat(String.join("\n", removed))
        .contains("2 pool addresses", "eni0", "inet fw f", "inet millpond");
    assertThat(in("nft list ruleset")).contains("ssh").doesNotContain("mpd", "millpond");
    assertThat(in("ip route show type unreachable")).contains("10.9.9.9").doesNotContain("10.0.1");
    assertThat(in("ip link")).contains("alias somebody else").doesNotContain("mpe1");
    assertThat(netns.inside(NodeTraces::remove)).as("again").isEmpty();
  }
}
