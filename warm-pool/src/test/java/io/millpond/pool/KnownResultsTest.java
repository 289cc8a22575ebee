package io.millpond.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The results that the AWS VPC CNI documents for its warm targets. */
final class KnownResultsTest {
  private static PoolPolicy byAddress(int warm, int minimum) {
    return PoolPolicy.defaults().withWarmIpTarget(warm).withMinimumIpTarget(minimum);
  }

  @ParameterizedTest(name = "{0}x{1}: {2} pods, {3} ENIs, {4} addresses")
  @CsvSource({
    "3,4,0,1,3",
    "3,4,5,3,9",
    "3,4,9,3,9",
    "15,50,0,1,49",
    "15,50,3,2,98",
    "15,50,95,3,147"
  })
  void oneWarmEniIsKept(int enis, int perEni, int pods, int wantEnis, int wantAddresses) {
    PoolSubject node = new PoolSubject(enis, perEni, PoolPolicy.defaults()).settle();
    for (int pod = 0; pod < pods; pod++) {
      node.add(pod);
    }
    assertThat(node.step().subList(0, 2)).containsExactly(wantEnis, wantAddresses);
    assertThat(node.state.summary().owned()).isEqualTo(pods);
  }

  @ParameterizedTest(name = "{0}x{1}, warm {2}, minimum {3}: {4} pods, {5} addresses")
  @CsvSource({
    "3,4,2,5,0,5",
    "3,4,2,5,5,7",
    "3,4,2,5,9,9",
    "15,50,5,10,0,10",
    "15,50,5,10,7,12",
    "15,50,5,10,15,20",
    "15,50,5,10,45,50"
  })
  void addressTargetsAreKept(int enis, int perEni, int warm, int min, int pods, int addresses) {
    PoolSubject node = new PoolSubject(enis, perEni, byAddress(warm, min)).settle();
    for (int pod = 0; pod < pods; pod++) {
      node.add(pod);
    }
    assertThat(node.state.summary().total()).isEqualTo(addresses);
    assertThat(node.state.summary().owned()).isEqualTo(pods);
  }

  @ParameterizedTest
  @CsvSource({"0,1", "5,2", "16,2", "17,3", "58,5"})
  void oneWarmPrefixIsKept(int pods, int prefixes) {
    int have = 0;
    for (int pod = 0; pod <= pods; pod++) {
      have += WarmTargets.shortByWarmPrefix(1, have * WarmTargets.PREFIX_SIZE - pod);
    }
    assertThat(have).isEqualTo(prefixes);
    assertThat(WarmTargets.overByPrefix(OptionalInt.empty(), OptionalInt.empty(), 1, 3, 17))
        .isEqualTo(1);
  }

  @Test
  void aThreeByFourNodeSpendsOneCallToGrowAndThreeForAnEni() {
    PoolSubject node = new PoolSubject(3, 4, byAddress(2, 5)).settle();
    List<List<Integer>> steps = new ArrayList<>(List.of(node.step()));
    for (int pod = 0; pod < 9; pod++) {
      steps.add(node.add(pod).step());
    }
    assertThat(steps)
        .containsExactly(
            List.of(2, 5, 4),
            List.of(2, 5, 0),
            List.of(2, 5, 0),
            List.of(2, 5, 0),
            List.of(2, 6, 1),
            List.of(3, 7, 3),
            List.of(3, 8, 1),
            List.of(3, 9, 1),
            List.of(3, 9, 0),
            List.of(3, 9, 0));
    assertThat(node.request(9)).isInstanceOf(AllocationResult.Refused.class);
    for (int pod = 0; pod < 9; pod++) {
      node.remove(pod);
    }
    assertThat(node.step()).containsExactly(3, 9, 0);
    assertThat(node.request(10)).isInstanceOf(AllocationResult.Wait.class);
    node.state = node.state.apply(new PoolEvent.Cancelled(PoolSubject.pod(10), node.now));
    node.pass(Duration.ofSeconds(30)).pass(Duration.ofSeconds(179));
    assertThat(node.step()).containsExactly(3, 9, 0);
    node.pass(Duration.ofSeconds(1));
    assertThat(node.step()).containsExactly(2, 5, 4);
    node.pass(Duration.ofHours(1));
    assertThat(node.step()).containsExactly(2, 5, 0);
  }
}
