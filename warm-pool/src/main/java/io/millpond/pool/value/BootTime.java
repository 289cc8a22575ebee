package io.millpond.pool.value;

import java.time.Duration;

/**
 * A moment, as the time since the machine's boot (CLOCK_BOOTTIME: it runs on during suspend and
 * never jumps when the wall clock is set).
 *
 * @param millis milliseconds since boot, not negative
 */
public record BootTime(long millis) implements Comparable<BootTime> {
  /** The boot itself. */
  public static final BootTime BOOT = new BootTime(0);

  /**
   * @throws IllegalArgumentException if the number is negative
   */
  public BootTime {
    if (millis < 0) {
      throw new IllegalArgumentException("a moment before the boot: " + millis + " ms");
    }
  }

  /** The moment so many seconds after boot. */
  public static BootTime ofSeconds(long seconds) {
    return new BootTime(Math.multiplyExact(seconds, 1000L));
  }

  /** Whole seconds since boot, rounded down. */
  public long seconds() {
    return millis / 1000;
  }

  /**
   * This moment moved by a duration, which may be negative; never before the boot.
   *
   * @throws ArithmeticException if the result does not fit
   */
  public BootTime plus(Duration duration) {
    return new BootTime(Math.max(0, Math.addExact(millis, duration.toMillis())));
  }

  /** How long after {@code earlier} this is; negative if it is before. */
  public Duration since(BootTime earlier) {
    return Duration.ofMillis(millis - earlier.millis);
  }

  public boolean isBefore(BootTime other) {
    return millis < other.millis;
  }

  @Override
  public int compareTo(BootTime other) {
    return Long.compare(millis, other.millis);
  }

  /** Seconds since boot, such as {@code boot+12.345s}. */
  @Override
  public String toString() {
    return "boot+" + millis / 1000 + "." + String.format("%03d", millis % 1000) + "s";
  }
}
