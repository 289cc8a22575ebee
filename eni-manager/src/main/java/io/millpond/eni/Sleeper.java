package io.millpond.eni;

import java.time.Duration;

/** Waits between calls to EC2; a test's does not. */
@FunctionalInterface
public interface Sleeper {
  /** Waits as long as it is told to. */
  Sleeper REAL = Thread::sleep;

  /** Waits. */
  void sleep(Duration time) throws InterruptedException;
}
