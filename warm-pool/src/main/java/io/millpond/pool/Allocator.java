package io.millpond.pool;

import io.millpond.pool.AllocationResult.Granted;
import io.millpond.pool.AllocationResult.Refused;
import io.millpond.pool.AllocationResult.Wait;
import io.millpond.pool.PoolState.Allocation;
import io.millpond.pool.PoolState.Served;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Who gets which address, and what the others are told. */
final class Allocator {
  private static final Duration ENI_TAKES = Duration.ofSeconds(10);
  private static final Duration ASSIGN_TAKES = Duration.ofSeconds(1);

  private Allocator() {}

  static Allocation request(
      PoolState state, AttachmentKey key, PoolName name, PoolPolicy policy, BootTime now) {
    Optional<Granted> held = state.heldBy(key);
    if (held.isPresent()) {
      return new Allocation(state, held.get());
    }
    Transition work = new Transition(state);
    work.enqueue(key, name, now);
    PoolState queued = work.state();
    PoolView pool = PoolView.of(queued, name, policy);
    int place = placeOf(pool, key);
    if (place <= usable(pool)) {
      Optional<Granted> choice = choose(pool, key);
      if (choice.isPresent()) {
        return new Allocation(give(queued, choice.get(), now), choice.get());
      }
    }
    AllocationResult answer = explain(queued, key, name, policy, now);
    return new Allocation(answer instanceof Refused ? state : queued, answer);
  }

  static Served serve(PoolState state, PoolPolicy policy, BootTime now) {
    List<Granted> grants = new ArrayList<>();
    Set<PoolName> empty = new HashSet<>();
    PoolState next = state;
    for (PoolState.Waiter waiter : state.waiters()) {
      if (empty.contains(waiter.pool())) {
        continue;
      }
      Optional<Granted> choice = choose(PoolView.of(next, waiter.pool(), policy), waiter.key());
      if (choice.isPresent()) {
        grants.add(choice.get());
        next = give(next, choice.get(), now);
      } else {
        empty.add(waiter.pool());
      }
    }
    return new Served(next, List.copyOf(grants));
  }

  private static PoolState give(PoolState state, Granted grant, BootTime now) {
    Transition work = new Transition(state);
    work.own(grant.address(), grant.key(), now);
    return work.state();
  }

  /** The fullest ENI, so that empty ones can be released; on it the address unused longest. */
  private static Optional<Granted> choose(PoolView pool, AttachmentKey key) {
    return pool.enis().stream()
        .filter(e -> e.serves(pool.policy()))
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

  private static int placeOf(PoolView pool, AttachmentKey key) {
    int place = 1;
    for (PoolState.Waiter waiter : pool.waiters()) {
      if (waiter.key().equals(key)) {
        return place;
      }
      place++;
    }
    return place;
  }

  private static int usable(PoolView pool) {
    return pool.stock().usable() - pool.incoming();
  }

  static AllocationResult explain(
      PoolState state, AttachmentKey key, PoolPolicy policy, BootTime now) {
    PoolName name =
        state.waiters().stream()
            .filter(waiter -> waiter.key().equals(key))
            .map(PoolState.Waiter::pool)
            .findFirst()
            .orElse(PoolName.DEFAULT);
    return explain(state, key, name, policy, now);
  }

  static AllocationResult explain(
      PoolState state, AttachmentKey key, PoolName name, PoolPolicy policy, BootTime now) {
    Optional<Granted> held = state.heldBy(key);
    if (held.isPresent()) {
      return held.get();
    }
    List<PoolView> pools = PoolView.all(state, policy);
    PoolView pool = PoolView.of(state, name, policy);
    PoolSummary sum = state.summary(name);
    int others = Displacement.placesFrom(state, pools, pool);
    int places = Growth.freePlaces(pool) + others - promised(pools, pool);
    int room = Growth.room(pool, places);
    int place = placeOf(pool, key);
    int soon = usable(pool) + sum.cooling() + sum.incoming() + sum.leaving() + room;
    if (place > soon && state.verified()) {
      return Refusal.of(pool, sum);
    }
    if (sum.incoming() > 0) {
      boolean eni =
          state.inFlight().values().stream()
              .map(PoolState.InFlight::action)
              .anyMatch(a -> a instanceof PoolAction.CreateEni && a.pool().equals(name));
      return new Wait(
          sum.incoming() + " addresses are being added" + (eni ? " with a new ENI" : ""),
          eni ? ENI_TAKES : ASSIGN_TAKES);
    }
    Optional<PoolState.Hold> hold = growthHold(pool, now);
    if (hold.isPresent()) {
      return new Wait(hold.get().reason(), hold.get().until().since(now));
    }
    if (room == 0 && sum.cooling() > 0) {
      return new Wait(
          "all addresses are in use and " + sum.cooling() + " are cooling down",
          nextCooled(pool, now));
    }
    if (Growth.places(pool) > 0 && Growth.freePlaces(pool) <= 0) {
      return new Wait(
          "no place is left for an ENI: an unused one of another pool is given back for it",
          ENI_TAKES.multipliedBy(2));
    }
    return new Wait("no address is warm; more are about to be ordered", ASSIGN_TAKES);
  }

  /** Places for ENIs that go to pools whose pods have waited longer. */
  private static int promised(List<PoolView> pools, PoolView pool) {
    BootTime since =
        pool.waiters().isEmpty() ? new BootTime(Long.MAX_VALUE) : pool.waiters().getFirst().since();
    int promised = 0;
    for (PoolView other : pools) {
      if (!other.name().equals(pool.name())
          && !other.waiters().isEmpty()
          && other.waiters().getFirst().since().isBefore(since)) {
        promised += Growth.places(other);
      }
    }
    return promised;
  }

  static Optional<PoolState.Hold> stuck(
      PoolState state, PoolName name, PoolPolicy policy, BootTime now) {
    PoolView pool = PoolView.of(state, name, policy);
    boolean some = pool.stock().usable() > 0;
    return some || state.summary(name).cooling() > 0 || Growth.mayOrder(pool, now)
        ? Optional.empty()
        : growthHold(pool, now);
  }

  /** The failure that holds growth back, if one does: the one that is over first. */
  private static Optional<PoolState.Hold> growthHold(PoolView pool, BootTime now) {
    return Stream.of(PoolAction.Kind.CREATE_ENI, PoolAction.Kind.ASSIGN)
        .map(kind -> pool.state().holds().get(new PoolState.HeldKind(pool.name(), kind)))
        .flatMap(Stream::ofNullable)
        .filter(h -> now.isBefore(h.until()))
        .min(Comparator.comparing(PoolState.Hold::until));
  }

  private static Duration nextCooled(PoolView pool, BootTime now) {
    return pool.enis().stream()
        .flatMap(e -> e.addresses().values().stream())
        .filter(a -> a.state() instanceof AddressState.Cooling)
        .map(a -> a.state().since().plus(pool.policy().cooldown()).since(now))
        .min(Comparator.naturalOrder())
        .filter(d -> !d.isNegative())
        .orElse(Duration.ZERO);
  }
}
