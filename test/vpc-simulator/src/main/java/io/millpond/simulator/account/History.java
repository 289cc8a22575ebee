package io.millpond.simulator.account;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Optional;

/**
 * The values a thing had, so that a laggard can be shown an older one. Not thread-safe.
 *
 * <p>Times are nanoseconds of a clock that never goes back. Values older than {@code keepNanos} are
 * forgotten, except the newest.
 */
final class History<T> {
  private final long keepNanos;
  private final Deque<Entry<T>> newestFirst = new ArrayDeque<>();

  private record Entry<T>(long at, Optional<T> value) {}

  History(long keepNanos) {
    this.keepNanos = keepNanos;
  }

  /** The thing has this value from now on; empty: it is gone. */
  void put(long now, Optional<T> value) {
    newestFirst.addFirst(new Entry<>(now, value));
    while (newestFirst.size() > 1 && now - secondOldest().at() > keepNanos) {
      newestFirst.removeLast();
    }
  }

  Optional<T> newest() {
    Entry<T> entry = newestFirst.peekFirst();
    return entry == null ? Optional.empty() : entry.value();
  }

  /** What it was at a time; empty: gone, or not yet there. */
  Optional<T> asOf(long time) {
    for (Entry<T> entry : newestFirst) {
      if (entry.at() - time <= 0) {
        return entry.value();
      }
    }
    return Optional.empty();
  }

  /** Gone for so long that no laggard sees it any more. */
  boolean isForgotten(long now) {
    Entry<T> entry = newestFirst.peekFirst();
    return entry == null || (entry.value().isEmpty() && now - entry.at() > keepNanos);
  }

  private Entry<T> secondOldest() {
    Iterator<Entry<T>> oldestFirst = newestFirst.descendingIterator();
    oldestFirst.next();
    return oldestFirst.next();
  }
}
