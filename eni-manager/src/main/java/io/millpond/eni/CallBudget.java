package io.millpond.eni;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * A token bucket for each kind of call, far below the account's share, so that one node's trouble
 * never throttles a region. A pod that waits may use the last token, warming up leaves some, giving
 * back leaves more. Thread-safe.
 */
public final class CallBudget {
  /**
   * Kinds of calls, with bucket size and refill per second: a tenth of what EC2 grants an account.
   */
  enum Action {
    DESCRIBE(20, 1),
    CREATE(10, 0.5),
    ATTACH(10, 0.5),
    MODIFY(10, 0.5),
    ASSIGN(20, 0.5),
    UNASSIGN(10, 0.5),
    DETACH(10, 0.5),
    DELETE(10, 0.5);

    private final int size;
    private final double refill;

    Action(int size, double refill) {
      this.size = size;
      this.refill = refill;
    }
  }

  /** How soon the answer is needed; what is needed sooner may use more of the bucket. */
  public enum Urgency {
    POD_WAITS(0),
    WARM_UP(0.2),
    RELEASE(0.4);

    private final double reserve;

    Urgency(double reserve) {
      this.reserve = reserve;
    }
  }

  private static final class Bucket {
    double tokens;
    long at;
  }

  private final LongSupplier nanos;
  private final Map<Action, Bucket> buckets = new EnumMap<>(Action.class);

  /**
   * @param nanos a monotonic clock
   */
  public CallBudget(LongSupplier nanos) {
    this.nanos = nanos;
    for (Action action : Action.values()) {
      Bucket bucket = new Bucket();
      bucket.tokens = action.size;
      bucket.at = nanos.getAsLong();
      buckets.put(action, bucket);
    }
  }

  /** Takes a token, or says how long until there is one. */
  synchronized Duration take(Action action, Urgency urgency) {
    Bucket bucket = buckets.computeIfAbsent(action, _ -> new Bucket());
    long now = nanos.getAsLong();
    bucket.tokens = Math.min(action.size, bucket.tokens + (now - bucket.at) / 1e9 * action.refill);
    bucket.at = now;
    double needed = 1 + action.size * urgency.reserve;
    if (bucket.tokens >= needed) {
      bucket.tokens -= 1;
      return Duration.ZERO;
    }
    return Duration.ofMillis((long) Math.ceil((needed - bucket.tokens) / action.refill * 1000));
  }

  /** EC2 throttled this kind of call: nothing is left of its bucket. */
  synchronized void drain(Action action) {
    Bucket bucket = buckets.computeIfAbsent(action, _ -> new Bucket());
    bucket.tokens = 0;
    bucket.at = nanos.getAsLong();
  }
}
