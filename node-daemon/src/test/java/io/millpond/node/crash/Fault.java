package io.millpond.node.crash;

/**
 * What goes wrong in a run.
 *
 * @param step the step's name
 * @param occurrence which of the steps of that name, from 1 on
 */
record Fault(String step, int occurrence, Kind kind) {
  /** How. */
  enum Kind {
    /** The daemon dies before the step has an effect. */
    DIES_BEFORE,
    /** The step takes effect, and the daemon dies before it hears of it. */
    DIES_AFTER,
    /** The step fails, and the daemon lives on. */
    FAILS_BEFORE,
    /** The step takes effect and its answer is an error or lost; the daemon lives on. */
    FAILS_AFTER;

    boolean kills() {
      return this == DIES_BEFORE || this == DIES_AFTER;
    }

    boolean before() {
      return this == DIES_BEFORE || this == FAILS_BEFORE;
    }
  }

  @Override
  public String toString() {
    return "%s at %s #%d".formatted(kind, step, occurrence);
  }
}
