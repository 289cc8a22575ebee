package io.millpond.pool;

import java.time.Duration;
import java.util.OptionalInt;

/**
 * How much to keep warm, in the settings and with the meaning that users of the AWS VPC CNI know.
 *
 * @param warmEniTarget WARM_ENI_TARGET: ENIs' worth of usable addresses to keep; counts only if
 *     neither IP target is set
 * @param warmIpTarget WARM_IP_TARGET: usable addresses to keep
 * @param minimumIpTarget MINIMUM_IP_TARGET: addresses to keep in all, in use or not
 * @param maxEni MAX_ENI: a lower limit than the instance type's; 1 or more
 * @param maxPods addresses beyond this number are never ordered; 1 or more
 * @param firstEniForPods whether pods use the primary ENI (false with MILLPOND_FIRST_ENI=1)
 * @param cooldown how long a released address is given to nobody
 * @param releaseDelay how long a surplus must last before it is given back
 */
public record PoolPolicy(
    int warmEniTarget,
    OptionalInt warmIpTarget,
    OptionalInt minimumIpTarget,
    int maxEni,
    int maxPods,
    boolean firstEniForPods,
    Duration cooldown,
    Duration releaseDelay) {

  /** No address count on any node is larger. */
  private static final int MOST = 100_000;

  /**
   * @throws IllegalArgumentException if a number is out of range
   */
  public PoolPolicy {
    check("WARM_ENI_TARGET", warmEniTarget, 0);
    warmIpTarget.ifPresent(n -> check("WARM_IP_TARGET", n, 0));
    minimumIpTarget.ifPresent(n -> check("MINIMUM_IP_TARGET", n, 0));
    check("MAX_ENI", maxEni, 1);
    check("max pods", maxPods, 1);
    if (cooldown.isNegative() || releaseDelay.isNegative()) {
      throw new IllegalArgumentException(
          "cooldown and release delay are not negative: " + cooldown + ", " + releaseDelay);
    }
  }

  private static void check(String what, int value, int least) {
    if (value < least || value > MOST) {
      throw new IllegalArgumentException(what + " is " + least + " to " + MOST + ", not " + value);
    }
  }

  /** One warm ENI, cooldown 30 s, release after 180 s, no limit but the instance type's. */
  public static PoolPolicy defaults() {
    return new PoolPolicy(
        1,
        OptionalInt.empty(),
        OptionalInt.empty(),
        MOST,
        MOST,
        true,
        Duration.ofSeconds(30),
        Duration.ofSeconds(180));
  }

  /** Whether an IP target is set, and WARM_ENI_TARGET therefore without effect. */
  public boolean byAddress() {
    return warmIpTarget.isPresent() || minimumIpTarget.isPresent();
  }

  /** The same with WARM_ENI_TARGET. */
  public PoolPolicy withWarmEniTarget(int target) {
    return new PoolPolicy(
        target,
        warmIpTarget,
        minimumIpTarget,
        maxEni,
        maxPods,
        firstEniForPods,
        cooldown,
        releaseDelay);
  }

  /** The same with WARM_IP_TARGET. */
  public PoolPolicy withWarmIpTarget(int target) {
    return new PoolPolicy(
        warmEniTarget,
        OptionalInt.of(target),
        minimumIpTarget,
        maxEni,
        maxPods,
        firstEniForPods,
        cooldown,
        releaseDelay);
  }

  /** The same with MINIMUM_IP_TARGET. */
  public PoolPolicy withMinimumIpTarget(int target) {
    return new PoolPolicy(
        warmEniTarget,
        warmIpTarget,
        OptionalInt.of(target),
        maxEni,
        maxPods,
        firstEniForPods,
        cooldown,
        releaseDelay);
  }

  /** The same with MAX_ENI. */
  public PoolPolicy withMaxEni(int most) {
    return new PoolPolicy(
        warmEniTarget,
        warmIpTarget,
        minimumIpTarget,
        most,
        maxPods,
        firstEniForPods,
        cooldown,
        releaseDelay);
  }

  /** The same with another limit of pods. */
  public PoolPolicy withMaxPods(int most) {
    return new PoolPolicy(
        warmEniTarget,
        warmIpTarget,
        minimumIpTarget,
        maxEni,
        most,
        firstEniForPods,
        cooldown,
        releaseDelay);
  }

  /** The same with or without pods on the primary ENI. */
  public PoolPolicy withFirstEniForPods(boolean pods) {
    return new PoolPolicy(
        warmEniTarget,
        warmIpTarget,
        minimumIpTarget,
        maxEni,
        maxPods,
        pods,
        cooldown,
        releaseDelay);
  }

  /** The same with another cooldown. */
  public PoolPolicy withCooldown(Duration period) {
    return new PoolPolicy(
        warmEniTarget,
        warmIpTarget,
        minimumIpTarget,
        maxEni,
        maxPods,
        firstEniForPods,
        period,
        releaseDelay);
  }

  /** The same with another release delay. */
  public PoolPolicy withReleaseDelay(Duration delay) {
    return new PoolPolicy(
        warmEniTarget,
        warmIpTarget,
        minimumIpTarget,
        maxEni,
        maxPods,
        firstEniForPods,
        cooldown,
        delay);
  }
}
