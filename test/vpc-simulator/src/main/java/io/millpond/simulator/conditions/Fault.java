package io.millpond.simulator.conditions;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.jspecify.annotations.Nullable;

/** What goes wrong with a call that meets a {@link FaultRule}. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Fault.Refused.class, name = "error"),
  @JsonSubTypes.Type(value = Fault.Slow.class, name = "slow"),
  @JsonSubTypes.Type(value = Fault.LateAnswer.class, name = "late"),
  @JsonSubTypes.Type(value = Fault.LostAnswer.class, name = "lost"),
  @JsonSubTypes.Type(value = Fault.NoAnswer.class, name = "silent")
})
public sealed interface Fault {
  /**
   * The call has no effect, or takes effect and is answered with an error all the same.
   *
   * @param code EC2's error code, such as {@code RequestLimitExceeded}
   * @param message none: a message that fits the code
   * @param status the HTTP status; none: the one EC2 uses with the code
   * @param afterEffect whether the call takes effect before the error is sent
   */
  record Refused(
      String code, @Nullable String message, @Nullable Integer status, boolean afterEffect)
      implements Fault {
    public Refused {
      if (!code.matches("[A-Za-z0-9.]{1,100}")) {
        throw new IllegalArgumentException("not an error code: " + code);
      }
      if (status != null && (status < 400 || status > 599)) {
        throw new IllegalArgumentException("the HTTP status of an error is 400 to 599: " + status);
      }
    }

    /** An error with the usual message and status, and without effect. */
    public static Refused with(String code) {
      return new Refused(code, null, null, false);
    }
  }

  /** The call takes effect after this many more milliseconds, and is then answered. */
  record Slow(long millis) implements Fault {
    public Slow {
      checkMillis(millis);
    }
  }

  /** The call takes effect at once and is answered after this many more milliseconds. */
  record LateAnswer(long millis) implements Fault {
    public LateAnswer {
      checkMillis(millis);
    }
  }

  /** The call takes effect and the connection is closed without an answer. */
  record LostAnswer() implements Fault {}

  /** The call takes effect and is never answered; the connection stays open. */
  record NoAnswer() implements Fault {}

  private static void checkMillis(long millis) {
    if (millis < 0 || millis > Settings.MAX_MILLIS) {
      throw new IllegalArgumentException(
          "a delay is 0 to " + Settings.MAX_MILLIS + " ms, not " + millis);
    }
  }
}
