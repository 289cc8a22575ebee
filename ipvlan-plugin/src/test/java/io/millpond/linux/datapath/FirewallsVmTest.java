package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.netns.Netns;
import io.millpond.linux.nft.Generation;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Looks at rule sets that change, and at those that do not. Needs root, but no IPvlan. */
@Tag("vm")
final class FirewallsVmTest {
  private static final String DROP =
      "add table inet fw; add chain inet fw f { type filter hook forward priority 0; policy drop; }";

  private final HostDatapath node =
      new HostDatapath(IpAddress.parse("127.0.0.1"), new PoolRoutes());
  private Netns netns;

  @SuppressWarnings("NullAway.Init")
  FirewallsVmTest() {}

  @BeforeEach
  void start() throws IOException {
    Shell.run("ip netns del lx-fw 2>/dev/null || true");
    netns = Fabric.pod("fw");
    netns.inside(
        () -> {
          node.install();
          return true;
        });
  }

  @AfterEach
  void remove() {
    netns.close();
    Shell.run("ip netns del lx-fw");
  }

  private Reconciled look() throws IOException {
    return netns.inside(() -> node.reconcile(List.of()));
  }

  private static String nft(String commands) {
    return Shell.run("ip netns exec lx-fw nft -f - <<'N'\n%s\nN\n".formatted(commands));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "delete table inet millpond",
        "flush chain inet millpond postrouting",
        "flush chain inet fw f",
        "delete table inet fw; " + DROP,
        "flush ruleset; " + DROP,
        "add table ip other; add chain ip other f { type filter hook forward priority 5; policy drop; }"
      })
  void whatChangesAfterALookThatFoundNothingIsSeenByTheNext(String change) throws IOException {
    nft(DROP);
    assertThat(look().repairs()).isNotEmpty();
    assertThat(look()).isEqualTo(new Reconciled());
    assertThat(look()).isEqualTo(new Reconciled());
    nft(change);
    assertThat(look().repairs()).as(change).isNotEmpty();
    assertThat(look()).isEqualTo(new Reconciled());
  }

  @Test
  void everyTransactionHasAnotherGenerationAndALookHasNone() throws IOException {
    assertThat(look()).isEqualTo(new Reconciled());
    var before = netns.inside(Generation::now);
    assertThat(look()).isEqualTo(new Reconciled());
    assertThat(netns.inside(Generation::now)).isPresent().isEqualTo(before);
    nft("add table inet fw");
    assertThat(netns.inside(Generation::now)).isPresent().isNotEqualTo(before);
  }

  @Test
  void aLookAtALargeFirewallThatDidNotChangeTakesAFractionOfTheFirst() throws IOException {
    nft(DROP);
    Shell.run(
        "seq -f 'add rule inet fw f tcp dport %.0f drop' 10000 | ip netns exec lx-fw nft -f -");
    assertThat(look().repairs()).isNotEmpty();
    Duration listed = took();
    assertThat(took()).isLessThan(listed.dividedBy(3));
  }

  private Duration took() throws IOException {
    long began = System.nanoTime();
    assertThat(look()).isEqualTo(new Reconciled());
    return Duration.ofNanos(System.nanoTime() - began);
  }

  @Test
  void aFindingEndsWithTheOwnerOfItsTableAlthoughThatIsNoTransaction() throws Exception {
    try (OwnedTable _ = new OwnedTable("lx-fw")) {
      for (int i = 0; i < 3; i++) {
        assertThat(look().findings()).singleElement().asString().contains("chain inet owned f");
      }
    }
    assertThat(look()).isEqualTo(new Reconciled());
  }
}
