package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What somebody takes away inside a running pod, and what the pod put in its place. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class HealVmTest {
  private static final AttachmentKey KEY = Fabric.key("c1");

  private Fabric fabric;
  private PoolRoutes routes;
  private Netns pod;

  @SuppressWarnings("NullAway.Init")
  HealVmTest() {}

  @BeforeAll
  void build() throws IOException {
    fabric = new Fabric();
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
          new HostDatapath(Fabric.NODE1, routes).install();
          assertThat(new PodDatapath(routes).attach(attachment(), pod))
              .isInstanceOf(AttachOutcome.Attached.class);
          return true;
        });
  }

  @AfterEach
  void endPod() throws IOException {
    fabric.detach(KEY, pod, routes);
    pod.close();
    Shell.run("ip netns del lx-pod");
  }

  private static PodAttachment attachment() throws IOException {
    return Fabric.attachment(KEY, "10.0.1.21", "eth1", Fabric.NODE1);
  }

  private List<String> heal() throws IOException {
    return fabric.node1.inside(() -> new PodDatapath(routes).heal(attachment(), pod));
  }

  private CheckOutcome check() throws IOException {
    return fabric.node1.inside(() -> new PodDatapath(routes).check(attachment(), pod));
  }

  private boolean connected() throws IOException {
    return fabric.node1.inside(
        () -> KernelLedger.look().attachments().stream().allMatch(KernelLedger.Entry::connected));
  }

  private static void inPod(String script) {
    Shell.run("nsenter --net=/run/netns/lx-pod bash -euc '%s'".formatted(script));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ip link set mpd0 down | mpd0 is down in the pod",
        "ip link set eth0 down | eth0 is down in the pod",
        "ip link set mpd0 down; ip link set mpd0 up | the pod has no route to 0.0.0.0/0 in table 7301",
        "ip route flush table main | the pod has no route to 0.0.0.0/0 in table 254",
        "ip route del 10.0.1.0/24 | the pod has no route to 10.0.1.0/24 in table 254",
        "ip route flush table 7302 | the pod has no route to 0.0.0.0/0 in table 7302",
        "ip rule del priority 7301 | the pod has no rule 7301",
        "ip addr flush dev eth0 | eth0 does not have 10.0.1.21/24",
        "ip neigh flush nud permanent | the permanent neighbour 10.0.1.5 is missing",
        "nft flush ruleset | the pod's table inet millpond is missing",
        "nft delete chain inet millpond output | the pod's table inet millpond is missing",
      })
  void whatIsTakenAwayComesBackAndIsSaid(String act, String said) throws IOException {
    String before = Fabric.snapshot("pod");
    inPod(act);
    assertThat(Fabric.snapshot("pod")).as("the act has an effect").isNotEqualTo(before);
    assertThat(heal()).anyMatch(one -> one.startsWith(said));
    assertThat(check()).isEqualTo(new CheckOutcome.AsBuilt());
    assertThat(sorted(Fabric.snapshot("pod"))).isEqualTo(sorted(before));
    assertThat(heal()).isEmpty();
    assertThat(Shell.run("ip netns exec lx-n1 ping -c 1 -W 2 10.0.1.21")).contains("1 received");
  }

  /** The route to the subnet is the kernel's own, or put back by us. */
  private static List<String> sorted(String text) {
    return text.lines().map(line -> line.replaceAll(" proto (kernel|109)", "")).sorted().toList();
  }

  private List<String> liberties() throws IOException {
    return fabric.node1.inside(() -> new PodDatapath(routes).liberties(attachment(), pod));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ip addr add 10.0.1.77/32 dev eth0 | it has 10.0.1.77 of eth1, which is not its own",
        "ip link add link eth0 name own type ipvlan mode l2; ip addr add 10.0.1.78/24 dev own | it has 10.0.1.78",
        "ip link set eth0 down; ip link set eth0 name own; ip addr add 10.0.1.79/24 dev own | it has 10.0.1.79",
        "ip link set eth0 type ipvlan mode l3 | eth1 is not in mode l2 bridge",
      })
  void whatAPodWithNetAdminTakesIsSeenFromTheNode(String act, String said) throws IOException {
    assertThat(liberties()).isEmpty();
    inPod(act);
    assertThat(liberties()).singleElement().asString().startsWith(said);
    inPod("ip link set eth0 type ipvlan mode l2 || ip link set own type ipvlan mode l2");
  }

  @Test
  void theNodeSeesThatThePodsEndIsDown() throws IOException {
    assertThat(connected()).isTrue();
    inPod("ip link set mpd0 down");
    assertThat(connected()).isFalse();
    assertThat(heal()).isNotEmpty();
    assertThat(connected()).isTrue();
  }

  @Test
  void aRouteThatThePodPutInThePlaceOfOneOfOursIsLeftAlone() throws IOException {
    inPod("ip route del default; ip route add default via 10.0.1.1 dev eth0 metric 50");
    String before = Fabric.snapshot("pod");
    assertThat(heal()).isEmpty();
    assertThat(Fabric.snapshot("pod")).isEqualTo(before);
    inPod("ip route del 10.0.0.0/16");
    assertThat(heal()).containsExactly("the pod has no route to 10.0.0.0/16 in table 254");
  }

  @Test
  void settingsAndWhatThePodHasBesideOursAreLeftAlone() throws IOException {
    inPod(
        "sysctl -qw net.ipv4.conf.all.rp_filter=2; ip route add 198.51.100.0/24 dev mpd0; "
            + "nft \"add table ip own; add chain ip own c { type filter hook output priority 0; }\"");
    String before = Fabric.snapshot("pod");
    assertThat(heal()).isEmpty();
    assertThat(Fabric.snapshot("pod")).isEqualTo(before);
  }

  @Test
  void aPodWithoutItsInterfaceIsNotBuiltAnew() throws IOException {
    inPod("ip link del eth0");
    assertThat(heal()).isEmpty();
    assertThat(Shell.run("ip -n lx-pod -o link")).doesNotContain("eth0");
    assertThat(routes.addresses()).contains(IpAddress.parse("10.0.1.21"));
  }
}
