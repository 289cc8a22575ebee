package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A node of a cluster: an instance's network, everything else in namespaces of its own, with
 * containerd, kubelet and kube-proxy.
 */
final class ClusterNode implements AutoCloseable {
  /** How kube-proxy tells the kernel. */
  enum Proxy {
    NFTABLES,
    IPTABLES
  }

  private final Vpc.Instance instance;
  private final Path home;
  private final Process machine;

  ClusterNode(
      Vpc.Instance instance,
      Cluster.Programs programs,
      Path kubeconfig,
      Proxy proxy,
      List<Path> images) {
    this.instance = instance;
    try {
      this.home = Files.createTempDirectory(Path.of("/run"), instance.name());
      // No overlay file system below it, and room for images.
      Shell.run("mount", "-t", "tmpfs", "tmpfs", home.toString()).orThrow();
      Path own = Files.copy(kubeconfig, home.resolve("kubeconfig"));
      Path proxys = kubeconfig.resolveSibling(kubeconfig.getFileName() + "-kube-proxy");
      Files.copy(proxys, home.resolve("kubeconfig-kube-proxy"));
      List<String> command =
          new ArrayList<>(
              List.of(
                  "nsenter",
                  "--net=/run/netns/" + instance.name(),
                  Vpc.ROOT.resolve("test/e2e/node-machine").toString(),
                  home.toString(),
                  Vpc.ROOT.resolve("test/e2e/cluster-node").toString(),
                  "init",
                  instance.name(),
                  instance.address(),
                  own.toString(),
                  programs.images().toString(),
                  programs.kubernetes().toString(),
                  mode(proxy)));
      images.forEach(image -> command.add(image.toString()));
      this.machine = Shell.start(Map.of(), home.resolve("log"), command);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    await(name() + " has started")
        .atMost(Duration.ofMinutes(1))
        .until(() -> Files.exists(home.resolve("pid")) || !machine.isAlive());
  }

  /** Throws what it said, if it has ended. */
  void mustRun() {
    if (!machine.isAlive()) {
      try {
        throw new AssertionError(name() + " has ended: " + Files.readString(home.resolve("log")));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  String name() {
    return instance.name();
  }

  Vpc.Instance instance() {
    return instance;
  }

  /** The node's first process, outside of it. */
  private String pid() {
    try {
      return Files.readString(home.resolve("pid")).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The command that does this on the node. */
  List<String> command(String... words) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "nsenter",
                "--target",
                pid(),
                "--mount",
                "--uts",
                "--ipc",
                "--net",
                "--pid",
                "--cgroup"));
    command.addAll(List.of(words));
    return command;
  }

  Shell.Ran run(String... words) {
    return Shell.run(command(words).toArray(String[]::new));
  }

  /** Ends one of the node's programs and starts it again. */
  void restart(String program) {
    stop(program);
    start(program);
  }

  /** kube-proxy tells the kernel in this way from now on. */
  void proxy(Proxy proxy) {
    stop("kube-proxy");
    run(Vpc.ROOT.resolve("test/e2e/cluster-node").toString(), "proxy", mode(proxy)).orThrow();
    start("kube-proxy");
  }

  private static String mode(Proxy proxy) {
    return proxy.name().toLowerCase(Locale.ROOT);
  }

  void stop(String program) {
    run(Vpc.ROOT.resolve("test/e2e/cluster-node").toString(), "stop", program).orThrow();
  }

  void start(String program) {
    run(Vpc.ROOT.resolve("test/e2e/cluster-node").toString(), "start", program).orThrow();
  }

  /** Where that file of the node is for whoever is outside. */
  Path outside(String path) {
    return Path.of("/proc/" + pid() + "/root" + path);
  }

  /** The ends of its logs. */
  String logs() {
    try (Stream<Path> logs = Files.list(outside("/var/log/node"))) {
      StringBuilder all = new StringBuilder();
      for (Path log : logs.filter(file -> file.toString().endsWith(".log")).toList()) {
        all.append("== %s %s%n".formatted(name(), log.getFileName()))
            .append(Shell.run("tail", "-n", "30", log.toString()).out());
      }
      return all.toString();
    } catch (IOException e) {
      return "no logs of " + name() + ": " + e;
    }
  }

  @Override
  public void close() {
    Shell.stop(machine);
    Shell.Ran ignored = Shell.run("umount", "-l", home.toString());
  }
}
