package io.millpond.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What one answer of EC2 proves, and what only a second one does. */
final class CloudAnswersTest {
  private static final PoolPolicy FIVE_WARM = PoolPolicy.defaults().withWarmIpTarget(5);
  private static final EniId SECOND = PoolSubject.eni(77);
  private static final IpAddress ADDRESS = IpAddress.parse("10.0.9.9");

  private static CloudView view(boolean verified, PoolState known, CloudView.Eni... more) {
    List<CloudView.Eni> enis = new ArrayList<>(List.of(more));
    known
        .enis()
        .forEach((id, eni) -> enis.add(new CloudView.Eni(id, DeviceIndex.PRIMARY, addresses(eni))));
    return new CloudView(verified, enis, Set.of());
  }

  private static Set<IpAddress> addresses(PoolEni eni) {
    return Set.copyOf(eni.addresses().keySet());
  }

  @Test
  void anEniThatOnlyOneAnswerShowsIsNotCreatedAgain() {
    PoolSubject node = new PoolSubject(2, 4, FIVE_WARM.withWarmIpTarget(3)).settle();
    node.policy = FIVE_WARM;
    node.order();
    long create = node.state.inFlight().firstKey();
    node.state =
        node.state.apply(
            new PoolEvent.ActionFailed(
                create, PoolEvent.Effect.UNKNOWN, "no answer", node.now, node.now));
    CloudView without = view(true, node.state);
    CloudView with =
        view(
            true,
            node.state,
            new CloudView.Eni(SECOND, DeviceIndex.of(1), Set.of(ADDRESS, ADDRESS.plus(1))));
    for (CloudView answer : List.of(without, with, with)) {
      node.now = node.now.plus(Duration.ofSeconds(11));
      node.state = node.state.apply(new PoolEvent.CloudObserved(answer, node.now));
      assertThat(Planner.plan(node.state, node.policy, node.now)).isEmpty();
    }
    assertThat(node.state.enis()).containsKey(SECOND);
    assertThat(node.state.inFlight()).isEmpty();
  }

  @Test
  void growthThatFailedIsTriedAgainAtOnceWhenItsReasonMayHaveGone() {
    PoolSubject node = new PoolSubject(2, 4, FIVE_WARM.withWarmIpTarget(3)).settle();
    node.policy = FIVE_WARM;
    node.order();
    long create = node.state.inFlight().firstKey();
    BootTime later = node.now.plus(Duration.ofMinutes(1));
    node.state =
        node.state.apply(
            new PoolEvent.ActionFailed(
                create, PoolEvent.Effect.NONE, "no subnet", later, node.now));
    assertThat(Planner.plan(node.state, node.policy, node.now)).isEmpty();

    PoolState other =
        node.state.apply(new PoolEvent.GrowthReconsidered(new PoolName("storage"), node.now));
    assertThat(Planner.plan(other, node.policy, node.now)).as("another pool's").isEmpty();
    PoolState again =
        node.state.apply(new PoolEvent.GrowthReconsidered(PoolName.DEFAULT, node.now));
    assertThat(Planner.plan(again, node.policy, node.now))
        .singleElement()
        .isInstanceOf(PoolAction.CreateEni.class);
  }

  /** Such as the primary one of a new node, if its link could not be set up at the start. */
  @Test
  void anEniWithoutAddressesIsUsedAlthoughNoAddressTellsOfIt() {
    PoolSubject node = new PoolSubject(2, 4, FIVE_WARM.withWarmIpTarget(3)).settle();
    CloudView with = view(true, node.state, new CloudView.Eni(SECOND, DeviceIndex.of(1), Set.of()));
    node.now = node.now.plus(Duration.ofSeconds(11));
    node.state = node.state.apply(new PoolEvent.CloudObserved(with, node.now));
    assertThat(node.state.enis()).containsKey(SECOND);
  }

  @Test
  void aPodWhoseAddressIsMissingAtTheStartIsFrozenOnlyByTheNextAnswerOfEc2() {
    for (boolean verified : List.of(true, false)) {
      PoolSubject node = new PoolSubject(2, 4, FIVE_WARM).settle();
      BootTime now = node.now;
      PoolState started =
          PoolState.empty(node.state.limits())
              .apply(
                  new PoolEvent.Started(
                      view(verified, node.state),
                      List.of(new PoolEvent.Held(PoolSubject.pod(1), ADDRESS, PoolSubject.PRIMARY)),
                      Map.of(),
                      BootTime.BOOT,
                      now));
      assertThat(started.summary().owned()).isEqualTo(1);
      assertThat(started.needsObservation()).isTrue();
      PoolState later = started;
      for (int answer = verified ? 2 : 1; answer <= 2; answer++) {
        assertThat(later.summary().frozen()).isZero();
        now = now.plus(Duration.ofSeconds(11));
        later = later.apply(new PoolEvent.CloudObserved(view(true, node.state), now));
      }
      assertThat(later.summary().frozen()).isEqualTo(1);
      assertThat(later.heldBy(PoolSubject.pod(1))).isPresent();
    }
  }

  @Test
  void anAddressThatEc2ShowsOnAnotherEniThanTheStartBelievedMovesThereWithItsPod() {
    PoolSubject node = new PoolSubject(2, 4, FIVE_WARM).settle();
    BootTime now = node.now;
    PoolState later =
        PoolState.empty(node.state.limits())
            .apply(
                new PoolEvent.Started(
                    view(true, node.state),
                    List.of(new PoolEvent.Held(PoolSubject.pod(1), ADDRESS, PoolSubject.PRIMARY)),
                    Map.of(),
                    BootTime.BOOT,
                    now));
    CloudView with =
        view(true, node.state, new CloudView.Eni(SECOND, DeviceIndex.of(1), Set.of(ADDRESS)));
    for (int answer = 1; answer <= 3; answer++) {
      now = now.plus(Duration.ofSeconds(11));
      later = later.apply(new PoolEvent.CloudObserved(with, now));
      assertThat(later.summary().frozen()).isZero();
    }
    assertThat(later.heldBy(PoolSubject.pod(1)))
        .hasValue(new AllocationResult.Granted(PoolSubject.pod(1), ADDRESS, SECOND));
    assertThat(later.needsObservation()).isFalse();
  }

  /** As when the link of its ENI came up late, after a restart. */
  @Test
  void anAddressThatJoinsAfterTheStartRestsAsItsRouteSays() {
    PoolSubject node = new PoolSubject(2, 4, FIVE_WARM).settle();
    BootTime started = node.now.plus(Duration.ofSeconds(2));
    Map<IpAddress, BootTime> released = Map.of(ADDRESS, node.now);
    PoolState later =
        PoolState.empty(node.state.limits())
            .apply(
                new PoolEvent.Started(
                    view(true, node.state), List.of(), released, started, started));
    IpAddress withoutRoute = ADDRESS.plus(1);
    CloudView with =
        view(
            true,
            node.state,
            new CloudView.Eni(SECOND, DeviceIndex.of(1), Set.of(ADDRESS, withoutRoute)));
    for (int seconds : new int[] {11, 22}) {
      later =
          later.apply(new PoolEvent.CloudObserved(with, started.plus(Duration.ofSeconds(seconds))));
    }
    assertThat(stateOf(ADDRESS, later)).isEqualTo(new AddressState.Cooling(node.now));
    assertThat(stateOf(withoutRoute, later)).isEqualTo(new AddressState.Cooling(started));
    later = later.apply(new PoolEvent.Tick(FIVE_WARM, node.now.plus(FIVE_WARM.cooldown())));
    assertThat(stateOf(ADDRESS, later)).isInstanceOf(AddressState.Free.class);
    assertThat(stateOf(withoutRoute, later)).isInstanceOf(AddressState.Cooling.class);
  }

  private static AddressState stateOf(IpAddress address, PoolState state) {
    return state.address(address).orElseThrow().state();
  }

  /** An ENI goes as a whole, and it is more by now than what was too much at first. */
  @Test
  void aSurplusThatGrewIsGivenBackOnceItHasLastedAsItIs() {
    PoolSubject node = new PoolSubject(3, 4, PoolPolicy.defaults()).settle();
    node.state =
        node.state.apply(
            new PoolEvent.EniAdded(
                100,
                SECOND,
                DeviceIndex.of(1),
                PoolName.DEFAULT,
                Set.of(ADDRESS, ADDRESS.plus(1)),
                node.now));
    node.settle();
    node.state =
        node.state.apply(
            new PoolEvent.AddressesAssigned(101, SECOND, Set.of(ADDRESS.plus(2)), node.now));
    for (int minute = 0; minute < 5; minute++) {
      node.pass(Duration.ofMinutes(1));
      assertThat(node.state.enis()).containsKey(SECOND);
    }
    node.pass(Duration.ofMinutes(1));
    assertThat(node.state.enis()).containsOnlyKeys(PoolSubject.PRIMARY);
  }

  /** Somebody puts an address on an ENI while it is on its way out. */
  @Test
  void anOldAnswerDoesNotConfirmWhatWasSeenOnAnEniBeforeItWasReleased() {
    PoolSubject node = new PoolSubject(2, 4, FIVE_WARM.withWarmIpTarget(3)).settle();
    CloudView with =
        view(
            true,
            node.state,
            new CloudView.Eni(SECOND, DeviceIndex.of(1), Set.of(ADDRESS, ADDRESS.plus(1))));
    node.state =
        node.state
            .apply(
                new PoolEvent.EniAdded(
                    100,
                    SECOND,
                    DeviceIndex.of(1),
                    PoolName.DEFAULT,
                    Set.of(ADDRESS.plus(1)),
                    node.now))
            .apply(new PoolEvent.CloudObserved(with, node.now.plus(Duration.ofSeconds(1))));
    assertThat(node.state.sightings()).containsOnlyKeys(ADDRESS);
    node.now = node.now.plus(Duration.ofSeconds(10));
    node.state =
        node.state
            .apply(
                new PoolEvent.Ordered(
                    new PoolAction.ReleaseEni(101, PoolName.DEFAULT, SECOND), node.now))
            .apply(new PoolEvent.EniReleased(101, node.now))
            .apply(new PoolEvent.CloudObserved(with, node.now.plus(Duration.ofSeconds(1))));
    assertThat(node.state.enis()).containsOnlyKeys(PoolSubject.PRIMARY);
  }
}
