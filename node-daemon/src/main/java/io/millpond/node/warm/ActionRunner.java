package io.millpond.node.warm;

import io.millpond.pool.PoolAction;

/** Starts what the pool has planned. */
@FunctionalInterface
public interface ActionRunner {
  /**
   * Starts the action and returns at once; its end is posted to the pool as an event.
   *
   * @param podWaits whether a pod is waiting for what it brings
   */
  void start(PoolAction action, boolean podWaits);
}
