package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntSupplier;

/** EC2 calls of a node's life, counted by the simulator. */
final class Ec2Calls {
  /** Three ENIs of six addresses. */
  private static final String TYPE = "t3.medium";

  /** The fewest calls with which it can be done. */
  private static final Map<String, Integer> GOALS =
      new TreeMap<>(
          Map.of(
              "boot", 3,
              "first new ENI", 3,
              "growth", 1,
              "restart with 3 ENIs", 2,
              "release of an ENI", 3));

  private static final Duration SOON = Duration.ofMinutes(4);

  private final Field field;
  private final boolean quick;

  Ec2Calls(Field field, boolean quick) {
    this.field = field;
    this.quick = quick;
  }

  void measure(List<Row> rows) {
    Map<String, Double> ours = new HashMap<>();
    Map<String, Double> theirs = new HashMap<>();
    Map<String, String> whole =
        Map.of("WARM_ENI_TARGET", "1", "IP_COOLDOWN_PERIOD", "1", "MILLPOND_RELEASE_DELAY", "2");
    Map<String, String> exact =
        Map.of("WARM_IP_TARGET", "1", "MINIMUM_IP_TARGET", "1", "IP_COOLDOWN_PERIOD", "1");
    try (Node one = field.millpond("calls-m", TYPE, whole);
        Node two = field.millpond("calls-n", TYPE, exact)) {
      life(one, ours);
      growth(two, ours);
    }
    try (AwsNode one = field.aws("calls-a", TYPE, whole)) {
      life(one, theirs);
    }
    try (AwsNode two = field.aws("calls-b", TYPE, exact)) {
      growth(two, theirs);
    }
    GOALS.forEach(
        (phase, goal) -> {
          Double mine = ours.get(phase);
          Double other = theirs.get(phase);
          if (mine != null && other != null) {
            rows.add(
                Row.of("EC2 calls: " + phase, mine, "calls").beside(Field.AWS, other).atMost(goal));
          }
        });
  }

  /** Boot, a second and a third ENI, a restart, and the release of both. */
  private void life(CniNode node, Map<String, Double> calls) {
    awaitCount("the first pool", node.start()::addresses, 5);
    calls.put("boot", settled(node, 0));
    List<String> pods = new ArrayList<>();
    long before = field.vpc().lastCall();
    pods.add(pod(node, 0));
    awaitCount("a second ENI", node::addresses, 10);
    calls.put("first new ENI", settled(node, before));
    for (int i = 1; i < 6; i++) {
      pods.add(pod(node, i));
    }
    awaitCount("a third ENI", node::addresses, 15);
    double ignored = settled(node, before);
    before = field.vpc().lastCall();
    node.kill();
    awaitCount("the pool of before", node.start()::addresses, 15);
    calls.put("restart with 3 ENIs", settled(node, before));
    if (!quick) {
      before = field.vpc().lastCall();
      pods.forEach(pod -> delete(node, pod));
      awaitCount("one ENI again", () -> -node.addresses(), -5);
      calls.put("release of an ENI", settled(node, before) / 2);
    } else {
      pods.forEach(pod -> delete(node, pod));
    }
  }

  private void growth(CniNode node, Map<String, Double> calls) {
    awaitCount("the first pool", node.start()::addresses, 1);
    double ignored = settled(node, 0);
    long before = field.vpc().lastCall();
    String pod = pod(node, 9);
    awaitCount("one more", node::addresses, 2);
    calls.put("growth", settled(node, before));
    delete(node, pod);
  }

  private static String pod(CniNode node, int number) {
    String name = "calls-pod-" + number;
    CniCalls.namespace(name);
    String ignored = node.plugin("ADD", name).orThrow();
    return name;
  }

  private static void delete(CniNode node, String pod) {
    String ignored = node.plugin("DEL", pod).orThrow();
    Shell.run("ip", "netns", "del", pod);
  }

  private static void awaitCount(String what, IntSupplier count, int atLeast) {
    await(what)
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> count.getAsInt() >= atLeast);
  }

  /** The node's calls after the numbered one, once there were no more for five seconds. */
  private double settled(CniNode node, long after) {
    int[] last = {-1};
    long[] since = {System.nanoTime()};
    await("quiet")
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(300))
        .until(
            () -> {
              int now = count(node, after);
              if (now != last[0]) {
                last[0] = now;
                since[0] = System.nanoTime();
              }
              return System.nanoTime() - since[0] > 5_000_000_000L;
            });
    return last[0];
  }

  private int count(CniNode node, long after) {
    JsonNode counts =
        field
            .vpc()
            .get("/v1/calls/counts?instance=%s&after=%d".formatted(node.instanceId(), after));
    int all = 0;
    for (JsonNode action : counts) {
      for (JsonNode outcome : action) {
        all += outcome.asInt();
      }
    }
    return all;
  }
}
