package io.millpond.pool;

import io.millpond.pool.PoolState.Waiter;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.PoolName;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One of a state's pools, with its own policy. Places on the instance and time are all that it
 * shares with the others.
 *
 * @param policy this pool's own
 * @param enis this pool's ENIs, ordered by id
 * @param waiters those who wait for one of its addresses, the oldest first
 */
record PoolView(
    PoolState state, PoolName name, PoolPolicy policy, List<PoolEni> enis, List<Waiter> waiters) {

  /** The pool of that name, which may have nothing. */
  static PoolView of(PoolState state, PoolName name, PoolPolicy node) {
    List<PoolEni> enis = new ArrayList<>();
    for (PoolEni eni : state.enis().values()) {
      if (eni.pool().equals(name)) {
        enis.add(eni);
      }
    }
    List<Waiter> waiters = new ArrayList<>();
    for (Waiter waiter : state.waiters()) {
      if (waiter.pool().equals(name)) {
        waiters.add(waiter);
      }
    }
    return new PoolView(state, name, node.of(name), enis, waiters);
  }

  /** Every pool that has something, wants something, or is wanted; the default pool first. */
  static List<PoolView> all(PoolState state, PoolPolicy node) {
    SortedSet<PoolName> names = new TreeSet<>(node.pools().keySet());
    names.add(PoolName.DEFAULT);
    state.enis().values().forEach(eni -> names.add(eni.pool()));
    state.waiters().forEach(waiter -> names.add(waiter.pool()));
    state.inFlight().values().forEach(flight -> names.add(flight.action().pool()));
    return names.stream().map(name -> of(state, name, node)).toList();
  }

  /** Addresses that an ENI offers to pods. */
  int slots() {
    return state.limits().slotsPerEni();
  }

  /** Whether something of this pool changes at this moment, probes aside. */
  boolean changing() {
    return state.inFlight().values().stream()
        .map(PoolState.InFlight::action)
        .anyMatch(action -> action.kind() != PoolAction.Kind.PROBE && action.pool().equals(name));
  }

  /** Whether a failure still holds this kind back. */
  boolean held(PoolAction.Kind kind, BootTime now) {
    PoolState.Hold hold = state.holds().get(new PoolState.HeldKind(name, kind));
    return hold != null && now.isBefore(hold.until());
  }

  PoolState.@Nullable Surplus surplus() {
    return state.surpluses().get(name);
  }

  int incoming() {
    return state.incoming(name);
  }

  WarmTargets.Stock stock() {
    return WarmTargets.Stock.of(this);
  }

  /** Those who wait and for whom nothing is there or on its way; negative: so much is left over. */
  int unserved() {
    return waiters.size() - stock().usable();
  }
}
