package io.millpond.simulator.account;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class HistoryTest {
  private final History<String> history = new History<>(100);

  @Test
  void aLaggardSeesWhatWasThenAndNothingBeforeTheBeginning() {
    history.put(10, Optional.of("a"));
    history.put(20, Optional.of("b"));
    history.put(30, Optional.empty());

    assertThat(history.asOf(9)).isEmpty();
    assertThat(history.asOf(10)).hasValue("a");
    assertThat(history.asOf(19)).hasValue("a");
    assertThat(history.asOf(25)).hasValue("b");
    assertThat(history.asOf(30)).isEmpty();
    assertThat(history.newest()).isEmpty();
  }

  @Test
  void whatIsGoneIsForgottenWhenNoLaggardSeesItAnyMore() {
    history.put(10, Optional.of("a"));
    history.put(20, Optional.empty());

    assertThat(history.isForgotten(120)).isFalse();
    assertThat(history.isForgotten(121)).isTrue();
  }

  @Test
  void theValueInForceAtTheOldestTimeAskedForIsKept() {
    for (int i = 0; i < 1_000; i++) {
      history.put(i * 10L, Optional.of("v" + i));
    }

    assertThat(history.asOf(9_990 - 100)).hasValue("v989");
    assertThat(history.asOf(5_000)).isEmpty();
  }
}
