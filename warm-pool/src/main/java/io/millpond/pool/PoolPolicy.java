package io.millpond.pool;

import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How much to keep warm in the default pool, in the settings and with the meaning that users of the
 * AWS VPC CNI know, and in others.
 *
 * @param warmEniTarget WARM_ENI_TARGET: ENIs' worth of usable addresses to keep; counts only if
 *     neither IP target is set
 * @param warmIpTarget WARM_IP_TARGET: usable addresses to keep
 * @param minimumIpTarget MINIMUM_IP_TARGET: addresses to keep in all, in use or not
 * @param maxEni MAX_ENI: a lower limit than the instance type's; 1 or more
 * @param maxPods addresses of a pool beyond this number are never ordered; 1 or more
 * @param firstEniForPods whether pods use the primary ENI (false with MILLPOND_FIRST_ENI=1)
 * @param cooldown how long a released address is given to nobody
 * @param releaseDelay how long a surplus must last before it is given back
 * @param pools what other pools than the default one keep warm; of one that is not named here,
 *     nothing is
 */
public record PoolPolicy(
    int warmEniTarget,
    OptionalInt warmIpTarget,
    OptionalInt minimumIpTarget,
    int maxEni,
    int maxPods,
    boolean firstEniForPods,
    Duration cooldown,
    Duration releaseDelay,
    SortedMap<PoolName, Warmth> pools) {

  /**
   * What a pool beside the default one keeps although nobody waits.
   *
   * @param warmIpTarget usable addresses
   * @param minimumIpTarget addresses in all, in use or not
   */
  public record Warmth(int warmIpTarget, int minimumIpTarget) {
    /** Nothing. */
    public static final Warmth NONE = new Warmth(0, 0);

    /**
     * @throws IllegalArgumentException if a number is out of range
     */
    public Warmth {
      check("warmIpTarget", warmIpTarget, 0);
      check("minimumIpTarget", minimumIpTarget, 0);
    }
  }

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
    if (pools.containsKey(PoolName.DEFAULT)) {
      throw new IllegalArgumentException("the default pool is not one of the others");
    }
    pools = Collections.unmodifiableSortedMap(new TreeMap<>(pools));
  }

  /** Of a node with the default pool alone. */
  public PoolPolicy(
      int warmEniTarget,
      OptionalInt warmIpTarget,
      OptionalInt minimumIpTarget,
      int maxEni,
      int maxPods,
      boolean firstEniForPods,
      Duration cooldown,
      Duration releaseDelay) {
    this(
        warmEniTarget,
        warmIpTarget,
        minimumIpTarget,
        maxEni,
        maxPods,
        firstEniForPods,
        cooldown,
        releaseDelay,
        new TreeMap<>());
  }

  /**
   * One pool's own policy. A pool beside the default one grows and shrinks by the address: what
   * nobody waits for and no target keeps is given back.
   */
  PoolPolicy of(PoolName pool) {
    if (pool.isDefault()) {
      return this;
    }
    Warmth warmth = pools.getOrDefault(pool, Warmth.NONE);
    return new PoolPolicy(
        0,
        OptionalInt.of(warmth.warmIpTarget()),
        OptionalInt.of(warmth.minimumIpTarget()),
        maxEni,
        maxPods,
        firstEniForPods,
        cooldown,
        releaseDelay,
        pools);
  }

  /** The same with another pool beside the default one. */
  public PoolPolicy withPool(PoolName pool, Warmth warmth) {
    SortedMap<PoolName, Warmth> more = new TreeMap<>(pools);
    more.put(pool, warmth);
    return withPools(more);
  }

  /** The same with these pools beside the default one. */
  public PoolPolicy withPools(Map<PoolName, Warmth> others) {
    return new PoolPolicy(
        warmEniTarget,
        warmIpTarget,
        minimumIpTarget,
        maxEni,
        maxPods,
        firstEniForPods,
        cooldown,
        releaseDelay,
        new TreeMap<>(others));
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
        releaseDelay,
        pools);
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
        releaseDelay,
        pools);
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
        releaseDelay,
        pools);
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
        releaseDelay,
        pools);
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
        releaseDelay,
        pools);
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
        releaseDelay,
        pools);
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
        releaseDelay,
        pools);
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
        delay,
        pools);
  }
}
