package io.millpond.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.pool.AllocationResult.Granted;
import io.millpond.pool.AllocationResult.Refused;
import io.millpond.pool.AllocationResult.Wait;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Pools beside the default one: who gets what, and what they share. Nodes of 3 ENIs × 3. */
final class SeveralPoolsTest {
  private static final PoolName STORAGE = new PoolName("storage");
  private static final PoolName BACKUP = new PoolName("backup");
  private static final PoolPolicy TWO_WARM = PoolPolicy.defaults().withWarmIpTarget(2);
  private static final Duration TWO_SECONDS = Duration.ofSeconds(2);

  private static PoolSubject node(PoolPolicy policy) {
    return new PoolSubject(3, 4, policy).settle();
  }

  private static EniId eniOf(PoolSubject node, int pod) {
    return node.state.heldBy(PoolSubject.pod(pod)).map(Granted::eni).orElseThrow();
  }

  private static PoolName poolOf(PoolSubject node, int pod) {
    return Objects.requireNonNull(node.state.enis().get(eniOf(node, pod))).pool();
  }

  private static List<PoolAction> ordered(PoolSubject node) {
    node.order();
    return node.state.inFlight().values().stream().map(PoolState.InFlight::action).toList();
  }

  @Test
  void anAddressComesFromThePoolThatWasAskedForAlthoughAnotherHasSomeWarm() {
    PoolSubject node = node(TWO_WARM);
    assertThat(node.request(0, STORAGE)).isInstanceOf(Wait.class);
    assertThat(node.request(1)).isInstanceOf(Granted.class);
    node.settle();
    assertThat(poolOf(node, 0)).isEqualTo(STORAGE);
    assertThat(poolOf(node, 1)).isEqualTo(PoolName.DEFAULT);
  }

  @Test
  void aFreeAddressOfAnotherPoolIsNotTheDefaultPools() {
    PoolSubject node = node(TWO_WARM.withMaxEni(2).withPool(STORAGE, new PoolPolicy.Warmth(3, 0)));
    assertThat(node.state.summary(STORAGE).free()).isEqualTo(3);
    for (int pod = 0; pod < 3; pod++) {
      node.add(pod);
    }
    assertThat(node.request(3)).isInstanceOf(Wait.class);
    assertThat(node.state.summary(STORAGE).free()).isEqualTo(3);
  }

  @Test
  void nothingIsKeptInAPoolForWhichNothingIsConfigured() {
    PoolSubject node = node(TWO_WARM).add(0, STORAGE);
    assertThat(node.state.summary(STORAGE).total()).isEqualTo(1);
    node.remove(0).pass(Duration.ofSeconds(30)).pass(Duration.ofSeconds(179));
    assertThat(node.state.summary(STORAGE).enis()).isEqualTo(1);
    node.pass(TWO_SECONDS);
    assertThat(node.state.summary(STORAGE).enis()).isZero();
    assertThat(node.state.summary().enis()).isEqualTo(1);
  }

  @Test
  void onePoolsFailureDoesNotHoldAnotherBack() {
    PoolSubject node = node(TWO_WARM);
    node.request(0, STORAGE);
    PoolAction create = ordered(node).getFirst();
    BootTime later = node.now.plus(Duration.ofMinutes(2));
    node.state =
        node.state.apply(
            new PoolEvent.ActionFailed(
                create.id(), PoolEvent.Effect.NONE, "its subnet is full", later, node.now));
    assertThat(ordered(node)).isEmpty();
    for (int pod = 1; pod < 5; pod++) {
      node.add(pod);
    }
    assertThat(node.state.summary(PoolName.DEFAULT).owned()).isEqualTo(4);
    assertThat(node.state.explain(PoolSubject.pod(0), node.policy, node.now))
        .isInstanceOfSatisfying(
            Wait.class, wait -> assertThat(wait.reason()).contains("its subnet is full"));
  }

  @Test
  void anEniThatIsOnlyKeptWarmMakesPlaceForAnotherPoolAndIsNotOrderedAgain() {
    PoolSubject node = node(PoolPolicy.defaults().withMinimumIpTarget(9));
    assertThat(node.state.summary().enis()).isEqualTo(3);
    assertThat(node.request(0, STORAGE)).isInstanceOf(Wait.class);
    assertThat(ordered(node)).hasSize(1).allMatch(a -> a instanceof PoolAction.ReleaseEni);
    node.settle();
    assertThat(poolOf(node, 0)).isEqualTo(STORAGE);
    node.step();
    node.pass(Duration.ofHours(1));
    assertThat(node.step()).as("no calls").containsExactly(3, 7, 0);
  }

  @Test
  void whatPodsHaveOrWhatRestsMakesNoPlaceAndTheRefusalSaysWhatDoes() {
    PoolSubject node = node(TWO_WARM);
    for (int pod = 1; pod < 8; pod++) {
      node.add(pod);
    }
    assertThat(node.request(0, STORAGE))
        .isInstanceOfSatisfying(
            Refused.class,
            refused -> {
              assertThat(refused.reason())
                  .isEqualTo(
                      "pool storage has no ENI, and no place is left for one (of at most 3 ENIs 3"
                          + " in pool default, none of them unused)");
              assertThat(refused.remedy()).contains("fewer pods", "MAX_ENI", "larger instance");
            });
    for (int pod = 1; pod < 8; pod++) {
      node.remove(pod);
    }
    assertThat(node.request(0, STORAGE)).as("all rest").isInstanceOf(Refused.class);
    node.pass(Duration.ofSeconds(30));
    assertThat(node.request(0, STORAGE)).isInstanceOf(Wait.class);
    node.settle();
    assertThat(poolOf(node, 0)).isEqualTo(STORAGE);
  }

  @Test
  void theDefaultPoolsPodsGetThePlaceOfAnotherPoolsUnusedEni() {
    PoolSubject node = node(TWO_WARM.withMaxEni(2)).add(0, STORAGE).remove(0);
    node.pass(Duration.ofSeconds(31));
    for (int pod = 1; pod < 4; pod++) {
      node.add(pod);
    }
    assertThat(node.request(4)).isInstanceOf(Wait.class);
    node.settle();
    assertThat(poolOf(node, 4)).isEqualTo(PoolName.DEFAULT);
    assertThat(node.state.summary(STORAGE).enis()).isZero();
  }

  @Test
  void theLastPlaceIsThePoolsWhosePodHasWaitedLongest() {
    PoolSubject node = node(TWO_WARM.withMaxEni(2));
    node.request(0, STORAGE);
    node.now = node.now.plus(Duration.ofMillis(1));
    assertThat(node.request(1, BACKUP)).isInstanceOf(Refused.class);
    assertThat(ordered(node)).hasSize(1).allMatch(action -> action.pool().equals(STORAGE));
  }

  @Test
  void whoWaitsComesBeforeWarmth() {
    PoolSubject node = node(TWO_WARM.withMaxEni(2));
    for (int pod = 1; pod < 3; pod++) {
      node.request(pod);
      node.state = node.state.apply(new PoolEvent.Attached(PoolSubject.pod(pod), node.now));
    }
    node.request(0, STORAGE);
    assertThat(ordered(node))
        .as("the default pool fills its own slot and leaves the place")
        .allMatch(
            action ->
                action.pool().equals(STORAGE) || action instanceof PoolAction.AssignAddresses);
    node.settle();
    assertThat(poolOf(node, 0)).isEqualTo(STORAGE);
  }

  /** As another program might have left it, or somebody who made ENIs beforehand. */
  @Test
  void whatEc2SaysOfAnEniAfterAStartFromAHintCounts() {
    PoolSubject node = node(TWO_WARM).add(0, STORAGE);
    EniId eni = eniOf(node, 0);
    List<CloudView.Eni> hinted =
        node.state.enis().values().stream()
            .map(e -> new CloudView.Eni(e.id(), place(e), e.addresses().keySet()))
            .toList();
    List<CloudView.Eni> said =
        node.state.enis().values().stream()
            .map(e -> new CloudView.Eni(e.id(), place(e), e.pool(), e.addresses().keySet()))
            .toList();
    PoolState hint =
        PoolState.empty(node.state.limits())
            .apply(
                new PoolEvent.Started(
                    new CloudView(false, hinted, Set.of()),
                    List.of(),
                    Map.of(),
                    BootTime.BOOT,
                    node.now));
    PoolState known =
        hint.apply(
            new PoolEvent.CloudObserved(
                new CloudView(true, said, Set.of()), node.now.plus(TWO_SECONDS)));
    assertThat(known.enis().get(eni)).extracting(PoolEni::pool).isEqualTo(STORAGE);
  }

  private static DeviceIndex place(PoolEni eni) {
    return Objects.requireNonNull(eni.device());
  }
}
