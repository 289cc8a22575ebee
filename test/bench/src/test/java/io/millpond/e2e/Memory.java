package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Start to first ADD, and resident memory idle, with 250 pods, and after many ADD and DEL. */
final class Memory {
  /** 15 ENIs of 50 addresses. */
  private static final String TYPE = "m5.16xlarge";

  private static final int PODS = 250;

  /** What the resident memory of a process that keeps nothing still varies. */
  private static final double NOISE_MIB = 4;

  private static final double GOAL_MIB = 128;

  private final Field field;
  private final boolean quick;

  Memory(Field field, boolean quick) {
    this.field = field;
    this.quick = quick;
  }

  void measure(List<Row> rows) {
    Node node =
        field.millpond(
            "memory-m",
            TYPE,
            Map.of(
                "WARM_IP_TARGET", "20",
                "MINIMUM_IP_TARGET", String.valueOf(PODS + 20),
                "IP_COOLDOWN_PERIOD", "1",
                "MILLPOND_MAX_PODS", "700",
                "MILLPOND_RELEASE_DELAY", "3600"));
    List<String> pods = IntStream.range(0, PODS).mapToObj(i -> "memory-" + i).toList();
    try (AwsNode aws =
        field.aws("memory-a", TYPE, Map.of("WARM_IP_TARGET", "20", "MINIMUM_IP_TARGET", "110"))) {
      node.start();
      node.awaitPool("full", pool -> pool.at("/counts/free").asInt() >= PODS);
      aws.start();
      aws.awaitAddresses(110);
      double rival = Drive.resident(aws.pid());
      rows.add(
          Row.of("RSS, idle, 270 addresses", Drive.resident(node.pid()), "MiB")
              .beside(Field.AWS + ", 110", rival)
              .atMost(GOAL_MIB));
      pods.forEach(CniCalls::namespace);
      Contestant who = Field.contestant(node);
      Drive.Batch ignored =
          Drive.run(who, 8, pods.stream().map(pod -> Drive.job("ADD", pod, pod)).toList());
      double full = Drive.resident(node.pid());
      rows.add(
          Row.of("RSS, 250 pods", full, "MiB")
              .beside(Field.AWS + ", idle", rival)
              .atMost(GOAL_MIB));
      rows.add(start(node));
      who = Field.contestant(node);
      int pairs = quick ? 500 : 5000;
      CniCalls.namespace("memory-series");
      List<String> series = new ArrayList<>();
      for (int i = 0; i < pairs; i++) {
        series.add(Drive.job("ADD", "series-" + i, "memory-series"));
        series.add(Drive.job("DEL", "series-" + i, "memory-series"));
      }
      Drive.Batch batch = Drive.run(who, 1, series);
      double after = Drive.resident(node.pid());
      rows.add(
          Row.of("RSS after %d ADD and DEL, 250 pods".formatted(pairs), after, "MiB")
              .beside("millpond, 250 pods", full)
              .atMost(GOAL_MIB));
      rows.add(
          Row.of("RSS, growth by %d ADD and DEL".formatted(pairs), after - full, "MiB")
              .atMost(NOISE_MIB));
      rows.add(
          Row.of(
              "ADD of %d in series, p50".formatted(pairs),
              Drive.percentile(batch.of("ADD"), 0.5),
              "ms"));
      rows.add(
          Row.of(
              "ADD of %d in series, p99".formatted(pairs),
              Drive.percentile(batch.of("ADD"), 0.99),
              "ms"));
      Drive.Batch deleted =
          Drive.run(who, 8, pods.stream().map(pod -> Drive.job("DEL", pod, pod)).toList());
      rows.add(Row.of("250 pods deleted, 8 at once", deleted.total(), "ms"));
    } finally {
      Shell.run("ip", "netns", "del", "memory-series");
      pods.forEach(pod -> Shell.run("ip", "netns", "del", pod));
      node.close();
    }
  }

  /** From the start of the daemon's process, over 250 pods, to the end of an ADD that succeeds. */
  private static Row start(Node node) {
    node.kill();
    CniCalls.namespace("memory-start");
    try {
      long began = System.nanoTime();
      node.launch();
      Shell.Ran[] ran = new Shell.Ran[1];
      await()
          .atMost(Duration.ofMinutes(1))
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(10))
          .until(
              () -> {
                ran[0] =
                    node.plugin(
                        "ADD", "memory-start", "/run/netns/memory-start", Pod.CONFIGURATION);
                return ran[0].status() == 0;
              });
      double millis = (System.nanoTime() - began) / 1e6;
      Shell.Ran ignored =
          node.plugin("DEL", "memory-start", "/run/netns/memory-start", Pod.CONFIGURATION);
      return Row.of("daemon's start to first ADD, over 250 pods", millis, "ms").atMost(1000);
    } finally {
      Shell.run("ip", "netns", "del", "memory-start");
    }
  }
}
