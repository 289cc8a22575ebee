package io.millpond.simulator.fabric;

import static io.millpond.simulator.fabric.TestVpc.SUBNET_1;
import static io.millpond.simulator.fabric.TestVpc.VPC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millpond.simulator.fabric.TestVpc.Node;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("root")
final class FabricLinksTest {
  private TestVpc vpc;
  private Node a;

  @BeforeEach
  void startAnInstance() {
    vpc = new TestVpc();
    a = vpc.start("a", SUBNET_1, "10.0.1.10");
  }

  @AfterEach
  void close() {
    vpc.close();
  }

  @Test
  void thePrimaryInterfaceIsConfiguredAsByDhcp() {
    assertThat(TestVpc.link(a.netns(), a.eni())).isEqualTo("eth0");
    assertThat(TestVpc.run("ip", "-n", a.netns(), "-br", "addr", "show", "eth0"))
        .contains("10.0.1.10/24");
    assertThat(TestVpc.run("ip", "-n", a.netns(), "route"))
        .contains("default via 10.0.1.1 dev eth0")
        .contains("10.0.1.0/24 dev eth0");
    assertThat(TestVpc.run("ip", "-n", a.netns(), "link", "show", "eth0")).contains("mtu 9001");
    assertThat(TestVpc.ping(a.netns(), "127.0.0.1")).isTrue();
  }

  @Test
  void aFurtherInterfaceAppearsDownWithoutAddressUnderTheNextName() {
    NetworkInterface eni = TestVpc.eni("eni-0s", SUBNET_1, "10.0.1.20", "10.0.1.21");

    vpc.fabric.attach(a.instance(), eni, 1);

    assertThat(TestVpc.link(a.netns(), eni)).isEqualTo("eth1");
    assertThat(TestVpc.run("ip", "-n", a.netns(), "-br", "addr", "show", "eth1"))
        .contains("DOWN")
        .doesNotContain("10.0.1.");
    assertThat(TestVpc.run("ip", "-n", a.netns(), "-d", "link", "show", "eth1"))
        .contains("mtu 1500");
  }

  @Test
  void attachingTwiceChangesNothing() {
    String before = state();

    vpc.fabric.attach(a.instance(), a.eni(), 0);
    vpc.fabric.instanceStarted(a.instance());
    vpc.fabric.addressesChanged(a.eni());

    assertThat(state()).isEqualTo(before);
  }

  @Test
  void aDetachedInterfaceVanishesWithAllThatBelongsToIt() {
    String before = state();
    NetworkInterface eni = TestVpc.eni("eni-0s", SUBNET_1, "10.0.1.20", "10.0.1.21");
    vpc.fabric.attach(a.instance(), eni, 1);
    assertThat(a.whoHas("10.0.1.21")).contains(eni.mac());

    vpc.fabric.detach(a.instance(), eni);

    assertThat(TestVpc.links(a.netns())).noneMatch(line -> line.contains(eni.mac()));
    assertThat(a.whoHas("10.0.1.21")).isEmpty();
    assertThat(state()).isEqualTo(before);
  }

  @Test
  void aDetachedInterfaceVanishesFromWhereverItsLinkWasMoved() {
    Node pod = vpc.pod(a, "p", SUBNET_1, "10.0.1.30");

    vpc.fabric.detach(a.instance(), pod.eni());

    assertThat(TestVpc.links(pod.netns())).noneMatch(line -> line.contains(pod.eni().mac()));
  }

  @Test
  void anInterfaceMayComeBackAndKeepsItsCounts() {
    Node b = vpc.start("b", SUBNET_1, "10.0.1.11");
    Node pod = vpc.pod(a, "p", SUBNET_1, "10.0.1.30");
    TestVpc.exec(
        pod.netns(),
        "arping",
        "-c",
        "1",
        "-w",
        "1",
        "-s",
        "10.0.1.11",
        "-I",
        TestVpc.link(pod.netns(), pod.eni()),
        "10.0.1.10");
    vpc.fabric.addressesChanged(pod.eni());
    long counted = vpc.count(pod, "arp_check_dropped");
    long broadcasts = vpc.count(pod, "broadcast_dropped");

    vpc.fabric.detach(a.instance(), pod.eni());
    vpc.fabric.attach(b.instance(), pod.eni(), 1);

    assertThat(TestVpc.link(b.netns(), pod.eni())).isEqualTo("eth1");
    assertThat(vpc.count(pod, "arp_check_dropped")).isEqualTo(counted);
    assertThat(vpc.count(pod, "broadcast_dropped")).isEqualTo(broadcasts);
  }

  @Test
  void anAddressThatMovedBelongsToItsNewInterfaceAlone() {
    Node b = vpc.start("b", SUBNET_1, "10.0.1.11");
    Node c = vpc.start("c", SUBNET_1, "10.0.1.12");
    Ipv4 moving = Ipv4.parse("10.0.1.20");
    NetworkInterface before = b.eni().plus(List.of(moving), List.of());
    vpc.fabric.addressesChanged(before);

    vpc.fabric.addressesChanged(c.eni().plus(List.of(moving), List.of()));
    vpc.fabric.addressesChanged(before.minus(List.of(moving), List.of()));

    assertThat(a.whoHas("10.0.1.20")).contains(c.eni().mac());
  }

  @Test
  void aTerminatedInstanceLeavesNoNamespace() {
    vpc.fabric.detach(a.instance(), a.eni());
    vpc.fabric.instanceTerminated(a.instance());

    assertThat(Namespaces.exists(a.netns())).isFalse();
  }

  @Test
  void anInterfaceThatCannotBeAttachedLeavesNothingBehind() {
    String before = state();
    NetworkInterface eni = TestVpc.eni("eni-0s", SUBNET_1, "10.0.1.20");

    assertThatThrownBy(() -> vpc.fabric.attach(TestVpc.instance("never-started", SUBNET_1), eni, 1))
        .isInstanceOf(FabricException.class)
        .hasMessageContaining("sfab-never-started");

    assertThat(state()).isEqualTo(before);
  }

  @Test
  void aNewFabricRemovesWhatAKilledOneLeftBehind() {
    vpc.pod(a, "p", SUBNET_1, "10.0.1.30");

    LinuxFabric next = TestVpc.newFabric();

    assertThat(Namespaces.exists(a.netns())).isFalse();
    assertThat(TestVpc.links(VPC)).noneMatch(line -> line.startsWith("p-"));
    next.instanceStarted(a.instance());
    next.attach(a.instance(), a.eni(), 0);
    assertThat(a.reaches("10.0.1.1")).isTrue();
  }

  @Test
  void aNamespaceOfSomeoneElseIsRefusedAndNeverRemoved() {
    TestVpc.run("ip", "netns", "add", "sfab-theirs");
    try {
      assertThatThrownBy(() -> vpc.fabric.instanceStarted(TestVpc.instance("theirs", SUBNET_1)))
          .isInstanceOf(FabricException.class)
          .hasMessageContaining("sfab-theirs exists and was not made by this simulator");

      vpc.fabric.instanceTerminated(TestVpc.instance("theirs", SUBNET_1));
      vpc.fabric.close();

      assertThat(Namespaces.exists("sfab-theirs")).isTrue();
    } finally {
      TestVpc.run("ip", "netns", "del", "sfab-theirs");
    }
  }

  @Test
  void closingLeavesNothingInTheVpcsNamespaceAndNoOther() {
    vpc.fabric.close();

    assertThat(TestVpc.links(VPC)).singleElement().asString().startsWith("lo");
    assertThat(new Namespaces(VPC).ours()).containsExactly(VPC);
    assertThat(TestVpc.exec(VPC, "nft", "list", "tables").output()).isEmpty();
  }

  /** Everything in the VPC's namespace that an interface has a share in, without counts. */
  private static String state() {
    return String.join(
            "\n",
            TestVpc.run("ip", "-n", VPC, "-br", "link", "show"),
            TestVpc.run("ip", "-n", VPC, "route"),
            TestVpc.run("ip", "-n", VPC, "neigh", "show", "nud", "permanent"),
            TestVpc.run("bridge", "-n", VPC, "fdb", "show"),
            TestVpc.exec(VPC, "nft", "-s", "list", "ruleset").output())
        .replaceAll("counter eni-0s\\.\\w+ \\{\\s*\\}\\s*", "");
  }
}
