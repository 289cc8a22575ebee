package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A host that is set up as distributions and firewalls do it, and an agent on it that changes what
 * it does not know. (New namespaces, so those of the pods, copy their settings from the machine's
 * initial one, which {@code run-in-vm} sets up in the same way.)
 */
@Tag("vm")
@Tag("patient")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class HostileHostTest {
  private static final Duration BACK = Duration.ofSeconds(30);

  /** All that is ours on the node, and what it depends on. */
  private static final String STATE =
      """
      ip -o -4 addr; ip -o -4 route; ip -o -4 neigh show nud permanent
      ip -o link | sed 's/ qdisc .* link/ link/'
      nft -s list ruleset
      cd /proc/sys/net/ipv4; grep . ip_forward conf/{mpd,e}*/{rp_filter,forwarding}
      """;

  private static final String DROP_BY_NFTABLES =
      """
      nft 'table inet fw { chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept; }; }'
      """;

  private Flows flows;
  private Node node;

  @SuppressWarnings("NullAway.Init")
  HostileHostTest() {}

  @BeforeAll
  void start(Vpc vpc) {
    flows = new Flows(vpc, "hostile");
    node = flows.node();
  }

  @AfterAll
  void stop() {
    flows.close();
  }

  /** A way to set a host up. */
  enum SetUp {
    STRICT_PATHS_AND_NFTABLES(
        1, DROP_BY_NFTABLES, "nft delete table inet fw", KubeProxy.Form.IPTABLES),
    LOOSE_PATHS_AND_IPTABLES(
        2,
        """
        iptables-nft -P FORWARD DROP
        iptables-nft -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
        iptables-nft -A FORWARD -j REJECT
        """,
        "nft delete table ip filter",
        KubeProxy.Form.NFTABLES);

    private final int rpFilter;
    private final String firewall;
    private final String undo;
    private final KubeProxy.Form proxy;

    SetUp(int rpFilter, String firewall, String undo, KubeProxy.Form proxy) {
      this.rpFilter = rpFilter;
      this.firewall = firewall;
      this.undo = undo;
      this.proxy = proxy;
    }
  }

  private void strict(int rpFilter) {
    for (String who : List.of("all", "default")) {
      String conf = "net.ipv4.conf." + who + ".";
      node.in(
              "sysctl",
              "-qw",
              conf + "rp_filter=" + rpFilter,
              conf + "arp_ignore=1",
              conf + "arp_announce=2",
              conf + "log_martians=1")
          .orThrow();
    }
  }

  private void allFlows(KubeProxy.Form form) {
    flows.f1();
    flows.f5();
    flows.f7();
    flows.f8(form);
    flows.f9(form);
    flows.f11(form);
    flows.f13();
  }

  @ParameterizedTest
  @EnumSource
  void theFlowsAreTheSameOnAHostOfADistributionWithAFirewall(SetUp setUp) {
    strict(setUp.rpFilter);
    int logged = node.log().length();
    node.in("bash", "-euc", setUp.firewall).orThrow();
    try {
      awaitLog(logged, "put right: the chain .* drops what is forwarded");
      allFlows(setUp.proxy);
    } finally {
      node.in("bash", "-euc", setUp.undo).orThrow();
    }
  }

  @Test
  void aFirewallOfIptablesLegacyIsSaidWithARemedyThatHelps() {
    strict(1);
    int logged = node.log().length();
    node.in("iptables-legacy", "-P", "FORWARD", "DROP").orThrow();
    try {
      // nf_tables does not tell of it, links do not either: the next look does.
      awaitLog(logged, "cannot be put right: a firewall of iptables-legacy");
      assertThat(node.page("/readyz").orThrow()).startsWith("ok\n").contains("-I FORWARD -i mpd+");
      assertThat(node.pool().at("/findings/0").asText()).contains("iptables-legacy");
      for (String direction : List.of("-i", "-o")) {
        node.in("iptables-legacy", "-I", "FORWARD", direction, "mpd+", "-j", "ACCEPT").orThrow();
      }
      allFlows(KubeProxy.Form.NFTABLES);
      awaitLog(logged, "no longer so: a firewall of iptables-legacy");
      assertThat(node.page("/readyz").orThrow()).isEqualTo("ok\n");
    } finally {
      node.in("iptables-legacy", "-P", "FORWARD", "ACCEPT").orThrow();
      node.in("iptables-legacy", "-F", "FORWARD").orThrow();
    }
  }

  private void awaitLog(int since, String pattern) {
    await(pattern)
        .atMost(BACK)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> logSince(since, pattern));
  }

  private boolean logSince(int since, String pattern) {
    return node.log().substring(since).matches("(?s).*" + pattern + ".*");
  }

  @Test
  void whatAnAgentTakesAwayComesBackIsSaidAndConnectionsLive() {
    strict(2);
    node.in("bash", "-euc", DROP_BY_NFTABLES).orThrow();
    try {
      everyAct();
    } finally {
      node.in("nft", "delete", "table", "inet", "fw").orThrow();
    }
  }

  private void everyAct() {
    await("the firewall accepts pods")
        .atMost(BACK)
        .until(() -> state().contains("inet fw") && state().contains("what goes to pods"));
    String address = flows.first().address();
    String veth = veth(address);
    String eni = secondLink();
    flows.exchange().echo(Vpc.INTERNET);
    flows.exchange().echo(flows.first().name());
    flows.exchange().echo(flows.onSecondEni().name());
    List<Exchange.Talk> talks =
        List.of(
            flows.exchange().talk(flows.first().name(), Vpc.INTERNET_ADDRESS),
            flows.exchange().talk(flows.onSecondEni().name(), Vpc.INTERNET_ADDRESS),
            flows.exchange().talk(node.netns(), address),
            flows.exchange().talk(Vpc.HOST, flows.onSecondEni().address()));
    Map<String, String> acts = new TreeMap<>();
    acts.put("ip route flush table main proto 109", "unreachable route of " + address);
    acts.put("ip -4 neigh flush nud permanent", veth + " .*had no neighbour");
    acts.put("nft flush ruleset; " + DROP_BY_NFTABLES, "the node's nf_tables rules were gone");
    acts.put(
        "nft flush chain inet fw forward; nft add rule inet fw forward ct state established,related accept",
        "the chain inet fw forward drops");
    acts.put("ip link set %s address 02:be:ef:00:00:01".formatted(veth), veth + ".*another MAC");
    acts.put("ip link set %1$s down; ip link set %1$s up".formatted(veth), veth + ".*had no route");
    acts.put("ip link set %s down".formatted(veth), veth + " .*was down");
    acts.put("ip link set %s down".formatted(eni), "the ENI's link " + eni + " was down");
    acts.put(
        "ip addr add %s/24 dev %s".formatted(flows.onSecondEni().address(), eni),
        "pool address %s was on the node's link %s".formatted(flows.onSecondEni().address(), eni));
    acts.put("sysctl -qw net.ipv4.ip_forward=0", "ip_forward was 0");
    acts.put(
        "sysctl -qw net.ipv4.conf.%s.rp_filter=0 net.ipv4.conf.%s.rp_filter=2".formatted(veth, eni),
        "rp_filter was not 1 on " + eni);
    acts.forEach((act, said) -> comesBack(act, said, talks));
    // Of this the node hears nothing: the next look finds it. TCP's pauses would be as long again.
    comesBack(
        "nsenter --net=%s ip link set mpd0 address 02:be:ef:00:00:02"
            .formatted(flows.first().path()),
        veth + ".*its MAC in the pod was changed",
        List.of());
    Map<String, String> insidePods = new TreeMap<>();
    insidePods.put("ip link set mpd0 down", "mpd0 is down in the pod");
    insidePods.put("ip route flush table 7302", "the pod has no route to 0.0.0.0/0 in table 7302");
    insidePods.put("ip rule del pref 7301; ip rule del pref 7302", "the pod has no rule 7302");
    insidePods.put("nft flush ruleset", "the pod's table inet millpond is missing");
    insidePods.forEach(
        (act, said) ->
            comesBack(
                "nsenter --net=%s bash -euc '%s'".formatted(flows.first().path(), act),
                "put right in the pod [^\n]*" + said,
                List.of()));
    talks.forEach(talk -> talk.say("still there"));
    talks.forEach(talk -> talk.hear("still there"));
  }

  private void comesBack(String act, String said, List<Exchange.Talk> talks) {
    String before = state();
    int logged = node.log().length();
    long began = System.nanoTime();
    node.in("bash", "-euc", act).orThrow();
    talks.forEach(talk -> talk.say("in the midst of it"));
    await(act)
        .atMost(BACK)
        .pollInterval(Duration.ofMillis(100))
        .untilAsserted(() -> assertThat(state()).isEqualTo(before));
    System.out.printf("back after %d ms: %s%n", (System.nanoTime() - began) / 1_000_000, act);
    awaitLog(logged, said);
    talks.forEach(talk -> talk.hear("in the midst of it"));
    flows.f1();
    flows.f7();
  }

  /** In an order of its own: a table that was laid anew is listed elsewhere. */
  private String state() {
    String lines =
        node.in("bash", "-c", STATE).out()
            + flows.first().in("ip", "-o", "-4", "neigh", "show", "nud", "permanent").orThrow()
            + flows.first().in("ip", "-o", "link", "show", "mpd0").orThrow()
            + flows.first().in("ip", "-o", "-4", "route", "show", "table", "all").orThrow()
            + flows.first().in("ip", "rule").orThrow()
            + flows.first().in("nft", "-s", "list", "ruleset").orThrow();
    return String.join("\n", lines.lines().sorted().toList());
  }

  private String veth(String address) {
    return words(node.in("ip", "-o", "-4", "neigh", "show", address, "nud", "permanent").orThrow())
        .filter(word -> word.startsWith("mpd"))
        .findFirst()
        .orElseThrow();
  }

  /** The link of the ENI that has no address of the node. */
  private String secondLink() {
    String primary =
        node.in("ip", "-o", "route", "show", "default")
            .orThrow()
            .replaceAll("(?s).* dev (\\S+).*", "$1");
    return words(node.in("ip", "-o", "link").orThrow().replaceAll("(?m)^\\d+: ([^:@]+).*$", "$1"))
        .filter(name -> !name.equals("lo") && !name.equals(primary) && !name.startsWith("mpd"))
        .findFirst()
        .orElseThrow();
  }

  private static Stream<String> words(String line) {
    return Stream.of(line.split("\\s+"));
  }
}
