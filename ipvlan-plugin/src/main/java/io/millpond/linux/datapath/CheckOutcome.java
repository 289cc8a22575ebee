package io.millpond.linux.datapath;

import java.util.List;

/** What a check found. */
public sealed interface CheckOutcome {
  /** Everything is there as it was built; what others added does not matter. */
  record AsBuilt() implements CheckOutcome {}

  /**
   * Something is missing or wrong.
   *
   * @param differences one sentence each, at least one
   */
  record Differs(List<String> differences) implements CheckOutcome {
    /** Copies the list. */
    public Differs {
      differences = List.copyOf(differences);
    }
  }

  /** It could not be found out. */
  record Unknown(String detail) implements CheckOutcome {}
}
