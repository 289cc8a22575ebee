package io.millpond.pool;

import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

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
    List<PoolView> pools = PoolView.all(state, policy);
    List<PoolAction> plan = new ArrayList<>(Growth.plan(state, pools, now));
    Set<PoolName> growing = plan.stream().map(PoolAction::pool).collect(Collectors.toSet());
    for (PoolView pool : pools) {
      if (!growing.contains(pool.name())) {
        plan.addAll(Shrinkage.plan(pool, next(state, plan), now));
      }
    }
    plan.addAll(Displacement.plan(state, pools, plan, next(state, plan), now));
    long id = next(state, plan);
    for (PoolEni eni : state.enis().values()) {
      for (PoolAddress address : eni.addresses().values()) {
        if (address.state() instanceof AddressState.Quarantined q
            && due(q, now)
            && !held(state, eni.pool(), now)
            && state.inFlight().values().stream()
                .noneMatch(
                    f ->
                        f.action() instanceof PoolAction.Probe p
                            && p.address().equals(address.ip()))) {
          plan.add(new PoolAction.Probe(id++, eni.pool(), eni.id(), address.ip()));
        }
      }
    }
    return List.copyOf(plan);
  }

  /** An id that no action has had. */
  private static long next(PoolState state, List<PoolAction> plan) {
    return plan.isEmpty() ? state.nextAction() : plan.getLast().id() + 1;
  }

  private static boolean due(AddressState.Quarantined q, BootTime now) {
    return q.probed().equals(q.since()) || now.since(q.probed()).compareTo(PROBE_EVERY) >= 0;
  }

  private static boolean held(PoolState state, PoolName pool, BootTime now) {
    PoolState.Hold hold = state.holds().get(new PoolState.HeldKind(pool, PoolAction.Kind.PROBE));
    return hold != null && now.isBefore(hold.until());
  }
}
