package io.millpond.e2e;

import static io.millpond.e2e.Flows.sees;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The plugin in chains with others: Debian's build of the CNI project's plugins. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class ChainTest {
  private static final String MILLPOND = "{\"type\":\"millpond\"}";
  private static final String LOOPBACK = "{\"type\":\"loopback\"}";
  private static final String TUNING =
      "{\"type\":\"tuning\",\"sysctl\":{\"net.ipv4.ip_unprivileged_port_start\":\"80\"}}";
  private static final String PORTMAP =
      """
      {"type":"portmap","snat":true,"runtimeConfig":
        {"portMappings":[{"hostPort":18080,"containerPort":8080,"protocol":"tcp"}]}}
      """;
  private static final String FIREWALL = "{\"type\":\"firewall\",\"backend\":\"iptables\"}";
  private static final String SBR = "{\"type\":\"sbr\"}";
  private static final int HOST_PORT = 18080;

  private final Exchange exchange = new Exchange();
  private Node node;

  @SuppressWarnings("NullAway.Init")
  ChainTest() {}

  @BeforeAll
  void build(Vpc vpc) {
    node =
        vpc.launch(
            "chain-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of(
                "WARM_IP_TARGET",
                "3",
                "MAX_ENI",
                "1",
                "IP_COOLDOWN_PERIOD",
                "1s",
                "MILLPOND_RECONCILE_PERIOD",
                "1s"));
    node.start().awaitSize(3, 1);
    exchange.serve(Vpc.HOST);
    exchange.serve(node.netns());
    // The plugins' own chains stay once they are made.
    try (Pod pod = new Pod(node, "chain-0")) {
      Chain all = new Chain(node, "ports", "eth0", MILLPOND, PORTMAP, FIREWALL);
      assertThat(all.add(pod)).isNotNull();
      all.del(pod);
    }
  }

  @AfterAll
  void remove() {
    exchange.close();
    node.close();
  }

  private static List<String> names(JsonNode result) {
    List<String> names = new ArrayList<>();
    result.path("interfaces").forEach(one -> names.add(one.path("name").asText()));
    return names;
  }

  @Test
  @Tag("cni-90")
  void portmapTuningAndFirewallStandBehindMillpond() throws Exception {
    Chain chain = new Chain(node, "millpond", "eth0", MILLPOND, PORTMAP, TUNING, FIREWALL);
    try (Pod pod = new Pod(node, "chain-1")) {
      JsonNode result = chain.add(pod);
      assertThat(names(result)).containsExactly("eth0");
      try (AutoCloseable _ = exchange.serve(pod.name())) {
        sees(Vpc.HOST, chain.address(), Vpc.HOST_ADDRESS);
        assertThat(Exchange.tcp(Vpc.HOST, node.address(), HOST_PORT)).isEqualTo(Vpc.HOST_ADDRESS);
        assertThat(Exchange.tcp(node.netns(), node.address(), HOST_PORT)).isEqualTo(node.address());
        sees(pod.name(), Vpc.HOST_ADDRESS, chain.address());
      }
      assertThat(pod.in("sysctl", "-n", "net.ipv4.ip_unprivileged_port_start").out().strip())
          .isEqualTo("80");
      // Debian's portmap fails CHECK where a pod has no IPv6 address.
      chain.checkBut("portmap", pod);
      chain.del(pod);
      chain.del(pod);
      assertThat(pod.in("ip", "-o", "link").out()).doesNotContain("eth0").doesNotContain("mpd");
    }
  }

  /** What is before must leave the interface's name free. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Tag("cni-66")
  void millpondStandsInTheMiddleOrAtTheEnd(boolean last) {
    Chain chain =
        last
            ? new Chain(node, "millpond", "eth0", LOOPBACK, MILLPOND)
            : new Chain(node, "millpond", "eth0", LOOPBACK, MILLPOND, TUNING);
    try (Pod pod = new Pod(node, "chain-2")) {
      JsonNode result = chain.add(pod);
      assertThat(names(result)).containsExactly("lo", "eth0");
      assertThat(result.at("/ips/0/address").asText()).isEqualTo("127.0.0.1/8");
      assertThat(chain.address()).startsWith("10.0.1.");
      sees(pod.name(), Vpc.HOST_ADDRESS, chain.address());
      chain.check(pod);
      chain.del(pod);
      assertThat(pod.in("ip", "-o", "link").out()).doesNotContain("eth0");
    }
  }

  /** It takes the interface's routes out of the main table, and its rule comes before ours. */
  @Test
  @Tag("cni-90")
  void sbrBehindAFurtherInterfaceIsLeftAlone() throws Exception {
    Chain first = new Chain(node, "millpond", "eth0", MILLPOND);
    Chain second =
        new Chain(
            node,
            "second",
            "net1",
            "{\"type\":\"millpond\",\"extraRoutes\":[\"192.168.50.0/24\"]}",
            SBR);
    try (Pod pod = new Pod(node, "chain-3")) {
      assertThat(first.add(pod)).isNotNull();
      assertThat(second.add(pod)).isNotNull();
      String main = pod.in("ip", "-4", "route").out();
      assertThat(main).as("sbr took them").doesNotContain("net1");
      first.check(pod);
      second.check(pod);
      try (AutoCloseable _ = exchange.serve(pod.name())) {
        for (String address : new String[] {first.address(), second.address()}) {
          assertThat(Exchange.tcp(Vpc.HOST, address, Exchange.PORT)).isEqualTo(Vpc.HOST_ADDRESS);
        }
        sees(node.netns(), first.address(), node.address());
        System.out.println(
            "node -> net1 with sbr: "
                + Exchange.tcp(node.netns(), second.address(), Exchange.PORT)
                + "\n"
                + pod.in("bash", "-c", "ip rule; ip route show table 100").out());
      }
      assertThat(pod.in("ip", "-4", "route").out()).as("nobody put them back").isEqualTo(main);
      second.del(pod);
      first.check(pod);
      first.del(pod);
      assertThat(pod.in("ip", "rule").out().lines()).hasSize(3);
    }
    assertThat(node.log()).doesNotContain("put right in the pod");
  }
}
