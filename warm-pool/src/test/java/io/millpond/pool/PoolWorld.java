package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A cloud and a kernel of the simplest kind, and what must be true of a pool that uses them. */
final class PoolWorld {
  /**
   * A step is a number; what it does follows from it and the world alone, so any may be left out.
   */
  final List<String> story = new ArrayList<>();

  private final PoolUnderTest pool;
  private final PoolPolicy policy;
  private final PoolLimits limits = new PoolLimits(3, 5);
  private final Map<EniId, Set<IpAddress>> cloud = new TreeMap<>();
  private final Map<EniId, DeviceIndex> devices = new HashMap<>();
  private final Map<IpAddress, AttachmentKey> owners = new TreeMap<>();
  private final Map<AttachmentKey, IpAddress> suspected = new HashMap<>();
  private final Map<IpAddress, BootTime> released = new HashMap<>();
  private final Map<Long, PoolAction> running = new TreeMap<>();
  private final boolean startsVerified;
  private boolean verified;
  private BootTime now = new BootTime(10_000_000);
  private BootTime calmSince = now;
  private PoolState state;
  private int made = 1;
  private int steps;

  PoolWorld(PoolUnderTest pool, PoolPolicy policy, boolean startsVerified) {
    this.pool = pool;
    this.policy = policy;
    this.startsVerified = startsVerified;
    state = PoolState.empty(limits);
    EniId primary = PoolSubject.eni(0);
    cloud.put(primary, new HashSet<>());
    devices.put(primary, DeviceIndex.PRIMARY);
    for (int i = 0; i < 4; i++) {
      cloud.computeIfAbsent(primary, _ -> new HashSet<>()).add(address());
    }
    verified = startsVerified;
    tell(new PoolEvent.Started(view(startsVerified), List.of(), Map.of(), BootTime.BOOT, now));
  }

  private IpAddress address() {
    return IpAddress.ofIpv4(0x0A000000 + made++);
  }

  private CloudView view(boolean sure) {
    List<CloudView.Eni> enis = new ArrayList<>();
    cloud.forEach((id, ips) -> enis.add(new CloudView.Eni(id, place(id), ips)));
    return new CloudView(sure, enis, Set.of());
  }

  private DeviceIndex place(EniId id) {
    return devices.getOrDefault(id, DeviceIndex.PRIMARY);
  }

  private void tell(PoolEvent event) {
    story.add(event.toString());
    state = pool.apply(state, event);
  }

  private static void must(boolean condition, String rule, Object about) {
    if (!condition) {
      throw new AssertionError(rule + ": " + about);
    }
  }

  void step(int draw) {
    steps++;
    AttachmentKey key = PoolSubject.pod((draw >>> 8) % 12);
    int kind = draw & 31;
    now = now.plus(Duration.ofMillis(kind < 4 ? (draw >>> 8) % 60_000 : 100));
    if (kind < 4) {
      story.add("time passes to " + now);
    } else if (kind < 11) {
      request(key);
    } else if (kind < 18) {
      suspected.remove(key);
      if (!owners.containsValue(key)) {
        tell(new PoolEvent.Cancelled(key, now));
      }
      end(key, new PoolEvent.Detached(key, now));
    } else if (kind == 18) {
      owners.forEach(
          (ip, owner) -> {
            if (owner.equals(key)) {
              suspected.put(key, ip);
            }
          });
      tell(new PoolEvent.VethVanished(key, now));
    } else if (kind == 19) {
      suspected.remove(key);
      end(key, new PoolEvent.NamespaceDied(key, now));
    } else if (kind < 22) {
      // A world that starts from a hint waits long for EC2, so that a surplus can last before.
      if (startsVerified || steps > 300) {
        observe();
      }
    } else {
      finish(draw >>> 8);
    }
    cycle();
  }

  private void end(AttachmentKey key, PoolEvent event) {
    owners
        .entrySet()
        .removeIf(
            e -> {
              boolean his = e.getValue().equals(key);
              if (his) {
                released.put(e.getKey(), now);
              }
              return his;
            });
    tell(event);
  }

  private void observe() {
    verified = true;
    tell(new PoolEvent.CloudObserved(view(true), now));
  }

  private void request(AttachmentKey key) {
    if (suspected.containsKey(key)) {
      return;
    }
    story.add("request " + key);
    PoolState.Allocation answer = pool.request(state, key, policy, now);
    state = answer.state();
    if (answer.result() instanceof AllocationResult.Granted granted) {
      granted(granted);
    }
  }

  private void granted(AllocationResult.Granted g) {
    AttachmentKey owner = owners.get(g.address());
    must(owner == null || owner.equals(g.key()), "one owner", g + " is held by " + owner);
    BootTime end = released.get(g.address());
    must(
        owner != null || end == null || now.since(end).compareTo(policy.cooldown()) >= 0,
        "cooldown",
        g + " was released at " + end + ", given at " + now);
    must(cloud.getOrDefault(g.eni(), Set.of()).contains(g.address()), "only what EC2 gave us", g);
    owners.put(g.address(), g.key());
  }

  private void cycle() {
    PoolState.Served served = state.serve(policy, now);
    state = served.state();
    served.grants().forEach(this::granted);
    boolean surplus = state.surplus() != null;
    if (!surplus) {
      calmSince = now;
    }
    for (PoolAction action : pool.plan(state, policy, now)) {
      check(action);
      running.put(action.id(), action);
      tell(new PoolEvent.Ordered(action, now));
    }
    PoolSummary sum = state.summary();
    int all = state.enis().values().stream().mapToInt(e -> e.addresses().size()).sum();
    must(sum.total() == all, "the six add up", sum);
    owners.forEach(
        (ip, key) ->
            must(
                state.address(ip).filter(a -> key.equals(a.state().key())).isPresent(),
                "an owner keeps its address",
                key + " " + ip + " " + state.address(ip)));
  }

  private void check(PoolAction action) {
    must(!running.containsKey(action.id()), "nothing is ordered twice", action);
    int coming = running.values().stream().mapToInt(PoolAction::incoming).sum();
    int have = cloud.values().stream().mapToInt(Set::size).sum();
    must(
        have + coming + action.incoming() <= limits.maxEnis() * limits.slotsPerEni(),
        "not more than the instance takes",
        action);
    int target = policy.warmIpTarget().orElse(0) + state.waiters().size();
    if (action.incoming() > 0 && policy.byAddress()) {
      long free =
          state.enis().values().stream()
              .filter(e -> policy.firstEniForPods() || !e.isPrimary())
              .flatMap(e -> e.addresses().values().stream())
              .filter(PoolAddress::usable)
              .count();
      must(
          coming + action.incoming() + free <= target
              || have + coming + action.incoming() <= policy.minimumIpTarget().orElse(0),
          "not more than is short",
          action + " with " + coming + " coming and " + free + " free");
    }
    if (action.destructive()) {
      must(verified, "nothing destructive from unverified knowledge", action);
      must(now.since(calmSince).compareTo(policy.releaseDelay()) >= 0, "a surplus lasts", action);
      for (IpAddress ip : taken(action)) {
        BootTime end = released.get(ip);
        must(!owners.containsKey(ip), "no owned address is taken away", action);
        must(
            end == null || now.since(end).compareTo(policy.cooldown()) >= 0,
            "no cooling address is taken away",
            action);
      }
    }
  }

  private Set<IpAddress> taken(PoolAction action) {
    return switch (action) {
      case PoolAction.UnassignAddresses u -> u.addresses();
      case PoolAction.ReleaseEni r -> cloud.getOrDefault(r.eni(), Set.of());
      case PoolAction.CreateEni _, PoolAction.AssignAddresses _, PoolAction.Probe _ -> Set.of();
    };
  }

  /** An action ends: well, without effect, or with its effect unknown to us. */
  private void finish(int draw) {
    if (running.isEmpty()) {
      return;
    }
    List<PoolAction> all = List.copyOf(running.values());
    PoolAction action = all.get(draw % all.size());
    running.remove(action.id());
    int luck = (draw >>> 4) % 8;
    if (action instanceof PoolAction.Probe p) {
      boolean held = suspected.containsValue(p.address());
      if (held) {
        tell(new PoolEvent.StillHeld(p.address(), now));
      } else {
        tell(new PoolEvent.HolderGone(p.address(), now));
      }
    } else if (luck == 0) {
      fail(action, PoolEvent.Effect.NONE);
    } else {
      PoolEvent done = perform(action);
      if (luck == 1) {
        fail(action, PoolEvent.Effect.UNKNOWN);
      } else {
        tell(done);
      }
    }
  }

  private void fail(PoolAction action, PoolEvent.Effect effect) {
    BootTime later = now.plus(Duration.ofSeconds(1));
    tell(new PoolEvent.ActionFailed(action.id(), effect, "EC2 is unwell", later, now));
  }

  private PoolEvent perform(PoolAction action) {
    Set<IpAddress> fresh = new HashSet<>();
    for (int i = 0; i < action.incoming(); i++) {
      fresh.add(address());
    }
    return switch (action) {
      case PoolAction.CreateEni a -> {
        EniId id = PoolSubject.eni(made++);
        cloud.put(id, fresh);
        devices.put(id, a.device());
        yield new PoolEvent.EniAdded(a.id(), id, a.device(), fresh, now);
      }
      case PoolAction.AssignAddresses a -> {
        cloud.computeIfAbsent(a.eni(), _ -> new HashSet<>()).addAll(fresh);
        yield new PoolEvent.AddressesAssigned(a.id(), a.eni(), fresh, now);
      }
      case PoolAction.UnassignAddresses a -> {
        cloud.getOrDefault(a.eni(), new HashSet<>()).removeAll(a.addresses());
        yield new PoolEvent.AddressesUnassigned(a.id(), now);
      }
      case PoolAction.ReleaseEni a -> {
        cloud.remove(a.eni());
        yield new PoolEvent.EniReleased(a.id(), now);
      }
      case PoolAction.Probe a -> new PoolEvent.HolderGone(a.address(), now);
    };
  }

  /** With a well-behaved cloud and no more events, the pool comes to rest. */
  void comesToRest() {
    suspected.clear();
    for (int pod = 0; pod < 12; pod++) {
      AttachmentKey key = PoolSubject.pod(pod);
      tell(new PoolEvent.Cancelled(key, now));
      end(key, new PoolEvent.Detached(key, now));
    }
    int last = 0;
    for (int round = 0; round < 300; round++) {
      now = now.plus(Duration.ofSeconds(11));
      for (PoolAction action : List.copyOf(running.values())) {
        running.remove(action.id());
        tell(perform(action));
        last = round;
      }
      if (state.needsObservation()) {
        observe();
      }
      cycle();
    }
    must(running.isEmpty() && last < 200, "the pool comes to rest", running + " " + state);
    must(startsVerified || verified, "EC2 was asked", state);
  }
}
