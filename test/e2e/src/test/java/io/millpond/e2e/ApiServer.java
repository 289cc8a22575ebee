package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/**
 * A real API server of Kubernetes that runs outside of the test's network, reached by a Unix
 * socket: {@code test/peers/control-plane} starts it, {@code MILLPOND_API_SOCKET} names the socket.
 */
final class ApiServer {
  /** Where a node's programs find it, once {@link #reachableIn} was called. */
  static final String URL = "https://127.0.0.1:6443";

  private static final String TOKEN = "admin";

  private final String socket;

  private ApiServer(String socket) {
    this.socket = socket;
  }

  /** The one that was started for this run; without one the test is skipped, and says so. */
  static ApiServer find() {
    String socket = System.getenv("MILLPOND_API_SOCKET");
    Assumptions.assumeTrue(
        socket != null, "needs an API server: ./verify --only aws starts one and runs this");
    return new ApiServer(String.valueOf(socket));
  }

  /** A program in the node's namespace that passes connections on; it ends with the process. */
  Process reachableIn(String netns) {
    return Shell.start(
        Map.of(),
        Path.of("/dev/null"),
        List.of(
            "nsenter",
            "--net=/run/netns/" + netns,
            "socat",
            "TCP-LISTEN:6443,bind=127.0.0.1,fork,reuseaddr",
            "UNIX-CONNECT:" + socket));
  }

  /** A configuration for clients in namespaces where it is reachable. */
  static Path kubeconfig() {
    try {
      return Files.writeString(Files.createTempFile("kubeconfig", ""), kubeconfigFor(URL));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The text of a configuration for clients that reach it there. */
  static String kubeconfigFor(String url) {
    return """
      apiVersion: v1
      kind: Config
      clusters: [{name: test, cluster: {server: "%s", insecure-skip-tls-verify: true}}]
      users: [{name: admin, user: {token: %s}}]
      contexts: [{name: test, context: {cluster: test, user: admin}}]
      current-context: test
      """
        .formatted(url, TOKEN);
  }

  /** Creates an object, of a kind that the server may not know yet. */
  void awaitCreated(String collection, String json) {
    await("the API server has " + collection)
        .atMost(Duration.ofSeconds(60))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(300))
        .untilAsserted(() -> create(collection, json));
  }

  /** Creates an object. */
  void create(String collection, String json) {
    send("POST", "application/json", collection, json);
  }

  /** Changes an object's status. */
  void patchStatus(String object, String json) {
    send("PATCH", "application/merge-patch+json", object + "/status", json);
  }

  private void send(String method, String type, String path, String json) {
    Shell.Ran ran =
        Shell.run(
            Map.of(),
            json,
            "curl",
            "-sSk",
            "--fail-with-body",
            "-m",
            "60",
            "--unix-socket",
            socket,
            "-X",
            method,
            "-H",
            "Authorization: Bearer " + TOKEN,
            "-H",
            "Content-Type: " + type,
            "--data-binary",
            "@-",
            "https://127.0.0.1" + path);
    if (ran.status() != 0) {
      throw new AssertionError("%s %s: %s %s".formatted(method, path, ran.out(), ran.err()));
    }
  }
}
