package io.millpond.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs a plugin many times by the program {@code drive} and reads its figures. */
final class Drive {
  private static final Path PROGRAM = Vpc.ROOT.resolve("test/bench/target/drive");

  private Drive() {}

  /** A call of the plugin: a line of the driver's list. */
  static String job(String verb, String container, String netns) {
    return verb + " " + container + " /run/netns/" + netns;
  }

  /**
   * What a batch took.
   *
   * @param millis of each call by verb, ascending
   * @param pluginCpu milliseconds of CPU of a call on the average, the plugin's alone
   * @param daemonCpu the same, of its daemon
   * @param total milliseconds from the first start to the last end
   */
  record Batch(Map<String, double[]> millis, double pluginCpu, double daemonCpu, double total) {
    double[] of(String verb) {
      return java.util.Objects.requireNonNull(millis.get(verb), verb);
    }
  }

  /** Runs all jobs; each must succeed. */
  static Batch run(Contestant who, int atOnce, List<String> jobs) {
    try {
      Path list = Files.createTempFile("jobs", "");
      Path input = Files.createTempFile("stdin", "");
      Path out = Files.createTempFile("figures", "");
      Path err = Files.createTempFile("said", "");
      try {
        Files.write(list, jobs);
        Files.writeString(input, who.configuration());
        ProcessBuilder builder =
            new ProcessBuilder(
                    "nsenter",
                    "--net=/run/netns/" + who.netns(),
                    PROGRAM.toString(),
                    String.valueOf(atOnce),
                    list.toString(),
                    input.toString(),
                    who.plugin().toString())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("CNI_PATH", who.plugin().resolveSibling("").toString());
        builder.environment().putAll(who.environment());
        double before = cpu(who.daemon());
        Process process = builder.start();
        if (!process.waitFor(10, TimeUnit.MINUTES)) {
          process.destroyForcibly();
          throw new AssertionError(who.name() + ": no end");
        }
        double daemonCpu = cpu(who.daemon()) - before;
        if (process.exitValue() != 0) {
          throw new AssertionError(
              who.name() + ": " + Files.readString(err) + Files.readString(out));
        }
        return read(Files.readAllLines(out), daemonCpu);
      } finally {
        for (Path file : List.of(list, input, out, err)) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  private static Batch read(List<String> lines, double daemonCpu) {
    Map<String, List<Double>> walls = new HashMap<>();
    double cpu = 0;
    double total = 0;
    int calls = 0;
    for (String line : lines) {
      String[] words = line.split(" ", -1);
      if (words[0].equals("total")) {
        total = Double.parseDouble(words[1]) / 1000;
      } else {
        walls
            .computeIfAbsent(words[0], _ -> new ArrayList<>())
            .add(Double.parseDouble(words[1]) / 1000);
        cpu += Double.parseDouble(words[2]) / 1000;
        calls++;
      }
    }
    Map<String, double[]> sorted = new HashMap<>();
    walls.forEach(
        (verb, all) -> {
          double[] ascending = all.stream().mapToDouble(Double::doubleValue).toArray();
          Arrays.sort(ascending);
          sorted.put(verb, ascending);
        });
    return new Batch(sorted, cpu / calls, daemonCpu / calls, total);
  }

  /** Milliseconds of CPU that a process has used. */
  static double cpu(long process) throws IOException {
    if (process == 0) {
      return 0;
    }
    String stat = Files.readString(Path.of("/proc", String.valueOf(process), "stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * 10.0;
  }

  /** Resident memory of a process in MiB. */
  static double resident(long process) {
    try {
      return Files.readAllLines(Path.of("/proc", String.valueOf(process), "status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The value below which this share of the figures lies. */
  static double percentile(double[] ascending, double share) {
    return ascending[
        (int) Math.min(ascending.length - 1L, Math.round(share * (ascending.length - 1)))];
  }
}
