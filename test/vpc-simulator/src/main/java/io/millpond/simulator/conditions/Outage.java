package io.millpond.simulator.conditions;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** How a whole service fails. */
public enum Outage {
  /** It works. */
  NONE,
  /** Nobody listens: connections are refused, and open ones closed. */
  REFUSED,
  /** Every call is answered with status 503. */
  UNAVAILABLE,
  /**
   * Every call is accepted and, until the outage ends, not answered; then the connection closes.
   */
  HANG;

  @JsonCreator
  public static Outage parse(String name) {
    for (Outage outage : values()) {
      if (outage.toString().equals(name)) {
        return outage;
      }
    }
    throw new IllegalArgumentException(
        "an outage is none, refused, unavailable or hang, not " + name);
  }

  @JsonValue
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
