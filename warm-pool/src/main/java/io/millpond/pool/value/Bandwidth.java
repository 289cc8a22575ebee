package io.millpond.pool.value;

import java.util.Optional;

/**
 * What a pod may send and receive.
 *
 * @param ingress what goes to the pod; empty is unlimited
 * @param egress what comes from the pod; empty is unlimited
 */
public record Bandwidth(Optional<Limit> ingress, Optional<Limit> egress) {
  /** No limits. */
  public static final Bandwidth UNLIMITED = new Bandwidth(Optional.empty(), Optional.empty());

  /**
   * A limit of one direction.
   *
   * @param rate bits a second
   * @param burst bits that may pass at once after a pause
   */
  public record Limit(long rate, long burst) {
    /** A kilobit a second: Kubernetes takes no less. */
    public static final long MIN_RATE = 1_000;

    /** A petabit a second: Kubernetes takes no more. */
    public static final long MAX_RATE = 1_000_000_000_000_000L;

    /** More octets than this do not fit the kernel's number. */
    public static final long MAX_BURST = 8L * 0xFFFF_FFFFL;

    private static final long MIN_USUAL_BURST = 8 * 64 * 1024;

    /**
     * @throws IllegalArgumentException if a number is out of range
     */
    public Limit {
      if (rate < MIN_RATE || rate > MAX_RATE) {
        throw new IllegalArgumentException(
            "a rate is %d to %d bits a second: %d".formatted(MIN_RATE, MAX_RATE, rate));
      }
      if (burst < 1 || burst > MAX_BURST) {
        throw new IllegalArgumentException(
            "a burst is 1 to %d bits: %d".formatted(MAX_BURST, burst));
      }
    }

    /**
     * The limit of somebody who names no burst: what passes in 20 ms, or the largest packet that
     * goes through a node at once.
     */
    public static Limit withUsualBurst(long rate) {
      return new Limit(rate, Math.clamp(rate / 50, MIN_USUAL_BURST, MAX_BURST));
    }
  }

  /** Whether there is no limit at all. */
  public boolean isUnlimited() {
    return ingress.isEmpty() && egress.isEmpty();
  }
}
