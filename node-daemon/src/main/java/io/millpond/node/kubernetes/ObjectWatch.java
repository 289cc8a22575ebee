package io.millpond.node.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Objects of one kind, listed and then watched for as long as the daemon runs (Kubernetes,
 * "Efficient detection of changes"): by a thread of its own, one object in memory at a time. A
 * watch that says nothing for two and a half minutes has died, because the server sends a bookmark
 * every minute; one that began too long ago (410) and every failure begin with a list again, after
 * a pause that grows. What listeners know stays while the server is away.
 *
 * @param <T> what is kept of an object
 */
public final class ObjectWatch<T> implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ObjectWatch.class);

  private static final Duration LEAST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

  /** Somebody has to define it first, and many nodes ask. */
  private static final Duration NO_SUCH_KIND = Duration.ofMinutes(5);

  /** Two bookmarks are missing by then. */
  private static final Duration SILENCE = Duration.ofSeconds(150);

  /** The server ends a watch after this many seconds, and at most as many more. */
  private static final int WATCH_SECONDS = 300;

  private static final String PAGE = "100";
  private static final int MOST_OBJECTS = 20_000;

  /** Of one event, in octets: etcd holds no larger object than one and a half million. */
  private static final int LARGEST_EVENT = 4 << 20;

  private final Requests requests;
  private final Kind<T> kind;
  private final Listener<T> listener;
  private final Thread thread;
  private final Backoff backoff =
      new Backoff(LEAST_PAUSE, LONGEST_PAUSE, () -> ThreadLocalRandom.current().nextDouble());

  /**
   * Which objects, and what is kept of them.
   *
   * @param path of the collection, such as {@code /api/v1/nodes}
   * @param parameters such as {@code fieldSelector}
   * @param metadataOnly whether names, labels and annotations are enough
   * @param reader what is kept of an object; must not fail
   */
  public record Kind<T>(
      String path,
      Map<String, String> parameters,
      boolean metadataOnly,
      Function<JsonNode, T> reader) {
    /** Copies the map. */
    public Kind {
      parameters = Map.copyOf(parameters);
    }

    String accept(boolean list) {
      return !metadataOnly ? Requests.OBJECTS : list ? Requests.METADATA_LIST : Requests.METADATA;
    }
  }

  /** Hears of objects, on the watch's thread, one call after another. */
  public interface Listener<T> {
    /** These are all there are. */
    void listed(List<T> all);

    /** This one is new or has changed. */
    void changed(T one);

    /** This one is gone; as it last was. */
    void gone(T one);

    /**
     * They cannot be read at the moment; what was heard before stays.
     *
     * @param status HTTP's; 0 if the server did not answer
     */
    default void unreadable(int status, String why) {}
  }

  /** Ready to watch. */
  public ObjectWatch(Requests requests, Kind<T> kind, Listener<T> listener) {
    this.requests = requests;
    this.kind = kind;
    this.listener = listener;
    String name = kind.path().substring(kind.path().lastIndexOf('/') + 1);
    this.thread = Thread.ofPlatform().daemon().name("watch-" + name).unstarted(this::loop);
  }

  /** Begins. */
  public void start() {
    thread.start();
  }

  /** The server refused, or said something that cannot be used. */
  private static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final @Nullable Duration retryAfter;

    Refused(int status, String why, Optional<Duration> retryAfter) {
      super(why);
      this.status = status;
      this.retryAfter = retryAfter.orElse(null);
    }
  }

  private void loop() {
    try {
      String told = "";
      while (true) {
        Duration pause;
        try {
          String version = list();
          told = "";
          watch(version);
          pause = backoff.next();
        } catch (IOException e) {
          String why = String.valueOf(e.getMessage());
          int status = e instanceof Refused refused ? refused.status : 0;
          if (!why.equals(told)) {
            log.warn("{} cannot be watched, tried again: {}", kind.path(), why);
            told = why;
          }
          heard(() -> listener.unreadable(status, why));
          pause =
              switch (e) {
                case Refused refused when refused.status == 404 ->
                    NO_SUCH_KIND.plus(backoff.next().multipliedBy(5));
                case Refused refused when refused.retryAfter != null ->
                    backoff.atLeast(refused.retryAfter);
                default -> backoff.next();
              };
        }
        Thread.sleep(pause);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      log.error("a bug: {} is watched no more", kind.path(), e);
    }
  }

  /** A listener's bug must not end the watch. */
  private void heard(Runnable call) {
    try {
      call.run();
    } catch (RuntimeException e) {
      log.error("a bug in who hears of {}", kind.path(), e);
    }
  }

  private String list() throws IOException, InterruptedException {
    List<T> all = new ArrayList<>();
    String next = "";
    String version;
    do {
      Map<String, String> parameters = new LinkedHashMap<>(kind.parameters());
      parameters.put("limit", PAGE);
      if (!next.isEmpty()) {
        parameters.put("continue", next);
      }
      Requests.Answer answer = requests.get(kind.path(), parameters, kind.accept(true));
      if (!answer.ok()) {
        throw new Refused(answer.status(), answer.why(), answer.retryAfter());
      }
      answer.body().path("items").forEach(item -> all.add(kind.reader().apply(item)));
      version = answer.body().path("metadata").path("resourceVersion").asText("");
      next = answer.body().path("metadata").path("continue").asText("");
    } while (!next.isEmpty() && all.size() < MOST_OBJECTS);
    if (version.isEmpty()) {
      throw new Refused(200, "the list has no resourceVersion", Optional.empty());
    }
    heard(() -> listener.listed(all));
    return version;
  }

  /** Watches until the server says that a list is needed again, or something fails. */
  private void watch(String from) throws IOException, InterruptedException {
    String version = from;
    while (true) {
      long began = System.nanoTime();
      Optional<String> next = once(version);
      if (next.isEmpty()) {
        return;
      }
      version = next.get();
      if (System.nanoTime() - began < LEAST_PAUSE.toNanos()) {
        Thread.sleep(backoff.next());
      }
    }
  }

  /** One watch: the version that it came to, or empty if that is too old. */
  private Optional<String> once(String from) throws IOException, InterruptedException {
    Map<String, String> parameters = new LinkedHashMap<>(kind.parameters());
    parameters.put("watch", "1");
    parameters.put("allowWatchBookmarks", "true");
    parameters.put("resourceVersion", from);
    parameters.put(
        "timeoutSeconds",
        Integer.toString(WATCH_SECONDS + ThreadLocalRandom.current().nextInt(WATCH_SECONDS)));
    LinkedBlockingQueue<Optional<byte[]>> chunks = new LinkedBlockingQueue<>();
    String what = "WATCH " + kind.path();
    HttpResponse<AsyncBody> response =
        Requests.await(
            what,
            requests
                .http()
                .consumeBytes(
                    requests
                        .request(kind.path(), parameters, kind.accept(false))
                        .forStreaming()
                        .build(),
                    (buffers, _) -> chunks.add(Optional.of(joined(buffers)))),
            System.nanoTime() + Requests.TIMEOUT.toNanos());
    AsyncBody body = response.body();
    try {
      if (response.code() == 410) {
        return Optional.empty();
      }
      if (response.code() != 200) {
        throw new Refused(
            response.code(),
            what + ": HTTP status " + response.code(),
            Requests.retryAfter(response));
      }
      var _ = body.done().whenComplete((_, _) -> chunks.add(Optional.empty()));
      return events(what, from, chunks, body);
    } finally {
      body.cancel();
    }
  }

  private static byte[] joined(List<ByteBuffer> buffers) {
    ByteArrayOutputStream octets = new ByteArrayOutputStream();
    for (ByteBuffer buffer : buffers) {
      byte[] copy = new byte[buffer.remaining()];
      buffer.get(copy);
      octets.writeBytes(copy);
    }
    return octets.toByteArray();
  }

  private Optional<String> events(
      String what, String from, LinkedBlockingQueue<Optional<byte[]>> chunks, AsyncBody body)
      throws IOException, InterruptedException {
    String version = from;
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      // Asked for one by one, so that a slow listener slows the server and not the memory.
      body.consume();
      Optional<byte[]> chunk = chunks.poll(SILENCE.toMillis(), TimeUnit.MILLISECONDS);
      if (chunk == null) {
        throw new IOException(what + ": silent for " + SILENCE.toSeconds() + " s");
      }
      if (chunk.isEmpty()) {
        return Optional.of(version);
      }
      for (byte octet : chunk.get()) {
        if (octet != '\n') {
          line.write(octet);
          if (line.size() > LARGEST_EVENT) {
            throw new IOException(what + ": an event of more than " + LARGEST_EVENT + " octets");
          }
          continue;
        }
        JsonNode event = Requests.JSON.readTree(line.toByteArray());
        line.reset();
        backoff.reset();
        if (event.path("type").asText("").equals("ERROR")) {
          JsonNode status = event.path("object");
          if (status.path("code").asInt() == 410) {
            return Optional.empty();
          }
          throw new Refused(
              status.path("code").asInt(),
              what + ": " + status.path("message").asText(""),
              Optional.empty());
        }
        version = event(event, version);
      }
    }
  }

  private String event(JsonNode event, String version) {
    JsonNode object = event.path("object");
    switch (event.path("type").asText("")) {
      case "ADDED", "MODIFIED" -> heard(() -> listener.changed(kind.reader().apply(object)));
      case "DELETED" -> heard(() -> listener.gone(kind.reader().apply(object)));
      default -> {} // a bookmark: only its version counts
    }
    String now = object.path("metadata").path("resourceVersion").asText("");
    return now.isEmpty() ? version : now;
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(5000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
