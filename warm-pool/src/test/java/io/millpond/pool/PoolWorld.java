package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A daemon's pool between a simple EC2 and a simple kernel that do all that they may do. */
final class PoolWorld {
  private static final PoolLimits LIMITS = new PoolLimits(3, 5);
  private static final int PODS = 12;

  /** What happened, for people. */
  final List<Object> story = new ArrayList<>();

  /** What kinds of things happened, and how often. */
  private final Map<String, Integer> seen;

  private final PoolUnderTest pool;
  private final PoolPolicy policy;
  private final WorldCloud cloud = new WorldCloud(LIMITS);
  private final WorldKernel kernel = new WorldKernel();
  private final PoolRules rules;
  private final Map<AttachmentKey, AllocationResult.Granted> building = new LinkedHashMap<>();
  private final Map<Long, PoolAction> running = new TreeMap<>();
  private final List<PoolAction> late = new ArrayList<>();
  private final boolean startsVerified;
  private BootTime now = new BootTime(10_000_000);
  private PoolState state = PoolState.empty(LIMITS);
  private @Nullable Answer onItsWay;
  private int steps;
  private int expected;

  /** An answer of EC2 that was asked for and has not come. */
  private record Answer(CloudView view, BootTime asked, int step) {}

  PoolWorld(
      PoolUnderTest pool, PoolPolicy policy, boolean startsVerified, Map<String, Integer> seen) {
    this.pool = pool;
    this.policy = policy;
    this.startsVerified = startsVerified;
    this.seen = seen;
    this.rules = new PoolRules(policy, LIMITS, cloud);
    start(startsVerified, false);
  }

  private void saw(String what) {
    seen.merge(what, 1, Integer::sum);
  }

  private void tell(PoolEvent event) {
    story.add(event);
    saw(event.getClass().getSimpleName());
    state = pool.apply(state, event);
  }

  /** A step is a number; what it does follows from it and the world, so any may be left out. */
  void step(int draw) {
    steps++;
    late.forEach(action -> cloud.perform(action, now));
    late.clear();
    Answer answer = onItsWay;
    int kind = draw & 63;
    if (answer != null && (kind < 8 || steps - answer.step() > 30)) {
      observe(answer);
    }
    now = now.plus(Duration.ofMillis(kind < 8 ? (draw >>> 8) % 60_000 : 100));
    AttachmentKey key = PoolSubject.pod((draw >>> 8) % PODS);
    int more = draw >>> 12;
    if (kind < 8) {
      story.add("time passes to " + now);
    } else if (kind < 20) {
      request(key);
    } else if (kind < 29) {
      remove(key);
    } else if (kind < 37) {
      build(more);
    } else if (kind < 40) {
      ask(more);
    } else if (kind < 58) {
      finish(more);
    } else {
      trouble(kind, key, more);
    }
    cycle();
  }

  /** A third of the pods are not the default pool's, if there are others. */
  private PoolName poolOf(AttachmentKey key) {
    List<PoolName> others = List.copyOf(policy.pools().keySet());
    int pod = Integer.parseInt(key.containerId().substring("pod".length()));
    return others.isEmpty() || pod % 3 > 0 ? PoolName.DEFAULT : others.get(pod / 3 % others.size());
  }

  private void trouble(int kind, AttachmentKey key, int more) {
    switch (kind) {
      case 58 -> vethVanishes(key);
      case 59 -> {
        if (kernel.attached(key)) {
          kernel.detach(key, now);
          rules.ended(key, now);
          tell(new PoolEvent.NamespaceDied(key, now));
        }
      }
      case 60 -> kernel.unknownSlavesDie();
      case 61 -> any(more).ifPresent(a -> alien(a.ip()));
      case 62 -> foreignHands(more);
      default -> {
        expect(more % 4 == 0 ? 0 : expected + more % 4);
        switch ((more >>> 2) % 4) {
          case 0 -> restart(more >>> 4);
          case 1 -> tell(new PoolEvent.GrowthReconsidered(poolOf(key), now));
          default -> {}
        }
      }
    }
  }

  /** So many pods are bound to the node, and have not asked. */
  private void expect(int pods) {
    rules.demand(Math.max(0, pods - expected));
    expected = Math.min(pods, PODS);
    rules.expects(expected, now);
    tell(new PoolEvent.DemandExpected(expected, now));
  }

  private Optional<PoolAddress> any(int which) {
    List<PoolAddress> all =
        state.enis().values().stream().flatMap(e -> e.addresses().values().stream()).toList();
    return all.isEmpty() ? Optional.empty() : Optional.of(all.get(which % all.size()));
  }

  private EniId eniOf(IpAddress ip) {
    return state.enis().values().stream()
        .filter(e -> e.addresses().containsKey(ip))
        .map(PoolEni::id)
        .findFirst()
        .orElseThrow();
  }

  private void alien(IpAddress ip) {
    story.add("an unknown slave takes " + ip);
    kernel.alien(eniOf(ip), ip);
  }

  private void vethVanishes(AttachmentKey key) {
    if (kernel.attached(key)) {
      kernel.vethVanishes(key);
      rules.vanished(key);
      tell(new PoolEvent.VethVanished(key, now));
    }
  }

  private void foreignHands(int more) {
    switch (more % 4) {
      case 0 -> cloud.giveBack(now).ifPresent(ip -> story.add("EC2 has " + ip + " again"));
      case 1 ->
          cloud
              .loseEni(more >>> 2, now)
              .ifPresent(
                  eni -> {
                    story.add("somebody deletes " + eni);
                    rules.demand(LIMITS.slotsPerEni());
                  });
      default ->
          any(more >>> 2)
              .ifPresent(
                  a -> {
                    story.add("somebody takes " + a.ip() + " away");
                    cloud.takeAway(a.ip(), now);
                    rules.demand(1);
                  });
    }
  }

  /** The daemon ends between two events, and another begins; or the node boots. */
  private void restart(int more) {
    building.clear();
    onItsWay = null;
    for (PoolAction action : running.values()) {
      if (more % 2 == 0) {
        cloud.perform(action, now);
      }
    }
    running.clear();
    saw("restart");
    if (more % 8 == 7) {
      saw("boot");
      story.add("the node boots");
      now = new BootTime(20_000);
      cloud.reboot();
      kernel.reboot();
      rules.rebooted();
    }
    start((more >>> 3) % 2 == 0, (more >>> 4) % 4 == 0);
  }

  /**
   * A daemon begins.
   *
   * @param late the link of one ENI is not there yet, so that it joins later
   */
  private void start(boolean sure, boolean late) {
    CloudView seen = cloud.view(sure, moment(steps));
    CloudView view = late ? withoutTheLast(seen) : seen;
    List<PoolEvent.Held> pods = kernel.pods();
    Map<IpAddress, BootTime> released = kernel.releases(now);
    BootTime otherwise = released.isEmpty() && pods.isEmpty() ? BootTime.BOOT : now;
    Set<IpAddress> orphaned = kernel.orphaned();
    orphaned.forEach(ip -> rules.diedBefore(ip, now));
    orphaned.forEach(ip -> kernel.rests(ip, now));
    rules.started(view, pods, now);
    cloud.startsWith(view);
    state = PoolState.empty(LIMITS, "run" + steps);
    expected = 0;
    tell(new PoolEvent.Started(view, pods, released, otherwise, now));
  }

  private CloudView withoutTheLast(CloudView view) {
    if (view.enis().size() < 2) {
      return view;
    }
    story.add("the link of an ENI is late");
    List<CloudView.Eni> enis = view.enis().subList(0, view.enis().size() - 1);
    return new CloudView(view.verified(), enis, view.foreign());
  }

  private BootTime moment(int draw) {
    return now.plus(Duration.ofMillis(-((draw & 0xFFFF) % WorldCloud.LAG.toMillis())));
  }

  private void ask(int more) {
    Answer before = onItsWay;
    if (before != null) {
      observe(before);
    } else if (startsVerified || steps > 300) {
      // A world that starts from a hint waits long for EC2, so that a surplus can last before.
      onItsWay = new Answer(cloud.view(true, moment(more >>> 1)), now, steps);
      if (more % 2 == 0) {
        observe(onItsWay);
      }
    }
  }

  private void observe(Answer answer) {
    onItsWay = null;
    rules.observed(state, answer.view(), answer.asked());
    tell(new PoolEvent.CloudObserved(answer.view(), answer.asked()));
  }

  private void request(AttachmentKey key) {
    if (!rules.owns(key)) {
      story.add("request " + key);
      if (expected > 0 && poolOf(key).isDefault() && steps % 4 > 0) {
        saw("an expected pod asks");
        expect(expected - 1);
      } else {
        rules.demand(1);
      }
      PoolState.Allocation answer = pool.request(state, key, poolOf(key), policy, now);
      state = answer.state();
      saw(answer.result().getClass().getSimpleName());
      if (answer.result() instanceof AllocationResult.Granted granted) {
        granted(granted);
      }
    }
  }

  private void granted(AllocationResult.Granted g) {
    rules.granted(g, poolOf(g.key()), now, leaving());
    building.put(g.key(), g);
  }

  private List<PoolAction> leaving() {
    List<PoolAction> all = new ArrayList<>(running.values());
    all.addAll(late);
    return all;
  }

  /** The next granted pod is built, or not. */
  private void build(int more) {
    AllocationResult.Granted g = building.values().stream().findFirst().orElse(null);
    if (g == null) {
      return;
    }
    building.remove(g.key());
    switch (more % 8) {
      case 0 -> {
        rules.neverBuilt(g.key());
        tell(new PoolEvent.AttachFailed(g.key(), false, now));
      }
      case 1 -> {
        rules.ended(g.key(), now);
        kernel.rests(g.address(), now);
        tell(new PoolEvent.AttachFailed(g.key(), true, now));
      }
      default -> {
        if (kernel.attach(g)) {
          tell(new PoolEvent.Attached(g.key(), now));
        } else {
          rules.suspected(g.address());
          tell(new PoolEvent.AddressInUse(g.key(), g.address(), now));
        }
      }
    }
  }

  private void remove(AttachmentKey key) {
    if (building.remove(key) != null) {
      rules.neverBuilt(key);
      tell(new PoolEvent.AttachFailed(key, false, now));
      return;
    }
    tell(new PoolEvent.Cancelled(key, now));
    kernel.detach(key, now);
    rules.ended(key, now);
    tell(new PoolEvent.Detached(key, now));
  }

  private void cycle() {
    PoolState.Served served = state.serve(policy, now);
    state = served.state();
    served.grants().forEach(this::granted);
    rules.hold(state, now);
    for (PoolAction action : pool.plan(state, policy, now)) {
      rules.ordered(state, action, leaving(), now);
      running.put(action.id(), action);
      kernel.forget(action.destructive() ? rules.taken(action) : Set.of());
      tell(new PoolEvent.Ordered(action, now));
      saw(action.kind().toString());
    }
    rules.planned(state, now);
    Set<IpAddress> known = new TreeSet<>();
    for (PoolEni eni : state.enis().values()) {
      for (PoolAddress address : eni.addresses().values()) {
        saw(address.state().label());
        if (!(address.state() instanceof AddressState.Leaving)) {
          known.add(address.ip());
        }
      }
    }
    kernel.reconcile(known);
  }

  /** An action ends: well, without effect, or with its effect unknown to us. */
  private void finish(int more) {
    if (running.isEmpty()) {
      return;
    }
    List<PoolAction> all = List.copyOf(running.values());
    PoolAction action = all.get(more % all.size());
    running.remove(action.id());
    // What takes away is rare; so it fails more often.
    int luck = (more >>> 4) % (action.destructive() ? 5 : 12);
    if (action instanceof PoolAction.Probe p && luck > 0) {
      probed(p.address());
    } else if (luck == 0) {
      fail(action, PoolEvent.Effect.NONE);
    } else if (luck < 4) {
      if (luck == 1) {
        late.add(action);
      } else if (luck == 2) {
        cloud.perform(action, now);
      }
      if (action instanceof PoolAction.UnassignAddresses unassign) {
        rules.doubtful(unassign, now);
      }
      fail(action, PoolEvent.Effect.UNKNOWN);
    } else {
      end(action);
    }
  }

  private void end(PoolAction action) {
    Optional<PoolEvent> done = cloud.perform(action, now);
    if (done.isPresent()) {
      tell(done.get());
    } else {
      fail(action, PoolEvent.Effect.NONE);
    }
  }

  private void probed(IpAddress ip) {
    if (kernel.held(ip)) {
      tell(new PoolEvent.StillHeld(ip, now));
    } else {
      kernel.rests(ip, now);
      rules.nobodyHolds(ip, now);
      tell(new PoolEvent.HolderGone(ip, now));
    }
  }

  private void fail(PoolAction action, PoolEvent.Effect effect) {
    rules.demand(1 + action.incoming());
    saw(action.kind() + " " + effect);
    BootTime later = now.plus(Duration.ofSeconds(1));
    tell(new PoolEvent.ActionFailed(action.id(), effect, "EC2 is unwell", later, now));
  }

  /** With a well-behaved cloud and no more events, the pool comes to rest. */
  void comesToRest() {
    story.add("nothing more happens");
    for (int pod = 0; pod < PODS; pod++) {
      remove(PoolSubject.pod(pod));
    }
    kernel.unknownSlavesDie();
    expect(steps % 3);
    int last = 0;
    step(0);
    for (int round = 0; round < 120; round++) {
      last = calmRound() ? round : last;
    }
    if (!running.isEmpty() || last >= 90) {
      throw new AssertionError("5 the pool comes to rest: " + running + " " + state);
    }
    rules.atRest(state);
  }

  /** Time passes in good weather; whether something happened. */
  private boolean calmRound() {
    now = now.plus(Duration.ofSeconds(11));
    List<PoolAction> ending = List.copyOf(running.values());
    for (PoolAction action : ending) {
      running.remove(action.id());
      if (action instanceof PoolAction.Probe p) {
        probed(p.address());
      } else {
        end(action);
      }
    }
    // A difference shows in the metadata, which the daemon compares.
    if (state.needsObservation() || !rules.knownAll(state)) {
      observe(new Answer(cloud.view(true, now), now, steps));
    }
    cycle();
    return !ending.isEmpty();
  }

  /** One pod of each pool after the other is served, whatever others keep warm. */
  void everyPoolServes() {
    for (int pod = 0; pod < PODS && !policy.pools().isEmpty(); pod++) {
      AttachmentKey key = PoolSubject.pod(pod);
      request(key);
      for (int round = 0; round < 6; round++) {
        calmRound();
      }
      if (!rules.owns(key)) {
        throw new AssertionError(
            "a pool's pod gets a place that nobody needs: " + key + " " + state);
      }
      build(2);
      remove(key);
      for (int round = 0; round < 4; round++) {
        calmRound();
      }
    }
  }
}
