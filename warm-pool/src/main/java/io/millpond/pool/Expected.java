package io.millpond.pool;

import io.millpond.pool.value.BootTime;
import java.time.Duration;

/**
 * Pods that are bound to the node, need an address of the default pool and have not asked for it.
 *
 * <p>Pods of one deployment are bound one after the other within a second or so. While their number
 * still rises the pool grows for nobody but those who wait, so that one order is enough for all of
 * them; it has settled when it has not risen for {@link #QUIET}, or {@link #LONGEST} after it began
 * to rise or the pool last grew.
 *
 * @param pods 0 or more
 * @param began when it began to rise, the last time that it did after a quiet time; or when the
 *     pool grew, if that was later
 * @param rose when it rose last
 */
public record Expected(int pods, BootTime began, BootTime rose) {
  /** Longer than a scheduler takes from one pod of a burst to the next. */
  static final Duration QUIET = Duration.ofMillis(300);

  /** Well below the time that an ENI takes. */
  static final Duration LONGEST = Duration.ofMillis(1500);

  /** Nobody. */
  static final Expected NONE = new Expected(0, BootTime.BOOT, BootTime.BOOT);

  /** The number is now this one. */
  Expected becomes(int now, BootTime at) {
    if (now <= pods) {
      return new Expected(Math.max(0, now), began, rose);
    }
    boolean quiet = at.since(rose).compareTo(QUIET) >= 0;
    return new Expected(now, quiet ? at : began, at);
  }

  /** The pool grows for all that were there. */
  Expected provided(BootTime at) {
    return new Expected(pods, at, rose);
  }

  /** How long it takes to settle if it does not rise any more; zero once it has. */
  public Duration settlesIn(BootTime now) {
    Duration quiet = QUIET.minus(now.since(rose));
    Duration longest = LONGEST.minus(now.since(began));
    Duration left = quiet.compareTo(longest) < 0 ? quiet : longest;
    return pods == 0 || left.isNegative() ? Duration.ZERO : left;
  }
}
