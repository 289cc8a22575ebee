package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** The simulator's program with its network, and its control API. */
final class Vpc implements AutoCloseable {
  static final Path ROOT = Path.of(System.getProperty("millpond.root", "../.."));
  static final String SUBNET_1 = "subnet-0a00000000000001a";
  static final String SUBNET_2 = "subnet-0a00000000000002a";
  static final String HOST = "vpc-host-b";
  static final String HOST_ADDRESS = "10.0.2.200";
  static final String INTERNET = "internet";
  static final String INTERNET_ADDRESS = "203.0.113.9";
  static final String ON_PREMISES = "onprem";
  static final String ON_PREMISES_ADDRESS = "192.168.50.9";

  private static final String CONFIGURATION =
      """
      instances: []
      hosts:
        - {id: i-0a000000000000a2a, name: %s, type: t3.micro, subnet: %s, address: %s}
      settings: {attachMillis: 700, detachMillis: 300, terminateMillis: 100}
      """
          .formatted(HOST, SUBNET_2, HOST_ADDRESS);
  private static final URI CONTROL = URI.create("http://169.254.171.2:8001");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final Path log;
  private final List<Node> nodes = new CopyOnWriteArrayList<>();
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

  private Vpc(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** Starts it without nodes, and waits until it answers. */
  static Vpc start() {
    return start("");
  }

  /** The same, with more of a configuration. */
  static Vpc start(String more) {
    try {
      Path directory = Files.createTempDirectory("millpond-vpc");
      Path configuration = directory.resolve("vpc.yaml");
      Files.writeString(configuration, CONFIGURATION + more);
      Path log = directory.resolve("log");
      Process process =
          Shell.start(
              Map.of("JAVA_HOME", System.getProperty("java.home")),
              log,
              List.of(
                  ROOT.resolve("test/vpc-simulator/target/vpc-simulator/bin/vpc-simulator")
                      .toString(),
                  "--fabric",
                  "--config",
                  configuration.toString()));
      Vpc vpc = new Vpc(process, log);
      try {
        await("the simulator answers")
            .atMost(Duration.ofMinutes(5))
            .pollInterval(Duration.ofMillis(300))
            .until(vpc::answers);
      } catch (RuntimeException | Error e) {
        vpc.close();
        throw e;
      }
      return vpc;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean answers() throws IOException {
    if (!process.isAlive()) {
      throw new AssertionError("the simulator ended: " + Files.readString(log));
    }
    try {
      return get("/v1/state") != null;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  /**
   * An instance.
   *
   * @param name it has, and its network namespace
   * @param address of its primary interface
   */
  record Instance(String name, String id, String address) {}

  /** A new instance, for whatever a test runs on it. */
  Instance instance(String name, String type, String subnet) {
    return launch(
        "{\"name\": \"%s\", \"type\": \"%s\", \"subnet\": \"%s\"}".formatted(name, type, subnet));
  }

  /** The same, with this address. */
  Instance instance(String name, String type, String subnet, String address) {
    return launch(
        "{\"name\": \"%s\", \"type\": \"%s\", \"subnet\": \"%s\", \"address\": \"%s\"}"
            .formatted(name, type, subnet, address));
  }

  private Instance launch(String description) {
    JsonNode instance = send("POST", "/v1/instances", description);
    String id = instance.at("/id").asText();
    return new Instance(instance.at("/name").asText(), id, primaryAddress(id));
  }

  /** Ends an instance. */
  void terminate(Instance instance) {
    send("DELETE", "/v1/instances/" + instance.id(), "");
  }

  /** A new instance for millpond, without a daemon yet. */
  Node launch(String name, String type, String subnet, Map<String, String> settings) {
    Instance instance = instance(name, type, subnet);
    Node node = new Node(this, name, instance.id(), instance.address(), settings, nodes);
    nodes.add(node);
    return node;
  }

  private String primaryAddress(String id) {
    for (JsonNode eni : get("/v1/state").at("/interfaces")) {
      if (eni.at("/attachment/instanceId").asText().equals(id)
          && eni.at("/attachment/deviceIndex").asInt() == 0) {
        return eni.at("/addresses/0").asText();
      }
    }
    throw new AssertionError("no primary interface of " + id);
  }

  /** The nodes that were launched and not closed. */
  List<Node> nodes() {
    return List.copyOf(nodes);
  }

  /** Frames that the source check dropped, at all interfaces together. */
  long sourceCheckDropped() {
    long dropped = 0;
    for (JsonNode counters : get("/v1/state").at("/fabric/counters")) {
      dropped += counters.path("source_check_dropped").asLong();
    }
    return dropped;
  }

  /** The last call's number: what comes after it is new. */
  long lastCall() {
    JsonNode newest = get("/v1/calls?limit=1");
    return newest.isEmpty() ? 0 : newest.get(0).at("/sequence").asLong();
  }

  /** How many calls of an instance there were by action, after the numbered one. */
  Map<String, Integer> calls(Node node, long after) {
    Map<String, Integer> calls = new HashMap<>();
    JsonNode counts =
        get("/v1/calls/counts?instance=%s&after=%d".formatted(node.instanceId(), after));
    counts
        .properties()
        .forEach(
            action ->
                action
                    .getValue()
                    .forEach(count -> calls.merge(action.getKey(), count.asInt(), Integer::sum)));
    return calls;
  }

  /** Lets calls of this action end so; count -1 for ever. */
  void fault(String action, int count, String fault) {
    send(
        "POST",
        "/v1/faults",
        "{\"action\": \"%s\", \"count\": %d, \"fault\": %s}".formatted(action, count, fault));
  }

  /** Fair weather again. */
  void calm() {
    send("DELETE", "/v1/faults", "");
    send("PUT", "/v1/throttle", "{\"preset\": \"off\"}");
    send("PUT", "/v1/outage", "{\"ec2\": \"none\", \"imds\": \"none\"}");
    send("PATCH", "/v1/settings", "{\"latencyMillis\": 0}");
  }

  JsonNode get(String path) {
    return send("GET", path, "");
  }

  /** Any request to the control API. */
  JsonNode send(String method, String path, String body) {
    HttpRequest request =
        HttpRequest.newBuilder(CONTROL.resolve(path))
            .timeout(Duration.ofSeconds(60))
            .method(
                method,
                body.isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      var answer = http.send(request, BodyHandlers.ofString());
      if (answer.statusCode() / 100 != 2) {
        throw new AssertionError(
            "%s %s: %d %s".formatted(method, path, answer.statusCode(), answer.body()));
      }
      return answer.body().isBlank() ? JSON.createObjectNode() : JSON.readTree(answer.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  @Override
  public void close() {
    try {
      nodes().forEach(Node::close);
    } finally {
      // Its namespaces, and with them those of the nodes, go with it.
      Shell.stop(process);
      http.close();
    }
  }
}
