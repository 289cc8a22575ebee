package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The pool of a 3×4 instance under {@code WARM_IP_TARGET=2, MINIMUM_IP_TARGET=5}, pod by pod up to
 * its limit and back: addresses, ENIs and EC2 calls at each step.
 */
@Tag("vm")
@Tag("pool")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class PoolSizeTest {
  private static final int SLOTS = 3;
  private static final int MOST = 9;
  private static final int WARM = 2;
  private static final int MINIMUM = 5;

  private final Deque<Pod> pods = new ArrayDeque<>();
  private Vpc vpc;
  private Node node;

  @SuppressWarnings("NullAway.Init")
  PoolSizeTest() {}

  @BeforeAll
  void start(Vpc shared) {
    vpc = shared;
    node =
        vpc.launch(
            "size-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of(
                "WARM_IP_TARGET",
                String.valueOf(WARM),
                "MINIMUM_IP_TARGET",
                String.valueOf(MINIMUM),
                "IP_COOLDOWN_PERIOD",
                "1",
                "MILLPOND_RELEASE_DELAY",
                "2"));
    node.start().awaitSize(MINIMUM, 2);
  }

  @AfterAll
  void stop() {
    pods.forEach(Pod::close);
    node.close();
  }

  private static int addresses(int pods) {
    return Math.min(MOST, Math.max(MINIMUM, pods + WARM));
  }

  private static int enis(int pods) {
    return (addresses(pods) + SLOTS - 1) / SLOTS;
  }

  @Test
  void theStartCostsTwoDescribesOneGrowthAndOneEni() {
    assertThat(vpc.calls(node, 0))
        .containsOnly(
            Map.entry("DescribeNetworkInterfaces", 2),
            Map.entry("AssignPrivateIpAddresses", 1),
            Map.entry("CreateNetworkInterface", 1),
            Map.entry("AttachNetworkInterface", 1),
            Map.entry("ModifyNetworkInterfaceAttribute", 1));
  }

  @Test
  void eachPodGrowsThePoolAsTheTableSaysUntilTheNodeIsFullAndEachRemovalShrinksItAgain() {
    for (int i = 1; i <= MOST; i++) {
      long before = vpc.lastCall();
      pods.push(Pod.added(node, "size-" + i));
      node.awaitSize(addresses(i), enis(i));
      assertThat(vpc.calls(node, before)).as("EC2 calls for pod %d", i).isEqualTo(growth(i));
    }
    theNodeIsFull();
    for (int left = MOST - 1; left >= 0; left--) {
      long before = vpc.lastCall();
      Pod pod = pods.pop();
      pod.mustDel();
      pod.die();
      node.awaitSize(addresses(left), enis(left));
      assertThat(vpc.calls(node, before))
          .as("EC2 calls after a removal that leaves %d pods", left)
          .isEqualTo(shrinkage(left));
    }
  }

  private static Map<String, Integer> growth(int pods) {
    if (addresses(pods) == addresses(pods - 1)) {
      return Map.of();
    }
    return enis(pods) == enis(pods - 1)
        ? Map.of("AssignPrivateIpAddresses", 1)
        : Map.of(
            "CreateNetworkInterface", 1,
            "AttachNetworkInterface", 1,
            "ModifyNetworkInterfaceAttribute", 1);
  }

  private static Map<String, Integer> shrinkage(int pods) {
    if (addresses(pods) == addresses(pods + 1)) {
      return Map.of();
    }
    return enis(pods) == enis(pods + 1)
        ? Map.of("UnassignPrivateIpAddresses", 1)
        : Map.of(
            "DescribeNetworkInterfaces", 1,
            "DetachNetworkInterface", 1,
            "DeleteNetworkInterface", 1);
  }

  private void theNodeIsFull() {
    long before = vpc.lastCall();
    Pod tenth = new Pod(node, "size-10");
    try {
      Shell.Ran ran = tenth.add();
      assertThat(ran.status()).isNotZero();
      assertThat(Pod.document(ran).at("/code").asInt()).isEqualTo(11);
      assertThat(Pod.document(ran).at("/details").asText())
          .contains("9 in use")
          .contains("no ENI or slot is left")
          .contains("remedy: run fewer pods on this node");
      assertThat(vpc.calls(node, before)).as("EC2 is not asked in vain").isEmpty();
    } finally {
      tenth.close();
    }
  }
}
