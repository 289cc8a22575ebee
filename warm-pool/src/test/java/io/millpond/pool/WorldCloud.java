package io.millpond.pool;

import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** EC2 at its simplest, with its vices: an answer may be some seconds old, things vanish. */
final class WorldCloud {
  /** An answer is never older. */
  static final Duration LAG = Duration.ofSeconds(4);

  private final PoolLimits limits;
  private final Map<EniId, Set<IpAddress>> enis = new TreeMap<>();
  private final Map<EniId, DeviceIndex> devices = new HashMap<>();
  private final Map<EniId, PoolName> pools = new HashMap<>();
  private final Map<IpAddress, EniId> takenAway = new TreeMap<>();
  private final Set<IpAddress> gifts = new HashSet<>();
  private final Set<IpAddress> gone = new HashSet<>();
  private final Deque<Past> past = new ArrayDeque<>();
  private int made = 1;

  /** How it was until a moment. */
  private record Past(BootTime until, Map<EniId, Set<IpAddress>> enis) {}

  WorldCloud(PoolLimits limits) {
    this.limits = limits;
    EniId primary = PoolSubject.eni(0);
    devices.put(primary, DeviceIndex.PRIMARY);
    enis.put(primary, fresh(limits.slotsPerEni()));
  }

  private Set<IpAddress> fresh(int count) {
    Set<IpAddress> fresh = new HashSet<>();
    for (int i = 0; i < count; i++) {
      fresh.add(IpAddress.ofIpv4(0x0A000000 + made++));
    }
    return fresh;
  }

  Set<IpAddress> on(EniId eni) {
    return enis.getOrDefault(eni, Set.of());
  }

  Map<EniId, Set<IpAddress>> all() {
    return enis;
  }

  /** A new daemon does not know what a late answer does not show it. */
  void startsWith(CloudView view) {
    enis.values().forEach(gifts::addAll);
    view.enis().forEach(eni -> gifts.removeAll(eni.addresses()));
    view.enis().forEach(eni -> gone.removeAll(eni.addresses()));
  }

  /** Whether this daemon's own order took the address away. */
  boolean gone(IpAddress ip) {
    return gone.contains(ip);
  }

  /** Addresses that this daemon's own orders brought, or that it found. */
  int ordered() {
    return enis.values().stream().mapToInt(ips -> without(ips, gifts).size()).sum();
  }

  /** Whether an ENI has this place: none can be created there. */
  boolean occupied(DeviceIndex place) {
    return enis.keySet().stream().anyMatch(id -> device(id).equals(place));
  }

  /** The node boots: nobody remembers when anything was. */
  void reboot() {
    past.clear();
  }

  private void aboutToChange(BootTime now) {
    Map<EniId, Set<IpAddress>> copy = new TreeMap<>();
    enis.forEach((id, ips) -> copy.put(id, Set.copyOf(ips)));
    past.addLast(new Past(now, copy));
    while (now.since(past.getFirst().until()).compareTo(LAG) > 0) {
      past.removeFirst();
    }
  }

  /** What EC2, or the metadata, answers now: how it was at a moment not long ago. */
  CloudView view(boolean sure, BootTime moment) {
    Map<EniId, Set<IpAddress>> then =
        past.stream()
            .filter(p -> moment.isBefore(p.until()))
            .findFirst()
            .map(Past::enis)
            .orElse(enis);
    List<CloudView.Eni> seen = new ArrayList<>();
    then.forEach((id, ips) -> seen.add(new CloudView.Eni(id, device(id), pool(id), ips)));
    return new CloudView(sure, seen, Set.of());
  }

  /** Whose an ENI is, as its tag says. */
  PoolName pool(EniId id) {
    return pools.getOrDefault(id, PoolName.DEFAULT);
  }

  private DeviceIndex device(EniId id) {
    return devices.getOrDefault(id, DeviceIndex.PRIMARY);
  }

  /** Does it and says so; empty if it cannot be done. */
  Optional<PoolEvent> perform(PoolAction action, BootTime now) {
    aboutToChange(now);
    return Optional.ofNullable(
        switch (action) {
          case PoolAction.CreateEni a -> {
            boolean taken = enis.size() >= limits.maxEnis() || occupied(a.device());
            if (taken) {
              yield null;
            }
            EniId id = PoolSubject.eni(made++);
            devices.put(id, a.device());
            pools.put(id, a.pool());
            enis.put(id, fresh(a.addressCount()));
            yield new PoolEvent.EniAdded(a.id(), id, a.device(), a.pool(), on(id), now);
          }
          case PoolAction.AssignAddresses a -> {
            if (!enis.containsKey(a.eni()) || on(a.eni()).size() + a.count() > slots()) {
              yield null;
            }
            Set<IpAddress> fresh = fresh(a.count());
            enis.computeIfPresent(a.eni(), (_, had) -> union(had, fresh));
            yield new PoolEvent.AddressesAssigned(a.id(), a.eni(), fresh, now);
          }
          case PoolAction.UnassignAddresses a -> {
            gone.addAll(a.addresses());
            enis.computeIfPresent(a.eni(), (_, had) -> without(had, a.addresses()));
            yield new PoolEvent.AddressesUnassigned(a.id(), now);
          }
          case PoolAction.ReleaseEni a -> {
            gone.addAll(on(a.eni()));
            enis.remove(a.eni());
            yield new PoolEvent.EniReleased(a.id(), now);
          }
          case PoolAction.Probe _ -> null;
        });
  }

  private int slots() {
    return limits.slotsPerEni();
  }

  private static Set<IpAddress> union(Set<IpAddress> one, Set<IpAddress> other) {
    Set<IpAddress> all = new HashSet<>(one);
    all.addAll(other);
    return all;
  }

  private static Set<IpAddress> without(Set<IpAddress> all, Set<IpAddress> leaving) {
    Set<IpAddress> rest = new HashSet<>(all);
    rest.removeAll(leaving);
    return rest;
  }

  /** Somebody unassigns an address behind our back. */
  void takeAway(IpAddress ip, BootTime now) {
    for (Map.Entry<EniId, Set<IpAddress>> eni : enis.entrySet()) {
      if (eni.getValue().contains(ip)) {
        aboutToChange(now);
        takenAway.put(ip, eni.getKey());
        eni.setValue(without(eni.getValue(), Set.of(ip)));
        return;
      }
    }
  }

  /** Somebody assigns again what was taken away, if there is a place. */
  Optional<IpAddress> giveBack(BootTime now) {
    for (IpAddress ip : List.copyOf(takenAway.keySet())) {
      EniId eni = takenAway.get(ip);
      if (eni != null && enis.containsKey(eni) && on(eni).size() < slots()) {
        aboutToChange(now);
        enis.computeIfPresent(eni, (_, had) -> union(had, Set.of(ip)));
        takenAway.remove(ip);
        gifts.add(ip);
        gone.remove(ip);
        return Optional.of(ip);
      }
    }
    return Optional.empty();
  }

  /** Somebody detaches and deletes an ENI behind our back, never the primary. */
  Optional<EniId> loseEni(int which, BootTime now) {
    List<EniId> all = enis.keySet().stream().filter(id -> !device(id).isPrimary()).toList();
    if (all.isEmpty()) {
      return Optional.empty();
    }
    EniId lost = all.get(which % all.size());
    aboutToChange(now);
    enis.remove(lost);
    return Optional.of(lost);
  }
}
