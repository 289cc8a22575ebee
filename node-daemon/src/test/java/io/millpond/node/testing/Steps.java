package io.millpond.node.testing;

/** Hears of every step that changes something outside of the daemon, and may make it fail. */
@FunctionalInterface
public interface Steps {
  /** Every step is taken. */
  Steps FREE = (_, effect) -> effect.run();

  /**
   * Takes the step, or fails before or after it.
   *
   * @param name the same in every run
   * @throws StepFailed to make the step fail; any other throwable ends the daemon
   */
  void take(String name, Runnable effect);

  /** The kernel refuses. */
  final class StepFailed extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** A failure for this reason. */
    public StepFailed(String reason) {
      super(reason);
    }
  }
}
