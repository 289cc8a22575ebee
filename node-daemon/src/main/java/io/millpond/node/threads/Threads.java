package io.millpond.node.threads;

import java.time.Duration;

/** Ends threads that end when they are interrupted. Safe for any thread. */
public final class Threads {
  /** Longer than what cannot be interrupted takes; after it the process ends all the same. */
  private static final Duration LONGEST = Duration.ofSeconds(5);

  private Threads() {}

  /**
   * Interrupts them and waits, for each 5 s at most. A caller that is interrupted waits no more,
   * and stays interrupted.
   */
  public static void end(Thread... threads) {
    for (Thread thread : threads) {
      thread.interrupt();
    }
    try {
      for (Thread thread : threads) {
        thread.join(LONGEST.toMillis()); // at once of one that was never started
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
