package io.millpond.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Pods that are bound to the node and have not asked for an address yet. */
final class ExpectedPodsTest {
  private static final PoolPolicy ONE_WARM = PoolPolicy.defaults().withWarmIpTarget(1);

  private final PoolSubject node = new PoolSubject(4, 15, ONE_WARM).settle();

  /** After so many ms so many pods are expected; what is ordered then. */
  private List<PoolAction> expect(int millis, int pods) {
    pass(millis);
    node.state = node.state.apply(new PoolEvent.DemandExpected(pods, node.now));
    return plan();
  }

  private void pass(int millis) {
    node.now = node.now.plus(Duration.ofMillis(millis));
  }

  private List<PoolAction> plan() {
    List<PoolAction> plan = Planner.plan(node.state, node.policy, node.now);
    for (PoolAction action : plan) {
      node.state = node.state.apply(new PoolEvent.Ordered(action, node.now));
    }
    return plan;
  }

  private static int incoming(List<PoolAction> plan) {
    return plan.stream().mapToInt(PoolAction::incoming).sum();
  }

  @Test
  void thirtyPodsThatAreBoundWithinASecondGiveOneGrowth() {
    List<List<PoolAction>> growths = new ArrayList<>();
    for (int pod = 1; pod <= 30; pod++) {
      growths.add(expect(33, pod));
    }
    for (int i = 0; i < 20; i++) {
      pass(100);
      growths.add(plan());
    }
    growths.removeIf(List::isEmpty);
    assertThat(growths).hasSize(1);
    // One is warm, and one is to be warm afterwards.
    assertThat(incoming(growths.getFirst())).isEqualTo(30);
    assertThat(growths.getFirst()).as("the primary ENI's slots, and two more ENIs").hasSize(3);
  }

  @Test
  void podsThatNeverStopComingWaitNoLongerThanTheLongestTime() {
    List<Integer> growths = new ArrayList<>();
    for (int i = 0; i < 35; i++) {
      if (!expect(100, i).isEmpty()) {
        growths.add(i * 100);
      }
    }
    // The first pod is expected at 100 ms.
    assertThat(growths).containsExactly(1600, 3100);
  }

  @Test
  void growthForAPodThatWaitsIsImmediateAndIncludesTheExpectedOnes() {
    expect(0, 10);
    for (int pod = 0; pod < 2; pod++) {
      node.state = node.state.apply(new PoolEvent.DemandExpected(9 - pod, node.now));
      node.state = node.state.request(PoolSubject.pod(pod), node.policy, node.now).state();
    }
    // One of the two has the warm address.
    assertThat(incoming(plan())).isEqualTo(1 + 8 + 1);
  }

  @Test
  void anExpectedPodThatAsksIsNotCountedTwice() {
    expect(0, 3);
    pass(1000);
    assertThat(incoming(plan())).isEqualTo(3);
    for (int pod = 0; pod < 3; pod++) {
      node.state = node.state.apply(new PoolEvent.DemandExpected(2 - pod, node.now));
      node.state = node.state.request(PoolSubject.pod(pod), node.policy, node.now).state();
      assertThat(plan()).isEmpty();
    }
  }

  @Test
  void whatExpectedPodsNeedIsNotGivenBack() {
    expect(0, 5);
    pass(1000);
    node.settle();
    pass(600_000);
    node.settle();
    assertThat(node.state.summary().free()).isEqualTo(6);
    expect(0, 0);
    node.settle();
    pass(600_000);
    node.settle();
    assertThat(node.state.summary().free()).isEqualTo(1);
  }

  @Test
  void noMoreIsOrderedThanTheInstanceTakesOrPodsCanUse() {
    expect(0, 1000);
    pass(1000);
    node.settle();
    assertThat(node.state.summary().total()).isEqualTo(4 * 14);
    node.policy = ONE_WARM.withMaxPods(20);
    PoolSubject small = new PoolSubject(4, 15, node.policy).settle();
    small.state = small.state.apply(new PoolEvent.DemandExpected(1000, small.now));
    small.now = small.now.plus(Duration.ofSeconds(1));
    small.settle();
    assertThat(small.state.summary().total()).isEqualTo(20);
  }
}
