package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/** The whole road, on two nodes of type t3.small (3 ENIs with 3 pod addresses each). */
@Tag("vm-unproven")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ThinPathTest {
  private static final String VPC =
      """
      instances:
        - {id: i-0a00000000000000a, name: node-a, type: t3.small, subnet: subnet-0a00000000000001a, address: 10.0.1.10}
        - {id: i-0a00000000000000b, name: node-b, type: t3.small, subnet: subnet-0a00000000000002a, address: 10.0.2.10}
      """;
  private static final String SERVICES = "172.20.0.0/16";
  private static final String INTERNET = "203.0.113.9";
  private static final String N = "10.0.1.10";

  private final List<Pod> pods = new ArrayList<>();
  private final Exchange exchange = new Exchange();
  private Vpc vpc;
  private Node nodeA;
  private Node nodeB;
  private Pod a1;
  private Pod a2;
  private Pod far;
  private Pod b1;

  @BeforeAll
  void start() {
    vpc = Vpc.start(VPC);
    Map<String, String> settings =
        Map.of(
            "WARM_IP_TARGET", "2",
            "MINIMUM_IP_TARGET", "5",
            "IP_COOLDOWN_PERIOD", "20",
            "MILLPOND_ADD_WAIT", "45",
            "MILLPOND_SERVICE_CIDRS", SERVICES);
    nodeA = new Node("node-a", settings);
    nodeB = new Node("node-b", settings);
    nodeA.launch();
    nodeB.launch();
    nodeA.awaitReady();
    nodeB.awaitReady();
    for (String host : List.of("vpc-host-b", "internet", "onprem", "node-a", "node-b")) {
      exchange.serve(host);
    }
    a1 = pod(nodeA, "pod-a1");
    a2 = pod(nodeA, "pod-a2");
    pod(nodeA, "pod-a3");
    far = pod(nodeA, "pod-a4"); // the primary ENI has three addresses: this one is on the second
    b1 = pod(nodeB, "pod-b1");
  }

  @AfterAll
  void stop() {
    exchange.close();
    pods.forEach(Pod::close);
    for (Node node : List.of(nodeA, nodeB)) {
      System.out.println(node.netns() + ":\n" + node.log());
      node.close();
    }
    vpc.close();
  }

  private Pod pod(Node node, String name) {
    Pod pod = Pod.added(node, name);
    pods.add(pod);
    exchange.serve(name);
    return pod;
  }

  private static void assertSees(String from, String to, String source) {
    assertThat(Exchange.tcp(from, to, Exchange.TCP)).as("TCP %s -> %s", from, to).isEqualTo(source);
    assertThat(Exchange.udp(from, to, Exchange.UDP)).as("UDP %s -> %s", from, to).isEqualTo(source);
  }

  @Test
  @Order(1)
  void podsGetAddressesOfTheVpcFromTheWarmPool() {
    assertThat(List.of(a1.address(), a2.address(), far.address()))
        .allMatch(a -> a.startsWith("10.0.1."));
    assertThat(b1.address()).startsWith("10.0.2.");
  }

  @Test
  @Order(2)
  void f1ThePodSeesTheNodesOwnAddress() {
    assertSees("node-a", a1.address(), N);
    assertSees("node-a", far.address(), N);
  }

  @Test
  @Order(3)
  void f2TheNodeSeesThePodsAddress() {
    assertSees(a1.name(), N, a1.address());
  }

  @Test
  @Order(4)
  void f3AndF4PodsOfANodeSeeEachOthersAddresses() {
    assertSees(a1.name(), a2.address(), a1.address());
    assertSees(a1.name(), far.address(), a1.address());
    assertSees(far.name(), a1.address(), far.address());
  }

  @Test
  @Order(5)
  void f5PodsOfDifferentNodesSeeEachOthersAddresses() {
    assertSees(a1.name(), b1.address(), a1.address());
    assertSees(b1.name(), far.address(), b1.address());
  }

  @Test
  @Order(6)
  void f6PodsAndHostsOfTheVpcSeeEachOthersAddresses() {
    String host = Shell.in("vpc-host-b", "hostname", "-I").out().strip();
    assertSees(far.name(), host, far.address());
    assertSees("vpc-host-b", far.address(), host);
  }

  @Test
  @Order(7)
  void f7TheInternetSeesTheNode() {
    assertSees(a1.name(), INTERNET, N);
    assertSees(far.name(), INTERNET, N);
  }

  @Test
  @Order(8)
  void f8ToF12ServicesOfKubeProxyInNftables() {
    Shell.in("node-a", "sh", "-c", "nft -f - <<'R'\n" + kubeProxyNftables() + "R").orThrow();
    try {
      services();
    } finally {
      Shell.in("node-a", "nft", "delete table ip kp");
    }
  }

  @Test
  @Order(9)
  void f8ToF12ServicesOfKubeProxyInIptables() {
    for (String rule : kubeProxyIptables()) {
      Shell.in("node-a", "sh", "-c", "iptables -w -t nat " + rule).orThrow();
    }
    try {
      services();
    } finally {
      Shell.in("node-a", "sh", "-c", "iptables -w -t nat -F");
    }
  }

  private String kubeProxyNftables() {
    return """
        table ip kp {
          chain pre { type nat hook prerouting priority -100; jump svc; }
          chain out { type nat hook output priority -100; jump svc; }
          chain svc {
            ip daddr 172.20.0.10 tcp dport 80 dnat to %1$s:8080
            ip daddr 172.20.0.11 tcp dport 80 dnat to %2$s:8080
            ip daddr 172.20.0.12 tcp dport 80 dnat to %4$s:8080
            ip daddr %4$s tcp dport 30080 dnat to %3$s:8080
            ip daddr %4$s tcp dport 30081 meta mark set mark or 0x4000 dnat to %1$s:8080
            ip daddr %4$s tcp dport 9090 dnat to %2$s:8080
          }
          chain post {
            type nat hook postrouting priority 100;
            meta mark & 0x4000 == 0x4000 masquerade
            ip saddr %2$s ip daddr %2$s masquerade
          }
        }
        """
        .formatted(b1.address(), a2.address(), far.address(), N);
  }

  private List<String> kubeProxyIptables() {
    List<String> rules = new ArrayList<>();
    for (String chain : List.of("PREROUTING", "OUTPUT")) {
      String add = "-A " + chain + " -p tcp ";
      rules.add(add + "-d 172.20.0.10 --dport 80 -j DNAT --to " + b1.address() + ":8080");
      rules.add(add + "-d 172.20.0.11 --dport 80 -j DNAT --to " + a2.address() + ":8080");
      rules.add(add + "-d 172.20.0.12 --dport 80 -j DNAT --to " + N + ":8080");
      rules.add(add + "-d " + N + " --dport 30080 -j DNAT --to " + far.address() + ":8080");
      rules.add(add + "-d " + N + " --dport 30081 -j MARK --or-mark 0x4000");
      rules.add(add + "-d " + N + " --dport 30081 -j DNAT --to " + b1.address() + ":8080");
      rules.add(add + "-d " + N + " --dport 9090 -j DNAT --to " + a2.address() + ":8080");
    }
    rules.add("-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE");
    rules.add("-A POSTROUTING -s " + a2.address() + " -d " + a2.address() + " -j MASQUERADE");
    return rules;
  }

  private void services() {
    String host = Shell.in("vpc-host-b", "hostname", "-I").out().strip();
    assertThat(Exchange.tcp(a1.name(), "172.20.0.10", 80)).as("F8").isEqualTo(N);
    assertThat(Exchange.tcp(a1.name(), "172.20.0.11", 80)).as("F9").isEqualTo(a1.address());
    assertThat(Exchange.tcp(far.name(), "172.20.0.11", 80))
        .as("F9, other ENI")
        .isEqualTo(far.address());
    assertThat(Exchange.tcp(a2.name(), "172.20.0.11", 80)).as("F9b").isEqualTo(N);
    assertThat(Exchange.tcp(a1.name(), "172.20.0.12", 80)).as("F10, local").isEqualTo(a1.address());
    assertThat(Exchange.tcp("vpc-host-b", N, 30080)).as("F11").isEqualTo(host);
    assertThat(Exchange.tcp("vpc-host-b", N, 30081)).as("F11b").isEqualTo(N);
    assertThat(Exchange.tcp("vpc-host-b", N, 9090)).as("F12").isEqualTo(host);
  }

  @Test
  @Order(10)
  void f13TheReplyToAnOnPremisesClientLeavesByThePodsEni() {
    assertSees("onprem", a1.address(), "192.168.50.9");
    assertSees("onprem", far.address(), "192.168.50.9");
  }

  @Test
  @Order(11)
  void f14PodsReachTheInstanceMetadata() {
    String token =
        Shell.in(
                a1.name(),
                "curl",
                "-s",
                "-m",
                "10",
                "-X",
                "PUT",
                "-H",
                "X-aws-ec2-metadata-token-ttl-seconds: 60",
                "http://169.254.169.254/latest/api/token")
            .out();
    assertThat(
            Shell.in(
                    a1.name(),
                    "curl",
                    "-s",
                    "-m",
                    "10",
                    "-H",
                    "X-aws-ec2-metadata-token: " + token,
                    "http://169.254.169.254/latest/meta-data/instance-id")
                .out())
        .isEqualTo("i-0a00000000000000a");
  }

  @Test
  @Order(20)
  void beyondTheLimitAddFailsWithCodeElevenCauseAndRemedy() {
    for (int i = 5; i <= 9; i++) {
      pods.add(Pod.added(nodeA, "pod-a" + i));
    }
    try (Pod tenth = new Pod(nodeA, "pod-a10")) {
      Shell.Ran ran = tenth.add();
      assertThat(ran.status()).isNotZero();
      assertThat(tenth.result(ran).at("/code").asInt()).isEqualTo(11);
      assertThat(ran.out()).contains("3").contains("max");
    }
  }

  @Test
  @Order(30)
  void aDaemonKilledLosesNothingAndTheSpoolIsDrainedBeforeTheFirstAdd() {
    Pod leaving = pods.removeLast();
    nodeA.kill();

    try (Pod late = new Pod(nodeA, "pod-late")) {
      Shell.Ran refused = late.add();
      assertThat(late.result(refused).at("/code").asInt()).isEqualTo(11);
      assertThat(leaving.del().status()).as("DEL while no daemon runs").isZero();
      assertSees(a1.name(), b1.address(), a1.address());

      nodeA.start();

      assertThat(nodeA.run().resolve("spool")).isEmptyDirectory();
      assertSees(a1.name(), b1.address(), a1.address());
      Shell.Ran added = late.add();
      assertThat(added.status()).as("%s%s", added.out(), nodeA.log()).isZero();
      assertThat(late.result(added).at("/ips/0/address").asText())
          .startsWith(leaving.address() + "/");
    }
    leaving.die();
  }

  @Test
  @Order(40)
  void aNamespaceDestroyedWithoutDelGivesItsAddressBackAfterTheCooldown() {
    Pod dying = pods.removeLast();
    dying.die();

    await("its address cools")
        .atMost(Duration.ofMinutes(1))
        .until(() -> nodeA.pool().toString().contains("cooling"));
    try (Pod next = new Pod(nodeA, "pod-next")) {
      Shell.Ran added = next.add();
      assertThat(added.status()).as("%s%s", added.out(), nodeA.log()).isZero();
      assertThat(next.result(added).at("/ips/0/address").asText())
          .startsWith(dying.address() + "/");
    }
  }

  @Test
  @Order(50)
  void afterDelNothingOfAPodIsLeftOnTheNode() {
    List<Pod> mine = pods.stream().filter(pod -> pod != b1).toList();
    mine.forEach(pod -> assertThat(pod.del().status()).isZero());

    assertThat(Shell.in("node-a", "ip", "-o", "link").out()).doesNotContain("mpd");
    assertThat(Shell.in(a1.name(), "ip", "-o", "link").out())
        .doesNotContain("eth0")
        .doesNotContain("mpd");
    assertThat(Shell.in(a1.name(), "ip", "rule").out()).doesNotContain("7301");
    assertThat(Shell.in(a1.name(), "nft", "list", "tables").out()).doesNotContain("millpond");
  }
}
