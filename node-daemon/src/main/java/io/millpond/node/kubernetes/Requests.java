package io.millpond.node.kubernetes;

import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Single requests to the API server, in JSON, each bounded in time (ten seconds) and size. Methods
 * block; safe for any thread.
 */
public final class Requests {
  /** Whole objects. */
  static final String OBJECTS = "application/json";

  /** Their names, labels and annotations alone (Kubernetes, "API concepts"): a tenth of a Node. */
  static final String METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

  /** The same of a list. */
  static final String METADATA_LIST =
      "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

  static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** Of one answer, in octets. */
  private static final int LARGEST = 16 << 20;

  /** Deep enough for every object of Kubernetes. */
  static final JsonMapper JSON = mapper();

  private final HttpClient http;
  private final String address;

  /** To the cluster's API server. */
  public Requests(Cluster cluster) {
    this.http = cluster.http();
    String server = cluster.address().toString();
    this.address = server.endsWith("/") ? server.substring(0, server.length() - 1) : server;
  }

  private static JsonMapper mapper() {
    JsonMapper mapper = new JsonMapper();
    mapper
        .getFactory()
        .setStreamReadConstraints(
            StreamReadConstraints.builder().maxNestingDepth(200).maxStringLength(4 << 20).build());
    return mapper;
  }

  /**
   * What the server said.
   *
   * @param status HTTP's: 200 to 299 is a success
   * @param body the object, or the Status that says why not; missing if it is no JSON
   * @param retryAfter how long the server asks to wait
   */
  public record Answer(int status, JsonNode body, Optional<Duration> retryAfter) {
    /** Whether it did what it was asked. */
    public boolean ok() {
      return status >= 200 && status < 300;
    }

    /** Why it did not, in one bounded line. */
    public String why() {
      String message = body.path("message").asText("").replaceAll("\\s+", " ");
      return "HTTP status "
          + status
          + (message.isEmpty()
              ? ""
              : ": " + (message.length() > 300 ? message.substring(0, 300) + "…" : message));
    }
  }

  /**
   * Asks for an object or a list.
   *
   * @param path such as {@code /api/v1/nodes/NAME}
   * @throws IOException if there is no answer
   */
  public Answer get(String path, Map<String, String> parameters)
      throws IOException, InterruptedException {
    return get(path, parameters, OBJECTS);
  }

  /** Asks for a list of names, labels and annotations alone. */
  public Answer metadata(String path, Map<String, String> parameters)
      throws IOException, InterruptedException {
    return get(path, parameters, METADATA_LIST);
  }

  Answer get(String path, Map<String, String> parameters, String accept)
      throws IOException, InterruptedException {
    return send("GET " + path, request(path, parameters, accept).build());
  }

  /** Makes an object. */
  public Answer post(String path, JsonNode body) throws IOException, InterruptedException {
    return send(
        "POST " + path,
        request(path, Map.of(), OBJECTS).post("application/json", body.toString()).build());
  }

  /** Replaces an object; the server refuses (409) if it is not of the body's version any more. */
  public Answer put(String path, JsonNode body) throws IOException, InterruptedException {
    return send(
        "PUT " + path,
        request(path, Map.of(), OBJECTS).put("application/json", body.toString()).build());
  }

  /** Changes what the body names, null removing it (RFC 7386). */
  public Answer mergePatch(String path, JsonNode body) throws IOException, InterruptedException {
    return send(
        "PATCH " + path,
        request(path, Map.of(), METADATA)
            .patch("application/merge-patch+json", body.toString())
            .build());
  }

  HttpRequest.Builder request(String path, Map<String, String> parameters, String accept) {
    String query =
        parameters.entrySet().stream()
            .map(
                one ->
                    one.getKey() + "=" + URLEncoder.encode(one.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
    return http.newHttpRequestBuilder()
        .uri(address + path + (query.isEmpty() ? "" : "?" + query))
        .timeout(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
        .header("Accept", accept);
  }

  HttpClient http() {
    return http;
  }

  private Answer send(String what, HttpRequest request) throws IOException, InterruptedException {
    ByteArrayOutputStream octets = new ByteArrayOutputStream();
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    HttpResponse<AsyncBody> response =
        await(
            what,
            http.consumeBytes(request, (chunks, body) -> gather(chunks, body, octets)),
            deadline);
    AsyncBody body = response.body();
    try {
      body.consume();
      Void _ = await(what, body.done(), deadline);
    } finally {
      body.cancel();
    }
    byte[] whole;
    synchronized (octets) {
      whole = octets.toByteArray();
    }
    return new Answer(response.code(), read(whole), retryAfter(response));
  }

  private static void gather(
      List<ByteBuffer> chunks, AsyncBody body, ByteArrayOutputStream octets) {
    synchronized (octets) {
      for (ByteBuffer chunk : chunks) {
        if (octets.size() + chunk.remaining() > LARGEST) {
          throw new IllegalStateException("an answer of more than " + LARGEST + " octets");
        }
        byte[] copy = new byte[chunk.remaining()];
        chunk.get(copy);
        octets.writeBytes(copy);
      }
    }
    body.consume();
  }

  private static JsonNode read(byte[] octets) {
    try {
      @Nullable JsonNode read = JSON.readTree(octets);
      return read == null ? JSON.missingNode() : read;
    } catch (IOException e) {
      return JSON.missingNode();
    }
  }

  static Optional<Duration> retryAfter(HttpResponse<?> response) {
    String header = response.header("Retry-After");
    return header != null && header.matches("[0-9]{1,6}")
        ? Optional.of(Duration.ofSeconds(Long.parseLong(header)))
        : Optional.empty();
  }

  static <T> T await(String what, CompletableFuture<T> future, long deadline)
      throws IOException, InterruptedException {
    try {
      return future.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      future.cancel(true);
      throw new IOException(what + ": no answer within " + TIMEOUT.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException(what + ": " + cause, cause);
    } catch (InterruptedException e) {
      future.cancel(true);
      throw e;
    }
  }
}
