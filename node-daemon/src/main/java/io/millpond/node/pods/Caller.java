package io.millpond.node.pods;

/** Whoever waits for an answer. */
@FunctionalInterface
public interface Caller {
  /** Somebody who never goes away: a spooled request, a test. */
  Caller PATIENT = () -> false;

  /**
   * Whether the caller hung up, so that nobody will learn of the outcome. Cheap; does not block.
   */
  boolean gone();
}
