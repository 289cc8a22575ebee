package io.millpond.node.kubernetes;

import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * Pauses between tries: each twice the one before, up to a bound, and then between half and all of
 * it, so that nodes that lost the API server together do not come back together. For one thread.
 */
public final class Backoff {
  private final Duration least;
  private final Duration most;
  private final DoubleSupplier random;
  private Duration next;

  /**
   * Begins with the least.
   *
   * @param least the first pause, above 0
   * @param most the longest pause
   * @param random from 0 to 1
   */
  public Backoff(Duration least, Duration most, DoubleSupplier random) {
    if (least.isNegative() || least.isZero() || most.compareTo(least) < 0) {
      throw new IllegalArgumentException("pauses from " + least + " to " + most);
    }
    this.least = least;
    this.most = most;
    this.random = random;
    this.next = least;
  }

  /** The pause before the next try. */
  public Duration next() {
    Duration whole = next;
    Duration twice = whole.multipliedBy(2);
    next = twice.compareTo(most) < 0 ? twice : most;
    long half = whole.toMillis() / 2;
    return Duration.ofMillis(half + (long) (random.getAsDouble() * half));
  }

  /**
   * The pause before the next try where the server said how long to wait.
   *
   * @param asked what it said; more than the longest pause is not believed
   */
  public Duration atLeast(Duration asked) {
    Duration own = next();
    Duration bounded = asked.compareTo(most) < 0 ? asked : most;
    return bounded.isNegative() ? own : own.plus(bounded);
  }

  /** A try succeeded: the next pause is the least again. */
  public void reset() {
    next = least;
  }
}
