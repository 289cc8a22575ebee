package io.millpond.simulator.conditions;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.LongFunction;
import java.util.function.Predicate;

/** The newest 100,000 EC2 calls, oldest first. */
public final class CallLog {
  private static final int CAPACITY = 100_000;

  private final Deque<CallRecord> calls = new ArrayDeque<>();
  private long lastSequence;

  /** Adds the record that is made for the next sequence number. */
  public synchronized void add(LongFunction<CallRecord> record) {
    lastSequence++;
    calls.addLast(record.apply(lastSequence));
    if (calls.size() > CAPACITY) {
      calls.removeFirst();
    }
  }

  public synchronized List<CallRecord> all() {
    return List.copyOf(calls);
  }

  public synchronized List<CallRecord> matching(Predicate<CallRecord> wanted) {
    return calls.stream().filter(wanted).toList();
  }

  /** How many calls of an action were made, whatever their outcome. */
  public long count(String action) {
    return matching(call -> call.action().equals(action)).size();
  }

  /** Forgets the calls; sequence numbers go on. */
  public synchronized void clear() {
    calls.clear();
  }
}
