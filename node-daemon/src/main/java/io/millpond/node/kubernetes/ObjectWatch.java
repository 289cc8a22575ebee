package io.millpond.node.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import io.millpond.node.threads.Threads;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Small objects of one kind, listed and then watched for as long as the daemon runs, by a thread of
 * its own, one event in memory at a time. A watch that ends or falls silent is begun anew from
 * where it was; when the server has forgotten that place (410), and after every failure, the
 * objects are listed again. What listeners know stays while the server is away.
 *
 * @param <T> what is kept of an object
 */
public final class ObjectWatch<T> implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ObjectWatch.class);

  private static final Duration LEAST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

  /** Somebody has to define it first, and many nodes ask. */
  private static final Duration NO_SUCH_KIND = Duration.ofMinutes(5);

  /** A watch that lasted so long was a good one, though nothing came. */
  private static final Duration LONG_ENOUGH = Duration.ofSeconds(10);

  private static final String PAGE = "100";
  private static final int MOST_OBJECTS = 20_000;

  /** Of one event, in octets: etcd holds no larger object than one and a half million. */
  private static final int LARGEST_EVENT = 4 << 20;

  private final ApiServer server;
  private final Requests requests;
  private final Kind<T> kind;
  private final Listener<T> listener;
  private final Thread thread;
  private volatile boolean closed;
  private final Duration silence;
  private final Backoff backoff;

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
  public ObjectWatch(Cluster cluster, Kind<T> kind, Listener<T> listener) {
    this(
        cluster,
        kind,
        listener,
        PodWatch.SILENCE,
        new Backoff(LEAST_PAUSE, LONGEST_PAUSE, () -> ThreadLocalRandom.current().nextDouble()));
  }

  ObjectWatch(
      Cluster cluster, Kind<T> kind, Listener<T> listener, Duration silence, Backoff backoff) {
    this.silence = silence;
    this.backoff = backoff;
    this.server = new ApiServer(cluster);
    this.requests = new Requests(server);
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
  private static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final @Nullable Duration retryAfter;

    RefusedException(int status, String why, Optional<Duration> retryAfter) {
      super(why);
      this.status = status;
      this.retryAfter = retryAfter.orElse(null);
    }
  }

  private void loop() {
    Optional<String> version = Optional.empty();
    String told = "";
    while (!closed) {
      Duration pause;
      try {
        if (version.isEmpty()) {
          version = Optional.of(list());
          told = "";
        }
        version = watch(version.get());
        pause = backoff.next();
      } catch (InterruptedException e) {
        return;
      } catch (IOException e) {
        // What came whole may come again: then it is listed.
        version = Optional.empty();
        String why = kind.path() + ": " + e.getMessage();
        if (!why.equals(told) && !closed) {
          log.warn("cannot be watched, tried again: {}", why);
          told = why;
        }
        int status = e instanceof RefusedException refused ? refused.status : 0;
        heard(() -> listener.unreadable(status, why));
        pause = pauseAfter(e);
      } catch (RuntimeException e) {
        log.error("a bug while {} was read; it is listed again", kind.path(), e);
        version = Optional.empty();
        pause = backoff.next();
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private Duration pauseAfter(IOException e) {
    return switch (e) {
      case RefusedException refused when refused.status == 404 ->
          NO_SUCH_KIND.plus(backoff.next().multipliedBy(5));
      case RefusedException refused when refused.retryAfter != null ->
          backoff.atLeast(refused.retryAfter);
      default -> backoff.next();
    };
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
        throw new RefusedException(answer.status(), answer.why(), answer.retryAfter());
      }
      answer.body().path("items").forEach(item -> all.add(kind.reader().apply(item)));
      version = answer.body().path("metadata").path("resourceVersion").asText("");
      next = answer.body().path("metadata").path("continue").asText("");
    } while (!next.isEmpty() && all.size() < MOST_OBJECTS);
    if (version.isEmpty()) {
      throw new RefusedException(0, "the list has no resourceVersion", Optional.empty());
    }
    heard(() -> listener.listed(all));
    return version;
  }

  /**
   * One watch.
   *
   * @return from where the next one goes on; empty if the server has forgotten that place
   */
  private Optional<String> watch(String from) throws IOException, InterruptedException {
    // Nodes that began together do not begin anew together.
    long seconds = ThreadLocalRandom.current().nextLong(300, 600);
    Map<String, String> parameters = new LinkedHashMap<>(kind.parameters());
    parameters.putAll(Requests.watching(from, seconds));
    String version = from;
    long began = System.nanoTime();
    try (ApiServer.Answer answer =
        server.get(
            Requests.with(kind.path(), parameters),
            kind.accept(false),
            silence,
            Duration.ofSeconds(seconds).plus(silence))) {
      answer.body().allow(LARGEST_EVENT);
      if (answer.code() == 410) {
        return Optional.empty();
      }
      if (!answer.successful()) {
        throw new RefusedException(
            answer.code(),
            answer.code() + " " + ApiServer.message(answer.body()),
            answer.retryAfter());
      }
      try (MappingIterator<JsonNode> events =
          Requests.JSON.readerFor(JsonNode.class).readValues(answer.body())) {
        while (events.hasNextValue()) {
          JsonNode event = events.nextValue();
          answer.body().allow(LARGEST_EVENT);
          if (event.path("type").asText("").equals("ERROR")) {
            JsonNode status = event.path("object");
            if (status.path("code").asInt() == 410) {
              return Optional.empty();
            }
            throw new RefusedException(
                status.path("code").asInt(), status.path("message").asText(""), Optional.empty());
          }
          version = take(event, version);
          backoff.reset();
        }
      }
    } catch (BodyStream.SilentException e) {
      log.debug("the watch of {} is begun anew: {}", kind.path(), e.getMessage());
    }
    if (System.nanoTime() - began >= LONG_ENOUGH.toNanos()) {
      backoff.reset();
    }
    return Optional.of(version);
  }

  private String take(JsonNode event, String version) {
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
    closed = true;
    Threads.end(thread);
  }
}
