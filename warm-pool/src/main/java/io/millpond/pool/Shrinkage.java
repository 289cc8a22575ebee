package io.millpond.pool;

import io.millpond.pool.PoolState.Surplus;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Gives back what has been too much for the whole release delay, empty ENIs first. */
final class Shrinkage {
  private Shrinkage() {}

  /**
   * @param id of the first action
   */
  static List<PoolAction> plan(PoolView pool, long id, BootTime now) {
    Surplus surplus = pool.surplus();
    if (surplus == null || !due(surplus, pool.policy(), now)) {
      return List.of();
    }
    return proposals(pool, surplus.least(), id).stream()
        .filter(action -> !pool.held(action.kind(), now))
        .toList();
  }

  private static boolean due(Surplus surplus, PoolPolicy policy, BootTime now) {
    return now.since(surplus.since()).compareTo(policy.releaseDelay()) >= 0;
  }

  /** The surpluses as they are now. */
  static SortedMap<PoolName, Surplus> surpluses(PoolState state, PoolPolicy policy, BootTime now) {
    SortedMap<PoolName, Surplus> surpluses = new TreeMap<>();
    for (PoolView pool : PoolView.all(state, policy)) {
      Surplus surplus = surplus(pool, now);
      if (surplus != null) {
        surpluses.put(pool.name(), surplus);
      }
    }
    return surpluses;
  }

  /**
   * The surplus as it is now. One that has lasted, but is in no piece that small (an ENI goes as a
   * whole), begins anew as large as it has become.
   */
  private static @Nullable Surplus surplus(PoolView pool, BootTime now) {
    int size = size(pool);
    Surplus before = pool.surplus();
    if (size == 0) {
      return null;
    }
    if (before == null
        || (due(before, pool.policy(), now) && proposals(pool, before.least(), 1).isEmpty())) {
      return new Surplus(now, size);
    }
    return new Surplus(before.since(), Math.min(before.least(), size));
  }

  /** How much could be given back if it lasts: addresses, an ENI without any counting as one. */
  static int size(PoolView pool) {
    int size = 0;
    for (PoolAction action : proposals(pool, Integer.MAX_VALUE, 1)) {
      size += weight(pool.state(), action);
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

  private static List<PoolAction> proposals(PoolView pool, int budget, long firstId) {
    if (!pool.state().verified() || pool.changing() || !pool.waiters().isEmpty()) {
      return List.of();
    }
    PoolPolicy policy = pool.policy();
    WarmTargets.Stock stock = pool.stock();
    int left = budget;
    long id = firstId;
    List<PoolAction> plan = new ArrayList<>();
    List<PoolEni> staying = new ArrayList<>();
    for (PoolEni eni : emptiestFirst(pool)) {
      int size = eni.addresses().size();
      if (releasable(eni)
          && Math.max(1, size) <= left
          && spare(pool, stock) >= size
          && (size > 0 || policy.byAddress() || spare(pool, stock) >= 0)) {
        plan.add(new PoolAction.ReleaseEni(id++, pool.name(), eni.id()));
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
      int count = Math.min(left, spare(pool, stock));
      Set<IpAddress> chosen =
          count <= 0 || eni.leaving() || eni.missing() != null ? Set.of() : idle(eni, count);
      if (!chosen.isEmpty()) {
        plan.add(new PoolAction.UnassignAddresses(id++, pool.name(), eni.id(), chosen));
        stock = stock.without(chosen.size());
        left -= chosen.size();
      }
    }
    return plan;
  }

  /** Addresses that can go with every target still met by what is usable. */
  private static int spare(PoolView pool, WarmTargets.Stock stock) {
    PoolPolicy policy = pool.policy();
    int usable = stock.usable() - stock.demand();
    int keep = pool.slots() * policy.warmEniTarget();
    int over =
        policy.byAddress()
            ? WarmTargets.overByAddress(
                policy.warmIpTarget(), policy.minimumIpTarget(), stock.available(), stock.total())
            : stock.available() - keep;
    int warm = policy.byAddress() ? policy.warmIpTarget().orElse(0) : keep;
    return Math.max(0, Math.min(over, usable - warm));
  }

  private static List<PoolEni> emptiestFirst(PoolView pool) {
    return pool.enis().stream()
        .sorted(
            Comparator.comparingInt(PoolEni::pods)
                .thenComparing(PoolEni::id, Comparator.reverseOrder()))
        .toList();
  }

  /** Whether it could go now: nothing of it is in use, resting or unclear. */
  static boolean releasable(PoolEni eni) {
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
