package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;

/** The pool as the properties see it; the mutants are this with one planted bug each. */
class PoolUnderTest {
  PoolState apply(PoolState state, PoolEvent event) {
    return state.apply(event);
  }

  List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
    return Planner.plan(state, policy, now);
  }

  PoolState.Allocation request(
      PoolState state, AttachmentKey key, PoolPolicy policy, BootTime now) {
    return state.request(key, policy, now);
  }

  private static PoolState verified(PoolState s) {
    return new PoolState(
        s.limits(),
        s.run(),
        true,
        s.enis(),
        s.foreign(),
        s.waiters(),
        s.inFlight(),
        s.holds(),
        s.sightings(),
        s.expected(),
        s.surplus(),
        s.nextAction());
  }

  private static PoolState nothingInFlight(PoolState s) {
    return new PoolState(
        s.limits(),
        s.run(),
        s.verified(),
        s.enis(),
        s.foreign(),
        s.waiters(),
        new TreeMap<>(),
        s.holds(),
        s.sightings(),
        s.expected(),
        s.surplus(),
        s.nextAction());
  }

  /** Planted bugs. */
  enum Mutant {
    COOLING_IS_FREE {
      @Override
      PoolUnderTest make() {
        return new PoolUnderTest() {
          @Override
          PoolState.Allocation request(
              PoolState state, AttachmentKey key, PoolPolicy policy, BootTime now) {
            return state.request(key, policy.withCooldown(Duration.ZERO), now);
          }
        };
      }
    },
    IN_FLIGHT_IS_FORGOTTEN {
      @Override
      PoolUnderTest make() {
        return new PoolUnderTest() {
          @Override
          List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
            return super.plan(nothingInFlight(state), policy, now);
          }
        };
      }
    },
    HINTS_ARE_BELIEVED {
      @Override
      PoolUnderTest make() {
        return new PoolUnderTest() {
          @Override
          PoolState apply(PoolState state, PoolEvent event) {
            PoolState next = state.apply(event);
            return event instanceof PoolEvent.Started ? verified(next) : next;
          }
        };
      }
    },
    SURPLUS_NEED_NOT_LAST {
      @Override
      PoolUnderTest make() {
        return new PoolUnderTest() {
          @Override
          List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
            return super.plan(state, policy.withReleaseDelay(Duration.ZERO), now);
          }
        };
      }
    },
    VANISHED_VETH_MEANS_DEATH {
      @Override
      PoolUnderTest make() {
        return new PoolUnderTest() {
          @Override
          PoolState apply(PoolState state, PoolEvent event) {
            return state.apply(
                event instanceof PoolEvent.VethVanished e
                    ? new PoolEvent.NamespaceDied(e.key(), e.at())
                    : event);
          }
        };
      }
    },
    UNKNOWN_OUTCOME_MEANS_NOTHING_HAPPENED {
      @Override
      PoolUnderTest make() {
        return new PoolUnderTest() {
          @Override
          PoolState apply(PoolState state, PoolEvent event) {
            return state.apply(
                event instanceof PoolEvent.ActionFailed e
                    ? new PoolEvent.ActionFailed(
                        e.actionId(), PoolEvent.Effect.NONE, e.reason(), e.notBefore(), e.at())
                    : event);
          }
        };
      }
    },
    EVERYTHING_IS_PLANNED_TWICE {
      @Override
      PoolUnderTest make() {
        return new PoolUnderTest() {
          @Override
          List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
            List<PoolAction> plan = new java.util.ArrayList<>(super.plan(state, policy, now));
            plan.addAll(List.copyOf(plan));
            return plan;
          }
        };
      }
    },
    COOLING_IS_UNASSIGNED {
      @Override
      PoolUnderTest make() {
        return new PoolUnderTest() {
          @Override
          List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
            List<PoolAction> plan = new java.util.ArrayList<>(super.plan(state, policy, now));
            state.enis().values().stream()
                .flatMap(
                    e ->
                        e.addresses().values().stream()
                            .filter(a -> a.state() instanceof AddressState.Cooling)
                            .map(
                                a ->
                                    new PoolAction.UnassignAddresses(
                                        state.nextAction() + 99, e.id(), java.util.Set.of(a.ip()))))
                .findFirst()
                .ifPresent(plan::add);
            return plan;
          }
        };
      }
    };

    abstract PoolUnderTest make();
  }
}
