package io.millpond.simulator.fabric;

import static io.millpond.simulator.fabric.TestVpc.SUBNET_1;
import static io.millpond.simulator.fabric.TestVpc.SUBNET_2;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.simulator.fabric.TestVpc.Node;
import io.millpond.simulator.model.Ipv4;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("root")
final class FabricSourceCheckTest {
  private static final String SOURCE = "source_check_dropped";
  private static final String ARP = "arp_check_dropped";
  private static final String DELIVERY = "delivery_dropped";

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
  void whatAnInterfaceSendsFromItsOwnAddressesPassesAndIsNotCounted() {
    vpc.fabric.addressesChanged(a.eni().plus(List.of(Ipv4.parse("10.0.1.20")), List.of()));
    add(a, "10.0.1.20");

    assertThat(a.reaches(b.address())).isTrue();
    assertThat(a.reachesFrom("10.0.1.20", b.address())).isTrue();
    assertThat(vpc.count(a, SOURCE)).isZero();
    assertThat(vpc.count(a, ARP)).isZero();
    assertThat(vpc.count(b, SOURCE)).isZero();
    assertThat(vpc.count(b, DELIVERY)).isZero();
  }

  @Test
  void aFrameFromAnAddressOfNobodyIsDroppedAndCountedOnItsInterface() {
    add(a, "10.0.1.20");
    neighbour(a, b.address(), b.eni().mac());

    assertThat(a.reachesFrom("10.0.1.20", b.address())).isFalse();

    assertThat(vpc.count(a, SOURCE)).isEqualTo(1);
    assertThat(vpc.count(b, SOURCE)).isZero();
  }

  @Test
  void theAddressOfAnotherInterfaceIsForeignToo() {
    Node pod = vpc.pod(a, "p", SUBNET_1, "10.0.1.30");
    add(a, "10.0.1.30");
    neighbour(a, b.address(), b.eni().mac());

    assertThat(a.reachesFrom("10.0.1.30", b.address())).isFalse();

    assertThat(vpc.count(a, SOURCE)).isEqualTo(1);
    assertThat(vpc.count(pod, SOURCE)).isZero();
  }

  @Test
  void theWayThroughTheRouterIsCheckedAsWell() {
    Node far = vpc.start("far", SUBNET_2, "10.0.2.10");
    add(a, "10.0.1.20");
    neighbour(a, "10.0.1.1", "06:00:0a:00:01:00");

    assertThat(a.reachesFrom("10.0.1.20", far.address())).isFalse();

    assertThat(vpc.count(a, SOURCE)).isEqualTo(1);
  }

  @Test
  void aFrameFromAForeignMacIsDroppedAndCounted() {
    TestVpc.run("ip", "-n", a.netns(), "link", "set", "eth0", "address", "02:00:00:00:ff:ff");
    neighbour(a, b.address(), b.eni().mac());

    assertThat(a.reaches(b.address())).isFalse();

    assertThat(vpc.count(a, SOURCE)).isGreaterThanOrEqualTo(1);
  }

  @Test
  void arpFromAForeignAddressIsNotAnsweredButCounted() {
    add(a, "10.0.1.20");

    assertThat(a.whoHas(b.address(), "-s", "10.0.1.20")).isEmpty();

    assertThat(vpc.count(a, ARP)).isEqualTo(1);
    assertThat(vpc.count(a, SOURCE)).isZero();
  }

  @Test
  void anInterfaceWithoutSourceDestinationCheckSendsFromAnyAddress() {
    vpc.fabric.addressesChanged(a.eni().withSourceDestCheck(false));
    add(a, "10.0.1.20");
    neighbour(a, b.address(), b.eni().mac());
    TestVpc.watch(b.netns(), "eth0", "ip saddr 10.0.1.20");

    a.reachesFrom("10.0.1.20", b.address());

    assertThat(TestVpc.watched(b.netns())).isEqualTo(1);
    assertThat(vpc.count(a, SOURCE)).isZero();
  }

  @Test
  void aFrameForAnAddressThatIsNotOfTheAddressedInterfaceIsDroppedAndCounted() {
    vpc.start("c", SUBNET_1, "10.0.1.12");
    neighbour(a, "10.0.1.12", b.eni().mac());
    TestVpc.watch(b.netns(), "eth0", "ip daddr 10.0.1.12");

    assertThat(a.reaches("10.0.1.12")).isFalse();

    assertThat(vpc.count(b, DELIVERY)).isEqualTo(1);
    assertThat(TestVpc.watched(b.netns())).isZero();
  }

  @Test
  void anAddressThatWasTakenAwayMayNoLongerSend() {
    var twoAddresses = a.eni().plus(List.of(Ipv4.parse("10.0.1.20")), List.of());
    vpc.fabric.addressesChanged(twoAddresses);
    add(a, "10.0.1.20");
    assertThat(a.reachesFrom("10.0.1.20", b.address())).isTrue();

    vpc.fabric.addressesChanged(twoAddresses.minus(List.of(Ipv4.parse("10.0.1.20")), List.of()));

    assertThat(a.reachesFrom("10.0.1.20", b.address())).isFalse();
    assertThat(vpc.count(a, SOURCE)).isEqualTo(1);
    assertThat(a.reaches(b.address())).isTrue();
  }

  private static void add(Node node, String address) {
    TestVpc.run("ip", "-n", node.netns(), "addr", "add", address + "/24", "dev", "eth0");
  }

  private static void neighbour(Node node, String address, String mac) {
    TestVpc.run(
        "ip",
        "-n",
        node.netns(),
        "neigh",
        "replace",
        address,
        "lladdr",
        mac,
        "dev",
        "eth0",
        "nud",
        "permanent");
  }
}
