package io.millpond.node.kubernetes;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Requests to the API server whose answers are read as they come, so that none is ever whole in
 * memory. Safe for any thread; every method blocks, for a bounded time.
 */
final class ApiServer {
  /** Until the answer begins. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** What is read of a short answer, in octets: more than any that is asked for has. */
  private static final int LARGEST = 1 << 20;

  private final Cluster cluster;
  private final String base;

  ApiServer(Cluster cluster) {
    this.cluster = cluster;
    String address = cluster.address().toString();
    this.base = address.endsWith("/") ? address.substring(0, address.length() - 1) : address;
  }

  /**
   * The beginning of an answer; whoever has it closes it.
   *
   * @param code of HTTP
   * @param retryAfter what the server asks for, if it does
   */
  record Answer(int code, Optional<Duration> retryAfter, BodyStream body) implements AutoCloseable {
    boolean successful() {
      return code >= 200 && code < 300;
    }

    @Override
    public void close() {
      body.close();
    }
  }

  /**
   * A whole short answer.
   *
   * @param code of HTTP
   */
  @SuppressWarnings("ArrayRecordComponent") // made once, read once
  record Reply(int code, Optional<Duration> retryAfter, byte[] body) {
    boolean successful() {
      return code >= 200 && code < 300;
    }
  }

  /**
   * Asks.
   *
   * @param path with its query, encoded
   * @param silence after which the answer counts as dead while nothing comes
   * @param longest that the whole answer may take
   * @throws IOException if no answer begins in time, for any reason
   */
  Answer get(String path, Duration silence, Duration longest)
      throws IOException, InterruptedException {
    return send(cluster.http().newHttpRequestBuilder().uri(base + path), silence, longest);
  }

  /**
   * Asks for another form than whole objects.
   *
   * @param accept the form, as a media type
   */
  Answer get(String path, String accept, Duration silence, Duration longest)
      throws IOException, InterruptedException {
    return send(
        cluster.http().newHttpRequestBuilder().uri(base + path).header("Accept", accept),
        silence,
        longest);
  }

  /** Asks for a short answer. */
  Reply get(String path) throws IOException, InterruptedException {
    return whole(cluster.http().newHttpRequestBuilder().uri(base + path));
  }

  /** Sends a body; for a short answer. */
  Reply send(String method, String path, String contentType, String body)
      throws IOException, InterruptedException {
    return whole(
        cluster
            .http()
            .newHttpRequestBuilder()
            .uri(base + path)
            .method(method, contentType, body)
            // So that the answer of PATCH and POST is JSON.
            .header("Accept", "application/json"));
  }

  private Reply whole(HttpRequest.Builder request) throws IOException, InterruptedException {
    try (Answer answer = send(request, PATIENCE, PATIENCE)) {
      answer.body().allow(LARGEST);
      return new Reply(answer.code(), answer.retryAfter(), answer.body().readAllBytes());
    }
  }

  private Answer send(HttpRequest.Builder request, Duration silence, Duration longest)
      throws IOException, InterruptedException {
    BodyStream body = new BodyStream(silence, longest);
    CompletableFuture<HttpResponse<AsyncBody>> response;
    try {
      response = cluster.http().consumeBytes(request.build(), body::received);
    } catch (RuntimeException e) {
      throw new IOException("the request cannot be made: " + e.getMessage(), e);
    }
    try {
      HttpResponse<AsyncBody> begun = response.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      body.begins(begun.body());
      return new Answer(begun.code(), retryAfter(begun.header("Retry-After")), body);
    } catch (TimeoutException e) {
      abandon(response);
      throw new IOException(base + " has not answered within " + PATIENCE.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException(base + " does not answer: " + said(cause), cause);
    } catch (InterruptedException e) {
      abandon(response);
      throw e;
    }
  }

  /** An answer that comes all the same is not read, and its connection ends. */
  private static void abandon(CompletableFuture<HttpResponse<AsyncBody>> response) {
    var _ = response.thenAccept(late -> late.body().cancel());
    response.cancel(true);
  }

  private static String said(Throwable cause) {
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }

  /** Seconds, as API servers have it; a date is not understood, and waits as long as no header. */
  private static Optional<Duration> retryAfter(String header) {
    return header != null && header.matches("[0-9]{1,6}")
        ? Optional.of(Duration.ofSeconds(Long.parseLong(header)))
        : Optional.empty();
  }

  /** What the server says of an error, one line of at most 200 characters. */
  static String message(InputStream body) {
    try {
      String text = new String(body.readNBytes(4096), java.nio.charset.StandardCharsets.UTF_8);
      String line = text.replaceAll("[^\\x20-\\x7e]+", " ").strip();
      int message = line.indexOf("\"message\":\"");
      String said = message < 0 ? line : line.substring(message + 11);
      return said.length() > 200 ? said.substring(0, 200) + "…" : said;
    } catch (IOException e) {
      return "";
    }
  }
}
