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

/**
 * A node that is a machine: its first process is systemd, its root file system is a throw-away
 * layer over this machine's ({@code node-machine}), its network the namespace of an instance.
 */
final class NodeMachine implements AutoCloseable {
  private static final Duration BOOT = Duration.ofMinutes(3);

  private final Path home;
  private final Process process;
  private final String pid;

  /** Boots it and waits until it is up. */
  NodeMachine(String netns) {
    try {
      // No overlay file system below it, as there may be below /tmp.
      home = Files.createTempDirectory(Path.of("/run"), "machine");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    process =
        Shell.start(
            Map.of(),
            home.resolve("console"),
            List.of(
                "nsenter",
                "--net=/run/netns/" + netns,
                Vpc.ROOT.resolve("test/e2e/node-machine").toString(),
                home.toString()));
    try {
      await("systemd starts").atMost(BOOT).until(() -> alive() && Files.exists(pidFile()));
      pid = Files.readString(pidFile()).strip();
      await("the machine is up")
          .atMost(BOOT)
          .until(() -> alive() && run("systemctl", "is-active", "machine.target").status() == 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (RuntimeException | Error e) {
      String console = console();
      close();
      throw new AssertionError(console, e);
    }
  }

  private Path pidFile() {
    return home.resolve("pid");
  }

  private boolean alive() {
    if (!process.isAlive()) {
      throw new AssertionError("the machine ended: " + console());
    }
    return true;
  }

  /** What was said before systemd started, and by it. */
  private String console() {
    try {
      String before = Files.readString(home.resolve("console"));
      return Files.exists(pidFile())
          ? before
              + Shell.run(
                      inside(Files.readString(pidFile()).strip(), "journalctl", "-b", "--no-pager"))
                  .out()
          : before;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs on the machine. */
  Shell.Ran run(String... words) {
    return run(Map.of(), "", words);
  }

  /** Runs on the machine, with these variables and this input. */
  Shell.Ran run(Map<String, String> environment, String input, String... words) {
    return Shell.run(environment, input, inside(pid, words));
  }

  private static String[] inside(String pid, String... words) {
    List<String> command =
        new ArrayList<>(
            List.of("nsenter", "--target", pid, "--mount", "--pid", "--net", "--cgroup", "--uts"));
    command.add("--ipc");
    command.addAll(List.of(words));
    return command.toArray(String[]::new);
  }

  /** Runs a script on the machine; its output, if it succeeded. */
  String bash(String script) {
    return run("bash", "-euc", script).orThrow();
  }

  /** Where that file of the machine is for whoever is outside. */
  Path outside(String path) {
    return Path.of("/proc/" + pid + "/root" + path);
  }

  @Override
  public void close() {
    Shell.stop(process);
  }
}
