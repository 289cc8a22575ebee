package io.millpond.eni;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;

/**
 * A token bucket for each kind of call, far below the account's share, so that one node's trouble
 * never throttles a region. A pod that waits may use the last token, warming up leaves some, giving
 * back leaves more. Thread-safe.
 */
public final class CallBudget {
  /**
   * Kinds of calls, with bucket size and refill per second: of what EC2 grants an account (Amazon
   * EC2 API throttling) at most a tenth of the refill and a fifth of the bucket.
   */
  enum Action {
    DESCRIBE_INTERFACES("DescribeNetworkInterfaces", 20, 1),
    DESCRIBE_SUBNETS("DescribeSubnets", 5, 0.5),
    DESCRIBE_TYPES("DescribeInstanceTypes", 5, 0.5),
    DESCRIBE_INSTANCES("DescribeInstances", 10, 0.5),
    CREATE("CreateNetworkInterface", 10, 0.5),
    ATTACH("AttachNetworkInterface", 10, 0.5),
    MODIFY("ModifyNetworkInterfaceAttribute", 10, 0.5),
    ASSIGN("AssignPrivateIpAddresses", 20, 0.5),
    UNASSIGN("UnassignPrivateIpAddresses", 10, 0.5),
    DETACH("DetachNetworkInterface", 10, 0.5),
    DELETE("DeleteNetworkInterface", 10, 0.5);

    private final String ec2Name;
    private final int size;
    private final double refill;

    Action(String ec2Name, int size, double refill) {
      this.ec2Name = ec2Name;
      this.size = size;
      this.refill = refill;
    }

    /** As EC2 and IAM name it. */
    String ec2Name() {
      return ec2Name;
    }
  }

  /** How soon the answer is needed; what is needed sooner may use more of the bucket. */
  public enum Urgency {
    /** May use the last token. */
    POD_WAITS(0),
    /** Leaves a fifth. */
    WARM_UP(0.2),
    /** Leaves two fifths. */
    RELEASE(0.4);

    private final double reserve;

    Urgency(double reserve) {
      this.reserve = reserve;
    }
  }

  private static final double NANOS = 1e9;

  private static final class Bucket {
    private double tokens;
    private long filledAt;

    Bucket(double tokens, long filledAt) {
      this.tokens = tokens;
      this.filledAt = filledAt;
    }
  }

  private final LongSupplier nanos;
  private final Map<Action, Bucket> buckets = new EnumMap<>(Action.class);

  /**
   * Full buckets.
   *
   * @param nanos a monotonic clock, such as {@code System::nanoTime}
   */
  public CallBudget(LongSupplier nanos) {
    this.nanos = nanos;
    for (Action action : Action.values()) {
      buckets.put(action, new Bucket(action.size, nanos.getAsLong()));
    }
  }

  /** Takes a token (zero), or says how long until there is one. */
  synchronized Duration take(Action action, Urgency urgency) {
    Bucket bucket = bucket(action);
    long now = nanos.getAsLong();
    double refill = (now - bucket.filledAt) / NANOS * action.refill;
    bucket.tokens = Math.min(action.size, bucket.tokens + refill);
    bucket.filledAt = now;
    double needed = 1 + action.size * urgency.reserve;
    if (bucket.tokens >= needed) {
      bucket.tokens -= 1;
      return Duration.ZERO;
    }
    return Duration.ofMillis((long) Math.ceil((needed - bucket.tokens) / action.refill * 1000));
  }

  /** EC2 throttled this kind of call: nothing is left of its bucket. */
  synchronized void drain(Action action) {
    Bucket bucket = bucket(action);
    bucket.tokens = 0;
    bucket.filledAt = nanos.getAsLong();
  }

  private Bucket bucket(Action action) {
    return Objects.requireNonNull(buckets.get(action), "every action has a bucket");
  }
}
