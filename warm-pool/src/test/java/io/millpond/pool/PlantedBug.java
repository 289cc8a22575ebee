package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The pool with one bug each, which the properties must find. */
enum PlantedBug implements PoolUnderTest {
  COOLING_IS_FREE {
    @Override
    public PoolState.Allocation request(
        PoolState state, AttachmentKey key, PoolName name, PoolPolicy policy, BootTime now) {
      return state.request(key, name, policy.withCooldown(Duration.ZERO), now);
    }
  },
  IN_FLIGHT_IS_FORGOTTEN {
    @Override
    public List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
      PoolState idle = with(state, state.verified(), state.enis(), new TreeMap<>());
      return Planner.plan(idle, policy, now);
    }
  },
  HINTS_ARE_BELIEVED {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      PoolState next = state.apply(event);
      return event instanceof PoolEvent.Started
          ? with(next, true, next.enis(), next.inFlight())
          : next;
    }
  },
  SURPLUS_NEED_NOT_LAST {
    @Override
    public List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
      return Planner.plan(state, policy.withReleaseDelay(Duration.ZERO), now);
    }
  },
  EVERYTHING_IS_PLANNED_TWICE {
    @Override
    public List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
      List<PoolAction> plan = new ArrayList<>(Planner.plan(state, policy, now));
      plan.addAll(List.copyOf(plan));
      return plan;
    }
  },
  COOLING_IS_UNASSIGNED {
    @Override
    public List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
      return alsoUnassigning(state, policy, now, AddressState.Cooling.class);
    }
  },
  QUARANTINED_IS_UNASSIGNED {
    @Override
    public List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
      return alsoUnassigning(state, policy, now, AddressState.Quarantined.class);
    }
  },
  FROZEN_IS_UNASSIGNED {
    @Override
    public List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
      return alsoUnassigning(state, policy, now, AddressState.Frozen.class);
    }
  },
  FROZEN_IS_EVICTED {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return changed(
          state.apply(event),
          a -> a.state() instanceof AddressState.Frozen,
          _ -> new AddressState.Cooling(event.at()));
    }
  },
  ONE_ANSWER_IS_ENOUGH {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      PoolState next = state.apply(event);
      return event instanceof PoolEvent.CloudObserved e
          ? next.apply(new PoolEvent.CloudObserved(e.view(), e.at().plus(CloudLook.APART)))
          : next;
    }
  },
  VANISHED_VETH_MEANS_DEATH {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return state.apply(
          event instanceof PoolEvent.VethVanished e
              ? new PoolEvent.NamespaceDied(e.key(), e.at())
              : event);
    }
  },
  AN_ADDRESS_IN_USE_IS_FREE_FOR_THE_NEXT {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return state.apply(
          event instanceof PoolEvent.AddressInUse e
              ? new PoolEvent.AttachFailed(e.key(), false, e.at())
              : event);
    }
  },
  QUARANTINE_ENDS_IN_FREE {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      PoolState next = state.apply(event);
      return event instanceof PoolEvent.HolderGone e
          ? changed(
              next,
              a -> a.ip().equals(e.address()) && a.state() instanceof AddressState.Cooling,
              cooling -> new AddressState.Free(cooling.since()))
          : next;
    }
  },
  A_RESTART_FORGETS_THE_COOLDOWN {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return state.apply(
          event instanceof PoolEvent.Started e
              ? new PoolEvent.Started(e.view(), e.held(), Map.of(), BootTime.BOOT, e.at())
              : event);
    }
  },
  A_RESTART_FORGETS_PODS_THAT_EC2_DOES_NOT_SHOW {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return state.apply(
          event instanceof PoolEvent.Started e
              ? new PoolEvent.Started(
                  e.view(),
                  e.held().stream().filter(held -> shows(e.view(), held)).toList(),
                  e.released(),
                  e.releasedOtherwise(),
                  e.at())
              : event);
    }

    private static boolean shows(CloudView view, PoolEvent.Held held) {
      return view.enis().stream().anyMatch(eni -> eni.addresses().contains(held.address()));
    }
  },
  AN_UNKNOWN_EFFECT_IS_NONE {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return state.apply(
          event instanceof PoolEvent.ActionFailed e
              ? new PoolEvent.ActionFailed(
                  e.actionId(), PoolEvent.Effect.NONE, e.reason(), e.notBefore(), e.at())
              : event);
    }
  },
  AN_UNKNOWN_UNASSIGN_DID_NOTHING {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return state.apply(
          event instanceof PoolEvent.ActionFailed e && unassigns(state, e.actionId())
              ? new PoolEvent.ActionFailed(
                  e.actionId(), PoolEvent.Effect.NONE, e.reason(), e.notBefore(), e.at())
              : event);
    }
  },
  AN_UNKNOWN_UNASSIGN_DID_IT {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return state.apply(
          event instanceof PoolEvent.ActionFailed e
                  && e.effect() == PoolEvent.Effect.UNKNOWN
                  && unassigns(state, e.actionId())
              ? new PoolEvent.AddressesUnassigned(e.actionId(), e.at())
              : event);
    }
  },
  EVERYBODY_IS_SERVED_FROM_THE_DEFAULT_POOL {
    @Override
    public PoolState.Allocation request(
        PoolState state, AttachmentKey key, PoolName name, PoolPolicy policy, BootTime now) {
      return state.request(key, PoolName.DEFAULT, policy, now);
    }
  },
  ANOTHER_POOL_HELPS_OUT {
    @Override
    public PoolState.Allocation request(
        PoolState state, AttachmentKey key, PoolName name, PoolPolicy policy, BootTime now) {
      PoolState.Allocation own = state.request(key, name, policy, now);
      return own.result() instanceof AllocationResult.Granted || name.isDefault()
          ? own
          : state.request(key, PoolName.DEFAULT, policy, now);
    }
  },
  A_NEW_ENI_IS_THE_DEFAULT_POOLS {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return state.apply(
          event instanceof PoolEvent.EniAdded e
              ? new PoolEvent.EniAdded(
                  e.actionId(), e.eni(), e.device(), PoolName.DEFAULT, e.addresses(), e.at())
              : event);
    }
  },
  A_RESTART_FORGETS_WHOSE_AN_ENI_IS {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return state.apply(
          event instanceof PoolEvent.Started e
              ? new PoolEvent.Started(
                  ofTheDefaultPool(e.view()), e.held(), e.released(), e.releasedOtherwise(), e.at())
              : event);
    }

    private static CloudView ofTheDefaultPool(CloudView view) {
      return new CloudView(
          view.verified(),
          view.enis().stream()
              .map(eni -> new CloudView.Eni(eni.id(), eni.device(), eni.addresses()))
              .toList(),
          view.foreign());
    }
  },
  WARMTH_IS_NOT_GIVEN_UP_FOR_ANOTHER_POOL {
    @Override
    public List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
      return Planner.plan(state, policy, now).stream()
          .filter(a -> a.kind() != PoolAction.Kind.RELEASE_ENI || state.waiters().isEmpty())
          .toList();
    }
  },
  ONE_POOLS_SURPLUS_IS_ALL_POOLS {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      PoolState next = state.apply(event);
      PoolState.Surplus oldest =
          next.surpluses().values().stream()
              .min(Comparator.comparing(PoolState.Surplus::since))
              .orElse(null);
      if (oldest == null) {
        return next;
      }
      SortedMap<PoolName, PoolState.Surplus> all = new TreeMap<>(next.surpluses());
      all.replaceAll((_, own) -> new PoolState.Surplus(oldest.since(), own.least()));
      return with(next, next.verified(), next.enis(), next.inFlight(), all);
    }
  },
  PODS_THAT_ARE_BOUND_TOGETHER_ARE_PROVIDED_FOR_ONE_BY_ONE {
    @Override
    public List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
      Expected settled = new Expected(state.expected().pods(), BootTime.BOOT, BootTime.BOOT);
      return Planner.plan(with(state, settled), policy, now);
    }
  },
  AN_EXPECTED_POD_THAT_ASKS_COUNTS_TWICE {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return event instanceof PoolEvent.DemandExpected e && e.pods() == state.expected().pods() - 1
          ? state
          : state.apply(event);
    }
  },
  WHAT_EXPECTED_PODS_NEED_IS_GIVEN_BACK {
    @Override
    public PoolState apply(PoolState state, PoolEvent event) {
      return event instanceof PoolEvent.DemandExpected ? state : state.apply(event);
    }
  },
  THE_NUMBER_OF_EXPECTED_PODS_NEVER_SETTLES {
    @Override
    public List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
      Expected rising = new Expected(state.expected().pods(), now, now);
      return Planner.plan(with(state, rising), policy, now);
    }
  };

  private static PoolState with(PoolState s, Expected expected) {
    return new PoolState(
        s.limits(),
        s.run(),
        s.verified(),
        s.enis(),
        s.foreign(),
        s.waiters(),
        s.inFlight(),
        s.holds(),
        s.sightings(),
        s.released(),
        s.releasedOtherwise(),
        expected,
        s.surpluses(),
        s.nextAction());
  }

  private static boolean unassigns(PoolState state, long actionId) {
    PoolState.InFlight flight = state.inFlight().get(actionId);
    return flight != null && flight.action().kind() == PoolAction.Kind.UNASSIGN;
  }

  private static PoolState with(
      PoolState s,
      boolean verified,
      SortedMap<EniId, PoolEni> enis,
      SortedMap<Long, PoolState.InFlight> inFlight) {
    return with(s, verified, enis, inFlight, s.surpluses());
  }

  private static PoolState with(
      PoolState s,
      boolean verified,
      SortedMap<EniId, PoolEni> enis,
      SortedMap<Long, PoolState.InFlight> inFlight,
      SortedMap<PoolName, PoolState.Surplus> surpluses) {
    return new PoolState(
        s.limits(),
        s.run(),
        verified,
        enis,
        s.foreign(),
        s.waiters(),
        inFlight,
        s.holds(),
        s.sightings(),
        s.released(),
        s.releasedOtherwise(),
        s.expected(),
        surpluses,
        s.nextAction());
  }

  private static PoolState changed(
      PoolState s, Predicate<PoolAddress> which, UnaryOperator<AddressState> change) {
    SortedMap<EniId, PoolEni> enis = new TreeMap<>(s.enis());
    for (PoolEni eni : s.enis().values()) {
      for (PoolAddress address : eni.addresses().values()) {
        if (which.test(address)) {
          PoolAddress other = address.with(change.apply(address.state()));
          enis.computeIfPresent(eni.id(), (_, before) -> before.with(other));
        }
      }
    }
    return with(s, s.verified(), enis, s.inFlight());
  }

  private static List<PoolAction> alsoUnassigning(
      PoolState state, PoolPolicy policy, BootTime now, Class<? extends AddressState> what) {
    List<PoolAction> plan = new ArrayList<>(Planner.plan(state, policy, now));
    for (PoolEni eni : state.enis().values()) {
      for (PoolAddress a : eni.addresses().values()) {
        if (what.isInstance(a.state()) && state.surpluses().containsKey(eni.pool())) {
          plan.add(
              new PoolAction.UnassignAddresses(
                  state.nextAction() + 99, eni.pool(), eni.id(), Set.of(a.ip())));
          return plan;
        }
      }
    }
    return plan;
  }
}
