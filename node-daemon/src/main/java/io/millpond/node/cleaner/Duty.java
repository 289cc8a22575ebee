package io.millpond.node.cleaner;

import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Something that one node does for the cluster, in rounds. */
public interface Duty {
  /**
   * One round, by one thread at a time.
   *
   * @param allowed whether this node still has the lease; asked before each call, and when it says
   *     no the round ends
   * @return how long to wait before the next round
   * @throws InterruptedException if the daemon stops
   */
  Duration round(BooleanSupplier allowed) throws InterruptedException;

  /** What keeps it from being done and only an administrator can put right. Any thread. */
  List<String> findings();
}
