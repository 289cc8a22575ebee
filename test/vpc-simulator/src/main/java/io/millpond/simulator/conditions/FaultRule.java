package io.millpond.simulator.conditions;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * Which calls meet a fault.
 *
 * @param action an EC2 action, or {@code *} for all
 * @param instanceId only calls made by this instance; none: by anyone
 * @param skip so many matching calls pass unharmed first
 * @param count so many matching calls after them meet the fault; −1: all
 */
public record FaultRule(
    String action, @Nullable String instanceId, int skip, int count, Fault fault) {
  /** For {@link #count}: until the rule is removed. */
  public static final int FOREVER = -1;

  public FaultRule {
    if (skip < 0 || count == 0 || count < FOREVER) {
      throw new IllegalArgumentException(
          "skip is 0 or more, count 1 or more or -1 for ever; got " + skip + " and " + count);
    }
  }

  @JsonCreator
  static FaultRule read(
      @JsonProperty("action") @Nullable String action,
      @JsonProperty("instanceId") @Nullable String instanceId,
      @JsonProperty("skip") @Nullable Integer skip,
      @JsonProperty("count") @Nullable Integer count,
      @JsonProperty("fault") @Nullable Fault fault) {
    if (fault == null) {
      throw new IllegalArgumentException("a fault rule needs \"fault\"");
    }
    return new FaultRule(
        action == null ? "*" : action,
        instanceId,
        skip == null ? 0 : skip,
        count == null ? 1 : count,
        fault);
  }

  /** The next {@code count} calls of an action, by anyone. */
  public static FaultRule next(int count, String action, Fault fault) {
    return new FaultRule(action, null, 0, count, fault);
  }

  /** All calls of an action, by anyone, until the rule is removed. */
  public static FaultRule always(String action, Fault fault) {
    return new FaultRule(action, null, 0, FOREVER, fault);
  }

  boolean matches(String calledAction, @Nullable String caller) {
    return (action.equals("*") || action.equals(calledAction))
        && (instanceId == null || instanceId.equals(caller));
  }
}
