package io.millpond.simulator.fabric;

import static io.millpond.simulator.fabric.TestVpc.SUBNET_1;
import static io.millpond.simulator.fabric.TestVpc.SUBNET_2;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.simulator.fabric.TestVpc.Node;
import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("root")
final class FabricArpTest {
  private static final String ROUTER_1_MAC = "06:00:0a:00:01:00";

  private TestVpc vpc;
  private Node a;
  private Node b;

  @BeforeEach
  void startTwoInstances() {
    vpc = new TestVpc();
    a = vpc.start("a", SUBNET_1, "10.0.1.10");
    b = vpc.start("b", SUBNET_1, "10.0.1.11");
  }

  @AfterEach
  void close() {
    vpc.close();
  }

  @Test
  void anAssignedAddressIsAnsweredWithTheMacOfItsInterface() {
    vpc.fabric.addressesChanged(b.eni().plus(List.of(Ipv4.parse("10.0.1.12")), List.of()));

    assertThat(a.whoHas("10.0.1.11")).contains(b.eni().mac());
    assertThat(a.whoHas("10.0.1.12")).contains(b.eni().mac());
  }

  @Test
  void everyAddressOfADelegatedPrefixIsAnswered() {
    vpc.fabric.addressesChanged(b.eni().plus(List.of(), List.of(Cidr.parse("10.0.1.32/28"))));

    assertThat(a.whoHas("10.0.1.32")).contains(b.eni().mac());
    assertThat(a.whoHas("10.0.1.47")).contains(b.eni().mac());
    assertThat(a.whoHas("10.0.1.48")).isEmpty();
  }

  @Test
  void theRouterAnswersForTheGatewayAndTheLinkLocalServices() {
    assertThat(a.whoHas("10.0.1.1")).contains(ROUTER_1_MAC);
    assertThat(a.whoHas("169.254.169.254")).contains(ROUTER_1_MAC);
    assertThat(a.whoHas("169.254.169.1")).contains(ROUTER_1_MAC);
  }

  @Test
  void anInterfaceWithoutAddressInTheHostCanAskAsWell() {
    assertThat(a.whoHas("10.0.1.11", "-D")).contains(b.eni().mac());
    assertThat(a.whoHas("10.0.1.1", "-D")).contains(ROUTER_1_MAC);
  }

  @Test
  void nothingElseIsAnswered() {
    vpc.start("c", SUBNET_2, "10.0.2.10");

    assertThat(a.whoHas("10.0.1.99")).as("assigned to nobody").isEmpty();
    assertThat(a.whoHas("10.0.2.10")).as("in another subnet").isEmpty();
    assertThat(a.whoHas("10.0.2.1")).as("another subnet's router").isEmpty();
    assertThat(a.whoHas("203.0.113.9")).as("outside").isEmpty();
  }

  @Test
  void theAddressOfAnInstanceThatDoesNotAnswerIsStillAnsweredByTheVpc() {
    TestVpc.run("ip", "-n", b.netns(), "link", "set", "eth0", "down");

    assertThat(a.whoHas("10.0.1.11")).contains(b.eni().mac());
  }

  @Test
  void neitherBroadcastsNorArpOfOthersAreDelivered() {
    assertThat(a.reaches(b.address())).isTrue();
    TestVpc.watch(b.netns(), "eth0", "ether daddr & 01:00:00:00:00:00 != 0:0:0:0:0:0");

    a.whoHas("10.0.1.99");
    a.whoHas("10.0.1.11");
    TestVpc.ping(a.netns(), "-b", "10.0.1.255");
    TestVpc.ping(a.netns(), "224.0.0.1");

    assertThat(a.reaches(b.address())).as("frames sent later have arrived").isTrue();
    assertThat(TestVpc.watched(b.netns())).isZero();
    assertThat(vpc.count(a, "broadcast_dropped")).isGreaterThanOrEqualTo(2);
  }

  @Test
  void anArpRequestToTheMacOfAnotherInterfaceIsAnsweredByTheVpcAlone() {
    TestVpc.watch(b.netns(), "eth0", "arp operation request");

    // After a first answer the second request goes to the MAC that was learned.
    String answers =
        TestVpc.exec(a.netns(), "arping", "-c", "2", "-w", "3", "-I", "eth0", "10.0.1.11").output();

    assertThat(answers).contains("Sent 2 probes (1 broadcast(s))").contains("Received 2 response");
    assertThat(TestVpc.watched(b.netns())).isZero();
  }
}
