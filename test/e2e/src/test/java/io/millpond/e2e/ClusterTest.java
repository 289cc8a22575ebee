package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * A real cluster of two nodes with millpond, installed by its chart and nothing by hand. The tests
 * share it, and come in an order in which each finds what it needs: first what is written, then
 * what is torn down.
 */
@Tag("kubernetes")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ClusterTest {
  /** More than the primary ENI of a node has addresses, on each of two nodes. */
  private static final int SERVERS = 26;

  private static final String IMAGE = "millpond.test/exchange:1";
  private static final Duration SOON = Duration.ofMinutes(5);

  private Vpc vpc;
  private Cluster cluster;
  private ClusterPods pods;
  private Millpond millpond;

  @SuppressWarnings("NullAway.Init")
  ClusterTest() {}

  @BeforeAll
  void start() throws Exception {
    vpc = Vpc.start();
    Path exchange =
        Files.createTempDirectory(Cluster.SEEN_BY_NODES, "images").resolve("exchange.tar");
    Shell.run(Vpc.ROOT.resolve("test/e2e/container-image").toString(), exchange.toString(), IMAGE)
        .orThrow();
    cluster =
        new Cluster(
            vpc,
            new TreeMap<>(Map.of("node-a", "t3.large", "node-b", "t3.large")),
            ClusterNode.Proxy.NFTABLES,
            List.of(exchange, Millpond.image()));
    pods = new ClusterPods(cluster);
    millpond = new Millpond(cluster);
    millpond.install(Map.of("WARM_IP_TARGET", "2", "IP_COOLDOWN_PERIOD", "10s"));
    cluster.apply(Files.readString(Vpc.ROOT.resolve("test/e2e/cluster-dns.yaml")));
    cluster.awaitReady("kube-system", "k8s-app=kube-dns", 1);
    cluster.apply(
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: servers}
        spec:
          replicas: 0
          selector: {matchLabels: {app: servers}}
          template:
            metadata: {labels: {app: servers}}
            spec:
              terminationGracePeriodSeconds: 0
              topologySpreadConstraints:
                - maxSkew: 2
                  topologyKey: kubernetes.io/hostname
                  whenUnsatisfiable: ScheduleAnyway
                  labelSelector: {matchLabels: {app: servers}}
              containers:
                - {name: main, image: %s, imagePullPolicy: Never, command: [exchange, serve, "%d"]}
        """
            .formatted(IMAGE, Exchange.PORT));
  }

  @AfterAll
  void stop() {
    if (cluster != null) {
      System.out.println(cluster.logs());
      cluster.close();
    }
    if (vpc != null) {
      vpc.close();
    }
  }

  private void scale(int replicas) {
    cluster.kubectl("scale", "deployment/servers", "--replicas=" + replicas).orThrow();
    await(replicas + " servers")
        .atMost(SOON)
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () -> {
              List<ClusterPods.One> all = servers();
              return all.size() == replicas && all.stream().allMatch(ClusterPods.One::ready);
            });
  }

  private List<ClusterPods.One> servers() {
    return pods.of("default", "app=servers");
  }

  /** No address is held twice or lost, and every pod that says so can be reached. */
  private void allIsWell() {
    await("pool and pods agree")
        .atMost(SOON)
        .pollInterval(Duration.ofSeconds(2))
        .untilAsserted(this::agree);
    for (ClusterPods.One pod : servers()) {
      assertThat(Exchange.tcp(cluster.netns(), pod.address(), Exchange.PORT))
          .as("%s at %s answers", pod.name(), pod.address())
          .isEqualTo(cluster.address());
    }
  }

  private void agree() {
    Map<String, String> byAddress = new HashMap<>();
    for (ClusterPods.One pod : pods.withNetworkOfTheirOwn()) {
      assertThat(pod.address()).as("the address of %s", pod).isNotEmpty();
      assertThat(byAddress.put(pod.address(), pod.name()))
          .as("who else has the address of %s", pod)
          .isNull();
    }
    Map<String, String> owned = new HashMap<>();
    for (ClusterNode node : cluster.nodes()) {
      for (JsonNode eni : millpond.pool(node).at("/enis")) {
        for (JsonNode address : eni.at("/addresses")) {
          if (address.at("/state").asText().equals("owned")) {
            owned.put(address.at("/ip").asText(), node.name());
          }
        }
      }
    }
    assertThat(owned.keySet()).as("addresses that pods hold").isEqualTo(byAddress.keySet());
  }

  @Order(1)
  @Test
  void fortyPodsComeAndGoInWaves() {
    for (int replicas : new int[] {15, 40, 5, 40, 0, SERVERS}) {
      scale(replicas);
      allIsWell();
    }
    assertThat(vpc.sourceCheckDropped()).as("frames with a foreign source").isZero();
  }

  @Order(2)
  @TestFactory
  Stream<DynamicTest> flows() {
    ClusterFlows flows = new ClusterFlows(cluster, IMAGE, servers(), millpond.enis());
    List<DynamicTest> tests = new ArrayList<>();
    for (ClusterNode.Proxy proxy : ClusterNode.Proxy.values()) {
      String mode = proxy.name().toLowerCase(Locale.ROOT);
      tests.add(
          dynamicTest(
              "kube-proxy turns to " + mode,
              () -> cluster.nodes().forEach(node -> node.proxy(proxy))));
      flows.all().forEach((name, flow) -> tests.add(dynamicTest(name + ", " + mode, flow::run)));
    }
    tests.add(dynamicTest("what the flows were tried with goes", flows::close));
    return tests.stream();
  }

  @Order(3)
  @Test
  void aNodeIsDrainedAndComesBack() {
    cluster
        .kubectl("drain", "node-b", "--ignore-daemonsets", "--force", "--timeout=100s")
        .orThrow();
    await("all servers are on the other node")
        .atMost(SOON)
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () ->
                servers().size() == SERVERS
                    && servers().stream()
                        .allMatch(pod -> pod.ready() && pod.node().equals("node-a")));
    allIsWell();
    cluster.kubectl("uncordon", "node-b").orThrow();
    scale(0);
    scale(SERVERS);
    assertThat(servers())
        .as("pods on the node that came back")
        .anyMatch(pod -> pod.node().equals("node-b"));
    allIsWell();
  }

  @Order(4)
  @Test
  void theDaemonsPodsAreDeletedWhilePodsComeAndGo() {
    cluster.kubectl("scale", "deployment/servers", "--replicas=40").orThrow();
    cluster
        .kubectl("delete", "pods", "-n", "kube-system", "-l", Millpond.SELECTOR, "--wait=false")
        .orThrow();
    scale(40);
    millpond.awaitRolledOut();
    allIsWell();
    cluster.kubectl("scale", "deployment/servers", "--replicas=" + SERVERS).orThrow();
    cluster
        .kubectl("delete", "pods", "-n", "kube-system", "-l", Millpond.SELECTOR, "--wait=false")
        .orThrow();
    scale(SERVERS);
    millpond.awaitRolledOut();
    allIsWell();
  }

  @Order(5)
  @Test
  void kubeletAndContainerdRestartWhilePodsComeAndGo() {
    for (String program : List.of("kubelet", "containerd")) {
      cluster.kubectl("scale", "deployment/servers", "--replicas=40").orThrow();
      cluster.nodes().forEach(node -> node.restart(program));
      scale(40);
      allIsWell();
      scale(SERVERS);
    }
    allIsWell();
  }

  @Order(6)
  @Test
  void theApiServerIsAwayForTwoMinutes() throws InterruptedException {
    cluster.kubectl("scale", "deployment/servers", "--replicas=40").orThrow();
    List<ClusterPods.One> before = servers();
    long back = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    cluster.apiServer("STOP");
    try {
      do {
        for (ClusterPods.One pod : before) {
          if (pod.ready()) {
            assertThat(Exchange.tcp(cluster.netns(), pod.address(), Exchange.PORT))
                .as("%s while the API server is away", pod.name())
                .isEqualTo(cluster.address());
          }
        }
        Thread.sleep(1000);
      } while (System.nanoTime() < back);
    } finally {
      cluster.apiServer("CONT");
    }
    scale(40);
    allIsWell();
    scale(SERVERS);
    allIsWell();
  }
}
