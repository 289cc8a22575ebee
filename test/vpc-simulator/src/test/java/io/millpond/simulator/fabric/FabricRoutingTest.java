package io.millpond.simulator.fabric;

import static io.millpond.simulator.fabric.TestVpc.INTERNET;
import static io.millpond.simulator.fabric.TestVpc.ON_PREMISES;
import static io.millpond.simulator.fabric.TestVpc.ON_PREMISES_HOST;
import static io.millpond.simulator.fabric.TestVpc.PUBLIC_HOST;
import static io.millpond.simulator.fabric.TestVpc.SUBNET_1;
import static io.millpond.simulator.fabric.TestVpc.SUBNET_2;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.simulator.fabric.TestVpc.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("root")
final class FabricRoutingTest {
  /** Of an IPv4 header and an ICMP one. */
  private static final int HEADERS = 28;

  private TestVpc vpc;
  private Node a;
  private Node pod;

  @BeforeEach
  void startANodeWithAPod() {
    vpc = new TestVpc();
    a = vpc.start("a", SUBNET_1, "10.0.1.10");
    pod = vpc.pod(a, "p", SUBNET_1, "10.0.1.30", "10.0.1.31");
  }

  @AfterEach
  void close() {
    vpc.close();
  }

  @Test
  void subnetsReachEachOtherThroughTheRouterUntranslated() {
    Node far = vpc.start("far", SUBNET_2, "10.0.2.10");
    TestVpc.watch(far.netns(), "eth0", "ip saddr 10.0.1.31");

    assertThat(pod.reachesFrom("10.0.1.31", far.address())).isTrue();
    assertThat(far.reaches(pod.address())).isTrue();
    assertThat(TestVpc.watched(far.netns())).isEqualTo(1);
  }

  @Test
  void metadataAndEc2AreLocalToTheVpcAndReachedFromEverySubnet() {
    Node far = vpc.start("far", SUBNET_2, "10.0.2.10");

    assertThat(a.reaches("169.254.169.254")).isTrue();
    assertThat(a.reaches("169.254.169.1")).isTrue();
    assertThat(far.reaches("169.254.169.254")).isTrue();
    assertThat(far.reaches("169.254.169.1")).isTrue();
    assertThat(pod.reaches("169.254.169.254")).isTrue();
  }

  @Test
  void anInstanceReachesTheInternetFromItsPrimaryAddress() {
    TestVpc.watch(INTERNET, "eth0", "ip saddr 10.0.1.10");

    assertThat(a.reaches(PUBLIC_HOST)).isTrue();
    assertThat(TestVpc.watched(INTERNET)).isEqualTo(1);
  }

  @Test
  void anAddressWithoutPublicOneIsStoppedAtTheInternetGatewayAndCounted() {
    TestVpc.watch(INTERNET, "eth0", "ip saddr 10.0.1.30");

    assertThat(pod.reaches(PUBLIC_HOST)).isFalse();

    assertThat(vpc.count("internet-gateway", "no_public_address_dropped")).isEqualTo(1);
    assertThat(TestVpc.watched(INTERNET)).isZero();
    assertThat(vpc.count(pod, "source_check_dropped")).isZero();
  }

  @Test
  void aPodAnswersAPublicClientThatALoadBalancerBroughtToIt() {
    assertThat(TestVpc.ping(INTERNET, "10.0.1.30")).isTrue();
  }

  @Test
  void onPremisesAndPodsReachEachOtherUntranslated() {
    TestVpc.watch(ON_PREMISES, "eth0", "ip saddr 10.0.1.31");

    assertThat(pod.reachesFrom("10.0.1.31", ON_PREMISES_HOST)).isTrue();
    assertThat(TestVpc.watched(ON_PREMISES)).isEqualTo(1);
    assertThat(TestVpc.ping(ON_PREMISES, "10.0.1.30")).isTrue();
    assertThat(TestVpc.ping(ON_PREMISES, a.address())).isTrue();
  }

  @Test
  void whatIsForAnAddressOfNobodyIsDroppedWithoutAnswerAndCounted() {
    assertThat(TestVpc.ping(ON_PREMISES, "10.0.1.99")).isFalse();
    assertThat(TestVpc.ping(ON_PREMISES, "10.0.77.1")).isFalse();

    assertThat(vpc.count("router", "unassigned_address_dropped")).isEqualTo(2);
  }

  @Test
  void jumboFramesPassWithinTheVpc() {
    Node near = vpc.start("near", SUBNET_1, "10.0.1.11");
    Node far = vpc.start("far", SUBNET_2, "10.0.2.10");

    assertThat(pingUnfragmented(a, near.address(), 9001)).isTrue();
    assertThat(pingUnfragmented(a, far.address(), 9001)).isTrue();
    assertThat(pingUnfragmented(pod, far.address(), 9001)).isTrue();
  }

  @Test
  void nothingOver1500BytesLeavesForTheInternetAndTheSenderIsTold() {
    assertThat(pingUnfragmented(a, PUBLIC_HOST, 1500)).isTrue();

    String answer =
        TestVpc.exec(
                a.netns(),
                "ping",
                "-c",
                "1",
                "-W",
                "2",
                "-M",
                "do",
                "-s",
                "" + (1501 - HEADERS),
                PUBLIC_HOST)
            .output();

    assertThat(answer).contains("mtu = 1500");
  }

  private static boolean pingUnfragmented(Node from, String to, int packet) {
    return TestVpc.ping(
        from.netns(),
        "-M",
        "do",
        "-s",
        Integer.toString(packet - HEADERS),
        "-I",
        from.address(),
        to);
  }
}
