package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Who sees which source address: the flows of docs/datapath.md over TCP and UDP, on two nodes, with
 * pods on the primary ENI and on a second one.
 */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class FlowsTest {
  private static final String SERVICES = "172.20.0.0/16";
  private static final String REMOTE_POD = "172.20.0.10";
  private static final String LOCAL_POD = "172.20.0.11";
  private static final String LOCAL_HOST = "172.20.0.12";
  private static final String REMOTE_HOST = "172.20.0.13";
  private static final int SERVICE_PORT = 80;
  private static final int LOCAL_NODE_PORT = 30080;
  private static final int CLUSTER_NODE_PORT_REMOTE = 30081;
  private static final int CLUSTER_NODE_PORT_LOCAL = 30082;
  private static final int HOST_PORT = 9090;

  /** Where EKS Pod Identity listens on a node. */
  private static final String POD_IDENTITY = "169.254.170.23";

  private static final Map<String, String> SETTINGS =
      Map.of("WARM_IP_TARGET", "1", "MINIMUM_IP_TARGET", "5", "MILLPOND_SERVICE_CIDRS", SERVICES);

  private final List<Pod> pods = new ArrayList<>();
  private final Exchange exchange = new Exchange();
  private Vpc vpc;
  private Node node;
  private Node other;
  private Pod first;
  private Pod second;
  private Pod onSecondEni;
  private Pod remote;

  @SuppressWarnings("NullAway.Init")
  FlowsTest() {}

  @BeforeAll
  void start(Vpc shared) {
    vpc = shared;
    node = vpc.launch("flows-a", "t3.small", Vpc.SUBNET_1, SETTINGS);
    other = vpc.launch("flows-b", "t3.small", Vpc.SUBNET_2, SETTINGS);
    node.launch();
    other.launch();
    node.awaitReady().awaitSize(5, 2);
    other.awaitReady();
    for (String host :
        List.of(Vpc.HOST, Vpc.INTERNET, Vpc.ON_PREMISES, node.netns(), other.netns())) {
      exchange.serve(host);
    }
    first = pod(node, "pod-a1");
    second = pod(node, "pod-a2");
    pod(node, "pod-a3");
    onSecondEni = pod(node, "pod-a4"); // the primary ENI has three addresses
    remote = pod(other, "pod-b1");
    node.awaitSize(5, 2);
  }

  @AfterAll
  void stop() {
    exchange.close();
    pods.forEach(Pod::close);
    node.close();
    other.close();
  }

  private Pod pod(Node where, String name) {
    Pod pod = Pod.added(where, name);
    pods.add(pod);
    exchange.serve(name);
    return pod;
  }

  @AfterEach
  void theVpcDroppedNothing() {
    assertThat(vpc.sourceCheckDropped()).as("frames with a foreign source").isZero();
  }

  private static void sees(String from, String to, int port, String source) {
    assertThat(Exchange.tcp(from, to, port))
        .as("TCP %s -> %s:%d", from, to, port)
        .isEqualTo(source);
    assertThat(Exchange.udp(from, to, port))
        .as("UDP %s -> %s:%d", from, to, port)
        .isEqualTo(source);
  }

  private static void sees(String from, String to, String source) {
    sees(from, to, Exchange.PORT, source);
  }

  @Test
  void thePodsAreOnTheEnisThatTheScenariosNeed() {
    assertThat(deviceOf(first)).isEqualTo("0");
    assertThat(deviceOf(second)).isEqualTo("0");
    assertThat(deviceOf(onSecondEni)).isEqualTo("1");
    assertThat(first.address()).startsWith("10.0.1.");
    assertThat(remote.address()).startsWith("10.0.2.");
  }

  @Test
  void podsOfAllEnisCanSendFramesOfNineThousandOctets() {
    // 8 octets of ICMP and 20 of IPv4 header; -M do: no fragments.
    for (Pod pod : List.of(first, onSecondEni)) {
      Shell.Ran ping =
          pod.in("ping", "-c", "1", "-W", "5", "-M", "do", "-s", "8973", remote.address());
      assertThat(ping.status()).as("%s%s", ping.out(), ping.err()).isZero();
    }
  }

  private String deviceOf(Pod pod) {
    for (var eni : node.pool().at("/enis")) {
      for (var address : eni.at("/addresses")) {
        if (address.at("/ip").asText().equals(pod.address())) {
          return eni.at("/device").asText().replaceAll(".*/", "");
        }
      }
    }
    return "none";
  }

  @Test
  void f1AProbeOfTheNodeComesFromTheNodesOwnAddress() {
    sees(node.netns(), first.address(), node.address());
    sees(node.netns(), onSecondEni.address(), node.address());
  }

  @Test
  void f2TheNodeSeesThePodsAddress() {
    sees(first.name(), node.address(), first.address());
    sees(onSecondEni.name(), node.address(), onSecondEni.address());
  }

  @Test
  void f3PodsOfOneEniSeeEachOther() {
    sees(first.name(), second.address(), first.address());
  }

  @Test
  void f4PodsOfTwoEnisOfANodeSeeEachOther() {
    sees(first.name(), onSecondEni.address(), first.address());
    sees(onSecondEni.name(), first.address(), onSecondEni.address());
  }

  @Test
  void f5PodsOfTwoNodesSeeEachOther() {
    sees(first.name(), remote.address(), first.address());
    sees(remote.name(), onSecondEni.address(), remote.address());
    sees(onSecondEni.name(), remote.address(), onSecondEni.address());
  }

  @Test
  void f6PodsAndHostsOfTheVpcSeeEachOther() {
    sees(first.name(), Vpc.HOST_ADDRESS, first.address());
    sees(onSecondEni.name(), Vpc.HOST_ADDRESS, onSecondEni.address());
    sees(Vpc.HOST, first.address(), Vpc.HOST_ADDRESS);
    sees(Vpc.HOST, onSecondEni.address(), Vpc.HOST_ADDRESS);
    // Another node is a plain host of the VPC as well.
    sees(first.name(), other.address(), first.address());
    sees(other.netns(), first.address(), other.address());
  }

  @Test
  void f7TheInternetSeesTheNode() {
    sees(first.name(), Vpc.INTERNET_ADDRESS, node.address());
    sees(onSecondEni.name(), Vpc.INTERNET_ADDRESS, node.address());
  }

  @ParameterizedTest
  @EnumSource
  void f8ABackendOnAnotherNodeSeesTheNode(KubeProxy.Form form) {
    try (KubeProxy _ = services(form)) {
      sees(first.name(), REMOTE_POD, SERVICE_PORT, node.address());
      sees(onSecondEni.name(), REMOTE_POD, SERVICE_PORT, node.address());
    }
  }

  @ParameterizedTest
  @EnumSource
  void f9ABackendOnTheSameNodeSeesThePod(KubeProxy.Form form) {
    try (KubeProxy _ = services(form)) {
      sees(first.name(), LOCAL_POD, SERVICE_PORT, first.address());
      sees(onSecondEni.name(), LOCAL_POD, SERVICE_PORT, onSecondEni.address());
    }
  }

  @ParameterizedTest
  @EnumSource
  void f9bAPodThatReachesItselfSeesTheNode(KubeProxy.Form form) {
    try (KubeProxy _ = services(form)) {
      sees(second.name(), LOCAL_POD, SERVICE_PORT, node.address());
    }
  }

  @ParameterizedTest
  @EnumSource
  void f10AHostNetworkBackendSeesThePodOrTheNode(KubeProxy.Form form) {
    try (KubeProxy _ = services(form)) {
      sees(first.name(), LOCAL_HOST, SERVICE_PORT, first.address());
      sees(first.name(), REMOTE_HOST, SERVICE_PORT, node.address());
    }
  }

  @ParameterizedTest
  @EnumSource
  void f11ANodePortOfPolicyLocalKeepsTheClientsAddress(KubeProxy.Form form) {
    try (KubeProxy _ = services(form)) {
      sees(Vpc.HOST, node.address(), LOCAL_NODE_PORT, Vpc.HOST_ADDRESS);
      sees(Vpc.ON_PREMISES, node.address(), LOCAL_NODE_PORT, Vpc.ON_PREMISES_ADDRESS);
    }
  }

  @ParameterizedTest
  @EnumSource
  void f11bANodePortOfPolicyClusterShowsTheNode(KubeProxy.Form form) {
    try (KubeProxy _ = services(form)) {
      sees(Vpc.HOST, node.address(), CLUSTER_NODE_PORT_REMOTE, node.address());
      sees(Vpc.HOST, node.address(), CLUSTER_NODE_PORT_LOCAL, node.address());
    }
  }

  @ParameterizedTest
  @EnumSource
  void f12AHostPortKeepsTheClientsAddress(KubeProxy.Form form) {
    try (KubeProxy _ = services(form)) {
      sees(Vpc.HOST, node.address(), HOST_PORT, Vpc.HOST_ADDRESS);
    }
  }

  private KubeProxy services(KubeProxy.Form form) {
    String n = node.address();
    return new KubeProxy(
        node.netns(),
        form,
        List.of(
            new KubeProxy.Service(REMOTE_POD, SERVICE_PORT, remote.address(), false),
            new KubeProxy.Service(LOCAL_POD, SERVICE_PORT, second.address(), false),
            new KubeProxy.Service(LOCAL_HOST, SERVICE_PORT, n, false),
            new KubeProxy.Service(REMOTE_HOST, SERVICE_PORT, other.address(), false),
            new KubeProxy.Service(n, LOCAL_NODE_PORT, onSecondEni.address(), false),
            new KubeProxy.Service(n, CLUSTER_NODE_PORT_REMOTE, remote.address(), true),
            new KubeProxy.Service(n, CLUSTER_NODE_PORT_LOCAL, second.address(), true),
            new KubeProxy.Service(n, HOST_PORT, second.address(), false)),
        List.of(second.address()));
  }

  @Test
  void f13AClientFromOutsideTheVpcIsAnsweredByThePodsEni() {
    for (Pod pod : List.of(first, onSecondEni)) {
      sees(Vpc.ON_PREMISES, pod.address(), Vpc.ON_PREMISES_ADDRESS);
      sees(Vpc.INTERNET, pod.address(), Vpc.INTERNET_ADDRESS);
    }
  }

  @Test
  void f14PodsReachLinkLocalServicesOfTheNode() {
    assertThat(instanceIdSeenBy(first)).isEqualTo(node.instanceId());
    assertThat(instanceIdSeenBy(onSecondEni)).isEqualTo(node.instanceId());
    node.in("ip", "addr", "add", POD_IDENTITY + "/32", "dev", "lo").orThrow();
    try {
      sees(first.name(), POD_IDENTITY, first.address());
      sees(onSecondEni.name(), POD_IDENTITY, onSecondEni.address());
    } finally {
      node.in("ip", "addr", "del", POD_IDENTITY + "/32", "dev", "lo").orThrow();
    }
  }

  private static String instanceIdSeenBy(Pod pod) {
    return pod.in(
            "sh",
            "-c",
            """
            imds=http://169.254.169.254/latest
            token=$(curl -sf -m 10 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $imds/api/token)
            curl -sf -m 10 -H "X-aws-ec2-metadata-token: $token" $imds/meta-data/instance-id
            """)
        .out();
  }
}
