package io.millpond.simulator.conditions;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * Token buckets per action, for the whole account. An action without a bucket is never throttled.
 *
 * <p>A describe of a big collection without ids, filters or page size has its own, smaller bucket,
 * named {@code Action:unfiltered}.
 */
public final class Throttle {
  /** What is added to an action's name when nothing bounds the answer. */
  public static final String UNFILTERED = ":unfiltered";

  private final LongSupplier nanoTime;
  private final Map<String, Bucket> buckets = new HashMap<>();

  private static final class Bucket {
    private final RateLimit limit;
    private double tokens;
    private long filledAt;

    Bucket(RateLimit limit, long now) {
      this.limit = limit;
      this.tokens = limit.capacity();
      this.filledAt = now;
    }

    boolean take(long now) {
      double refill = (now - filledAt) / 1e9 * limit.refillPerSecond();
      tokens = Math.min(limit.capacity(), tokens + refill);
      filledAt = now;
      if (tokens < 1) {
        return false;
      }
      tokens -= 1;
      return true;
    }
  }

  /**
   * @param nanoTime a clock that never goes back, in nanoseconds
   */
  public Throttle(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * EC2's documented defaults for an account and region (Amazon EC2 API throttling: request token
   * bucket sizes and refill rates).
   */
  public static SortedMap<String, RateLimit> aws() {
    SortedMap<String, RateLimit> limits = new TreeMap<>();
    for (String action :
        new String[] {
          "DescribeNetworkInterfaces", "DescribeInstances", "DescribeSecurityGroups",
          "DescribeSubnets", "DescribeVpcs", "DescribeInstanceTypes"
        }) {
      limits.put(action, new RateLimit(100, 20));
      limits.put(action + UNFILTERED, new RateLimit(50, 10));
    }
    limits.put("AttachNetworkInterface", new RateLimit(50, 5));
    limits.put("DetachNetworkInterface", new RateLimit(50, 5));
    for (String action :
        new String[] {
          "CreateNetworkInterface", "DeleteNetworkInterface", "ModifyNetworkInterfaceAttribute",
          "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses", "TerminateInstances"
        }) {
      limits.put(action, new RateLimit(100, 5));
    }
    limits.put("CreateTags", new RateLimit(100, 10));
    limits.put("DeleteTags", new RateLimit(100, 10));
    return limits;
  }

  /** Puts full buckets in the place of all there were. */
  public synchronized void replaceAll(Map<String, RateLimit> limits) {
    buckets.clear();
    putAll(limits);
  }

  /** Puts full buckets for some actions and leaves the others as they are. */
  public synchronized void putAll(Map<String, RateLimit> limits) {
    limits.forEach((action, limit) -> buckets.put(action, new Bucket(limit, nanoTime.getAsLong())));
  }

  /**
   * Takes a token; false means that the call must be refused.
   *
   * @param unfiltered whether nothing bounds the answer: no id, no filter, no page size
   */
  public synchronized boolean take(String action, boolean unfiltered) {
    Bucket bucket = unfiltered ? buckets.get(action + UNFILTERED) : null;
    if (bucket == null) {
      bucket = buckets.get(action);
    }
    return bucket == null || bucket.take(nanoTime.getAsLong());
  }

  /** The buckets in force. */
  public synchronized SortedMap<String, RateLimit> limits() {
    SortedMap<String, RateLimit> limits = new TreeMap<>();
    buckets.forEach((action, bucket) -> limits.put(action, bucket.limit));
    return limits;
  }
}
