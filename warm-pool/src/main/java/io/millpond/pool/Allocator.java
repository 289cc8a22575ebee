package io.millpond.pool;

import io.millpond.pool.AllocationResult.Granted;
import io.millpond.pool.AllocationResult.Refused;
import io.millpond.pool.AllocationResult.Wait;
import io.millpond.pool.PoolState.Allocation;
import io.millpond.pool.PoolState.Served;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Who gets which address, and what the others are told. */
final class Allocator {
  private static final Duration ENI_TAKES = Duration.ofSeconds(10);
  private static final Duration ASSIGN_TAKES = Duration.ofSeconds(1);

  private Allocator() {}

  static Allocation request(PoolState state, AttachmentKey key, PoolPolicy policy, BootTime now) {
    Optional<Granted> held = state.heldBy(key);
    if (held.isPresent()) {
      return new Allocation(state, held.get());
    }
    Transition work = new Transition(state);
    work.enqueue(key, now);
    PoolState queued = work.state();
    int place = placeOf(queued, key);
    if (place <= usable(queued, policy)) {
      Optional<Granted> choice = choose(queued, key, policy);
      if (choice.isPresent()) {
        return new Allocation(give(queued, choice.get(), now), choice.get());
      }
    }
    AllocationResult answer = explain(queued, key, policy, now);
    return new Allocation(answer instanceof Refused ? state : queued, answer);
  }

  static Served serve(PoolState state, PoolPolicy policy, BootTime now) {
    List<Granted> grants = new ArrayList<>();
    PoolState next = state;
    for (PoolState.Waiter waiter : state.waiters()) {
      Optional<Granted> choice = choose(next, waiter.key(), policy);
      if (choice.isEmpty()) {
        break;
      }
      grants.add(choice.get());
      next = give(next, choice.get(), now);
    }
    return new Served(next, List.copyOf(grants));
  }

  private static PoolState give(PoolState state, Granted grant, BootTime now) {
    Transition work = new Transition(state);
    work.own(grant.address(), grant.key(), now);
    return work.state();
  }

  /** The fullest ENI, so that empty ones can be released; on it the address unused longest. */
  private static Optional<Granted> choose(PoolState state, AttachmentKey key, PoolPolicy policy) {
    return state.enis().values().stream()
        .filter(e -> e.serves(policy))
        .filter(e -> e.addresses().values().stream().anyMatch(PoolAddress::usable))
        .min(
            Comparator.comparingInt((PoolEni e) -> -e.pods())
                .thenComparing(e -> !e.isPrimary())
                .thenComparing(PoolEni::id))
        .flatMap(
            eni ->
                eni.addresses().values().stream()
                    .filter(PoolAddress::usable)
                    .min(
                        Comparator.comparing((PoolAddress a) -> a.state().since())
                            .thenComparing(PoolAddress::ip))
                    .map(a -> new Granted(key, a.ip(), eni.id())));
  }

  private static int placeOf(PoolState state, AttachmentKey key) {
    int place = 1;
    for (PoolState.Waiter waiter : state.waiters()) {
      if (waiter.key().equals(key)) {
        return place;
      }
      place++;
    }
    return place;
  }

  private static int usable(PoolState state, PoolPolicy policy) {
    return WarmTargets.Stock.of(state, policy).usable() - state.incoming();
  }

  static AllocationResult explain(
      PoolState state, AttachmentKey key, PoolPolicy policy, BootTime now) {
    Optional<Granted> held = state.heldBy(key);
    if (held.isPresent()) {
      return held.get();
    }
    PoolSummary sum = state.summary();
    int room = Growth.room(state, policy);
    int place = placeOf(state, key);
    int soon = usable(state, policy) + sum.cooling() + sum.incoming() + sum.leaving() + room;
    if (place > soon && state.verified()) {
      return new Refused(
          "the node has no address left: "
              + sum.owned()
              + " in use, "
              + sum.quarantined()
              + " quarantined, "
              + sum.frozen()
              + " frozen, "
              + sum.cooling()
              + " cooling for those who asked earlier, and no ENI or slot is left to add more",
          "run fewer pods on this node (kubelet's maxPods), raise MAX_ENI if it is set, or use a"
              + " larger instance type");
    }
    if (sum.incoming() > 0) {
      boolean eni =
          state.inFlight().values().stream()
              .anyMatch(f -> f.action() instanceof PoolAction.CreateEni);
      return new Wait(
          sum.incoming() + " addresses are being added" + (eni ? " with a new ENI" : ""),
          eni ? ENI_TAKES : ASSIGN_TAKES);
    }
    Optional<PoolState.Hold> hold = growthHold(state, now);
    if (hold.isPresent()) {
      return new Wait(hold.get().reason(), hold.get().until().since(now));
    }
    if (room == 0 && sum.cooling() > 0) {
      return new Wait(
          "all addresses are in use and " + sum.cooling() + " are cooling down",
          nextCooled(state, policy, now));
    }
    return new Wait("no address is warm; more are about to be ordered", ASSIGN_TAKES);
  }

  static Optional<PoolState.Hold> stuck(PoolState state, PoolPolicy policy, BootTime now) {
    boolean some = WarmTargets.Stock.of(state, policy).usable() > 0;
    return some || state.summary().cooling() > 0 || Growth.mayOrder(state, policy, now)
        ? Optional.empty()
        : growthHold(state, now);
  }

  /** The failure that holds growth back, if one does: the one that is over first. */
  private static Optional<PoolState.Hold> growthHold(PoolState state, BootTime now) {
    return state.holds().entrySet().stream()
        .filter(
            e -> e.getKey() == PoolAction.Kind.CREATE_ENI || e.getKey() == PoolAction.Kind.ASSIGN)
        .map(java.util.Map.Entry::getValue)
        .filter(h -> now.isBefore(h.until()))
        .min(Comparator.comparing(PoolState.Hold::until));
  }

  private static Duration nextCooled(PoolState state, PoolPolicy policy, BootTime now) {
    return state.enis().values().stream()
        .flatMap(e -> e.addresses().values().stream())
        .filter(a -> a.state() instanceof AddressState.Cooling)
        .map(a -> a.state().since().plus(policy.cooldown()).since(now))
        .min(Comparator.naturalOrder())
        .filter(d -> !d.isNegative())
        .orElse(Duration.ZERO);
  }
}
