package io.millpond.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What those are told who ask for an address. */
final class AnswersTest {
  private static final PoolPolicy TWO_WARM = PoolPolicy.defaults().withWarmIpTarget(2);

  /** The node's nine slots, however many of them an ENI in flight will have empty. */
  @ParameterizedTest(name = "{0} pods before the burst")
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void aBurstIsRefusedOnlyBeyondWhatTheInstanceCanHaveWhileAnEniIsOnItsWay(int before) {
    PoolSubject node = new PoolSubject(3, 4, TWO_WARM).settle();
    for (int pod = 0; pod < before; pod++) {
      node.add(pod);
    }
    List<Class<?>> answers = new ArrayList<>();
    for (int pod = before; pod < 10; pod++) {
      answers.add(node.request(pod).getClass());
      node.order();
    }
    assertThat(answers.subList(0, 9 - before)).doesNotContain(AllocationResult.Refused.class);
    assertThat(answers.get(9 - before)).isEqualTo(AllocationResult.Refused.class);
    node.settle();
    assertThat(node.state.summary().owned()).isEqualTo(9);
  }

  @Test
  void slotsOfAnEniInFlightDoNotCountBeyondTheMostPods() {
    PoolSubject node = new PoolSubject(3, 4, TWO_WARM.withMaxPods(5)).settle();
    List<Class<?>> answers = new ArrayList<>();
    for (int pod = 0; pod < 6; pod++) {
      answers.add(node.request(pod).getClass());
      node.order();
    }
    assertThat(answers.subList(0, 5)).doesNotContain(AllocationResult.Refused.class);
    assertThat(answers.get(5)).isEqualTo(AllocationResult.Refused.class);
  }
}
