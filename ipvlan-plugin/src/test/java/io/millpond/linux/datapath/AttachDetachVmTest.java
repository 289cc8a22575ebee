package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millpond.linux.BootClock;
import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Attach, detach, check and the ledger, on a real kernel. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class AttachDetachVmTest {
  private static final AttachmentKey KEY = Fabric.key("c1");
  private static final IpAddress ADDRESS = IpAddress.parse("10.0.1.21");
  private static final BootTime EARLIER = BootTime.ofSeconds(3);

  private Fabric fabric;
  private Netns pod;
  private PoolRoutes routes;

  private static final PodDemands DEMANDS =
      new PodDemands(
          List.of(
              new HostPort(Optional.empty(), HostPort.Protocol.TCP, 18080, 8080),
              new HostPort(Optional.empty(), HostPort.Protocol.UDP, 18080, 8080),
              new HostPort(Optional.of(Fabric.NODE1), HostPort.Protocol.SCTP, 9, 9)),
          new Bandwidth(
              Optional.of(Bandwidth.Limit.withUsualBurst(10_000_000)),
              Optional.of(Bandwidth.Limit.withUsualBurst(50_000_000))));

  @SuppressWarnings("NullAway.Init")
  AttachDetachVmTest() {}

  @BeforeAll
  void build() throws IOException {
    fabric = new Fabric();
    fabric.node1.inside(
        () -> {
          new HostDatapath(Fabric.NODE1, new PoolRoutes()).install();
          EniLinks.prepare(attachment(KEY, "10.0.1.21").eni());
          return true;
        });
  }

  @AfterAll
  void remove() {
    fabric.close();
  }

  @BeforeEach
  void startPod() throws IOException {
    routes = new PoolRoutes();
    pod = Fabric.pod("pod");
    fabric.node1.inside(
        () -> {
          // Ports of a pod that died in an earlier test.
          new HostDatapath(Fabric.NODE1, routes).install();
          routes.released(ADDRESS, EARLIER);
          return true;
        });
  }

  @AfterEach
  void nothingIsKept() throws IOException {
    pod.close();
    Shell.run("ip netns del lx-pod 2>/dev/null || true");
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> !Shell.run("ip -n lx-n1 -o link").contains(": mpd"));
    fabric.node1.inside(
        () -> {
          PoolRoutes all = new PoolRoutes();
          all.forget(KernelLedger.read(all).routes().keySet());
          return true;
        });
    assertThat(Netns.openCount()).as("open namespaces: the fabric's four").isEqualTo(4);
  }

  private static PodAttachment attachment(AttachmentKey key, String address) throws IOException {
    return Fabric.asking(
        Fabric.attachment(key, address, "eth1", Fabric.NODE1),
        key.equals(KEY) ? DEMANDS : PodDemands.NONE);
  }

  private AttachOutcome attach(AttachmentKey key, String address, Netns where) throws IOException {
    return fabric.node1.inside(
        () -> new PodDatapath(routes).attach(attachment(key, address), where));
  }

  private DetachOutcome detach(AttachmentKey key, Optional<Netns> where) throws IOException {
    return fabric.node1.inside(() -> new PodDatapath(routes).detach(key, where));
  }

  private CheckOutcome check() throws IOException {
    return fabric.node1.inside(
        () -> new PodDatapath(routes).check(attachment(KEY, "10.0.1.21"), pod));
  }

  private boolean held() throws IOException {
    return fabric.node1.inside(
        () -> AddressProbe.held(attachment(KEY, "10.0.1.21").eni(), ADDRESS));
  }

  private KernelLedger ledger() throws IOException {
    return fabric.node1.inside(KernelLedger::look);
  }

  private static PoolRoutes.Remembered remembered(KernelLedger ledger) {
    PoolRoutes.Remembered found = ledger.routes().get(ADDRESS);
    if (found == null) {
      throw new AssertionError("no pool route of " + ADDRESS);
    }
    return found;
  }

  private static String both() {
    return Fabric.snapshot("n1") + Fabric.snapshot("pod");
  }

  /** The pool route apart, whose metric is meant to change. */
  private static String withoutMetric(String snapshot) {
    return snapshot.replaceAll("(unreachable .* proto 109 .*metric) \\d+", "$1 M");
  }

  @Test
  void anAttachedPodIsAsBuilt() throws IOException {
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    assertThat(check()).isEqualTo(new CheckOutcome.AsBuilt());
    assertThat(Fabric.snapshot("pod")).contains("eth0").contains("10.0.1.21/24").contains("mpd0");
  }

  @Test
  void aDetachInALivingNamespaceLeavesItAsItWas() throws IOException {
    String before = both();
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    DetachOutcome outcome = detach(KEY, Optional.of(pod));
    assertThat(outcome.problem()).isEmpty();
    assertThat(outcome.address()).contains(ADDRESS);
    assertThat(withoutMetric(both())).isEqualTo(withoutMetric(before));
  }

  @ParameterizedTest
  @EnumSource
  void anAttachThatFailsBeforeAnyStepLeavesEverythingAsItWas(Step.OfAttach step)
      throws IOException {
    String before = both();
    AttachOutcome outcome =
        fabric.node1.inside(
            () ->
                new PodDatapath(routes, failingAt(step)).attach(attachment(KEY, "10.0.1.21"), pod));
    assertThat(outcome).isInstanceOf(AttachOutcome.Failed.class);
    assertThat(((AttachOutcome.Failed) outcome).detail()).contains("made to fail");
    boolean exposed = ((AttachOutcome.Failed) outcome).exposed();
    assertThat(exposed).isEqualTo(step.compareTo(Step.OfAttach.POD_SIDE) > 0);
    String after = both();
    assertThat(exposed ? withoutMetric(after) : after)
        .isEqualTo(exposed ? withoutMetric(before) : before);
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "BEGUN",
        "DEMANDS",
        "IN_USE",
        "NODE_SIDE",
        "SLAVE",
        "ADDRESS",
        "RULES",
        "SHAPING",
        "POD_SIDE",
        "HOST_PORTS",
        "RECORD"
      })
  void anAttachKilledBeforeAnyStepIsFoundAndUndoneByTheNextStart(Step.OfAttach step)
      throws IOException {
    String before = both();
    assertThatThrownBy(
            () ->
                fabric.node1.inside(
                    () ->
                        new PodDatapath(routes, dyingAt(step))
                            .attach(attachment(KEY, "10.0.1.21"), pod)))
        .isInstanceOf(Killed.class);
    KernelLedger found = ledger();
    assertThat(found.attachments()).isEmpty();
    assertThat(found.interrupted())
        .extracting(KernelLedger.Interrupted::veth)
        .containsExactly(HostVeth.of(KEY).name());
    DetachOutcome undone =
        fabric.node1.inside(
            () -> {
              PoolRoutes next = new PoolRoutes();
              KernelLedger read = KernelLedger.read(next);
              return new PodDatapath(next).undo(read.interrupted().getFirst());
            });
    assertThat(undone.problem()).isEmpty();
    // A killed daemon knows the earlier settings only once the slave has recorded them.
    boolean recorded = step.compareTo(Step.OfAttach.ADDRESS) > 0;
    String after = withoutMetric(both());
    assertThat(recorded ? after : withoutSettings(after))
        .isEqualTo(recorded ? withoutMetric(before) : withoutSettings(withoutMetric(before)));
    assertThat(held()).isFalse();
  }

  private static String withoutSettings(String snapshot) {
    return snapshot.lines().filter(line -> !line.startsWith("ipv")).toList().toString();
  }

  private static Step.Listener failingAt(Step step) {
    return at -> {
      if (at == step) {
        throw new IOException("made to fail");
      }
    };
  }

  private static Step.Listener dyingAt(Step step) {
    return at -> {
      if (at == step) {
        throw new Killed();
      }
    };
  }

  /** No exception that any undo would see: as if the process had ended there. */
  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  @ParameterizedTest
  @CsvSource({
    "RELEASED, false",
    "HOST_PORTS, false",
    "RULES, false",
    "SHAPING, false",
    "SLAVE, false",
    "VETH, false",
    "RELEASED, true",
    "RULES, true",
    "SHAPING, true",
    "SLAVE, true"
  })
  void aDetachKilledBeforeAnyStepIsFinishedByTheNext(Step.OfDetach step, boolean vethIsGone)
      throws IOException {
    String before = both();
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    if (vethIsGone) {
      Shell.run("ip -n lx-n1 link del " + veth());
    }
    assertThatThrownBy(
            () ->
                fabric.node1.inside(
                    () -> new PodDatapath(routes, dyingAt(step)).detach(KEY, Optional.of(pod))))
        .isInstanceOf(Killed.class);
    assertThat(detach(KEY, Optional.of(pod)).problem()).isEmpty();
    assertThat(withoutMetric(both())).isEqualTo(withoutMetric(before));
    assertThat(held()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(names = {"HOST_PORTS", "RULES", "SHAPING", "SLAVE"})
  void aDetachOfWhichOnePartFailsDoesTheOthers(Step.OfDetach step) throws IOException {
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    DetachOutcome outcome =
        fabric.node1.inside(
            () -> new PodDatapath(routes, failingAt(step)).detach(KEY, Optional.of(pod)));
    assertThat(outcome.problem()).hasValueSatisfying(p -> assertThat(p).contains("made to fail"));
    assertThat(held()).as("the slave went, from outside if need be").isFalse();
    assertThat(ledger().attachments()).isEmpty();
  }

  @Test
  void aDetachWithoutANamespaceStillRemovesTheSlaveOfANamespaceThatLives() throws IOException {
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    // Held by our descriptor alone: no name and no process leads to it any more.
    Shell.run("ip netns del lx-pod");
    assertThat(held()).isTrue();
    assertThat(detach(KEY, Optional.empty()).problem()).isEmpty();
    assertThat(held()).isFalse();
    assertThat(pod.inside(() -> java.net.NetworkInterface.getByName("eth0"))).isNull();
  }

  @Test
  void aDetachFindsALivingNamespaceByItsInode() throws IOException {
    String before = both();
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    assertThat(detach(KEY, Optional.empty()).problem()).isEmpty();
    assertThat(withoutMetric(both())).isEqualTo(withoutMetric(before));
  }

  @Test
  void aDetachOfANamespaceThatDiedSucceedsAndMayBeRepeated() throws IOException {
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    pod.close();
    Shell.run("ip netns del lx-pod");
    assertThat(detach(KEY, Optional.empty()).problem()).isEmpty();
    assertThat(detach(KEY, Optional.empty()).problem()).isEmpty();
  }

  @Test
  void aDetachAfterTheHostVethWasDeletedStillFreesAndReleasesTheAddress() throws IOException {
    String before = both();
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    Shell.run("ip -n lx-n1 link del " + HostVeth.of(KEY).name());
    assertThat(held()).as("the slave lives on").isTrue();
    DetachOutcome outcome = detach(KEY, Optional.of(pod));
    assertThat(outcome.address()).contains(ADDRESS);
    assertThat(outcome.problem()).isEmpty();
    assertThat(held()).isFalse();
    // The kernel was told when the detach began, and is told again only a second later.
    assertThat(ledger().routes().get(ADDRESS))
        .isIn(
            new PoolRoutes.Remembered(false, BootTime.ofSeconds(outcome.at().seconds())),
            new PoolRoutes.Remembered(false, BootTime.ofSeconds(outcome.at().seconds() - 1)));
    assertThat(withoutMetric(both())).isEqualTo(withoutMetric(before));
  }

  /** A pod with NET_ADMIN can write what it likes on its slave. */
  @ParameterizedTest
  @ValueSource(strings = {"198.51.100.7", "10.0.1.22", "10.0.1.23"})
  void anAddressThatAPodMadeUpIsNotReleased(String madeUp) throws IOException {
    AttachmentKey other = Fabric.key("c2");
    try (Netns second = Fabric.pod("pod2")) {
      fabric.node1.inside(
          () -> {
            routes.released(IpAddress.parse("10.0.1.23"), EARLIER);
            return true;
          });
      assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
      assertThat(attach(other, "10.0.1.22", second)).isInstanceOf(AttachOutcome.Attached.class);
      Alias forged = Alias.of(KEY, IpAddress.parse(madeUp), pod.inode(), "").ofSlave("");
      Shell.run(
          "ip -n lx-pod link set eth0 alias '%s'; ip -n lx-n1 link del %s"
              .formatted(forged.format(), HostVeth.of(KEY).name()));
      String before = Shell.run("ip -n lx-n1 -4 route show type unreachable");
      DetachOutcome outcome = detach(KEY, Optional.of(pod));
      assertThat(outcome.address()).isEmpty();
      assertThat(Shell.run("ip -n lx-n1 -4 route show type unreachable")).isEqualTo(before);
      assertThat(held()).as("its slave is gone all the same").isFalse();
      detach(other, Optional.of(second));
    } finally {
      Shell.run("ip netns del lx-pod2 2>/dev/null || true");
    }
  }

  @Test
  void anAddressThatAnotherSlaveHoldsIsInUseAndNothingIsLeft() throws IOException {
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    try (Netns other = Fabric.pod("other")) {
      String before = Fabric.snapshot("other");
      AttachOutcome outcome = attach(Fabric.key("c2"), "10.0.1.21", other);
      assertThat(outcome).isInstanceOf(AttachOutcome.AddressInUse.class);
      assertThat(outcome.toString()).contains("already assigned to an ipvlan device");
      assertThat(Fabric.snapshot("other")).isEqualTo(before);
      assertThat(Fabric.snapshot("n1")).doesNotContain(HostVeth.of(Fabric.key("c2")).name());
    } finally {
      Shell.run("ip netns del lx-other");
    }
  }

  @Test
  void theDetachOfARefusedSecondAttachmentLeavesTheFirstUntouched() throws IOException {
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    AttachmentKey second = Fabric.key("c2");
    assertThat(attach(second, "10.0.1.22", pod)).isEqualTo(new AttachOutcome.InterfaceExists());
    assertThat(detach(second, Optional.of(pod)).problem()).isEmpty();
    assertThat(check()).isEqualTo(new CheckOutcome.AsBuilt());
  }

  @Test
  void theSameAttachmentTwiceSaysWhereTheFirstIs() throws IOException {
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    assertThat(attach(KEY, "10.0.1.22", pod))
        .isEqualTo(new AttachOutcome.AlreadyAttached(pod.inode()));
    assertThat(check()).isEqualTo(new CheckOutcome.AsBuilt());
  }

  @Test
  void anInterfaceNameThatTheTemplateDoesNotGiveIsGiven() throws IOException {
    AttachmentKey key = new AttachmentKey("millpond", "c1", "net7");
    assertThat(attach(key, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    assertThat(Fabric.snapshot("pod")).contains("net7").doesNotContain("eth0");
  }

  @Test
  void theNodesOwnNamespaceIsRefused() throws IOException {
    assertThat(attach(KEY, "10.0.1.21", fabric.node1))
        .isInstanceOf(AttachOutcome.NoNamespace.class);
  }

  @Test
  void aFileThatIsNoNamespaceIsRefused() throws IOException {
    try (Netns file = Netns.open(java.nio.file.Path.of("/etc/passwd"))) {
      assertThat(attach(KEY, "10.0.1.21", file)).isInstanceOf(AttachOutcome.NoNamespace.class);
    }
  }

  @Test
  void theLedgerKnowsAfterARestartWhoHasWhatAndSinceWhenWhatIsFree() throws IOException {
    assertThat(ledger().routes()).containsEntry(ADDRESS, new PoolRoutes.Remembered(false, EARLIER));
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    KernelLedger owned = ledger();
    assertThat(owned.attachments()).hasSize(1);
    Alias alias = owned.attachments().getFirst().alias();
    assertThat(alias.key()).isEqualTo(KEY);
    assertThat(alias.address()).isEqualTo(ADDRESS);
    assertThat(alias.netnsInode()).isEqualTo(pod.inode());
    assertThat(remembered(owned).inUse()).isTrue();
    BootTime before = BootClock.now();
    detach(KEY, Optional.of(pod));
    PoolRoutes.Remembered released = remembered(ledger());
    assertThat(released.inUse()).isFalse();
    assertThat(released.since().seconds()).isBetween(before.seconds(), BootClock.now().seconds());
  }

  @Test
  void aNamespaceThatDiesTakesTheVethWithItBecauseNothingKeepsItOpen() throws IOException {
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    pod.close();
    Shell.run("ip netns del lx-pod");
    await()
        .atMost(Duration.ofSeconds(5))
        .until(() -> !Shell.run("ip -n lx-n1 -o link").contains(HostVeth.of(KEY).name()));
    assertThat(held()).isFalse();
  }

  @Test
  void everyDamageIsADifference() throws IOException {
    assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
    for (List<String> damage :
        List.of(
            List.of("ip -n lx-pod rule del pref 7302", "no rule 7302"),
            List.of("ip -n lx-pod route del 10.0.0.0/16", "no route to 10.0.0.0/16 in table 254"),
            List.of("ip -n lx-pod route del default table 7301", "0.0.0.0/0 in table 7301"),
            List.of("ip -n lx-pod neigh del 10.0.1.1 dev eth0", "neighbour 10.0.1.1"),
            List.of("ip netns exec lx-pod nft delete table inet millpond", "inet millpond"),
            List.of("ip netns exec lx-pod sysctl -qw net.ipv4.fwmark_reflect=0", "fwmark_reflect"),
            List.of("ip -n lx-n1 route del 10.0.1.21/32 dev " + veth(), "node has no route"),
            List.of("ip -n lx-n1 neigh del 10.0.1.21 dev " + veth(), "10.0.1.21 is missing"),
            List.of(
                "ip -n lx-pod addr add 10.0.1.28/24 dev eth0; ip -n lx-pod addr del 10.0.1.21/24 dev eth0",
                "does not have 10.0.1.21/24"),
            List.of(
                "ip netns exec lx-n1 nft delete element inet millpond host_ports_everywhere '{ 6 . 18080 }'",
                "port 18080/tcp on every address of the node does not lead to the pod"),
            List.of("ip netns exec lx-pod tc qdisc del dev eth0 clsact", "comes from the pod"),
            List.of(
                "ip netns exec lx-pod tc qdisc replace dev mpd0i root handle 1: tbf rate 1gbit burst 64kb limit 1mb",
                "goes to the pod is not limited to 10000000 bits"),
            List.of("ip -n lx-pod link set mpd0 down", "mpd0 is down"),
            List.of("ip -n lx-pod link set eth0 type ipvlan mode l3", "mode l2"))) {
      Shell.run(damage.getFirst());
      assertThat(check())
          .as("%s", damage)
          .isInstanceOfSatisfying(
              CheckOutcome.Differs.class,
              found -> assertThat(found.differences()).anyMatch(d -> d.contains(damage.getLast())));
    }
    Shell.run("ip -n lx-pod link set eth0 type ipvlan mode l2");
  }

  private static String veth() {
    return HostVeth.of(KEY).name();
  }

  @Test
  void anAttachTakesMillisecondsEvenHere() throws IOException {
    long[] attach = new long[40];
    long[] detach = new long[attach.length];
    for (int i = 0; i < attach.length; i++) {
      long start = System.nanoTime();
      assertThat(attach(KEY, "10.0.1.21", pod)).isInstanceOf(AttachOutcome.Attached.class);
      long middle = System.nanoTime();
      detach(KEY, Optional.of(pod));
      attach[i] = middle - start;
      detach[i] = System.nanoTime() - middle;
    }
    Arrays.sort(attach);
    Arrays.sort(detach);
    System.out.printf(
        "attach p50 %.1f ms, detach p50 %.1f ms (with the finding of the ENI's link)%n",
        attach[attach.length / 2] / 1e6, detach[detach.length / 2] / 1e6);
    assertThat(attach[attach.length / 2]).isLessThan(Duration.ofMillis(500).toNanos());
  }
}
