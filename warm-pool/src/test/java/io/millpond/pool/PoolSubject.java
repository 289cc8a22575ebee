package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A node whose EC2 does at once whatever the planner orders, and counts the calls. */
final class PoolSubject {
  static final EniId PRIMARY = eni(0);
  PoolState state;
  PoolPolicy policy;
  BootTime now = new BootTime(1_000_000);
  int calls;
  private int nextEni = 1;
  private int nextAddress = 1;

  PoolSubject(int maxEnis, int ipv4PerEni, PoolPolicy policy) {
    this.policy = policy;
    CloudView.Eni primary = new CloudView.Eni(PRIMARY, DeviceIndex.PRIMARY, Set.of());
    state =
        PoolState.empty(new PoolLimits(maxEnis, ipv4PerEni))
            .apply(
                new PoolEvent.Started(
                    new CloudView(true, List.of(primary), Set.of()),
                    List.of(),
                    Map.of(),
                    BootTime.BOOT,
                    now));
  }

  static EniId eni(int n) {
    return new EniId(String.format("eni-%08x", n));
  }

  static AttachmentKey pod(int n) {
    return new AttachmentKey("millpond", "pod" + n, "eth0");
  }

  /** Lets the pool do what it wants until it wants nothing more; what is in flight ends well. */
  PoolSubject settle() {
    for (int round = 0; round < 50; round++) {
      order();
      if (state.inFlight().isEmpty()) {
        return this;
      }
      for (PoolState.InFlight flight : List.copyOf(state.inFlight().values())) {
        state = state.apply(succeed(flight.action()));
      }
    }
    throw new AssertionError("the pool never stops planning: " + state);
  }

  /** Serves who can be served and orders what the pool wants; nothing of it ends yet. */
  PoolSubject order() {
    state = state.serve(policy, now).state();
    for (PoolAction action : Planner.plan(state, policy, now)) {
      state = state.apply(new PoolEvent.Ordered(action, now));
    }
    return this;
  }

  private PoolEvent succeed(PoolAction action) {
    calls +=
        switch (action) {
          case PoolAction.CreateEni _, PoolAction.ReleaseEni _ -> 3;
          case PoolAction.AssignAddresses _, PoolAction.UnassignAddresses _ -> 1;
          case PoolAction.Probe _ -> 0;
        };
    return switch (action) {
      case PoolAction.CreateEni a ->
          new PoolEvent.EniAdded(
              a.id(), eni(nextEni++), a.device(), a.pool(), addresses(a.addressCount()), now);
      case PoolAction.AssignAddresses a ->
          new PoolEvent.AddressesAssigned(a.id(), a.eni(), addresses(a.count()), now);
      case PoolAction.UnassignAddresses a -> new PoolEvent.AddressesUnassigned(a.id(), now);
      case PoolAction.ReleaseEni a -> new PoolEvent.EniReleased(a.id(), now);
      case PoolAction.Probe a -> new PoolEvent.HolderGone(a.address(), now);
    };
  }

  private Set<IpAddress> addresses(int count) {
    Set<IpAddress> fresh = new HashSet<>();
    for (int i = 0; i < count; i++) {
      fresh.add(IpAddress.ofIpv4(0x0A000000 + nextAddress++));
    }
    return fresh;
  }

  AllocationResult request(int pod) {
    return request(pod, PoolName.DEFAULT);
  }

  AllocationResult request(int pod, PoolName name) {
    PoolState.Allocation answer = state.request(pod(pod), name, policy, now);
    state = answer.state();
    return answer.result();
  }

  PoolSubject add(int pod) {
    return add(pod, PoolName.DEFAULT);
  }

  PoolSubject add(int pod, PoolName name) {
    if (!(request(pod, name) instanceof AllocationResult.Granted)) {
      settle();
    }
    state = state.apply(new PoolEvent.Attached(pod(pod), now));
    return settle();
  }

  PoolSubject remove(int pod) {
    state = state.apply(new PoolEvent.Detached(pod(pod), now));
    return settle();
  }

  PoolSubject pass(Duration time) {
    now = now.plus(time);
    return settle();
  }

  /** ENIs, addresses, and EC2 calls since the last question. */
  List<Integer> step() {
    int spent = calls;
    calls = 0;
    return List.of(state.summary().enis(), state.summary().total(), spent);
  }
}
