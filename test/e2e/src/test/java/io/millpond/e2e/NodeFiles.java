package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The files of a node as its container runtimes and its daemon see them: a mount namespace where
 * {@code /opt/cni}, {@code /etc/cni}, {@code /run/millpond} and what runtimes keep are the node's
 * own.
 */
final class NodeFiles implements AutoCloseable {
  private final Node node;
  private final Path home;
  private final Process holder;
  private final List<Process> started = new ArrayList<>();

  /** Makes them; the daemons that the node starts from now on see them. */
  NodeFiles(Node node) {
    this.node = node;
    try {
      // No overlay file system below it, as there may be below /tmp.
      home = Files.createTempDirectory(Path.of("/run"), "node");
      Files.writeString(home.resolve("mounts"), mounts(node.run(), home));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    holder =
        Shell.start(
            Map.of(),
            home.resolve("mounts.log"),
            List.of("unshare", "--mount", "bash", home.resolve("mounts").toString()));
    await("the node has files of its own")
        .atMost(Duration.ofSeconds(30))
        .until(() -> Files.exists(home.resolve("mounted")));
    node.seesFilesOf(holder.pid());
  }

  private static String mounts(Path run, Path home) {
    return """
        set -eu
        own="/opt/cni /etc/cni /etc/millpond /var/lib/cni /run/containerd /run/runc /run/libpod"
        mkdir -p $own /run/millpond %1$s
        for d in $own; do mount -t tmpfs tmpfs $d; done
        mkdir -p /opt/cni/bin /etc/cni/net.d
        mount --bind %1$s /run/millpond
        touch %2$s/mounted
        exec sleep infinity
        """
        .formatted(run, home);
  }

  /** A directory in memory, which all see. */
  Path home() {
    return home;
  }

  /** Where that file of the node is for whoever is outside. */
  Path outside(String path) {
    return Path.of("/proc/" + holder.pid() + "/root" + path);
  }

  /** The command that does this on the node. */
  List<String> command(String... words) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "nsenter",
                "--mount=/proc/" + holder.pid() + "/ns/mnt",
                "--net=/run/netns/" + node.netns()));
    command.addAll(List.of(words));
    return command;
  }

  Shell.Ran run(String... words) {
    return Shell.run(command(words).toArray(String[]::new));
  }

  /** Starts a program that runs until this is closed, or is stopped before. */
  Process start(Map<String, String> environment, Path log, String... words) {
    Process process = Shell.start(environment, log, command(words));
    started.add(process);
    return process;
  }

  /** What outlives the programs that were started: a shim for each container, and its processes. */
  private void killTheRest() {
    String ours = mountsOf(holder.pid());
    ProcessHandle.allProcesses()
        .filter(process -> process.pid() != holder.pid() && process.pid() != node.pid())
        .filter(process -> mountsOf(process.pid()).equals(ours))
        .flatMap(process -> Stream.concat(process.descendants(), Stream.of(process)))
        .toList()
        .forEach(ProcessHandle::destroyForcibly);
  }

  /** Empty if the process is gone. */
  private static String mountsOf(long pid) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/mnt")).toString();
    } catch (IOException e) {
      return "";
    }
  }

  @Override
  public void close() {
    started.forEach(Shell::stop);
    killTheRest();
    Shell.stop(holder);
  }
}
