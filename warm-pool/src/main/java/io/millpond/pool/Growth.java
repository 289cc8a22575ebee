package io.millpond.pool;

import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;

/** Orders what is missing: empty slots of existing ENIs first (one call), then new ENIs. */
final class Growth {
  private Growth() {}

  static List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
    int slots = state.limits().slotsPerEni();
    WarmTargets.Stock stock = WarmTargets.Stock.of(state, policy);
    int need = WarmTargets.shortage(policy, slots, stock);
    if (need == 0) {
      return List.of();
    }
    // Without IP targets the unit of growth is the ENI: whatever it offers is taken.
    boolean whole = !policy.byAddress();
    int ceiling = policy.maxPods() - stock.total();
    int left = Math.min(need, ceiling);
    long id = state.nextAction();
    List<PoolAction> plan = new ArrayList<>();
    if (!Planner.held(state, PoolAction.Kind.ASSIGN, now)) {
      for (PoolEni eni : bySpace(state, policy)) {
        int count = Math.min(freeSlots(state, eni), whole ? ceiling : left);
        if (left > 0 && count > 0) {
          plan.add(new PoolAction.AssignAddresses(id++, eni.id(), count));
          left -= count;
          ceiling -= count;
        }
      }
    }
    if (Planner.held(state, PoolAction.Kind.CREATE_ENI, now) || slots == 0) {
      return plan;
    }
    SortedSet<DeviceIndex> taken = state.devicesTaken();
    while (left > 0 && taken.size() < eniLimit(state, policy)) {
      DeviceIndex device = lowestFree(taken);
      taken.add(device);
      int count = Math.min(slots, whole ? ceiling : left);
      plan.add(new PoolAction.CreateEni(id, state.run() + "-" + id, device, count));
      id++;
      left -= count;
      ceiling -= count;
    }
    return plan;
  }

  /** The ENI that can take most comes first, so that one call is enough where it can be. */
  private static List<PoolEni> bySpace(PoolState state, PoolPolicy policy) {
    return state.enis().values().stream()
        .filter(e -> e.serves(policy) && freeSlots(state, e) > 0)
        .sorted(
            Comparator.comparingInt((PoolEni e) -> -freeSlots(state, e)).thenComparing(PoolEni::id))
        .toList();
  }

  /** Slots without an address and without one on its way. */
  private static int freeSlots(PoolState state, PoolEni eni) {
    return state.limits().slotsPerEni() - eni.addresses().size() - assigning(state, eni.id());
  }

  private static int assigning(PoolState state, EniId eni) {
    int sum = 0;
    for (PoolState.InFlight flight : state.inFlight().values()) {
      if (flight.action() instanceof PoolAction.AssignAddresses a && a.eni().equals(eni)) {
        sum += a.count();
      }
    }
    return sum;
  }

  /** Whether there is a place for more addresses that no failure holds back. */
  static boolean mayOrder(PoolState state, PoolPolicy policy, BootTime now) {
    boolean assign =
        !Planner.held(state, PoolAction.Kind.ASSIGN, now) && !bySpace(state, policy).isEmpty();
    boolean create =
        !Planner.held(state, PoolAction.Kind.CREATE_ENI, now)
            && state.limits().slotsPerEni() > 0
            && state.devicesTaken().size() < eniLimit(state, policy);
    return assign || create;
  }

  private static int eniLimit(PoolState state, PoolPolicy policy) {
    return Math.min(state.limits().maxEnis(), policy.maxEni());
  }

  private static DeviceIndex lowestFree(SortedSet<DeviceIndex> taken) {
    int index = 1;
    while (taken.contains(DeviceIndex.of(index))) {
      index++;
    }
    return DeviceIndex.of(index);
  }

  /**
   * Addresses that could still be ordered, if EC2 does its part: also on ENIs that are on their
   * way.
   */
  static int room(PoolState state, PoolPolicy policy) {
    int slots = state.limits().slotsPerEni();
    int room = Math.max(0, eniLimit(state, policy) - state.devicesTaken().size()) * slots;
    for (PoolEni eni : state.enis().values()) {
      if (eni.serves(policy)) {
        room += Math.max(0, freeSlots(state, eni));
      }
    }
    for (PoolState.InFlight flight : state.inFlight().values()) {
      if (flight.action() instanceof PoolAction.CreateEni create) {
        room += Math.max(0, slots - create.addressCount());
      }
    }
    int total = WarmTargets.Stock.of(state, policy).total();
    return Math.max(0, Math.min(room, policy.maxPods() - total));
  }
}
