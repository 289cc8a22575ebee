package io.millpond.node.pods;

import io.millpond.pool.value.AttachmentKey;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Puts requests for the same attachment in the order in which they came. A removal tells those
 * before it that their work is no longer wanted and waits until they have undone it.
 */
public final class KeyLanes {
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<AttachmentKey, Deque<Turn>> lanes = new HashMap<>();

  /** A request's place in its lane; closing it lets the next one through. */
  public final class Turn implements AutoCloseable {
    private final AttachmentKey key;
    private final Condition moved = lock.newCondition();
    private boolean unwanted;
    private @Nullable Runnable whenUnwanted;

    private Turn(AttachmentKey key) {
      this.key = key;
    }

    /** Whether a removal of the same attachment has come meanwhile. */
    public boolean unwanted() {
      lock.lock();
      try {
        return unwanted;
      } finally {
        lock.unlock();
      }
    }

    /** Called once, at once or later, when a removal comes; must not block. */
    public void whenUnwanted(Runnable action) {
      lock.lock();
      try {
        if (!unwanted) {
          whenUnwanted = action;
          return;
        }
      } finally {
        lock.unlock();
      }
      action.run();
    }

    /**
     * Waits for those before.
     *
     * @return false if they took longer than that; the turn must be closed all the same
     */
    public boolean await(Duration longest) throws InterruptedException {
      long left = longest.toNanos();
      lock.lock();
      try {
        while (first() != this) {
          if (left <= 0) {
            return false;
          }
          left = moved.awaitNanos(left);
        }
        return true;
      } finally {
        lock.unlock();
      }
    }

    private @Nullable Turn first() {
      Deque<Turn> lane = lanes.get(key);
      return lane == null ? null : lane.peekFirst();
    }

    @Override
    public void close() {
      lock.lock();
      try {
        Deque<Turn> lane = lanes.get(key);
        if (lane != null && lane.remove(this)) {
          if (lane.isEmpty()) {
            lanes.remove(key);
          } else {
            lane.getFirst().moved.signalAll();
          }
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** Takes the last place in the lane of the key. */
  public Turn enter(AttachmentKey key) {
    lock.lock();
    try {
      Turn turn = new Turn(key);
      lanes.computeIfAbsent(key, _ -> new ArrayDeque<>()).add(turn);
      return turn;
    } finally {
      lock.unlock();
    }
  }

  /** Takes the last place, and tells those before that they are not wanted any more. */
  public Turn enterForRemoval(AttachmentKey key) {
    Turn turn;
    Deque<Runnable> tell = new ArrayDeque<>();
    lock.lock();
    try {
      turn = enter(key);
      for (Turn before : lanes.getOrDefault(key, new ArrayDeque<>())) {
        if (before != turn && !before.unwanted) {
          before.unwanted = true;
          if (before.whenUnwanted != null) {
            tell.add(before.whenUnwanted);
          }
        }
      }
    } finally {
      lock.unlock();
    }
    tell.forEach(Runnable::run);
    return turn;
  }

  /** Whether somebody is in the key's lane. */
  public boolean busy(AttachmentKey key) {
    lock.lock();
    try {
      return lanes.containsKey(key);
    } finally {
      lock.unlock();
    }
  }

  /** Lanes with somebody in them. */
  public int busy() {
    lock.lock();
    try {
      return lanes.size();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until nobody is in any lane. */
  public boolean awaitIdle(Duration longest) throws InterruptedException {
    long deadline = System.nanoTime() + longest.toNanos();
    while (busy() > 0) {
      if (System.nanoTime() >= deadline) {
        return false;
      }
      TimeUnit.MILLISECONDS.sleep(10);
    }
    return true;
  }
}
