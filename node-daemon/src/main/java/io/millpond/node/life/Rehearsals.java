package io.millpond.node.life;

import io.millpond.node.kernel.HostNetwork;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether the kernel can have pods, found out by pods that do not exist. Safe for any thread. */
public final class Rehearsals {
  private static final Logger log = LoggerFactory.getLogger(Rehearsals.class);

  /**
   * The JVM compiles a method that it has run some hundred times, as a pod does with most in 40.
   */
  private static final int ROUNDS = 8;

  private static final int OF_A_ROUND = 5;

  /** A node as slow as to need longer has better to do. */
  private static final Duration PRACTICE = Duration.ofMillis(500);

  private static final Optional<String> NOT_YET =
      Optional.of("the first rehearsal of a pod goes on");

  private final HostNetwork host;
  private volatile Optional<String> failure = NOT_YET;

  /** Nothing is known before {@link #judge}. */
  public Rehearsals(HostNetwork host) {
    this.host = host;
  }

  /** Why the kernel cannot have pods; empty if it can. */
  Optional<String> failure() {
    return failure;
  }

  /** Finds out. One failure may be a moment's: two in a row count. */
  synchronized void judge() {
    Optional<String> before = failure;
    Optional<String> now = rehearse(1);
    failure = now.isPresent() ? rehearse(1) : now;
    if (failure.isPresent() && !failure.equals(before)) {
      log.error("this kernel cannot have pods: {}", failure.get());
    } else if (failure.isEmpty() && before.isPresent() && !before.equals(NOT_YET)) {
      log.info("this kernel can have pods now");
    }
  }

  /** Lets the JVM compile what pods will need. Nothing follows from a failure. */
  void practise() {
    long began = System.nanoTime();
    Optional<String> problem = Optional.empty();
    for (int i = 0;
        i < ROUNDS && problem.isEmpty() && System.nanoTime() - began < PRACTICE.toNanos();
        i++) {
      problem = rehearse(OF_A_ROUND);
    }
    problem.ifPresent(why -> log.info("a rehearsal failed: {}", why));
  }

  private Optional<String> rehearse(int times) {
    try {
      return host.rehearse(times);
    } catch (RuntimeException | Error e) {
      // Such as a thread too many: whoever rehearses goes on.
      return Optional.of("a rehearsal ended with " + e);
    }
  }
}
