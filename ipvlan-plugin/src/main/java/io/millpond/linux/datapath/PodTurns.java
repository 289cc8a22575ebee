package io.millpond.linux.datapath;

import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Lets one attachment of a pod after the other be built, taken away or repaired: what they share in
 * its namespace belongs to none of them. Some pods share a turn, so that no list of pods is kept.
 */
final class PodTurns {
  private static final int LANES = 256;

  private final List<Lock> lanes = Stream.<Lock>generate(ReentrantLock::new).limit(LANES).toList();

  /** Held until closed, on the thread that took it. */
  interface Turn extends AutoCloseable {
    @Override
    void close();
  }

  /** Waits for the turn of the pod whose namespace has this inode. */
  Turn take(long netnsInode) {
    Lock lane = lanes.get((int) Long.remainderUnsigned(netnsInode, LANES));
    lane.lock();
    return lane::unlock;
  }
}
