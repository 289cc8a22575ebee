package io.millpond.simulator.fabric;

import static io.millpond.simulator.fabric.NetworkCommands.ip;
import static io.millpond.simulator.fabric.NetworkCommands.run;
import static io.millpond.simulator.fabric.NetworkCommands.tryRun;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Named network namespaces of one VPC. Each carries a mark, the alias of its loopback link, by
 * which a later run knows what an earlier one left behind; a namespace without it is never removed.
 */
final class Namespaces {
  private static final Path DIRECTORY = Path.of("/run/netns");

  private final String mark;

  /**
   * @param vpc the name of the VPC's namespace
   */
  Namespaces(String vpc) {
    this.mark = "vpc-simulator " + vpc;
  }

  /**
   * Makes a namespace with loopback up; one of ours that is there already is kept.
   *
   * @throws FabricException if there is one of that name that is not ours
   */
  void add(String name) {
    if (exists(name)) {
      if (!isOurs(name)) {
        throw new FabricException(
            "a network namespace "
                + name
                + " exists and was not made by this simulator; remove it (ip netns del "
                + name
                + ") or choose another name in the configuration");
      }
      return;
    }
    run(List.of("ip", "netns", "add", name), "");
    ip(name, List.of("link set lo alias \"" + mark + "\"", "link set lo up"));
  }

  /** Removes a namespace of ours, if it is there. */
  void delete(String name) {
    if (exists(name) && isOurs(name)) {
      run(List.of("ip", "netns", "del", name), "");
    }
  }

  /** Removes every namespace of ours. */
  void deleteAll() {
    for (String name : ours()) {
      run(List.of("ip", "netns", "del", name), "");
    }
  }

  /** The namespaces that carry the mark. */
  List<String> ours() {
    try (Stream<Path> names = Files.exists(DIRECTORY) ? Files.list(DIRECTORY) : Stream.empty()) {
      return names.map(p -> p.getFileName().toString()).filter(this::isOurs).sorted().toList();
    } catch (IOException e) {
      throw new FabricException("cannot list " + DIRECTORY, e);
    }
  }

  static boolean exists(String name) {
    return Files.exists(DIRECTORY.resolve(name));
  }

  private boolean isOurs(String name) {
    return tryRun(List.of("ip", "-n", name, "link", "show", "dev", "lo"), "")
        .output()
        .lines()
        .anyMatch(line -> line.strip().equals("alias " + mark));
  }
}
