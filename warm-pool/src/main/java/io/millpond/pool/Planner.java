package io.millpond.pool;

import io.millpond.pool.value.BootTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What to do next. Pure: the same state, policy and time give the same plan. */
public final class Planner {
  /** Between two probes of a quarantined address. */
  static final Duration PROBE_EVERY = Duration.ofSeconds(10);

  private Planner() {}

  /**
   * Actions to start now. Whoever starts one applies {@link PoolEvent.Ordered} before planning
   * again; a plan that is not ordered is planned again.
   */
  public static List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
    List<PoolAction> plan = new ArrayList<>(Growth.plan(state, policy, now));
    if (plan.isEmpty()) {
      plan.addAll(Shrinkage.plan(state, policy, now));
    }
    long id = state.nextAction() + plan.size();
    for (PoolEni eni : state.enis().values()) {
      for (PoolAddress address : eni.addresses().values()) {
        if (address.state() instanceof AddressState.Quarantined q
            && due(q, now)
            && !held(state, PoolAction.Kind.PROBE, now)
            && state.inFlight().values().stream()
                .noneMatch(
                    f ->
                        f.action() instanceof PoolAction.Probe p
                            && p.address().equals(address.ip()))) {
          plan.add(new PoolAction.Probe(id++, eni.id(), address.ip()));
        }
      }
    }
    return List.copyOf(plan);
  }

  private static boolean due(AddressState.Quarantined q, BootTime now) {
    return q.probed().equals(q.since()) || now.since(q.probed()).compareTo(PROBE_EVERY) >= 0;
  }

  /** Whether a failure still holds this kind back. */
  static boolean held(PoolState state, PoolAction.Kind kind, BootTime now) {
    PoolState.Hold hold = state.holds().get(kind);
    return hold != null && now.isBefore(hold.until());
  }
}
