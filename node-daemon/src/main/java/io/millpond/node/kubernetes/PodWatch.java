package io.millpond.node.kubernetes;

import io.millpond.node.pods.ExpectedPods;
import io.millpond.node.pods.ExpectedPods.BoundPod;
import io.millpond.node.threads.Threads;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears of the pods that are bound to this node: one list, then one watch from where the list
 * ended, both selected by {@code spec.nodeName}. One thread; nobody waits for it.
 *
 * <p>A watch ends by itself after some minutes and is begun anew from where it was; so is one on
 * which nothing has come for {@link #SILENCE}, be it a calm node or a connection that is dead and
 * does not know it. Only when the server has forgotten that place (410) are the pods listed again.
 */
public final class PodWatch implements AutoCloseable {
  /** Twice and a half what lies between two bookmarks (a minute, by default). */
  static final Duration SILENCE = Duration.ofSeconds(150);

  /** How long one list may take, all of its pages. */
  private static final Duration LONGEST_LIST = Duration.ofSeconds(60);

  /** Pods in a page. */
  private static final String PAGE = "200";

  /** Pods of a node of which notice is taken; a kubelet takes 110, or a few hundred. */
  private static final int MOST = 5000;

  /** A watch that lasted so long was a good one, though nothing came. */
  private static final Duration LONG_ENOUGH = Duration.ofSeconds(10);

  /** That the server is away is told once it has lasted. */
  private static final Duration WORTH_A_WORD = Duration.ofSeconds(60);

  private static final Logger log = LoggerFactory.getLogger(PodWatch.class);

  private final ApiServer server;
  private final String node;
  private final ExpectedPods expected;
  private final Duration silence;
  private final Backoff backoff;
  private final String from;
  private final Thread thread =
      Thread.ofPlatform().daemon().name("pod-watch").unstarted(this::loop);
  private volatile long heard = System.nanoTime();
  private volatile @Nullable String trouble =
      "the API server has not said yet which pods are bound";
  private volatile boolean closed;

  /** The place from which a watch was to begin is forgotten. */
  private static final class ExpiredException extends IOException {
    private static final long serialVersionUID = 1;

    private ExpiredException(String message) {
      super(message);
    }
  }

  /** The server asks to be left alone for a while. */
  private static final class BusyException extends IOException {
    private static final long serialVersionUID = 1;
    private final Duration pause;

    private BusyException(String message, Duration pause) {
      super(message);
      this.pause = pause;
    }
  }

  /** For the pods of the cluster's node; nothing is asked before {@link #start}. */
  public PodWatch(Cluster cluster, ExpectedPods expected) {
    this(
        cluster,
        expected,
        SILENCE,
        new Backoff(
            Duration.ofMillis(500),
            Duration.ofSeconds(30),
            () -> ThreadLocalRandom.current().nextDouble()),
        "");
  }

  /**
   * @param from from where to watch; empty: a list comes first
   */
  PodWatch(Cluster cluster, ExpectedPods expected, Duration silence, Backoff backoff, String from) {
    this.from = from;
    this.server = new ApiServer(cluster);
    this.node = cluster.nodeName();
    this.expected = expected;
    this.silence = silence;
    this.backoff = backoff;
  }

  /** Begins to listen. */
  public void start() {
    thread.start();
  }

  /** How long ago the API server last said anything of the node's pods. */
  public Duration age() {
    return Duration.ofNanos(System.nanoTime() - heard);
  }

  /** What is wrong at this moment. */
  Optional<String> trouble() {
    return Optional.ofNullable(trouble);
  }

  /** What is wrong, for people, once it has lasted for a minute. */
  public Optional<String> finding() {
    String what = trouble;
    return what == null || age().compareTo(WORTH_A_WORD) < 0
        ? Optional.empty()
        : Optional.of(
            "for "
                + age().toSeconds()
                + " s the API server has not said which pods are bound to the node "
                + node
                + ", which grows its pool when they ask and not before: "
                + what);
  }

  private void loop() {
    String version = from;
    boolean expired = false;
    while (!closed) {
      Duration pause;
      try {
        if (version.isEmpty()) {
          version = list(expired);
        }
        version = watch(version);
        pause = backoff.next();
      } catch (ExpiredException e) {
        log.info("the pods of this node are listed again: {}", e.getMessage());
        version = "";
        expired = true;
        pause = failed(e, backoff.next());
      } catch (BusyException e) {
        pause = failed(e, backoff.atLeast(e.pause));
      } catch (IOException e) {
        pause = failed(e, backoff.next());
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        log.error("a bug while the node's pods were read; they are listed again", e);
        version = "";
        pause = failed(e, backoff.next());
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private Duration failed(Exception e, Duration pause) {
    String what = String.valueOf(e.getMessage());
    if (!closed) {
      log.debug("the node's pods: {}; next try in {} ms", what, pause.toMillis());
    }
    trouble = what;
    return pause;
  }

  private void heard() {
    heard = System.nanoTime();
    trouble = null;
  }

  /** Of the node's pods, with these parameters beside. */
  private String path(Map<String, String> more) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("fieldSelector", "spec.nodeName=" + node);
    parameters.putAll(more);
    return Requests.with("/api/v1/pods", parameters);
  }

  /**
   * Lists.
   *
   * @param anew from the store: what the server had at hand was too old for a watch
   * @return from where a watch goes on
   */
  private String list(boolean anew) throws IOException, InterruptedException {
    Map<String, BoundPod> pods = new LinkedHashMap<>();
    // As kubelets do: version 0 is answered from the server's memory, by node, at once, not in
    // pages. A place that is newer than that memory cannot come of it.
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put(anew ? "limit" : "resourceVersion", anew ? PAGE : "0");
    long deadline = System.nanoTime() + LONGEST_LIST.toNanos();
    String next = "";
    PodReader.Page page;
    do {
      if (!next.isEmpty()) {
        parameters.put("continue", next);
      }
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      try (ApiServer.Answer answer = server.get(path(parameters), ApiServer.PATIENCE, left);
          PodReader reader = successful(answer)) {
        page =
            reader.page(
                pod -> {
                  if (pod.isExpectedOn(node) && pods.size() < MOST) {
                    pods.put(pod.sandboxUid(), pod.bound());
                  }
                });
      }
      next = page.next();
    } while (!next.isEmpty());
    expected.are(pods.values());
    heard();
    log.debug("{} pods of this node need an address", pods.size());
    return page.resourceVersion();
  }

  /**
   * Watches until the server ends it, or falls silent.
   *
   * @return from where the next one goes on
   */
  private String watch(String from) throws IOException, InterruptedException {
    // Nodes that began together do not begin anew together.
    long seconds = ThreadLocalRandom.current().nextLong(300, 600);
    String version = from;
    long began = System.nanoTime();
    try (ApiServer.Answer answer =
            server.get(
                path(Requests.watching(from, seconds)),
                silence,
                Duration.ofSeconds(seconds).plus(silence));
        PodReader reader = successful(answer)) {
      heard();
      PodReader.Event event;
      while ((event = reader.event()) != null) {
        heard();
        if (event.type().equals("ERROR")) {
          throw error(event.object().code(), Optional.empty(), event.object().message());
        }
        take(event);
        String now = event.object().resourceVersion();
        version = now.isEmpty() ? version : now;
        backoff.reset();
      }
    } catch (BodyStream.SilentException e) {
      log.debug("the watch of this node's pods is begun anew: {}", e.getMessage());
    } catch (ExpiredException | BusyException e) {
      throw e;
    } catch (IOException e) {
      // What came whole has been taken, and need not come again.
      if (version.equals(from)) {
        throw e;
      }
      log.debug("the watch of this node's pods broke off and is begun anew: {}", e.getMessage());
    }
    if (System.nanoTime() - began >= LONG_ENOUGH.toNanos()) {
      backoff.reset();
    }
    return version;
  }

  private void take(PodReader.Event event) {
    PodSeen pod = event.object();
    switch (event.type()) {
      case "ADDED", "MODIFIED" -> {
        if (pod.isExpectedOn(node)) {
          expected.bound(pod.bound());
        } else {
          expected.gone(pod.sandboxUid());
        }
      }
      case "DELETED" -> expected.gone(pod.sandboxUid());
      // A bookmark says how far the watch is; what servers to come may say is none of ours.
      default -> {}
    }
  }

  private PodReader successful(ApiServer.Answer answer) throws IOException {
    if (!answer.successful()) {
      answer.body().allow(PodReader.LARGEST_OBJECT);
      throw error(answer.code(), answer.retryAfter(), ApiServer.message(answer.body()));
    }
    return new PodReader(answer.body());
  }

  private static IOException error(int code, Optional<Duration> retryAfter, String message) {
    return switch (code) {
      case 410 -> new ExpiredException("410 " + message);
      case 429, 503 -> new BusyException(code + " " + message, retryAfter.orElse(Duration.ZERO));
      case 401, 403 ->
          new IOException(
              code
                  + " "
                  + message
                  + "; give the daemon's account the rights of docs/kubernetes.md");
      default -> new IOException(code + " " + message);
    };
  }

  /** Ends the watch. */
  @Override
  public void close() {
    closed = true;
    Threads.end(thread);
  }
}
