package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** What must be true of a pool, whatever happens; the numbers are those of docs/design.md. */
final class PoolRules {
  private final PoolPolicy policy;
  private final PoolLimits limits;
  private final WorldCloud cloud;
  private final Map<IpAddress, AllocationResult.Granted> owners = new TreeMap<>();
  private final Map<IpAddress, BootTime> ended = new TreeMap<>();
  private final Map<IpAddress, BootTime> missed = new TreeMap<>();
  private final Set<IpAddress> suspects = new HashSet<>();
  private final Map<IpAddress, Doubt> doubts = new TreeMap<>();
  private boolean verified;
  private BootTime asked = BootTime.BOOT;
  private final Map<PoolName, BootTime> calmSince = new TreeMap<>();
  private BootTime began = BootTime.BOOT;
  private long demanded;
  private long grown;
  private int expected;
  private BootTime expectedFirst = BootTime.BOOT;
  private BootTime expectedLast = BootTime.BOOT;
  private boolean grew;

  /** Whether the address was given back is not known since a moment; when EC2 was asked first. */
  private record Doubt(BootTime since, Optional<BootTime> asked) {
    Optional<Doubt> after(BootTime when) {
      if (!since.isBefore(when)) {
        return Optional.of(this);
      }
      return asked.isEmpty()
          ? Optional.of(new Doubt(since, Optional.of(when)))
          : Optional.of(this).filter(d -> when.since(asked.get()).compareTo(CloudLook.APART) < 0);
    }
  }

  PoolRules(PoolPolicy policy, PoolLimits limits, WorldCloud cloud) {
    this.policy = policy;
    this.limits = limits;
    this.cloud = cloud;
  }

  private static void must(boolean condition, String rule, Object about) {
    if (!condition) {
      throw new AssertionError(rule + ": " + about);
    }
  }

  // What happened.

  /** A daemon starts and finds these pods; what it was told before is gone. */
  void started(CloudView view, Collection<PoolEvent.Held> pods, BootTime now) {
    owners.clear();
    for (PoolEvent.Held pod : pods) {
      owners.put(pod.address(), new AllocationResult.Granted(pod.key(), pod.address(), pod.eni()));
    }
    suspects.clear();
    missed.clear();
    doubts.clear();
    verified = view.verified();
    asked = now;
    began = now;
    calmSince.clear();
    expected = 0;
    expectedFirst = BootTime.BOOT;
    expectedLast = BootTime.BOOT;
    grew = false;
    if (verified) {
      pods.stream()
          .map(PoolEvent.Held::address)
          .filter(ip -> !shows(view, ip))
          .forEach(ip -> missed.put(ip, now));
    }
    demand(WarmTargets.PREFIX_SIZE * limits.maxEnis());
  }

  private static boolean shows(CloudView view, IpAddress ip) {
    return view.enis().stream().anyMatch(eni -> eni.addresses().contains(ip));
  }

  /** After a boot everything counts as released at the boot. */
  void rebooted() {
    ended.replaceAll((_, _) -> BootTime.BOOT);
  }

  void observed(PoolState state, CloudView view, BootTime when) {
    verified = true;
    asked = when;
    for (IpAddress ip : List.copyOf(doubts.keySet())) {
      doubts.computeIfPresent(ip, (_, doubt) -> doubt.after(when).orElse(null));
    }
    missed.keySet().removeIf(ip -> state.address(ip).isEmpty());
    for (PoolEni eni : state.enis().values()) {
      for (PoolAddress address : eni.addresses().values()) {
        if (shows(view, address.ip())) {
          missed.remove(address.ip());
        } else if (address.known().isBefore(when) // else the answer is too old to tell
            && missed.putIfAbsent(address.ip(), when) == null) {
          demand(1);
        }
      }
    }
  }

  /** Whether these addresses were given back is not known. */
  void doubtful(PoolAction.UnassignAddresses action, BootTime now) {
    action.addresses().forEach(ip -> doubts.put(ip, new Doubt(now, Optional.empty())));
  }

  /** So many addresses more may have to be ordered because of what happened. */
  void demand(int addresses) {
    demanded += addresses;
  }

  /** So many pods are expected from this moment on. */
  void expects(int pods, BootTime now) {
    if (pods > expected) {
      expectedFirst = now.since(expectedLast).toMillis() < 300 ? expectedFirst : now;
      expectedLast = now;
    }
    expected = pods;
  }

  /**
   * Whether the last pods were bound less than 0.3 s ago, and the first, or those for whom the pool
   * grew, less than 1.5 s.
   */
  private boolean settling(BootTime now) {
    return expected > 0
        && now.since(expectedLast).toMillis() < 300
        && now.since(expectedFirst).toMillis() < 1500;
  }

  private int expected(PoolName pool) {
    return pool.isDefault() ? expected : 0;
  }

  /** The pod's last trace went at this moment. */
  void ended(AttachmentKey key, BootTime now) {
    owners
        .values()
        .removeIf(
            g -> {
              boolean his = g.key().equals(key);
              if (his) {
                ended.put(g.address(), now);
                suspects.remove(g.address());
              }
              return his;
            });
  }

  /** The pod was not built, and nobody saw its address. */
  void neverBuilt(AttachmentKey key) {
    owners.values().removeIf(g -> g.key().equals(key));
  }

  /** The pool was told that somebody unknown has the address, who is no owner. */
  void suspected(IpAddress ip) {
    owners.remove(ip);
    suspects.add(ip);
    demand(1);
  }

  /** The pod's veth is gone; the pod may live on. */
  void vanished(AttachmentKey key) {
    owners.values().stream()
        .filter(g -> g.key().equals(key))
        .forEach(g -> suspects.add(g.address()));
  }

  /** A look found nobody; late, it says nothing about what happened meanwhile. */
  void nobodyHolds(IpAddress ip, BootTime now) {
    if (suspects.remove(ip)) {
      owners.remove(ip);
      ended.put(ip, now);
    }
  }

  /** A pod died unseen before this start. */
  void diedBefore(IpAddress ip, BootTime now) {
    ended.put(ip, now);
  }

  boolean owns(AttachmentKey key) {
    return owners.values().stream().anyMatch(g -> g.key().equals(key));
  }

  // What must follow.

  /** Invariants 1 and 2. */
  void granted(
      AllocationResult.Granted g, PoolName asked, BootTime now, Collection<PoolAction> running) {
    AllocationResult.Granted before = owners.get(g.address());
    must(cloud.pool(g.eni()).equals(asked), "of the pool that was asked for", g + " " + asked);
    must(before == null || before.key().equals(g.key()), "1 one owner", g + " not " + before);
    must(!suspects.contains(g.address()), "1 nobody else has it", g);
    must(before != null || rested(g.address(), now), "2 cooldown", g + " at " + now + ended);
    must(!missed.containsKey(g.address()), "only what EC2's last answer has", g);
    must(!cloud.gone(g.address()), "not what we gave back", g);
    for (PoolAction action : running) {
      must(!taken(action).contains(g.address()), "not what is leaving", g);
    }
    owners.put(g.address(), g);
  }

  private boolean rested(IpAddress ip, BootTime now) {
    BootTime end = ended.get(ip);
    return end == null || now.since(end).compareTo(policy.cooldown()) >= 0;
  }

  /** Invariants 1 and 5, after every event. */
  void hold(PoolState state, BootTime now) {
    for (PoolView pool : PoolView.all(state, policy)) {
      if (!state.surpluses().containsKey(pool.name())) {
        calmSince.put(pool.name(), now);
      }
    }
    PoolSummary sum = state.summary();
    int all = state.enis().values().stream().mapToInt(e -> e.addresses().size()).sum();
    must(sum.total() == all, "the six add up", sum);
    owners.forEach(
        (ip, g) ->
            must(
                state.address(ip).filter(a -> g.key().equals(a.state().key())).isPresent(),
                "1 an owner keeps its address",
                g + " " + state.address(ip)));
    doubts.keySet().removeIf(ip -> state.address(ip).isEmpty() && missed.containsKey(ip));
    for (IpAddress ip : doubts.keySet()) {
      must(
          state.address(ip).filter(a -> a.state() instanceof AddressState.Leaving).isPresent(),
          "leaving until two answers tell",
          ip);
    }
    Set<AttachmentKey> keys = new HashSet<>();
    for (PoolEni eni : state.enis().values()) {
      for (PoolAddress a : eni.addresses().values()) {
        if (a.assigned()) {
          AttachmentKey key = a.state().key();
          must(key != null && keys.add(key), "1 one address for a key", a);
          AllocationResult.Granted g = owners.get(a.ip());
          must(g != null && g.key().equals(key), "1 an address ends with its owner", a);
        }
        if (a.state() instanceof AddressState.Frozen) {
          BootTime first = missed.get(a.ip());
          must(
              first != null && asked.since(first).compareTo(CloudLook.APART) >= 0,
              "4 absence counts after two answers",
              a);
        }
      }
    }
  }

  /** Invariants 3 to 7, before an action begins. */
  void ordered(PoolState state, PoolAction action, Collection<PoolAction> running, BootTime now) {
    must(running.stream().noneMatch(a -> a.id() == action.id()), "6 not ordered twice", action);
    if (action.incoming() > 0) {
      growth(state, action, running, now);
    }
    if (action.destructive()) {
      must(verified, "4 nothing destructive from unverified knowledge", action);
      must(
          lasted(action, now) || makesPlace(state, action, running),
          "5 surplus lasts, unless a pod of another pool waits for the place",
          action + " " + state);
      PoolView pool = PoolView.of(state, action.pool(), policy);
      int free = freeOf(state, action);
      must(
          free == 0 || pool.stock().usable() - free >= expected(action.pool()),
          "3 what expected pods need does not go",
          action + " " + state);
      for (IpAddress ip : taken(action)) {
        must(!owners.containsKey(ip), "3 no owned address goes", action);
        must(!suspects.contains(ip), "3 no quarantined address goes", action);
        must(rested(ip, now), "3 no cooling address goes", action);
      }
      if (action instanceof PoolAction.ReleaseEni r) {
        must(
            owners.values().stream().noneMatch(g -> g.eni().equals(r.eni())),
            "3 no ENI with a pod goes",
            action);
      }
      demand(1 + taken(action).size());
    }
  }

  /** How many usable addresses the pool has less after the action. */
  private static int freeOf(PoolState state, PoolAction action) {
    return switch (action) {
      case PoolAction.UnassignAddresses u -> u.addresses().size();
      case PoolAction.ReleaseEni r -> known(state, r.eni());
      case PoolAction.CreateEni _, PoolAction.AssignAddresses _, PoolAction.Probe _ -> 0;
    };
  }

  /** Once the actions of a plan were ordered: nothing that is lacking is put off for long. */
  void planned(PoolState state, BootTime now) {
    PoolView pool = PoolView.of(state, PoolName.DEFAULT, policy);
    must(
        pool.stock().usable() >= expected
            || settling(now)
            || !state.waiters().isEmpty() // who waits comes first, in any pool
            || Growth.room(pool, Growth.freePlaces(pool)) == 0
            || !Growth.mayOrder(pool, now),
        "5 expected pods are provided for",
        state);
    expectedFirst = grew ? now : expectedFirst;
    grew = false;
  }

  private boolean lasted(PoolAction action, BootTime now) {
    BootTime since = calmSince.getOrDefault(action.pool(), began);
    return now.since(since).compareTo(policy.releaseDelay()) >= 0;
  }

  /**
   * Whether it is an ENI that its own pool's pods can do without, and others wait for its place.
   */
  private boolean makesPlace(PoolState state, PoolAction action, Collection<PoolAction> running) {
    int most = Math.min(limits.maxEnis(), policy.maxEni());
    if (!(action instanceof PoolAction.ReleaseEni release) || state.devicesTaken().size() < most) {
      return false;
    }
    int waiting = 0;
    for (PoolView pool : PoolView.all(state, policy)) {
      if (pool.name().equals(action.pool())) {
        int left = pool.stock().usable() - pool.incoming() - known(state, release.eni());
        must(
            left >= pool.waiters().size() + expected(pool.name()),
            "its own pods come first",
            action + " " + state);
      } else {
        waiting += Math.max(0, pool.unserved());
      }
    }
    long others = running.stream().filter(a -> a.kind() == PoolAction.Kind.RELEASE_ENI).count();
    return others < waiting;
  }

  private static int known(PoolState state, EniId id) {
    PoolEni eni = state.enis().get(id);
    return eni == null ? 0 : eni.addresses().size();
  }

  /**
   * A create whose place is taken has happened already, or never will; an ENI that is gone, though
   * a late answer shows it, gets nothing.
   */
  private boolean canBring(PoolAction action) {
    return switch (action) {
      case PoolAction.CreateEni create -> !cloud.occupied(create.device());
      case PoolAction.AssignAddresses assign -> cloud.all().containsKey(assign.eni());
      case PoolAction.UnassignAddresses _, PoolAction.ReleaseEni _, PoolAction.Probe _ -> false;
    };
  }

  private void growth(
      PoolState state, PoolAction action, Collection<PoolAction> running, BootTime now) {
    int coming = running.stream().filter(this::canBring).mapToInt(PoolAction::incoming).sum();
    int most = Math.min(limits.maxEnis(), policy.maxEni());
    must(
        !canBring(action)
            || cloud.ordered() + coming + action.incoming() <= most * limits.slotsPerEni(),
        "not more than the instance takes",
        action + " with " + coming + " coming and " + cloud.ordered());
    PoolSummary sum = state.summary(action.pool());
    PoolPolicy own = policy.of(action.pool());
    int will = sum.total() - sum.leaving() + sum.incoming() + action.incoming();
    must(will <= Math.max(own.maxPods(), 1), "not more than pods can use", action);
    if (own.byAddress()) {
      int target = own.warmIpTarget().orElse(0) + sum.waiting() + expected(action.pool());
      int usable = PoolView.of(state, action.pool(), policy).stock().usable() + action.incoming();
      must(
          usable <= target || will <= own.minimumIpTarget().orElse(0),
          "6 not more than is short",
          action + " with " + sum);
    }
    must(
        sum.waiting() > 0 || !action.pool().isDefault() || !settling(now),
        "7 one growth for pods that are bound together",
        action);
    grew |= action.pool().isDefault();
    grown++;
    must(grown <= demanded, "7 no more growth than demand", grown + " for " + demanded);
  }

  Set<IpAddress> taken(PoolAction action) {
    return switch (action) {
      case PoolAction.UnassignAddresses u -> u.addresses();
      case PoolAction.ReleaseEni r -> cloud.on(r.eni());
      case PoolAction.CreateEni _, PoolAction.AssignAddresses _, PoolAction.Probe _ -> Set.of();
    };
  }

  /** Whether the pool knows exactly what EC2 has. */
  boolean knownAll(PoolState state) {
    Map<EniId, Set<IpAddress>> known = new TreeMap<>();
    state.enis().forEach((id, eni) -> known.put(id, Set.copyOf(eni.addresses().keySet())));
    return known.equals(cloud.all());
  }

  /** Invariant 5: the target is met where it can be, and pool and EC2 agree. */
  void atRest(PoolState state) {
    must(verified, "EC2 was asked", state);
    must(knownAll(state), "what EC2 has is known", state + " not " + cloud.all());
    for (PoolView pool : PoolView.all(state, policy)) {
      int lacking = WarmTargets.shortage(pool.policy(), limits.slotsPerEni(), pool.stock());
      int room = Growth.room(pool, Growth.freePlaces(pool));
      must(lacking == 0 || room == 0, "5 the target is met", pool + " lacks " + lacking);
      must(Shrinkage.size(pool) == 0, "5 nothing is too much", pool);
      for (PoolEni eni : pool.enis()) {
        must(cloud.pool(eni.id()).equals(pool.name()), "an ENI is its tag's pool's", eni);
      }
    }
  }
}
