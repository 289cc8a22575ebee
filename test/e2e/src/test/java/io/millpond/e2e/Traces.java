package io.millpond.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What there is of everything that an attachment, or a daemon at work, could leave behind: in a
 * node's namespace, in the machine's own, and of the daemon's process.
 *
 * @param counts by kind
 * @param lines what was counted, for people
 */
record Traces(Map<String, Integer> counts, List<String> lines) {
  private static final String KERNEL =
      """
      set -euo pipefail
      # The kernel adds a route when it has found that no other has the address.
      for i in $(seq 100); do ip -6 -o addr show tentative | grep -q . || break; sleep 0.1; done
      for family in -4 -6; do
        printf '%s\\n' addr 'route show table all' rule 'neigh show nud permanent' | ip -o $family -batch -
      done
      ip -o link
      nft -a list ruleset
      """;
  private static final String DESCRIPTORS = "descriptors";
  private static final String THREADS = "threads";

  /** Threads that work on a request, and one that keeps connections for a few seconds. */
  private static final Pattern WORKING = Pattern.compile("(cni|ec2)-\\d+|Keep-Alive-Time");

  /** Whether the daemon works on nothing, and nothing of its last work is kept. */
  static boolean idle(Node node) {
    List<String> lines = new ArrayList<>();
    if (node.pid() != 0) {
      files(Path.of("/proc", String.valueOf(node.pid()), "task"), THREADS, new TreeMap<>(), lines);
    }
    return lines.stream().noneMatch(line -> WORKING.matcher(line.replaceAll(".* ", "")).matches());
  }

  /** Of this node and its daemon. */
  static Traces of(Node node) {
    Map<String, Integer> counts = new TreeMap<>();
    List<String> lines = new ArrayList<>();
    count("node", node.in("bash", "-c", KERNEL).orThrow(), counts, lines);
    count("machine", Shell.run("bash", "-c", KERNEL).orThrow(), counts, lines);
    files(Path.of("/run/netns"), "namespaces", counts, lines);
    if (node.pid() != 0) {
      Path process = Path.of("/proc", String.valueOf(node.pid()));
      files(process.resolve("fd"), DESCRIPTORS, counts, lines);
      files(process.resolve("task"), THREADS, counts, lines);
    }
    return new Traces(counts, lines);
  }

  private static void count(
      String where, String text, Map<String, Integer> counts, List<String> lines) {
    text.lines()
        .forEach(
            line -> {
              counts.merge(where + " " + kind(line), 1, Integer::sum);
              lines.add(where + ": " + line.strip());
            });
  }

  /** What a line of {@code ip -o} or {@code nft} is about. */
  static String kind(String printed) {
    String line = printed.strip();
    if (line.matches("\\d+: \\S+: <.*")) {
      return "links";
    }
    if (line.matches("\\d+: \\S+ +inet.*")) {
      return "addresses";
    }
    if (line.matches("\\d+:\\s+(from|not from).*")) {
      return "rules";
    }
    if (line.endsWith("PERMANENT")) {
      return "neighbours";
    }
    return line.matches(
            "^((unreachable|broadcast|local|multicast|anycast|blackhole|prohibit) )?(default|[0-9a-f.:]+(/\\d+)?) .*")
        ? "routes"
        : "nftables";
  }

  private static void files(
      Path directory, String kind, Map<String, Integer> counts, List<String> lines) {
    counts.put(kind, 0);
    try (Stream<Path> files = Files.list(directory)) {
      files.forEach(
          file -> {
            counts.merge(kind, 1, Integer::sum);
            lines.add(kind + ": " + file.getFileName() + " " + what(file));
          });
    } catch (IOException | UncheckedIOException e) {
      // The process ended meanwhile.
      lines.add(kind + ": " + e);
    }
  }

  private static String what(Path file) {
    try {
      return Files.isSymbolicLink(file)
          ? Files.readSymbolicLink(file).toString()
          : Files.isDirectory(file) ? Files.readString(file.resolve("comm")).strip() : "";
    } catch (NoSuchFileException e) {
      return "gone";
    } catch (IOException e) {
      return e.toString();
    }
  }

  /**
   * Whether nothing was left since then, and nothing is missing. Of an idle daemon's descriptors
   * and threads some may have gone meanwhile.
   */
  boolean asBefore(Traces before) {
    TreeSet<String> kinds = new TreeSet<>(counts.keySet());
    kinds.addAll(before.counts.keySet());
    return kinds.stream()
        .allMatch(
            kind -> {
              int is = counts.getOrDefault(kind, 0);
              int was = before.counts.getOrDefault(kind, 0);
              boolean ofProcess = kind.equals(DESCRIPTORS) || kind.equals(THREADS);
              return ofProcess ? is <= was : is == was;
            });
  }

  /** What differs, line by line, and which sockets the daemon has now. */
  String differences(Traces before, Node node) {
    List<String> more = new ArrayList<>(lines);
    before.lines.forEach(more::remove);
    List<String> less = new ArrayList<>(before.lines);
    lines.forEach(less::remove);
    return "before %s%nafter  %s%nonly after:%n%s%nonly before:%n%s%nsockets of the daemon:%n%s"
        .formatted(
            before.counts,
            counts,
            String.join("\n", more),
            String.join("\n", less),
            node.in(
                    "sh",
                    "-c",
                    "ss -Hxtuanpe | grep pid=%1$d,; ss -Hanpe -f netlink | grep /%1$d"
                        .formatted(node.pid()))
                .out());
  }
}
