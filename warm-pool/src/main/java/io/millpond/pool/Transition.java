package io.millpond.pool;

import io.millpond.pool.PoolState.HeldKind;
import io.millpond.pool.PoolState.Hold;
import io.millpond.pool.PoolState.InFlight;
import io.millpond.pool.PoolState.Surplus;
import io.millpond.pool.PoolState.Waiter;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One event's effect: a working copy of a state, used once by one thread. */
final class Transition {
  final PoolState before;
  final SortedMap<EniId, PoolEni> enis;
  final SortedMap<Long, InFlight> inFlight;
  final SortedMap<IpAddress, BootTime> sightings;
  private final SortedMap<IpAddress, BootTime> released;
  private final SortedMap<HeldKind, Hold> holds;
  private final SortedMap<PoolName, Surplus> surpluses;
  private final List<Waiter> waiters;
  boolean verified;
  Set<DeviceIndex> foreign;
  private @Nullable BootTime releasedOtherwise;
  private Expected expected;
  private long nextAction;

  Transition(PoolState before) {
    this.before = before;
    enis = new TreeMap<>(before.enis());
    inFlight = new TreeMap<>(before.inFlight());
    sightings = new TreeMap<>(before.sightings());
    released = new TreeMap<>(before.released());
    holds = new TreeMap<>(before.holds());
    waiters = new ArrayList<>(before.waiters());
    verified = before.verified();
    foreign = before.foreign();
    releasedOtherwise = before.releasedOtherwise();
    expected = before.expected();
    surpluses = new TreeMap<>(before.surpluses());
    nextAction = before.nextAction();
  }

  PoolState apply(PoolEvent event) {
    switch (event) {
      case PoolEvent.Started e -> start(e);
      case PoolEvent.CloudObserved e -> new CloudLook(this, e.view(), e.at()).apply();
      case PoolEvent.Ordered e -> order(e.action(), e.at());
      case PoolEvent.EniAdded e -> {
        end(e.actionId());
        addEni(e.eni(), e.device(), e.pool(), e.addresses(), e.at());
      }
      case PoolEvent.AddressesAssigned e -> {
        end(e.actionId());
        addAddresses(e.eni(), e.addresses(), e.at());
      }
      case PoolEvent.AddressesUnassigned e -> {
        if (end(e.actionId()) instanceof PoolAction.UnassignAddresses gone) {
          remove(gone.eni(), gone.addresses());
        }
      }
      case PoolEvent.EniReleased e -> {
        if (end(e.actionId()) instanceof PoolAction.ReleaseEni gone) {
          enis.remove(gone.eni());
          // What somebody had put on it went with it, and an older answer must not confirm that. A
          // sighting does not say where it was, so all begin anew.
          sightings.clear();
        }
      }
      case PoolEvent.ActionFailed e -> fail(e);
      case PoolEvent.GrowthReconsidered e ->
          holds.keySet().remove(new HeldKind(e.pool(), PoolAction.Kind.CREATE_ENI));
      case PoolEvent.Cancelled e -> waiters.removeIf(w -> w.key().equals(e.key()));
      case PoolEvent.Attached e ->
          change(
              a -> a.heldBy(e.key()) && a.state() instanceof AddressState.Owned o && !o.attached(),
              a -> new AddressState.Owned(e.key(), true, e.at()));
      case PoolEvent.AttachFailed e ->
          change(
              a -> a.heldBy(e.key()) && a.assigned(),
              a ->
                  e.exposed() || a.state() instanceof AddressState.Frozen
                      ? new AddressState.Cooling(e.at())
                      : new AddressState.Free(a.state().since()));
      case PoolEvent.AddressInUse e ->
          change(
              a -> a.ip().equals(e.address()) && a.assigned() && a.heldBy(e.key()),
              a -> new AddressState.Quarantined(null, e.at(), e.at()));
      case PoolEvent.Detached e -> letGo(e.key(), e.at());
      case PoolEvent.NamespaceDied e -> letGo(e.key(), e.at());
      case PoolEvent.VethVanished e ->
          change(
              a -> a.heldBy(e.key()) && a.assigned(),
              a -> new AddressState.Quarantined(e.key(), e.at(), e.at()));
      case PoolEvent.HolderGone e -> {
        endProbe(e.address());
        change(
            a -> a.ip().equals(e.address()) && a.state() instanceof AddressState.Quarantined,
            a -> new AddressState.Cooling(e.at()));
      }
      case PoolEvent.StillHeld e -> {
        endProbe(e.address());
        change(
            a -> a.ip().equals(e.address()) && a.state() instanceof AddressState.Quarantined,
            a -> new AddressState.Quarantined(a.state().key(), e.at(), a.state().since()));
      }
      case PoolEvent.DemandExpected e -> expected = expected.becomes(e.pods(), e.at());
      case PoolEvent.Tick e -> tick(e.policy(), e.at());
    }
    return state();
  }

  PoolState state() {
    return new PoolState(
        before.limits(),
        before.run(),
        verified,
        enis,
        foreign,
        waiters,
        inFlight,
        holds,
        sightings,
        released,
        releasedOtherwise,
        expected,
        surpluses,
        nextAction);
  }

  private void start(PoolEvent.Started e) {
    enis.clear();
    verified = e.view().verified();
    foreign = e.view().foreign();
    for (CloudView.Eni seen : e.view().enis()) {
      addEni(seen.id(), seen.device(), seen.pool(), seen.addresses(), e.at());
    }
    change(
        a -> true,
        a -> new AddressState.Cooling(e.released().getOrDefault(a.ip(), e.releasedOtherwise())));
    released.clear();
    released.putAll(e.released());
    releasedOtherwise = e.releasedOtherwise();
    enis.values().forEach(eni -> released.keySet().removeAll(eni.addresses().keySet()));
    for (PoolEvent.Held held : e.held()) {
      boolean known =
          change(
              a -> a.ip().equals(held.address()),
              a -> new AddressState.Owned(held.key(), true, e.at()));
      if (!known) {
        PoolEni eni = enis.get(held.eni());
        if (eni == null) {
          // Whose it is will be known when EC2 shows it; until then nobody gets anything of it.
          eni =
              new PoolEni(
                  held.eni(), null, PoolName.DEFAULT, e.at(), false, e.at(), new TreeMap<>());
        }
        // One answer that lacks it proves nothing yet, and a hint does not even count.
        AddressState state = new AddressState.Owned(held.key(), true, e.at());
        BootTime missing = verified ? e.at() : null;
        enis.put(
            held.eni(), eni.with(new PoolAddress(held.address(), state, e.at(), missing, false)));
      }
    }
  }

  private void order(PoolAction action, BootTime at) {
    inFlight.put(action.id(), new InFlight(action, at, null, null));
    nextAction = Math.max(nextAction, action.id() + 1);
    switch (action) {
      case PoolAction.UnassignAddresses u -> leave(a -> u.addresses().contains(a.ip()), at);
      case PoolAction.ReleaseEni r -> {
        PoolEni eni = enis.get(r.eni());
        if (eni != null) {
          enis.put(r.eni(), eni.withLeaving(true));
          leave(a -> eni.addresses().containsKey(a.ip()), at);
        }
      }
      case PoolAction.CreateEni _, PoolAction.AssignAddresses _ -> {
        if (action.pool().isDefault()) {
          expected = expected.provided(at);
        }
      }
      case PoolAction.Probe _ -> {}
    }
    if (action.destructive()) {
      surpluses.remove(action.pool());
    }
  }

  private void leave(Predicate<PoolAddress> which, BootTime at) {
    change(
        a -> which.test(a) && a.state() instanceof AddressState.Free,
        a -> new AddressState.Leaving(a.state().since(), at));
  }

  private void fail(PoolEvent.ActionFailed e) {
    InFlight flight = inFlight.get(e.actionId());
    if (flight == null) {
      return;
    }
    PoolAction action = flight.action();
    holds.put(new HeldKind(action.pool(), action.kind()), new Hold(e.reason(), e.notBefore()));
    switch (action) {
      case PoolAction.Probe p -> {
        inFlight.remove(e.actionId());
        change(
            a -> a.ip().equals(p.address()) && a.state() instanceof AddressState.Quarantined,
            a -> new AddressState.Quarantined(a.state().key(), e.at(), a.state().since()));
      }
      case PoolAction.CreateEni _,
          PoolAction.AssignAddresses _,
          PoolAction.UnassignAddresses _,
          PoolAction.ReleaseEni _ -> {
        if (e.effect() == PoolEvent.Effect.UNKNOWN) {
          inFlight.put(e.actionId(), new InFlight(action, flight.since(), e.at(), null));
        } else {
          inFlight.remove(e.actionId());
          takeBack(action);
        }
      }
    }
  }

  /** What was leaving stays. */
  private void takeBack(PoolAction action) {
    EniId id =
        switch (action) {
          case PoolAction.UnassignAddresses u -> u.eni();
          case PoolAction.ReleaseEni r -> r.eni();
          case PoolAction.CreateEni _, PoolAction.AssignAddresses _, PoolAction.Probe _ -> null;
        };
    PoolEni eni = id == null ? null : enis.get(id);
    if (eni == null) {
      return;
    }
    enis.put(eni.id(), eni.withLeaving(false));
    change(
        a -> eni.addresses().containsKey(a.ip()) && a.state() instanceof AddressState.Leaving,
        a ->
            new AddressState.Free(
                a.state() instanceof AddressState.Leaving l ? l.unused() : a.state().since()));
  }

  /** An uncertain action is settled: what EC2 showed meanwhile is its result. */
  void settle(InFlight flight) {
    inFlight.remove(flight.action().id());
    takeBack(flight.action());
  }

  private void letGo(AttachmentKey key, BootTime at) {
    waiters.removeIf(w -> w.key().equals(key));
    change(
        a -> a.heldBy(key) && (a.assigned() || a.state() instanceof AddressState.Quarantined),
        a -> new AddressState.Cooling(at));
  }

  private void tick(PoolPolicy policy, BootTime now) {
    List<IpAddress> over = new ArrayList<>();
    change(
        a ->
            a.state() instanceof AddressState.Cooling c
                && now.since(c.since()).compareTo(policy.cooldown()) >= 0,
        a -> {
          if (a.gone()) {
            over.add(a.ip());
          }
          return new AddressState.Free(a.state().since());
        });
    if (!over.isEmpty()) {
      for (PoolEni eni : List.copyOf(enis.values())) {
        remove(eni.id(), over);
      }
      enis.values().removeIf(e -> e.device() == null && e.addresses().isEmpty());
    }
    released.values().removeIf(since -> now.since(since).compareTo(policy.cooldown()) >= 0);
    if (releasedOtherwise != null
        && now.since(releasedOtherwise).compareTo(policy.cooldown()) >= 0) {
      releasedOtherwise = null;
    }
    holds.values().removeIf(h -> !now.isBefore(h.until()));
    SortedMap<PoolName, Surplus> lasting = Shrinkage.surpluses(state(), policy, now);
    surpluses.clear();
    surpluses.putAll(lasting);
  }

  /** Adds addresses that EC2 has just given as free; one that is known stays what it is. */
  void addEni(
      EniId id, DeviceIndex device, PoolName pool, Collection<IpAddress> addresses, BootTime at) {
    place(id, device, pool, at);
    addAddresses(id, addresses, at);
  }

  /**
   * As {@link #addEni}, of addresses that EC2 shows and this run did not see come: they may have
   * had pods before it started, and rest as then.
   */
  void joinEni(CloudView.Eni seen, Collection<IpAddress> addresses, BootTime at) {
    EniId id = seen.id();
    place(id, seen.device(), seen.pool(), at);
    for (IpAddress ip : addresses) {
      BootTime since = released.containsKey(ip) ? released.get(ip) : releasedOtherwise;
      addAddress(
          id, ip, since == null ? new AddressState.Free(at) : new AddressState.Cooling(since), at);
    }
  }

  private void place(EniId id, DeviceIndex device, PoolName pool, BootTime at) {
    PoolEni old = enis.get(id);
    if (old == null) {
      enis.put(id, new PoolEni(id, device, pool, at, false, null, new TreeMap<>()));
    } else if (old.device() == null) {
      enis.put(id, new PoolEni(id, device, pool, at, old.leaving(), null, old.addresses()));
    }
  }

  private void addAddresses(EniId id, Collection<IpAddress> addresses, BootTime at) {
    for (IpAddress ip : addresses) {
      addAddress(id, ip, new AddressState.Free(at), at);
    }
  }

  private void addAddress(EniId id, IpAddress ip, AddressState state, BootTime at) {
    PoolEni eni = enis.get(id);
    sightings.remove(ip);
    if (eni != null && enis.values().stream().noneMatch(e -> e.addresses().containsKey(ip))) {
      released.remove(ip);
      enis.put(id, eni.with(PoolAddress.of(ip, state, at)));
    }
  }

  void remove(EniId id, Collection<IpAddress> addresses) {
    PoolEni eni = enis.get(id);
    if (eni != null) {
      SortedMap<IpAddress, PoolAddress> rest = new TreeMap<>(eni.addresses());
      rest.keySet().removeAll(Set.copyOf(addresses));
      enis.put(id, eni.withAddresses(rest));
    }
  }

  void own(IpAddress ip, AttachmentKey key, BootTime at) {
    waiters.removeIf(w -> w.key().equals(key));
    change(a -> a.ip().equals(ip), a -> new AddressState.Owned(key, false, at));
  }

  void enqueue(AttachmentKey key, PoolName pool, BootTime at) {
    waiters.removeIf(w -> w.key().equals(key) && !w.pool().equals(pool));
    if (waiters.stream().noneMatch(w -> w.key().equals(key))) {
      waiters.add(new Waiter(key, pool, at));
    }
  }

  private @Nullable PoolAction end(long actionId) {
    InFlight flight = inFlight.remove(actionId);
    if (flight == null) {
      return null;
    }
    holds.remove(new HeldKind(flight.action().pool(), flight.action().kind()));
    return flight.action();
  }

  private void endProbe(IpAddress ip) {
    inFlight
        .values()
        .removeIf(f -> f.action() instanceof PoolAction.Probe p && p.address().equals(ip));
  }

  /** What becomes of an address. */
  interface Change {
    AddressState of(PoolAddress address);
  }

  /** Changes every address that matches; copies only the ENIs concerned. */
  private boolean change(Predicate<PoolAddress> which, Change change) {
    boolean any = false;
    for (PoolEni eni : List.copyOf(enis.values())) {
      SortedMap<IpAddress, PoolAddress> copy = null;
      for (PoolAddress address : eni.addresses().values()) {
        if (which.test(address)) {
          if (copy == null) {
            copy = new TreeMap<>(eni.addresses());
          }
          copy.put(address.ip(), address.with(change.of(address)));
        }
      }
      if (copy != null) {
        any = true;
        enis.put(eni.id(), eni.withAddresses(copy));
      }
    }
    return any;
  }
}
