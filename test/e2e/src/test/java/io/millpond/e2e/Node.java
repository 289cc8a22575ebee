package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A node: the namespace of an instance of the simulator, a daemon in it, and the plugin. */
final class Node implements CniNode {
  /** Where the daemon finds its EC2 in an instance of the simulator. */
  private static final String EC2 = "http://169.254.169.1:8000";

  /** The daemon's installation. */
  private static final Path PROGRAMS =
      Path.of(
          System.getProperty(
              "millpond.installation", Vpc.ROOT.resolve("node-daemon/target/millpond").toString()));

  private static final int PAGES = 61681;
  private static final Duration READY = Duration.ofMinutes(3);
  private static final Duration SOON = Duration.ofSeconds(90);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Vpc vpc;
  private final String netns;
  private final String instanceId;
  private final String address;
  private final Path run;
  private final Path plugin;
  private final Path log;
  private final Map<String, String> settings;
  private final List<Node> register;
  private @Nullable Process daemon;
  private @Nullable Process standby;
  private long filesOf;

  Node(
      Vpc vpc,
      String netns,
      String instanceId,
      String address,
      Map<String, String> settings,
      List<Node> register) {
    try {
      this.vpc = vpc;
      this.netns = netns;
      this.instanceId = instanceId;
      this.address = address;
      Path home = Files.createTempDirectory("millpond-" + netns);
      this.run = Path.of(settings.getOrDefault("MILLPOND_RUN_DIR", home.resolve("run").toString()));
      this.log = home.resolve("daemon.log");
      // What is started often is started from memory.
      this.plugin =
          Files.copy(
              Vpc.ROOT.resolve("cni-binary/target/test/millpond"),
              home.resolve("millpond"),
              StandardCopyOption.REPLACE_EXISTING);
      Files.setPosixFilePermissions(plugin, PosixFilePermissions.fromString("rwxr-xr-x"));
      this.settings = new TreeMap<>(settings);
      this.register = register;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String netns() {
    return netns;
  }

  @Override
  public String instanceId() {
    return instanceId;
  }

  /** The node's own address. */
  String address() {
    return address;
  }

  Path run() {
    return run;
  }

  Path pluginFile() {
    return plugin;
  }

  /** What all daemons of this node have logged. */
  String log() {
    try {
      return Files.exists(log) ? Files.readString(log) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts the daemon and waits until it says that it is ready. */
  @Override
  public Node start() {
    launch();
    return awaitReady();
  }

  void launch() {
    assertThat(daemon == null || !daemon.isAlive()).as("no daemon runs yet").isTrue();
    daemon = process();
  }

  /** Starts a second daemon and waits until it waits for the end of the first. */
  void launchStandby() {
    int before = log().length();
    standby = process();
    await("a daemon stands by on " + netns)
        .atMost(READY)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> log().substring(before).contains("standing by"));
  }

  /** Daemons started from now on see the files of that process; their run directory is there. */
  void seesFilesOf(long pid) {
    filesOf = pid;
  }

  private Process process() {
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    environment.put("AWS_ENDPOINT_URL_EC2", EC2);
    List<String> command = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + netns));
    if (filesOf == 0) {
      environment.put("MILLPOND_RUN_DIR", run.toString());
    } else {
      command.add("--mount=/proc/" + filesOf + "/ns/mnt");
    }
    command.add(PROGRAMS.resolve("bin/millpondd").toString());
    return Shell.start(environment, log, command);
  }

  Node awaitReady() {
    await("the daemon of " + netns + " serves")
        .atMost(READY)
        .pollInterval(Duration.ofMillis(300))
        .until(
            () -> {
              if (daemon == null || !daemon.isAlive()) {
                throw new AssertionError("the daemon of " + netns + " ended: " + log());
              }
              return page("/readyz").status() == 0;
            });
    return this;
  }

  @Override
  public long pid() {
    return daemon == null || !daemon.isAlive() ? 0 : daemon.pid();
  }

  /** A page of the daemon; status 0 only if the answer was 200. */
  Shell.Ran page(String path) {
    return Page.get(netns, PAGES, path);
  }

  /** Runs in the node's network namespace. */
  Shell.Ran in(String... command) {
    return Shell.in(netns, command);
  }

  /** The pool as the daemon shows it. */
  JsonNode pool() {
    try {
      return JSON.readTree(page("/v1/pool").orThrow());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How many addresses are in this state; also "total" and "enis". */
  int count(String state) {
    return pool().at("/counts/" + state).asInt();
  }

  @Override
  public int addresses() {
    return count("total");
  }

  /** The state of an address, and "gone" of one that is not in the pool. */
  String state(String ip) {
    for (JsonNode eni : pool().at("/enis")) {
      for (JsonNode one : eni.at("/addresses")) {
        if (one.at("/ip").asText().equals(ip)) {
          return one.at("/state").asText();
        }
      }
    }
    return "gone";
  }

  void awaitPool(String what, Predicate<JsonNode> condition) {
    await(what + " on " + netns)
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> condition.test(pool()));
  }

  void awaitState(String ip, String state) {
    await("%s is %s on %s".formatted(ip, state, netns))
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> state(ip).equals(state));
  }

  /** Waits until the pool has this many addresses and ENIs, and nothing is under way. */
  void awaitSize(int addresses, int enis) {
    awaitPool(
        addresses + " addresses on " + enis + " ENIs",
        pool ->
            pool.at("/counts/total").asInt() == addresses
                && pool.at("/counts/leaving").asInt() == 0
                && pool.at("/counts/enis").asInt() == enis);
  }

  /** kill -9; a standby takes over. */
  @Override
  public void kill() {
    Process running = daemon;
    if (running != null) {
      running.destroyForcibly();
      await().atMost(Duration.ofSeconds(20)).until(() -> !running.isAlive());
    }
    succeeded();
  }

  /** SIGTERM, and its end; a standby takes over. */
  void stop() {
    if (daemon != null) {
      Shell.stop(daemon);
    }
    succeeded();
  }

  private void succeeded() {
    if (standby != null) {
      daemon = standby;
      standby = null;
    }
  }

  /**
   * What a reboot does to a node whose daemon was killed: its network is a fresh one, in which the
   * interfaces come back, and what was in /run is gone.
   */
  void reboot() {
    vpc.send("POST", "/v1/instances/" + instanceId + "/reboot", "");
    Shell.run("rm", "-rf", run.toString()).orThrow();
  }

  /** What a container runtime sets for this verb. */
  static Map<String, String> variables(String verb, String containerId, String path) {
    return Map.of(
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
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + containerId);
  }

  @Override
  public Shell.Ran plugin(String verb, String pod) {
    return plugin(verb, pod, "/run/netns/" + pod, Pod.CONFIGURATION);
  }

  /** Runs the plugin in the node's network namespace, as a container runtime would. */
  Shell.Ran plugin(String verb, String containerId, String path, String configuration) {
    return plugin(variables(verb, containerId, path), configuration);
  }

  /** The same with variables of one's own. */
  Shell.Ran plugin(Map<String, String> variables, String configuration) {
    return beginPlugin(variables, configuration).await();
  }

  /** The same, not waiting for its end. */
  Shell.Running beginPlugin(Map<String, String> variables, String configuration) {
    Map<String, String> environment = new HashMap<>(variables);
    environment.put("MILLPOND_RUN_DIR", run.toString());
    return Shell.begin(
        environment, configuration, "nsenter", "--net=/run/netns/" + netns, plugin.toString());
  }

  /** What the plugin did, and how long it took in milliseconds. */
  record Timed(Shell.Ran ran, long millis) {}

  /**
   * As {@link #plugin}, timed inside of one shell, without what it takes to come there. The fastest
   * of five: whatever else this machine does makes it slower, nothing makes it faster.
   */
  Timed timedPlugin(String verb, String containerId, String path, String configuration) {
    return IntStream.range(0, 5)
        .mapToObj(_ -> oneTimedPlugin(verb, containerId, path, configuration))
        .min(Comparator.comparingLong(Timed::millis))
        .orElseThrow();
  }

  private Timed oneTimedPlugin(String verb, String containerId, String path, String configuration) {
    Map<String, String> environment = new HashMap<>(variables(verb, containerId, path));
    environment.put("MILLPOND_RUN_DIR", run.toString());
    Shell.Ran ran =
        Shell.run(
            environment,
            configuration,
            "nsenter",
            "--net=/run/netns/" + netns,
            "bash",
            "-c",
            """
            before=${EPOCHREALTIME/./}
            %s
            status=$?
            after=${EPOCHREALTIME/./}
            echo $((after - before)) >&2
            exit $status
            """
                .formatted(plugin));
    long micros = Long.parseLong(ran.err().strip().replaceAll("(?s).*\\n", ""));
    return new Timed(ran, micros / 1000);
  }

  /** Stops the daemon and terminates the instance. */
  @Override
  public void close() {
    register.remove(this);
    if (standby != null) {
      Shell.stop(standby);
      standby = null;
    }
    stop();
    vpc.send("DELETE", "/v1/instances/" + instanceId, "");
    await("the instance " + netns + " is gone")
        .atMost(Duration.ofSeconds(30))
        .until(() -> !Files.exists(Path.of("/run/netns", netns)));
  }
}
