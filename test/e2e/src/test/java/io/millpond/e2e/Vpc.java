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
import java.util.List;
import java.util.Map;

/** The simulator's program with its network, and its control API. */
final class Vpc implements AutoCloseable {
  static final Path ROOT = Path.of(System.getProperty("millpond.root", "../.."));
  private static final URI CONTROL = URI.create("http://169.254.171.2:8001");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

  private Vpc(Process process) {
    this.process = process;
  }

  /** Starts it with this configuration, in YAML, and waits until it answers. */
  static Vpc start(String yaml) {
    try {
      Path config = Files.createTempFile("vpc", ".yaml");
      Files.writeString(config, yaml);
      Path log = Files.createTempFile("vpc", ".log");
      Vpc vpc =
          new Vpc(
              Shell.start(
                  Map.of("JAVA_HOME", System.getProperty("java.home")),
                  log,
                  List.of(
                      ROOT.resolve("test/vpc-simulator/target/vpc-simulator/bin/vpc-simulator")
                          .toString(),
                      "--fabric",
                      "--config",
                      config.toString())));
      await("the simulator answers")
          .atMost(Duration.ofMinutes(2))
          .pollInterval(Duration.ofMillis(500))
          .until(
              () -> {
                if (!vpc.process.isAlive()) {
                  throw new AssertionError("the simulator ended: " + Files.readString(log));
                }
                try {
                  return vpc.get("/v1/state") != null;
                } catch (UncheckedIOException e) {
                  return false;
                }
              });
      return vpc;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  JsonNode get(String path) {
    return send(HttpRequest.newBuilder(CONTROL.resolve(path)).GET().build());
  }

  JsonNode put(String path, String body) {
    return send(
        HttpRequest.newBuilder(CONTROL.resolve(path))
            .PUT(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  JsonNode delete(String path) {
    return send(HttpRequest.newBuilder(CONTROL.resolve(path)).DELETE().build());
  }

  private JsonNode send(HttpRequest request) {
    try {
      var answer = http.send(request, BodyHandlers.ofString());
      if (answer.statusCode() / 100 != 2) {
        throw new AssertionError(request + ": " + answer.statusCode() + " " + answer.body());
      }
      return JSON.readTree(answer.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  @Override
  public void close() {
    Shell.stop(process);
    http.close();
  }
}
