package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Everything the pool knows, at one moment. Immutable; every change makes a new state.
 *
 * @param limits what the instance type allows
 * @param run a random word for this run of the daemon; begins every intent id
 * @param verified whether EC2 has confirmed what is known; before, nothing is taken away
 * @param enis ENIs by id, with their addresses
 * @param foreign places of ENIs that are not ours to use
 * @param waiters requests without an address, the oldest first
 * @param inFlight actions that were ordered and have not ended, by id
 * @param holds failed kinds of action by pool, with the moment they may be tried again
 * @param sightings what an EC2 answer showed that the pool does not know, and when it did first
 * @param released when addresses that the pool does not have were last released, as far as the
 *     start knew and not long ago: they rest if they come
 * @param releasedOtherwise when the others were, at the latest, if that is not long ago
 * @param expected pods that have not asked for an address yet
 * @param surpluses surpluses that last, by pool
 * @param nextAction the id of the next action
 */
public record PoolState(
    PoolLimits limits,
    String run,
    boolean verified,
    SortedMap<EniId, PoolEni> enis,
    Set<DeviceIndex> foreign,
    List<Waiter> waiters,
    SortedMap<Long, InFlight> inFlight,
    SortedMap<HeldKind, Hold> holds,
    SortedMap<IpAddress, BootTime> sightings,
    SortedMap<IpAddress, BootTime> released,
    @Nullable BootTime releasedOtherwise,
    Expected expected,
    SortedMap<PoolName, Surplus> surpluses,
    long nextAction) {

  /** A request in the queue since {@code since}. */
  public record Waiter(AttachmentKey key, PoolName pool, BootTime since) {}

  /**
   * An action in flight.
   *
   * @param uncertain since when its outcome is unknown, if it is
   * @param looked when EC2 was first asked after that
   */
  public record InFlight(
      PoolAction action, BootTime since, @Nullable BootTime uncertain, @Nullable BootTime looked) {}

  /** A kind of action in a pool. */
  public record HeldKind(PoolName pool, PoolAction.Kind kind) implements Comparable<HeldKind> {
    @Override
    public int compareTo(HeldKind other) {
      int byPool = pool.compareTo(other.pool);
      return byPool != 0 ? byPool : kind.compareTo(other.kind);
    }
  }

  /** No action of a kind before {@code until}, because of {@code reason}. */
  public record Hold(String reason, BootTime until) {}

  /** A surplus that has lasted since {@code since}, and was never smaller than {@code least}. */
  public record Surplus(BootTime since, int least) {}

  /** A state and the answer to the request that led to it. */
  public record Allocation(PoolState state, AllocationResult result) {}

  /** A state and the addresses given to those who had waited. */
  public record Served(PoolState state, List<AllocationResult.Granted> grants) {}

  public PoolState {
    enis = Collections.unmodifiableSortedMap(enis);
    foreign = Set.copyOf(foreign);
    waiters = List.copyOf(waiters);
    inFlight = Collections.unmodifiableSortedMap(inFlight);
    holds = Collections.unmodifiableSortedMap(holds);
    sightings = Collections.unmodifiableSortedMap(sightings);
    released = Collections.unmodifiableSortedMap(released);
    surpluses = Collections.unmodifiableSortedMap(surpluses);
  }

  /** A pool that knows nothing yet. */
  public static PoolState empty(PoolLimits limits, String run) {
    return new PoolState(
        limits,
        run,
        false,
        new TreeMap<>(),
        Set.of(),
        List.of(),
        new TreeMap<>(),
        new TreeMap<>(),
        new TreeMap<>(),
        new TreeMap<>(),
        null,
        Expected.NONE,
        new TreeMap<>(),
        1);
  }

  /** {@link #empty(PoolLimits, String)} for simulations, where intent ids need not be unique. */
  public static PoolState empty(PoolLimits limits) {
    return empty(limits, "local");
  }

  /** The state after the event. */
  public PoolState apply(PoolEvent event) {
    return new Transition(this).apply(event);
  }

  /**
   * Asks for an address of a pool. Asking again for a key that has one answers the same; asking
   * while waiting keeps the place in the queue.
   */
  public Allocation request(AttachmentKey key, PoolName pool, PoolPolicy policy, BootTime now) {
    return Allocator.request(apply(new PoolEvent.Tick(policy, now)), key, pool, policy, now);
  }

  /** Asks for an address of the default pool. */
  public Allocation request(AttachmentKey key, PoolPolicy policy, BootTime now) {
    return request(key, PoolName.DEFAULT, policy, now);
  }

  /** Gives what is usable to those who wait, the oldest first. */
  public Served serve(PoolPolicy policy, BootTime now) {
    return Allocator.serve(apply(new PoolEvent.Tick(policy, now)), policy, now);
  }

  /**
   * What a waiting request waits for, as it looks now; of one that does not wait, what it would for
   * an address of the default pool.
   */
  public AllocationResult explain(AttachmentKey key, PoolPolicy policy, BootTime now) {
    return Allocator.explain(this, key, policy, now);
  }

  /** What a request for an address of that pool waits for, or would, as it looks now. */
  public AllocationResult explain(
      AttachmentKey key, PoolName pool, PoolPolicy policy, BootTime now) {
    return Allocator.explain(this, key, pool, policy, now);
  }

  /**
   * Why no pod can have an address of that pool for a while: nothing is usable, on its way or
   * cooling, and a failure holds back whatever could bring more.
   */
  public Optional<Hold> stuck(PoolName pool, PoolPolicy policy, BootTime now) {
    return Allocator.stuck(this, pool, policy, now);
  }

  /** The address, wherever it is. */
  public Optional<PoolAddress> address(IpAddress ip) {
    for (PoolEni eni : enis.values()) {
      PoolAddress found = eni.addresses().get(ip);
      if (found != null) {
        return Optional.of(found);
      }
    }
    return Optional.empty();
  }

  /** The address that the attachment has now: owned or frozen. */
  public Optional<AllocationResult.Granted> heldBy(AttachmentKey key) {
    for (PoolEni eni : enis.values()) {
      for (PoolAddress a : eni.addresses().values()) {
        if (a.assigned() && a.heldBy(key)) {
          return Optional.of(new AllocationResult.Granted(key, a.ip(), eni.id()));
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Whether asking EC2 what the instance has would settle something. Ask again every 10 s to 15 s
   * while this is true.
   */
  public boolean needsObservation() {
    return !verified
        || !sightings.isEmpty()
        || inFlight.values().stream().anyMatch(f -> f.uncertain() != null)
        || enis.values().stream()
            .anyMatch(
                e ->
                    (e.missing() != null && e.device() != null)
                        || e.addresses().values().stream()
                            .anyMatch(a -> a.missing() != null && !a.gone()));
  }

  /** Places on the instance that are taken or about to be. */
  SortedSet<DeviceIndex> devicesTaken() {
    SortedSet<DeviceIndex> taken = new TreeSet<>(foreign);
    for (PoolEni eni : enis.values()) {
      if (eni.device() != null) {
        taken.add(eni.device());
      }
    }
    for (InFlight flight : inFlight.values()) {
      if (flight.action() instanceof PoolAction.CreateEni create) {
        taken.add(create.device());
      }
    }
    return taken;
  }

  /** Addresses that actions in flight will bring to a pool. */
  int incoming(PoolName pool) {
    int sum = 0;
    for (InFlight flight : inFlight.values()) {
      sum += flight.action().pool().equals(pool) ? flight.action().incoming() : 0;
    }
    return sum;
  }

  /** The pools that have an ENI or a waiter, and the default one, which is the first. */
  public SortedSet<PoolName> pools() {
    SortedSet<PoolName> names = new TreeSet<>();
    names.add(PoolName.DEFAULT);
    enis.values().forEach(eni -> names.add(eni.pool()));
    waiters.forEach(waiter -> names.add(waiter.pool()));
    return names;
  }

  /** The counts of this moment, of all pools together. */
  public PoolSummary summary() {
    return summary(_ -> true);
  }

  /** The counts of one pool. */
  public PoolSummary summary(PoolName pool) {
    return summary(pool::equals);
  }

  private PoolSummary summary(Predicate<PoolName> which) {
    int[] n = new int[6];
    int count = 0;
    for (PoolEni eni : enis.values()) {
      if (!which.test(eni.pool())) {
        continue;
      }
      count++;
      for (PoolAddress address : eni.addresses().values()) {
        n[
            switch (address.state()) {
              case AddressState.Owned _ -> 0;
              case AddressState.Cooling _ -> 1;
              case AddressState.Quarantined _ -> 2;
              case AddressState.Frozen _ -> 3;
              case AddressState.Leaving _ -> 4;
              case AddressState.Free _ -> 5;
            }]++;
      }
    }
    int incoming = 0;
    for (InFlight flight : inFlight.values()) {
      incoming += which.test(flight.action().pool()) ? flight.action().incoming() : 0;
    }
    int waiting = (int) waiters.stream().filter(waiter -> which.test(waiter.pool())).count();
    return new PoolSummary(
        count,
        n[0],
        n[1],
        n[2],
        n[3],
        n[4],
        n[5],
        incoming,
        waiting,
        which.test(PoolName.DEFAULT) ? expected.pods() : 0);
  }

  /** Everything, for pages. */
  public PoolReport report() {
    return PoolReport.of(this);
  }
}
