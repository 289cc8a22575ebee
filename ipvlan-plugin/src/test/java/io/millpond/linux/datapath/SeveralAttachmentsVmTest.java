package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
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

/** Two attachments of one pod, in any order, on a real kernel. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SeveralAttachmentsVmTest {
  private static final Prefix OWN = Prefix.parse("198.51.100.0/24");

  /** One of a pod: its interface, its address and its ENI. */
  enum One {
    ETH0("eth0", "10.0.1.21", "eth1"),
    NET1("net1", "10.0.1.31", "eth2"),
    /** On the ENI of the first. */
    NET2("net2", "10.0.1.22", "eth1");

    private final String ifName;
    private final String address;
    private final String eni;

    One(String ifName, String address, String eni) {
      this.ifName = ifName;
      this.address = address;
      this.eni = eni;
    }

    AttachmentKey key() {
      return new AttachmentKey("network-" + ifName, "c1", ifName);
    }

    /** For the thread's namespace, node 1's. */
    PodAttachment attachment() throws IOException {
      PodAttachment a = Fabric.attachment(key(), address, eni, Fabric.NODE1);
      return new PodAttachment(
          a.key(),
          a.address(),
          a.subnet(),
          a.gateway(),
          a.gatewayMac(),
          a.eni(),
          a.mtu(),
          a.node(),
          List.of(Fabric.VPC, OWN),
          List.of(OWN),
          a.services(),
          a.pod(),
          a.demands());
    }
  }

  private Fabric fabric;
  private Netns pod;
  private PoolRoutes routes;

  @SuppressWarnings("NullAway.Init")
  SeveralAttachmentsVmTest() {}

  @BeforeAll
  void build() throws IOException {
    fabric = new Fabric();
    fabric.node1.inside(
        () -> {
          new HostDatapath(Fabric.NODE1, new PoolRoutes()).install();
          for (One one : One.values()) {
            EniLinks.prepare(one.attachment().eni());
          }
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
  }

  @AfterEach
  void endPod() throws IOException {
    // Sockets may keep the namespace for a while.
    for (One one : One.values()) {
      fabric.node1.inside(() -> new PodDatapath(routes).detach(one.key(), Optional.of(pod)));
    }
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
  }

  private AttachOutcome attach(One one) throws IOException {
    return attach(one, Step.Listener.NONE);
  }

  private AttachOutcome attach(One one, Step.Listener listener) throws IOException {
    return fabric.node1.inside(
        () -> new PodDatapath(routes, listener).attach(one.attachment(), pod));
  }

  private void attached(One one, boolean leads) throws IOException {
    assertThat(attach(one))
        .isInstanceOfSatisfying(
            AttachOutcome.Attached.class, done -> assertThat(done.leads()).isEqualTo(leads));
  }

  private void detached(One one) throws IOException {
    DetachOutcome outcome =
        fabric.node1.inside(() -> new PodDatapath(routes).detach(one.key(), Optional.of(pod)));
    assertThat(outcome.problem()).isEmpty();
  }

  private CheckOutcome check(One one) throws IOException {
    return fabric.node1.inside(() -> new PodDatapath(routes).check(one.attachment(), pod));
  }

  private List<String> heal(One one) throws IOException {
    return fabric.node1.inside(() -> new PodDatapath(routes).heal(one.attachment(), pod));
  }

  private void asBuilt(One... all) throws IOException {
    for (One one : all) {
      assertThat(check(one)).as("%s", one).isEqualTo(new CheckOutcome.AsBuilt());
    }
  }

  /** Both namespaces, without pool routes, which tell when, and carriers, which come later. */
  private static String both() {
    String all = Fabric.snapshot("n1") + Fabric.snapshot("pod");
    return all.replaceAll("unreachable .* proto 109 .*\n", "")
        .replaceAll("<[A-Z_,-]*>|state [A-Z]+|linkdown ", "");
  }

  private static String inPod(String command) {
    return Shell.run("ip -n lx-pod " + command);
  }

  private static final List<List<One>> ORDERS =
      List.of(List.of(One.ETH0, One.NET1, One.NET2), List.of(One.NET2, One.NET1, One.ETH0));

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void eachComesAndGoesWithoutATouchOfTheOthers(int order) throws IOException {
    List<String> before = new ArrayList<>();
    List<One> all = ORDERS.get(order);
    for (One one : all) {
      before.add(both());
      assertThat(attach(one)).isInstanceOf(AttachOutcome.Attached.class);
    }
    asBuilt(One.values());
    for (One one : all.reversed()) {
      detached(one);
      assertThat(both()).as("after %s went", one).isEqualTo(before.removeLast());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void theFirstMayGoFirstAndItsPlaceIsTakenAnew(int order) throws IOException {
    String empty = both();
    List<One> all = ORDERS.get(order);
    for (One one : all) {
      assertThat(attach(one)).isInstanceOf(AttachOutcome.Attached.class);
    }
    detached(all.getFirst());
    asBuilt(all.get(1), all.get(2));
    assertThat(attach(all.getFirst())).isInstanceOf(AttachOutcome.Attached.class);
    asBuilt(One.values());
    for (One one : all) {
      detached(one);
    }
    assertThat(both()).isEqualTo(empty);
  }

  @Test
  void aFurtherOneHasItsSubnetAndItsNetworksRoutesBehindTheFirsts() throws IOException {
    attached(One.ETH0, true);
    String first = inPod("route show");
    attached(One.NET1, false);
    assertThat(inPod("route show").lines())
        .containsAll(first.lines().toList())
        .filteredOn(line -> line.contains("net1") || line.contains("mpd1"))
        .extracting(line -> line.replaceAll(" +", " ").strip())
        .containsExactlyInAnyOrder(
            "10.0.1.0/24 dev net1 proto kernel scope link src 10.0.1.31 metric 7304",
            "198.51.100.0/24 via 10.0.1.1 dev net1 proto 109 metric 7304 onlink");
    assertThat(inPod("route get 203.0.113.9")).contains("dev mpd0").contains("src 10.0.1.21");
    assertThat(inPod("route get 10.0.1.9")).contains("dev eth0").contains("src 10.0.1.21");
    for (String to : List.of("203.0.113.9", "10.0.9.9", "10.0.1.9")) {
      assertThat(inPod("route get " + to + " from 10.0.1.31")).contains("dev net1");
    }
    for (String to : List.of("10.0.1.5", "172.20.0.10")) {
      assertThat(inPod("route get " + to + " from 10.0.1.31")).contains("dev mpd1");
    }
  }

  @Test
  void anEth0ThatComesLaterIsTheDefaultNetworkAllTheSame() throws IOException {
    attached(One.NET1, true);
    assertThat(inPod("route get 203.0.113.9")).contains("dev mpd0").contains("src 10.0.1.31");
    attached(One.ETH0, true);
    for (String to : List.of("203.0.113.9", "10.0.1.5", "172.20.0.10")) {
      assertThat(inPod("route get " + to)).contains("dev mpd1").contains("src 10.0.1.21");
    }
    assertThat(inPod("route get 10.0.1.9")).contains("dev eth0").contains("src 10.0.1.21");
    asBuilt(One.NET1, One.ETH0);
    detached(One.ETH0);
    assertThat(inPod("route get 203.0.113.9")).contains("dev mpd0").contains("src 10.0.1.31");
  }

  @ParameterizedTest
  @CsvSource({"net1, ''", "net1, metric 50", "eth0, ''"})
  void aDefaultRouteOfAnotherPluginsStays(String ifName, String metric) throws IOException {
    inPod("link add other0 type veth peer name other1");
    inPod("link set other0 up");
    inPod("addr add 192.168.77.2/24 dev other0");
    inPod("route add default via 192.168.77.1 dev other0 " + metric);
    String before = both();
    One one = ifName.equals("eth0") ? One.ETH0 : One.NET1;
    attached(one, false);
    asBuilt(one);
    assertThat(inPod("route get 203.0.113.9")).contains("dev other0").contains("192.168.77.2");
    assertThat(inPod("route get 203.0.113.9 from " + one.address)).contains("dev " + one.ifName);
    detached(one);
    assertThat(both()).isEqualTo(before);
  }

  @Test
  void theSameTwiceAndAnInterfaceThatIsThereAreRefused() throws IOException {
    attached(One.ETH0, true);
    attached(One.NET1, false);
    String before = both();
    assertThat(attach(One.NET1)).isEqualTo(new AttachOutcome.AlreadyAttached(pod.inode()));
    AttachOutcome other =
        fabric.node1.inside(
            () ->
                new PodDatapath(routes)
                    .attach(
                        Fabric.attachment(
                            new AttachmentKey("other", "c1", "net1"),
                            "10.0.1.32",
                            "eth2",
                            Fabric.NODE1),
                        pod));
    assertThat(other).isEqualTo(new AttachOutcome.InterfaceExists());
    assertThat(both()).isEqualTo(before);
  }

  /** These pods ask for neither ports nor limits. */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"DEMANDS", "SHAPING", "HOST_PORTS"})
  void aFurtherAttachThatFailsBeforeAnyStepLeavesTheFirstAsItWas(Step.OfAttach step)
      throws IOException {
    attached(One.ETH0, true);
    String before = both();
    AttachOutcome outcome =
        attach(
            One.NET1,
            at -> {
              if (at == step) {
                throw new IOException("made to fail");
              }
            });
    assertThat(outcome).isInstanceOf(AttachOutcome.Failed.class);
    assertThat(outcome.toString()).contains("made to fail").doesNotContain("could not undo");
    assertThat(both()).isEqualTo(before);
    asBuilt(One.ETH0);
  }

  private static Step.Listener dyingAt(Step step) {
    return at -> {
      if (at == step) {
        throw new DyingStep();
      }
    };
  }

  /** No exception that any undo would see: as if the process had ended there. */
  private static final class DyingStep extends Error {
    private static final long serialVersionUID = 1;
  }

  @ParameterizedTest
  @EnumSource(
      names = {"BEGUN", "IN_USE", "NODE_SIDE", "SLAVE", "ADDRESS", "RULES", "POD_SIDE", "RECORD"})
  void aFurtherAttachKilledBeforeAnyStepIsUndoneAtTheNextStart(Step.OfAttach step)
      throws IOException {
    String empty = both();
    attached(One.ETH0, true);
    String before = both();
    assertThatThrownBy(() -> attach(One.NET1, dyingAt(step))).isInstanceOf(DyingStep.class);
    startAnew();
    assertThat(both()).isEqualTo(before);
    asBuilt(One.ETH0);
    detached(One.ETH0);
    assertThat(both()).isEqualTo(empty);
  }

  /** What a daemon does that finds an interrupted attach. */
  private void startAnew() throws IOException {
    fabric.node1.inside(
        () -> {
          routes = new PoolRoutes();
          KernelLedger read = KernelLedger.read(routes);
          for (KernelLedger.Interrupted interrupted : read.interrupted()) {
            assertThat(new PodDatapath(routes).undo(interrupted).problem()).isEmpty();
          }
          return true;
        });
  }

  /** The first attach is interrupted, a further one comes before a start can undo that. */
  @ParameterizedTest
  @EnumSource(
      names = {"BEGUN", "IN_USE", "NODE_SIDE", "SLAVE", "ADDRESS", "RULES", "POD_SIDE", "RECORD"})
  void whatAnInterruptedFirstAttachLeftGoesFromBesideTheSecond(Step.OfAttach step)
      throws IOException {
    assertThatThrownBy(() -> attach(One.ETH0, dyingAt(step))).isInstanceOf(DyingStep.class);
    assertThat(attach(One.NET1)).isInstanceOf(AttachOutcome.Attached.class);
    asBuilt(One.NET1);
    startAnew();
    asBuilt(One.NET1);
    assertThat(inPod("-o link")).doesNotContain("eth0").contains("net1");
    assertThat(attach(One.ETH0)).isInstanceOf(AttachOutcome.Attached.class);
    asBuilt(One.ETH0, One.NET1);
  }

  @ParameterizedTest
  @CsvSource({
    "ETH0, RELEASED",
    "ETH0, RULES",
    "ETH0, SLAVE",
    "ETH0, VETH",
    "NET1, RELEASED",
    "NET1, RULES",
    "NET1, SLAVE",
    "NET1, VETH"
  })
  void aDetachKilledBeforeAnyStepIsFinishedByTheNext(One one, Step.OfDetach step)
      throws IOException {
    String empty = both();
    attached(One.ETH0, true);
    attached(One.NET1, false);
    One other = one == One.ETH0 ? One.NET1 : One.ETH0;
    assertThatThrownBy(
            () ->
                fabric.node1.inside(
                    () ->
                        new PodDatapath(routes, dyingAt(step)).detach(one.key(), Optional.of(pod))))
        .isInstanceOf(DyingStep.class);
    asBuilt(other);
    detached(one);
    asBuilt(other);
    detached(other);
    assertThat(both()).isEqualTo(empty);
  }

  @Test
  void aDetachWithoutANamespaceLeavesTheOtherWhole() throws IOException {
    attached(One.ETH0, true);
    attached(One.NET1, false);
    // Held by our descriptor alone: the namespace is not found any more.
    Shell.run("ip netns del lx-pod");
    fabric.node1.inside(() -> new PodDatapath(routes).detach(One.NET1.key(), Optional.empty()));
    assertThat(links()).contains("eth0").doesNotContain("net1").doesNotContain("mpd1");
    asBuilt(One.ETH0);
  }

  private String links() throws IOException {
    return pod.inside(
        () -> java.nio.file.Files.readString(java.nio.file.Path.of("/proc/thread-self/net/dev")));
  }

  @Test
  void whatAPodLosesOfEitherComesBack() throws IOException {
    attached(One.ETH0, true);
    attached(One.NET1, false);
    for (String act :
        List.of(
            "ip link set mpd1 down",
            "ip link set net1 down",
            "ip addr flush dev net1",
            "ip route flush table 7304",
            "ip route flush table 7303",
            "ip rule del pref 7304",
            "ip rule del pref 7303",
            "ip route flush table main",
            "ip neigh flush nud permanent",
            "nft flush ruleset",
            "nft delete element inet millpond enis { net1 }")) {
      Shell.run("nsenter --net=/run/netns/lx-pod bash -euc '%s'".formatted(act));
      assertThat(check(One.NET1)).as("%s", act).isInstanceOf(CheckOutcome.Differs.class);
      List<String> repairs = new ArrayList<>(heal(One.ETH0));
      repairs.addAll(heal(One.NET1));
      assertThat(repairs).as("%s", act).isNotEmpty();
      asBuilt(One.ETH0, One.NET1);
      assertThat(heal(One.ETH0)).as("%s", act).isEmpty();
      assertThat(heal(One.NET1)).as("%s", act).isEmpty();
    }
  }

  @Test
  void aRestartedDaemonKnowsTheSame() throws IOException {
    attached(One.NET1, true);
    attached(One.ETH0, true);
    attached(One.NET2, false);
    startAnew();
    asBuilt(One.values());
    for (One one : One.values()) {
      assertThat(heal(one)).isEmpty();
    }
  }

  @Test
  void allAtOnceGetPlacesOfTheirOwn() throws Exception {
    String empty = both();
    PodDatapath datapath = new PodDatapath(routes);
    try (ExecutorService threads = Executors.newFixedThreadPool(One.values().length)) {
      for (int round = 0; round < 5; round++) {
        all(threads, one -> datapath.attach(one.attachment(), pod));
        asBuilt(One.values());
        all(threads, one -> datapath.detach(one.key(), Optional.of(pod)));
        assertThat(both()).isEqualTo(empty);
      }
    }
  }

  private interface Work {
    Object on(One one) throws IOException;
  }

  private void all(ExecutorService threads, Work work) throws Exception {
    List<Callable<Object>> works = new ArrayList<>();
    for (One one : One.values()) {
      works.add(() -> fabric.node1.inside(() -> work.on(one)));
    }
    for (Future<Object> done : threads.invokeAll(works)) {
      assertThat(done.get(1, TimeUnit.MINUTES).toString()).doesNotContain("Failed");
    }
  }

  @Test
  void everyInterfaceIsAnsweredByAndSpeaksForItself() throws IOException {
    attached(One.ETH0, true);
    attached(One.NET1, false);
    attached(One.NET2, false);
    everyFlow("10.0.1.21");
  }

  @Test
  void theSameHoldsIfEth0ComesLast() throws IOException {
    attached(One.NET1, true);
    attached(One.NET2, false);
    attached(One.ETH0, true);
    everyFlow("10.0.1.21");
  }

  private void everyFlow(String first) throws IOException {
    long dropped = Fabric.dropped();
    try (Echo inPod = Echo.in(pod);
        Echo onNode = Echo.in(fabric.node1);
        Echo onHost = Echo.in(fabric.host);
        Echo inInternet = Echo.in(fabric.internet)) {
      assertThat(List.of(inPod, onNode, onHost, inInternet)).hasSize(4);
      for (One one : One.values()) {
        String to = one.address;
        assertThat(Echo.tcp(fabric.node1, to, Echo.PORT))
            .as("node -> %s", to)
            .isEqualTo("10.0.1.5");
        assertThat(Echo.tcp(fabric.host, to, Echo.PORT)).as("host -> %s", to).isEqualTo("10.0.1.9");
        assertThat(Echo.tcp(fabric.internet, to, Echo.PORT))
            .as("internet -> %s", to)
            .isEqualTo("203.0.113.9");
        // A socket that is bound speaks by the interface of its address, to whomever.
        assertThat(Echo.tcpFrom(pod, to, "10.0.1.9", Echo.PORT)).isEqualTo(to);
        assertThat(Echo.tcpFrom(pod, to, "10.0.1.5", Echo.PORT)).isEqualTo(to);
      }
      assertThat(Echo.tcp(pod, "10.0.1.9", Echo.PORT)).isEqualTo(first);
      assertThat(Echo.tcp(pod, "10.0.1.5", Echo.PORT)).isEqualTo(first);
      assertThat(Echo.tcp(pod, "203.0.113.9", Echo.PORT))
          .as("SNAT of the node")
          .isEqualTo("10.0.1.5");
      assertThat(Echo.udp(pod, "10.0.1.9", Echo.PORT)).isEqualTo(first);
    }
    assertThat(Fabric.dropped()).as("frames dropped by the source check").isEqualTo(dropped);
  }
}
