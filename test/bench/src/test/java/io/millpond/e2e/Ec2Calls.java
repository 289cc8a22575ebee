package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;

/** EC2 calls of a node's life, counted by the simulator. */
final class Ec2Calls {
  /** Three ENIs of six addresses. */
  private static final String TYPE = "t3.medium";

  /** The fewest calls with which it can be done. */
  private static final Map<String, Integer> GOALS =
      new java.util.TreeMap<>(
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

  /** A node of either plugin. */
  private interface Subject extends AutoCloseable {
    String instance();

    void start();

    void stop();

    int addresses();

    void add(String pod);

    void delete(String pod);

    @Override
    void close();
  }

  void measure(List<Row> rows) {
    Map<String, Double> ours = new HashMap<>();
    Map<String, Double> theirs = new HashMap<>();
    Map<String, String> whole =
        Map.of("WARM_ENI_TARGET", "1", "IP_COOLDOWN_PERIOD", "1", "MILLPOND_RELEASE_DELAY", "2");
    Map<String, String> exact =
        Map.of("WARM_IP_TARGET", "1", "MINIMUM_IP_TARGET", "1", "IP_COOLDOWN_PERIOD", "1");
    try (Subject one = millpond("calls-m", whole);
        Subject two = millpond("calls-n", exact)) {
      life(one, ours);
      growth(two, ours);
    }
    try (Subject one = aws("calls-a", whole)) {
      life(one, theirs);
    }
    try (Subject two = aws("calls-b", exact)) {
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
  private void life(Subject node, Map<String, Double> calls) {
    node.start();
    awaitCount("the first pool", node::addresses, 5);
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
    node.stop();
    node.start();
    awaitCount("the pool of before", node::addresses, 15);
    calls.put("restart with 3 ENIs", settled(node, before));
    if (!quick) {
      before = field.vpc().lastCall();
      for (String pod : pods) {
        node.delete(pod);
      }
      awaitCount("one ENI again", () -> -node.addresses(), -5);
      calls.put("release of an ENI", settled(node, before) / 2);
    } else {
      pods.forEach(node::delete);
    }
    pods.forEach(pod -> Shell.run("ip", "netns", "del", pod));
  }

  private void growth(Subject node, Map<String, Double> calls) {
    node.start();
    awaitCount("the first pool", node::addresses, 1);
    double ignored = settled(node, 0);
    long before = field.vpc().lastCall();
    String pod = pod(node, 9);
    awaitCount("one more", node::addresses, 2);
    calls.put("growth", settled(node, before));
    node.delete(pod);
    Shell.run("ip", "netns", "del", pod);
  }

  private static String pod(Subject node, int number) {
    String name = "calls-pod-" + number;
    CniCalls.namespace(name);
    node.add(name);
    return name;
  }

  private static void awaitCount(String what, IntSupplier count, int atLeast) {
    await(what)
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> count.getAsInt() >= atLeast);
  }

  /** The node's calls after the numbered one, once there were no more for five seconds. */
  private double settled(Subject node, long after) {
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

  private int count(Subject node, long after) {
    JsonNode counts =
        field.vpc().get("/v1/calls/counts?instance=%s&after=%d".formatted(node.instance(), after));
    int all = 0;
    for (JsonNode action : counts) {
      for (JsonNode outcome : action) {
        all += outcome.asInt();
      }
    }
    return all;
  }

  private Subject millpond(String name, Map<String, String> settings) {
    Node node = field.millpond(name, TYPE, settings);
    return new Subject() {
      @Override
      public String instance() {
        return node.instanceId();
      }

      @Override
      public void start() {
        Node ignored = node.start();
      }

      @Override
      public void stop() {
        node.stop();
      }

      @Override
      public int addresses() {
        return node.count("total");
      }

      @Override
      public void add(String pod) {
        String ignored = node.plugin("ADD", pod, "/run/netns/" + pod, Pod.CONFIGURATION).orThrow();
      }

      @Override
      public void delete(String pod) {
        String ignored = node.plugin("DEL", pod, "/run/netns/" + pod, Pod.CONFIGURATION).orThrow();
      }

      @Override
      public void close() {
        node.close();
      }
    };
  }

  private Subject aws(String name, Map<String, String> settings) {
    AwsNode node = field.aws(name, TYPE, settings);
    return new Subject() {
      @Override
      public String instance() {
        return node.instanceId();
      }

      @Override
      public void start() {
        AwsNode ignored = node.start();
      }

      @Override
      public void stop() {
        node.kill();
      }

      @Override
      public int addresses() {
        return node.addresses();
      }

      @Override
      public void add(String pod) {
        String ignored = node.plugin("ADD", pod).orThrow();
      }

      @Override
      public void delete(String pod) {
        String ignored = node.plugin("DEL", pod).orThrow();
      }

      @Override
      public void close() {
        node.close();
      }
    };
  }
}
