package io.millpond.eni;

import java.time.Duration;

/** Waits; a test's does not. */
@FunctionalInterface
interface Sleeper {
  Sleeper REAL = Thread::sleep;

  void sleep(Duration time) throws InterruptedException;

  /** As {@link #sleep}, with an interruption as a failure that a caller can answer with. */
  default void pause(Duration time, String attempted) throws CloudException {
    try {
      sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CloudException(
          CloudFailure.local(
              CloudFailure.Kind.UNREACHABLE, attempted, "Interrupted", "the daemon stops"));
    }
  }
}
