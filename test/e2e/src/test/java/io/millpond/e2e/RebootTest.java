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

/**
 * A reboot: the pods and all of the node's network are gone, and what is in /run; the interfaces
 * come back as EC2 has them. The machine's uptime goes on, so what a boot's beginning is to the
 * daemon lies long ago, and what counts as released then has rested when the daemon looks.
 */
@Tag("vm")
@Tag("pool")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class RebootTest {
  private static final int PODS = 5;

  private final List<Pod> pods = new ArrayList<>();
  private Vpc vpc;
  private Node node;
  private Agreement agreement;

  @SuppressWarnings("NullAway.Init")
  RebootTest() {}

  @BeforeAll
  void start(Vpc shared) {
    vpc = shared;
    node =
        vpc.launch(
            "boot-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of("WARM_IP_TARGET", "1", "MINIMUM_IP_TARGET", String.valueOf(PODS + 1)));
    node.start().awaitSize(PODS + 1, 2);
    agreement = new Agreement(vpc, node);
  }

  @AfterEach
  void removePods() {
    pods.forEach(Pod::close);
    node.awaitPool("nobody rests", pool -> pool.at("/counts/free").asInt() == PODS + 1);
  }

  @AfterAll
  void stop() {
    node.close();
  }

  @Test
  void afterARebootAllAddressesAreFreeAndNothingIsLostOrMade() {
    List<Pod> before = new ArrayList<>();
    for (int i = 1; i <= PODS; i++) {
      before.add(Pod.added(node, "boot-" + i));
      pods.add(before.getLast());
    }
    agreement.holds(before);
    before.getFirst().die();
    node.awaitState(before.getFirst().address(), "cooling");
    long calls = vpc.lastCall();

    node.kill();
    before.forEach(Pod::die);
    node.reboot();
    assertThat(node.in("ip", "-o", "link").out()).as("a fresh node").doesNotContain("mpd");
    node.start();

    assertThat(node.count("total")).isEqualTo(PODS + 1);
    assertThat(node.count("enis")).isEqualTo(2);
    assertThat(node.count("free"))
        .as("released at the boot, 30 s ago and more")
        .isEqualTo(PODS + 1);
    for (Pod gone : before) {
      gone.mustDel();
    }
    assertThat(node.count("free")).as("a late DEL changes nothing").isEqualTo(PODS + 1);
    for (int i = 1; i <= PODS; i++) {
      pods.add(Pod.added(node, "rebooted-" + i));
    }
    List<Pod> after = pods.subList(PODS, 2 * PODS);
    agreement.holds(after);
    agreement.noEniIsLeft();
    assertThat(vpc.calls(node, calls))
        .as("two looks, and nothing made or given back")
        .containsExactly(Map.entry("DescribeNetworkInterfaces", 2));
    assertThat(node.log()).doesNotContain("\"level\":\"error\"");
  }
}
