package io.millpond.pool;

import io.millpond.pool.PoolState.Surplus;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Gives back what has been too much for the whole release delay, empty ENIs first. */
final class Shrinkage {
  private Shrinkage() {}

  static List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
    Surplus surplus = state.surplus();
    if (surplus == null || !due(surplus, policy, now)) {
      return List.of();
    }
    return proposals(state, policy, surplus.least()).stream()
        .filter(action -> !Planner.held(state, action.kind(), now))
        .toList();
  }

  private static boolean due(Surplus surplus, PoolPolicy policy, BootTime now) {
    return now.since(surplus.since()).compareTo(policy.releaseDelay()) >= 0;
  }

  /**
   * The surplus as it is now. One that has lasted, but is in no piece that small (an ENI goes as a
   * whole), begins anew as large as it has become.
   */
  static @Nullable Surplus surplus(PoolState state, PoolPolicy policy, BootTime now) {
    int size = size(state, policy);
    Surplus before = state.surplus();
    if (size == 0) {
      return null;
    }
    if (before == null
        || (due(before, policy, now) && proposals(state, policy, before.least()).isEmpty())) {
      return new Surplus(now, size);
    }
    return new Surplus(before.since(), Math.min(before.least(), size));
  }

  /** How much could be given back if it lasts: addresses, an ENI without any counting as one. */
  static int size(PoolState state, PoolPolicy policy) {
    int size = 0;
    for (PoolAction action : proposals(state, policy, Integer.MAX_VALUE)) {
      size += weight(state, action);
    }
    return size;
  }

  private static int weight(PoolState state, PoolAction action) {
    return switch (action) {
      case PoolAction.UnassignAddresses u -> u.addresses().size();
      case PoolAction.ReleaseEni r -> {
        PoolEni eni = state.enis().get(r.eni());
        yield eni == null ? 0 : Math.max(1, eni.addresses().size());
      }
      case PoolAction.CreateEni _, PoolAction.AssignAddresses _, PoolAction.Probe _ -> 0;
    };
  }

  private static List<PoolAction> proposals(PoolState state, PoolPolicy policy, int budget) {
    boolean busy =
        state.inFlight().values().stream()
            .anyMatch(f -> f.action().kind() != PoolAction.Kind.PROBE);
    if (!state.verified() || busy || !state.waiters().isEmpty()) {
      return List.of();
    }
    WarmTargets.Stock stock = WarmTargets.Stock.of(state, policy);
    int left = budget;
    long id = state.nextAction();
    List<PoolAction> plan = new ArrayList<>();
    List<PoolEni> staying = new ArrayList<>();
    for (PoolEni eni : emptiestFirst(state)) {
      int size = eni.addresses().size();
      if (releasable(eni)
          && Math.max(1, size) <= left
          && spare(state, policy, stock) >= size
          && (size > 0 || policy.byAddress() || spare(state, policy, stock) >= 0)) {
        plan.add(new PoolAction.ReleaseEni(id++, eni.id()));
        stock = stock.without(eni.serves(policy) ? size : 0);
        left -= Math.max(1, size);
      } else {
        staying.add(eni);
      }
    }
    if (!policy.byAddress()) {
      return plan;
    }
    for (PoolEni eni : staying) {
      int count = Math.min(left, spare(state, policy, stock));
      Set<IpAddress> chosen =
          count <= 0 || eni.leaving() || eni.missing() != null ? Set.of() : idle(eni, count);
      if (!chosen.isEmpty()) {
        plan.add(new PoolAction.UnassignAddresses(id++, eni.id(), chosen));
        stock = stock.without(chosen.size());
        left -= chosen.size();
      }
    }
    return plan;
  }

  /** Addresses that can go with every target still met by what is usable. */
  private static int spare(PoolState state, PoolPolicy policy, WarmTargets.Stock stock) {
    int usable = stock.usable() - stock.demand();
    int keep = state.limits().slotsPerEni() * policy.warmEniTarget();
    int over =
        policy.byAddress()
            ? WarmTargets.overByAddress(
                policy.warmIpTarget(), policy.minimumIpTarget(), stock.available(), stock.total())
            : stock.available() - keep;
    int warm = policy.byAddress() ? policy.warmIpTarget().orElse(0) : keep;
    return Math.max(0, Math.min(over, usable - warm));
  }

  private static List<PoolEni> emptiestFirst(PoolState state) {
    return state.enis().values().stream()
        .sorted(
            Comparator.comparingInt(PoolEni::pods)
                .thenComparing(PoolEni::id, Comparator.reverseOrder()))
        .toList();
  }

  private static boolean releasable(PoolEni eni) {
    return !eni.isPrimary()
        && eni.device() != null
        && !eni.leaving()
        && eni.missing() == null
        && eni.addresses().values().stream().allMatch(PoolAddress::usable);
  }

  /** The addresses used most recently go: the others are the better choice for the next pod. */
  private static Set<IpAddress> idle(PoolEni eni, int count) {
    return eni.addresses().values().stream()
        .filter(PoolAddress::usable)
        .sorted(Comparator.comparing((PoolAddress a) -> a.state().since()).reversed())
        .limit(count)
        .map(PoolAddress::ip)
        .collect(Collectors.toUnmodifiableSet());
  }
}
