package io.millpond.node.kubernetes;

import io.millpond.node.pods.ExpectedPods;
import io.millpond.node.pods.PodNotices;
import io.millpond.node.threads.Threads;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that the daemon has to do with its cluster while it runs: it hears of pods, learns the
 * service addresses, and talks back. One thread beside that of the watch; nobody waits for either.
 */
public final class ClusterCare implements AutoCloseable {
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** How often the node's state is compared with what was said of it. */
  private static final Duration REPORT = Duration.ofSeconds(5);

  /** So that others have their turn although the API server is slow. */
  private static final int EVENTS_AT_ONCE = 5;

  /** Service addresses are added rarely; the pods that miss them are healed. */
  private static final Duration CIDRS = Duration.ofMinutes(10);

  private static final Duration LEAST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

  /** What is wrong is told once it has lasted for so many tries. */
  private static final int WORTH_A_WORD = 4;

  private static final Logger log = LoggerFactory.getLogger(ClusterCare.class);

  private final Cluster cluster;
  private final ApiServer server;
  private final ServiceCidrs cidrs;
  private final PodEvents events;
  private final CountDownLatch cidrsAsked = new CountDownLatch(1);
  private final Thread thread =
      Thread.ofPlatform().daemon().name("cluster-care").unstarted(this::loop);
  private final List<Duty> duties;
  private volatile @Nullable PodWatch watch;
  private volatile @Nullable ExpectedPods expected;
  private volatile Supplier<NodeReport.State> state;

  /** Something that is done again and again, less often while it fails. */
  private static final class Duty {
    private final String name;
    private final Duration every;
    private final Work work;
    private final Backoff backoff =
        new Backoff(LEAST_PAUSE, LONGEST_PAUSE, () -> ThreadLocalRandom.current().nextDouble());
    private long due = System.nanoTime();
    private int failures;
    private volatile @Nullable String trouble;

    private Duty(String name, Duration every, Work work) {
      this.name = name;
      this.every = every;
      this.work = work;
    }

    private void doIfDue() throws InterruptedException {
      if (System.nanoTime() - due < 0) {
        return;
      }
      Duration pause = every;
      try {
        work.run();
        backoff.reset();
        failures = 0;
        trouble = null;
      } catch (IOException e) {
        pause = backoff.next();
        log.debug("{}: {}; next try in {} ms", name, e.getMessage(), pause.toMillis());
        trouble = ++failures < WORTH_A_WORD ? null : name + ": " + e.getMessage();
      } catch (RuntimeException e) {
        pause = backoff.next();
        log.error("a bug in {}", name, e);
      }
      due = System.nanoTime() + pause.toNanos();
    }
  }

  @FunctionalInterface
  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  /**
   * Nothing is asked before {@link #start}.
   *
   * @param notReady why pods cannot be attached, if so; must not block
   */
  public ClusterCare(Cluster cluster, ServiceCidrs cidrs, Supplier<Optional<String>> notReady) {
    this.cluster = cluster;
    this.server = new ApiServer(cluster);
    this.cidrs = cidrs;
    this.events = new PodEvents(server, cluster.nodeName(), InstantSource.system());
    this.state = () -> new NodeReport.State(notReady.get(), false);
    NodeReport report = new NodeReport(server, cluster.nodeName(), InstantSource.system());
    this.duties =
        List.of(
            new Duty("service addresses", CIDRS, this::learn),
            new Duty("the node's condition and taint", REPORT, () -> report.tell(state.get())),
            new Duty("Events", LOOK, this::writeEvents));
  }

  /** Begins to talk to the API server. */
  public void start() {
    thread.start();
  }

  /**
   * Waits until the API server has been asked once what the service addresses are, so that the
   * first pods have them; not long, as it may be silent.
   */
  public void awaitServiceCidrs(Duration longest) throws InterruptedException {
    if (cidrs.areOpen() && !cidrsAsked.await(longest.toMillis(), TimeUnit.MILLISECONDS)) {
      log.warn(
          "the API server has not said within {} ms what the service addresses are; pods get {}"
              + " until it does",
          longest.toMillis(),
          cidrs.get());
    }
  }

  /**
   * Pods are served from now on.
   *
   * @param pods who wants to hear of the node's pods
   * @param notices what pods' owners should hear
   * @param enough whether enough addresses are usable for the node's taint to go
   */
  public void serves(ExpectedPods pods, PodNotices notices, Supplier<Boolean> enough) {
    Supplier<NodeReport.State> starting = state;
    state = () -> new NodeReport.State(starting.get().notReady(), enough.get());
    expected = pods;
    notices.listen(events);
    PodWatch fresh = new PodWatch(cluster, pods);
    fresh.start();
    watch = fresh;
  }

  /** What is wrong between the node and its cluster, for people. */
  public List<String> findings() {
    PodWatch pods = watch;
    return Stream.of(
            cidrs.finding(),
            pods == null ? Optional.<String>empty() : pods.finding(),
            duties.stream().map(duty -> duty.trouble).filter(t -> t != null).findFirst())
        .flatMap(Optional::stream)
        .toList();
  }

  /** How long ago the API server last said anything of the node's pods; 0 before it was asked. */
  public Duration podsAge() {
    PodWatch pods = watch;
    return pods == null ? Duration.ZERO : pods.age();
  }

  private void learn() throws IOException, InterruptedException {
    try {
      if (cidrs.areOpen()) {
        cidrs.ask(server);
      }
    } finally {
      cidrsAsked.countDown();
    }
  }

  private void writeEvents() throws IOException, InterruptedException {
    int left = EVENTS_AT_ONCE;
    while (left > 0 && events.write()) {
      left--;
    }
  }

  private void loop() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        ExpectedPods pods = expected;
        if (pods != null) {
          pods.look();
        }
        for (Duty duty : duties) {
          duty.doIfDue();
        }
        Thread.sleep(LOOK);
      }
    } catch (InterruptedException e) {
      // The daemon stops.
    }
  }

  /** Says no more, hears no more; closes the cluster too. */
  @Override
  public void close() {
    thread.interrupt();
    PodWatch pods = watch;
    if (pods != null) {
      pods.close();
    }
    cluster.close();
    Threads.end(thread);
  }
}
