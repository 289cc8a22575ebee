package io.millpond.node.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.client.ConfigBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** A real store and a real API server on loopback ({@code test/peers/control-plane}). */
public final class ControlPlane implements AutoCloseable {
  private static final Path SCRIPT = Path.of("..", "test", "peers", "control-plane");
  private static final YAMLMapper YAML = new YAMLMapper();

  private final Path directory;
  private final int port;
  private final HttpClient http;

  /** Starts them; what they keep is in this directory. */
  public ControlPlane(Path directory) {
    this.directory = directory;
    this.port = freePort();
    this.http = HttpClient.newBuilder().sslContext(trusting()).build();
    run("up", directory.toString(), Integer.toString(port));
  }

  /** Three in a row are needed; those after one that is free are, nearly always. */
  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(String... arguments) {
    String[] command = new String[arguments.length + 1];
    command[0] = SCRIPT.toString();
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).inheritIO().start();
      if (!process.waitFor(5, TimeUnit.MINUTES) || process.exitValue() != 0) {
        throw new IllegalStateException(String.join(" ", command) + " failed");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A connection as the daemon has it, for the node of this name, that may do everything. */
  public Cluster cluster(String node) {
    return cluster(node, "admin");
  }

  /** The same for somebody else, who has the rights of that name. */
  public Cluster cluster(String node, String user) {
    return Cluster.open(
        new ConfigBuilder(io.fabric8.kubernetes.client.Config.empty())
            .withMasterUrl("https://127.0.0.1:" + port)
            .withTrustCerts(true)
            .withDisableHostnameVerification(true)
            .withOauthToken("admin")
            .withImpersonateUsername(user.equals("admin") ? null : user)
            .withAutoConfigure(false)
            .withHttp2Disable(true)
            .withRequestRetryBackoffLimit(0)
            .build(),
        node);
  }

  /** What the server said: its status and its words, or the object. */
  public record Said(int status, JsonNode body) {
    /** The words of a refusal. */
    public String message() {
      return body.path("message").asText("");
    }
  }

  /** Makes an object of its YAML. */
  public Said post(String path, String yaml) {
    return send("POST", path, "application/yaml", yaml);
  }

  /** Changes an object by a merge patch in YAML. */
  public Said patch(String path, String yaml) {
    return send("PATCH", path, "application/merge-patch+json", json(yaml));
  }

  /** Reads an object. */
  public Said get(String path) {
    return send("GET", path, "application/json", "");
  }

  /** Deletes an object. */
  public Said delete(String path) {
    return send("DELETE", path, "application/json", "");
  }

  /** Defines a kind by a file of the repository. */
  public void define(Path file) throws IOException {
    Said said =
        post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Files.readString(file));
    if (said.status() != 201) {
      throw new IllegalStateException(file + ": " + said.message());
    }
  }

  private static String json(String yaml) {
    try {
      return YAML.readTree(yaml).toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Said send(String verb, String path, String type, String body) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + path))
            .header("Authorization", "Bearer admin")
            .header("Content-Type", type)
            .header("Accept", "application/json")
            .method(
                verb,
                body.isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
      return new Said(response.statusCode(), YAML.readTree(response.body()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** The server's certificate is its own work. */
  private static SSLContext trusting() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new TrustsAll()}, new SecureRandom());
      return context;
    } catch (java.security.GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static final class TrustsAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

    @Override
    public void checkClientTrusted(
        X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}

    @Override
    public void checkServerTrusted(
        X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  @Override
  public void close() {
    run("down", directory.toString());
    http.close();
  }
}
