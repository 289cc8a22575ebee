package io.millpond.eni;

import java.time.Duration;

/**
 * Learns of every call to EC2, also of those that are tried again. Called by the calling thread.
 */
@FunctionalInterface
public interface CallObserver {
  /** Looks away. */
  CallObserver NONE = call -> {};

  /**
   * A call ended.
   *
   * @param call what became of it
   */
  void ended(Call call);

  /**
   * One call.
   *
   * @param action EC2's name of it, such as {@code CreateNetworkInterface}
   * @param outcome {@code ok}, or the error code
   * @param requestId by which AWS support finds it; empty if EC2 gave none
   */
  record Call(String action, String outcome, Duration took, String requestId) {}
}
