package io.millpond.node.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private static Backoff backoff(double random) {
    return new Backoff(Duration.ofMillis(100), Duration.ofMillis(1000), () -> random);
  }

  private static List<Long> pauses(Backoff backoff) {
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      pauses.add(backoff.next().toMillis());
    }
    return pauses;
  }

  @Test
  void pausesDoubleUpToTheLongest() {
    assertThat(pauses(backoff(1))).containsExactly(100L, 200L, 400L, 800L, 1000L, 1000L);
    assertThat(pauses(backoff(0))).containsExactly(50L, 100L, 200L, 400L, 500L, 500L);
  }

  @Test
  void aSuccessBeginsAnew() {
    Backoff backoff = backoff(1);
    pauses(backoff);
    backoff.reset();
    assertThat(backoff.next()).isEqualTo(Duration.ofMillis(100));
  }

  @Test
  void theServerIsBelievedUpToTheLongestPause() {
    assertThat(backoff(1).atLeast(Duration.ofMillis(700))).isEqualTo(Duration.ofMillis(800));
    assertThat(backoff(1).atLeast(Duration.ofDays(700))).isEqualTo(Duration.ofMillis(1100));
    assertThat(backoff(1).atLeast(Duration.ofMillis(-1))).isEqualTo(Duration.ofMillis(100));
  }

  @Test
  void pausesThatAreNoneAreRefused() {
    assertThatThrownBy(() -> new Backoff(Duration.ZERO, Duration.ofSeconds(1), () -> 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
