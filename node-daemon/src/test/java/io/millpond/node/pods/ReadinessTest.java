package io.millpond.node.pods;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.pool.CloudView;
import io.millpond.pool.Planner;
import io.millpond.pool.PoolAction;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.PoolPolicy;
import io.millpond.pool.PoolState;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What an empty pool says of itself: 2 ENIs of 4 addresses, the second not there yet. */
class ReadinessTest {
  private static final EniId PRIMARY = new EniId("eni-00000000000000001");
  private static final IpAddress ADDRESS = IpAddress.parse("10.0.1.20");
  private static final PoolName STORAGE = new PoolName("storage");
  private static final PoolPolicy POLICY = PoolPolicy.defaults().withWarmIpTarget(6);
  private static final String REASON = "the node's role may not do it";
  private final BootTime now = BootTime.BOOT.plus(Duration.ofHours(1));

  private PoolState started(Set<IpAddress> addresses) {
    CloudView view =
        new CloudView(
            true, List.of(new CloudView.Eni(PRIMARY, DeviceIndex.PRIMARY, addresses)), Set.of());
    return PoolState.empty(new PoolLimits(2, 4))
        .apply(new PoolEvent.Started(view, List.of(), Map.of(), BootTime.BOOT, now))
        .apply(new PoolEvent.Tick(POLICY, now));
  }

  /** What the pool orders is held up for a minute where it fails. */
  private PoolState failing(PoolState state, Predicate<PoolAction> fails) {
    return failing(state, POLICY, fails);
  }

  private PoolState failing(PoolState state, PoolPolicy policy, Predicate<PoolAction> fails) {
    PoolState next = state;
    for (PoolAction action : Planner.plan(state, policy, now)) {
      next = next.apply(new PoolEvent.Ordered(action, now));
      if (fails.test(action)) {
        next =
            next.apply(
                new PoolEvent.ActionFailed(
                    action.id(),
                    PoolEvent.Effect.NONE,
                    REASON,
                    now.plus(Duration.ofMinutes(1)),
                    now));
      }
    }
    return next;
  }

  private Readiness readiness(PoolState state) {
    return Readiness.of(state, PoolName.DEFAULT, POLICY, now, Optional.empty());
  }

  @Test
  void anEmptyPoolThatCannotGrowIsNotReadyAndSaysWhy() {
    assertThat(readiness(failing(started(Set.of()), _ -> true)))
        .isInstanceOfSatisfying(
            Readiness.NotReady.class, not -> assertThat(not.why()).contains(REASON));
  }

  @Test
  void anEmptyPoolIsReadyWhileAddressesAreOnTheirWay() {
    assertThat(readiness(failing(started(Set.of()), PoolAction.CreateEni.class::isInstance)))
        .isEqualTo(new Readiness.Ready());
  }

  @Test
  void aFailureOfOnePoolIsNoReasonForAnother() {
    PoolPolicy policy = POLICY.withWarmIpTarget(2).withPool(STORAGE, new PoolPolicy.Warmth(1, 0));
    PoolState state = failing(started(Set.of()), policy, action -> action.pool().equals(STORAGE));

    assertThat(Readiness.of(state, STORAGE, policy, now, Optional.empty()))
        .isInstanceOfSatisfying(
            Readiness.NotReady.class, not -> assertThat(not.why()).contains(REASON));
    assertThat(Readiness.of(state, PoolName.DEFAULT, policy, now, Optional.empty()))
        .isEqualTo(new Readiness.Ready());
  }

  @Test
  void aPoolThatCannotGrowIsReadyWhileAnAddressIsFree() {
    assertThat(readiness(failing(started(Set.of(ADDRESS)), _ -> true)))
        .isEqualTo(new Readiness.Ready());
  }
}
