package io.millpond.e2e;

import static io.millpond.e2e.Flows.sees;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
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
  /** Where EKS Pod Identity listens on a node. */
  private static final String POD_IDENTITY = "169.254.170.23";

  private Vpc vpc;
  private Flows flows;
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
    flows = new Flows(vpc, "flows");
    node = flows.node();
    other = flows.other();
    first = flows.first();
    second = flows.second();
    onSecondEni = flows.onSecondEni();
    remote = flows.remote();
  }

  @AfterAll
  void stop() {
    flows.close();
  }

  @AfterEach
  void theVpcDroppedNothing() {
    assertThat(vpc.sourceCheckDropped()).as("frames with a foreign source").isZero();
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
    flows.f1();
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
    flows.f5();
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
    flows.f7();
  }

  @ParameterizedTest
  @EnumSource
  void f8ABackendOnAnotherNodeSeesTheNode(KubeProxy.Form form) {
    flows.f8(form);
  }

  @ParameterizedTest
  @EnumSource
  void f9ABackendOnTheSameNodeSeesThePod(KubeProxy.Form form) {
    flows.f9(form);
  }

  @ParameterizedTest
  @EnumSource
  void f9bAPodThatReachesItselfSeesTheNode(KubeProxy.Form form) {
    try (KubeProxy _ = flows.services(form)) {
      sees(second.name(), Flows.LOCAL_POD, Flows.SERVICE_PORT, node.address());
    }
  }

  @ParameterizedTest
  @EnumSource
  void f10AHostNetworkBackendSeesThePodOrTheNode(KubeProxy.Form form) {
    try (KubeProxy _ = flows.services(form)) {
      sees(first.name(), Flows.LOCAL_HOST, Flows.SERVICE_PORT, first.address());
      sees(first.name(), Flows.REMOTE_HOST, Flows.SERVICE_PORT, node.address());
    }
  }

  @ParameterizedTest
  @EnumSource
  void f11ANodePortOfPolicyLocalKeepsTheClientsAddress(KubeProxy.Form form) {
    flows.f11(form);
  }

  @ParameterizedTest
  @EnumSource
  void f11bANodePortOfPolicyClusterShowsTheNode(KubeProxy.Form form) {
    try (KubeProxy _ = flows.services(form)) {
      sees(Vpc.HOST, node.address(), Flows.CLUSTER_NODE_PORT_REMOTE, node.address());
      sees(Vpc.HOST, node.address(), Flows.CLUSTER_NODE_PORT_LOCAL, node.address());
    }
  }

  @ParameterizedTest
  @EnumSource
  void f12AHostPortOfAnotherPluginKeepsTheClientsAddress(KubeProxy.Form form) {
    try (KubeProxy _ = flows.services(form)) {
      sees(Vpc.HOST, node.address(), Flows.HOST_PORT, Vpc.HOST_ADDRESS);
    }
  }

  @Test
  void f13AClientFromOutsideTheVpcIsAnsweredByThePodsEni() {
    flows.f13();
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
