package io.millpond.e2e;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Spawn to exit of ADD and DEL, at 1, 8 and 32 at once, of three plugins in turn. */
final class CniCalls {
  /** 8 ENIs of 30 addresses. */
  private static final String TYPE = "m5.4xlarge";

  private static final int WARM = 64;
  private static final int POOL = 87;
  private static final Map<String, String> SETTINGS =
      Map.of(
          "WARM_IP_TARGET",
          String.valueOf(POOL),
          "MINIMUM_IP_TARGET",
          String.valueOf(POOL),
          "IP_COOLDOWN_PERIOD",
          "1",
          "MILLPOND_RELEASE_DELAY",
          "3600");

  private final Field field;
  private final String kind;
  private final boolean quick;

  CniCalls(Field field, String kind, boolean quick) {
    this.field = field;
    this.kind = kind;
    this.quick = quick;
  }

  void measure(List<Row> rows) {
    Node ours = field.millpond("bench-m", TYPE, SETTINGS);
    Node plain = field.millpond("bench-r", TYPE, Map.of());
    try (AwsNode aws = field.aws("bench-a", TYPE, SETTINGS)) {
      ours.start();
      aws.start();
      ours.awaitPool(WARM + " addresses", pool -> pool.at("/counts/free").asInt() >= WARM);
      aws.awaitAddresses(WARM);
      List<Contestant> all =
          List.of(Field.contestant(ours), Field.contestant(aws), field.reference(plain));
      for (Contestant who : all) { // the first calls of a daemon are slower: they count in "start"
        Map<String, Figures> ignored = new HashMap<>();
        round(who, 4, 1, ignored);
      }
      for (int atOnce : new int[] {1, 8, 32}) {
        Map<String, Figures> figures = new HashMap<>();
        for (int round = 0; round < (quick ? 1 : 3); round++) {
          for (Contestant who : all) {
            round(who, pods(atOnce), atOnce, figures);
            if (who.daemon() == ours.pid()) {
              ours.awaitPool("rested", pool -> pool.at("/counts/free").asInt() >= WARM);
            }
          }
        }
        report(atOnce, figures, all, rows);
      }
    } finally {
      ours.close();
      plain.close();
    }
  }

  /** What the rounds of one plugin at one concurrency gave. */
  private static final class Figures {
    final Map<String, double[]> millis = new HashMap<>();
    final List<Double> totals = new ArrayList<>();
    final List<Double> cpu = new ArrayList<>();

    double[] of(String verb) {
      return Objects.requireNonNull(millis.get(verb), verb);
    }

    void add(Drive.Batch batch) {
      batch
          .millis()
          .forEach(
              (verb, values) ->
                  millis.merge(
                      verb,
                      values,
                      (a, b) ->
                          DoubleStream.concat(Arrays.stream(a), Arrays.stream(b))
                              .sorted()
                              .toArray()));
      cpu.add(batch.pluginCpu() + batch.daemonCpu());
    }
  }

  private static void round(Contestant who, int pods, int atOnce, Map<String, Figures> figures) {
    List<String> names = IntStream.range(0, pods).mapToObj(i -> who.netns() + "-" + i).toList();
    Figures mine = figures.computeIfAbsent(who.name(), _ -> new Figures());
    names.forEach(CniCalls::namespace);
    try {
      Drive.Batch adds = Drive.run(who, atOnce, jobs("ADD", names));
      mine.add(adds);
      mine.totals.add(adds.total());
      mine.add(Drive.run(who, atOnce, jobs("DEL", names)));
    } finally {
      names.forEach(name -> Shell.run("ip", "netns", "del", name));
    }
  }

  static void namespace(String name) {
    Shell.run("ip", "netns", "add", name).orThrow();
    Shell.in(name, "ip", "link", "set", "lo", "up").orThrow();
  }

  private static List<String> jobs(String verb, List<String> names) {
    return names.stream().map(name -> Drive.job(verb, name, name)).toList();
  }

  private void report(
      int atOnce, Map<String, Figures> figures, List<Contestant> all, List<Row> rows) {
    boolean emulated = kind.equals("ipvlan");
    List<String> rivals = all.stream().map(Contestant::name).skip(1).toList();
    for (String verb : List.of("ADD", "DEL")) {
      for (double share : new double[] {0.5, 0.99}) {
        String name = "%s, %d at once, p%.0f (%s)".formatted(verb, atOnce, share * 100, kind);
        Row row = row(name, figures, rivals, one -> Drive.percentile(one.of(verb), share));
        if (emulated && share == 0.5) {
          row = row.atMostOfRival(0.3);
        } else if (!emulated && verb.equals("ADD") && atOnce == 1) {
          row = row.atMost(share == 0.5 ? 5 : 25);
        }
        rows.add(row);
      }
    }
    rows.add(
        row(
            "CPU of a call, %d at once (%s)".formatted(atOnce, kind),
            figures,
            rivals,
            one -> mean(one.cpu)));
    Row total =
        row(
            "%d pods added, %d at once (%s)".formatted(pods(atOnce), atOnce, kind),
            figures,
            rivals,
            one -> least(one.totals));
    rows.add(!emulated && atOnce == 32 ? total.atMost(60) : total);
  }

  private static int pods(int atOnce) {
    return Math.max(atOnce, 16);
  }

  /** Our figure beside the better rival's. */
  private static Row row(
      String name,
      Map<String, Figures> figures,
      List<String> rivals,
      ToDoubleFunction<Figures> of) {
    String best =
        rivals.stream()
            .min(Comparator.comparingDouble(rival -> of.applyAsDouble(of(figures, rival))))
            .orElseThrow();
    return Row.of(name, of.applyAsDouble(of(figures, "millpond")), "ms")
        .beside(best, of.applyAsDouble(of(figures, best)));
  }

  private static Figures of(Map<String, Figures> figures, String name) {
    return Objects.requireNonNull(figures.get(name), name);
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  private static double least(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
  }
}
