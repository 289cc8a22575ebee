package io.millpond.simulator.conditions;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The fault rules in force, oldest first. The first rule that matches a call decides. */
public final class Faults {
  private final Map<Long, Pending> rules = new LinkedHashMap<>();
  private long lastId;

  /** A rule with what is left of it. */
  private static final class Pending {
    private final FaultRule rule;
    private int toSkip;
    private int left;

    Pending(FaultRule rule) {
      this.rule = rule;
      this.toSkip = rule.skip();
      this.left = rule.count();
    }
  }

  /** Adds a rule and gives the id by which it can be removed. */
  public synchronized long add(FaultRule rule) {
    lastId++;
    rules.put(lastId, new Pending(rule));
    return lastId;
  }

  /** Removes a rule; false if it is not there (any more). */
  public synchronized boolean remove(long id) {
    return rules.remove(id) != null;
  }

  public synchronized void clear() {
    rules.clear();
  }

  /** The rules that can still strike, by id, with what is left of their counts. */
  public synchronized Map<Long, FaultRule> pending() {
    Map<Long, FaultRule> pending = new LinkedHashMap<>();
    rules.forEach(
        (id, p) ->
            pending.put(
                id,
                new FaultRule(
                    p.rule.action(), p.rule.instanceId(), p.toSkip, p.left, p.rule.fault())));
    return pending;
  }

  /** The fault that this call meets; uses up one of the rule's count. */
  public synchronized Optional<Fault> strike(String action, @Nullable String instanceId) {
    for (Iterator<Pending> all = rules.values().iterator(); all.hasNext(); ) {
      Pending pending = all.next();
      if (!pending.rule.matches(action, instanceId)) {
        continue;
      }
      if (pending.toSkip > 0) {
        pending.toSkip--;
        continue;
      }
      if (pending.left != FaultRule.FOREVER) {
        pending.left--;
      }
      if (pending.left == 0) {
        all.remove();
      }
      return Optional.of(pending.rule.fault());
    }
    return Optional.empty();
  }
}
