package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A node: the namespace of an instance of the simulator, a daemon in it, and the plugin. */
final class Node implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String netns;
  private final Path run;
  private final Path log;
  private final Map<String, String> settings;
  private @Nullable Process daemon;

  Node(String netns, Map<String, String> settings) {
    try {
      this.netns = netns;
      this.run = Files.createTempDirectory("millpond-" + netns).resolve("run");
      this.log = run.resolveSibling("daemon.log");
      this.settings = new TreeMap<>(settings);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String netns() {
    return netns;
  }

  Path run() {
    return run;
  }

  String log() {
    try {
      return Files.exists(log) ? Files.readString(log) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts the daemon and waits until it serves. */
  void start() {
    launch();
    awaitReady();
  }

  void launch() {
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    environment.put("MILLPOND_RUN_DIR", run.toString());
    environment.put("AWS_ENDPOINT_URL_EC2", "http://169.254.169.1:8000");
    environment.put("AWS_ACCESS_KEY_ID", "AKIA0000000000000000");
    environment.put("AWS_SECRET_ACCESS_KEY", "secret");
    daemon =
        Shell.start(
            environment,
            log,
            List.of(
                "ip",
                "netns",
                "exec",
                netns,
                Vpc.ROOT.resolve("node-daemon/target/millpond/bin/millpondd").toString()));
  }

  void awaitReady() {
    await("the daemon of " + netns + " serves")
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofMillis(500))
        .until(
            () -> {
              if (daemon == null || !daemon.isAlive()) {
                throw new AssertionError("the daemon of " + netns + " ended: " + log());
              }
              return Shell.in(netns, "curl", "-sf", "-m", "5", "http://127.0.0.1:61681/readyz")
                      .status()
                  == 0;
            });
  }

  /** The pool as the daemon shows it. */
  JsonNode pool() {
    try {
      return JSON.readTree(
          Shell.in(netns, "curl", "-sf", "-m", "10", "http://127.0.0.1:61681/v1/pool").orThrow());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** kill -9. */
  void kill() {
    if (daemon != null) {
      daemon.descendants().forEach(ProcessHandle::destroyForcibly);
      daemon.destroyForcibly();
      await().atMost(Duration.ofSeconds(20)).until(() -> daemon == null || !daemon.isAlive());
    }
  }

  /** Runs the plugin in the node's network namespace, as a container runtime would. */
  Shell.Ran plugin(String verb, String containerId, String path, String configuration) {
    return Shell.run(
        Map.of(
            "CNI_COMMAND",
            verb,
            "CNI_CONTAINERID",
            containerId,
            "CNI_NETNS",
            path,
            "CNI_IFNAME",
            "eth0",
            "CNI_PATH",
            "/opt/cni/bin",
            "CNI_ARGS",
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + containerId,
            "MILLPOND_RUN_DIR",
            run.toString()),
        configuration,
        "ip",
        "netns",
        "exec",
        netns,
        Vpc.ROOT.resolve("cni-binary/target/test/millpond").toString());
  }

  @Override
  public void close() {
    if (daemon != null) {
      Shell.stop(daemon);
    }
  }
}
