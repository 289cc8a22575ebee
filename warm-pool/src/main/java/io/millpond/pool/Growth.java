package io.millpond.pool;

import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;

/**
 * Orders what is missing: empty slots of existing ENIs first (one call), then new ENIs. Of the
 * places for ENIs, which the pools share, those who have waited longest get theirs first, and all
 * who wait before anything is kept warm.
 */
final class Growth {
  private final PoolState state;
  private final BootTime now;
  private final SortedSet<DeviceIndex> taken;
  private final List<PoolAction> plan = new ArrayList<>();
  private long id;

  private Growth(PoolState state, BootTime now) {
    this.state = state;
    this.now = now;
    this.taken = state.devicesTaken();
    this.id = state.nextAction();
  }

  static List<PoolAction> plan(PoolState state, List<PoolView> pools, BootTime now) {
    Growth growth = new Growth(state, now);
    int wanted = pools.stream().mapToInt(Growth::places).sum();
    for (PoolView pool : inTurn(pools)) {
      growth.of(pool, wanted - places(pool) - growth.created());
    }
    return growth.plan;
  }

  private static List<PoolView> inTurn(List<PoolView> pools) {
    return pools.stream()
        .sorted(
            Comparator.comparing((PoolView pool) -> pool.waiters().isEmpty())
                .thenComparing(
                    pool ->
                        pool.waiters().isEmpty()
                            ? BootTime.BOOT
                            : pool.waiters().getFirst().since()))
        .toList();
  }

  private int created() {
    return (int)
        plan.stream().filter(action -> action.kind() == PoolAction.Kind.CREATE_ENI).count();
  }

  /**
   * @param forOthers places that pods of other pools wait for: they are not taken for warmth
   */
  private void of(PoolView pool, int forOthers) {
    PoolPolicy policy = pool.policy();
    WarmTargets.Stock stock = pool.stock();
    int need = WarmTargets.shortage(policy, pool.slots(), stock);
    if (need == 0 || (pool.waiters().isEmpty() && settling(pool))) {
      return;
    }
    // Without IP targets the unit of growth is the ENI: whatever it offers is taken.
    boolean whole = !policy.byAddress();
    int ceiling = policy.maxPods() - stock.total();
    int left = Math.min(need, ceiling);
    int waiting = pool.unserved();
    if (!pool.held(PoolAction.Kind.ASSIGN, now)) {
      for (PoolEni eni : bySpace(pool)) {
        int count = Math.min(freeSlots(state, eni), whole ? ceiling : left);
        if (left > 0 && count > 0) {
          plan.add(new PoolAction.AssignAddresses(id++, pool.name(), eni.id(), count));
          left -= count;
          ceiling -= count;
          waiting -= count;
        }
      }
    }
    if (pool.held(PoolAction.Kind.CREATE_ENI, now) || pool.slots() == 0) {
      return;
    }
    int kept = Math.max(0, forOthers);
    while (left > 0 && taken.size() < eniLimit(pool) - (waiting > 0 ? 0 : kept)) {
      DeviceIndex device = lowestFree(taken);
      taken.add(device);
      int count = Math.min(pool.slots(), whole ? ceiling : left);
      plan.add(new PoolAction.CreateEni(id, pool.name(), state.run() + "-" + id, device, count));
      id++;
      left -= count;
      ceiling -= count;
      waiting -= count;
    }
  }

  /** Whether more pods are about to be expected: one order is to be enough for them. */
  private boolean settling(PoolView pool) {
    return pool.name().isDefault() && !state.expected().settlesIn(now).isZero();
  }

  /** The ENI that can take most comes first, so that one call is enough where it can be. */
  private static List<PoolEni> bySpace(PoolView pool) {
    PoolState state = pool.state();
    return pool.enis().stream()
        .filter(e -> e.serves(pool.policy()) && freeSlots(state, e) > 0)
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
  static boolean mayOrder(PoolView pool, BootTime now) {
    boolean assign = !pool.held(PoolAction.Kind.ASSIGN, now) && !bySpace(pool).isEmpty();
    boolean create =
        !pool.held(PoolAction.Kind.CREATE_ENI, now) && pool.slots() > 0 && freePlaces(pool) > 0;
    return assign || create;
  }

  private static int eniLimit(PoolView pool) {
    return Math.min(pool.state().limits().maxEnis(), pool.policy().maxEni());
  }

  /** Places of the instance without an ENI and without one on its way; negative: too many ENIs. */
  static int freePlaces(PoolView pool) {
    return eniLimit(pool) - pool.state().devicesTaken().size();
  }

  private static DeviceIndex lowestFree(SortedSet<DeviceIndex> taken) {
    int index = 1;
    while (taken.contains(DeviceIndex.of(index))) {
      index++;
    }
    return DeviceIndex.of(index);
  }

  /** New ENIs that it takes to serve all who wait for an address of the pool. */
  static int places(PoolView pool) {
    if (pool.slots() == 0 || pool.waiters().isEmpty()) {
      return 0;
    }
    int allowed = pool.policy().maxPods() - pool.stock().total();
    int wanted = Math.min(pool.unserved(), allowed) - ownRoom(pool);
    return Math.ceilDiv(Math.max(0, wanted), pool.slots());
  }

  /** Addresses that the pool's ENIs could have besides, also those that are on their way. */
  private static int ownRoom(PoolView pool) {
    int room = 0;
    for (PoolEni eni : pool.enis()) {
      if (eni.serves(pool.policy())) {
        room += Math.max(0, freeSlots(pool.state(), eni));
      }
    }
    for (PoolState.InFlight flight : pool.state().inFlight().values()) {
      if (flight.action() instanceof PoolAction.CreateEni create
          && create.pool().equals(pool.name())) {
        room += Math.max(0, pool.slots() - create.addressCount());
      }
    }
    return room;
  }

  /**
   * Addresses that could still be ordered, if EC2 does its part.
   *
   * @param places for new ENIs
   */
  static int room(PoolView pool, int places) {
    int room = ownRoom(pool) + Math.max(0, places) * pool.slots();
    return Math.max(0, Math.min(room, pool.policy().maxPods() - pool.stock().total()));
  }
}
