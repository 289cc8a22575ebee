package io.millpond.simulator.conditions;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ThrottleTest {
  private final AtomicLong now = new AtomicLong();
  private final Throttle throttle = new Throttle(now::get);

  @Test
  void aBucketRefillsWithTimeAndNeverAboveItsCapacity() {
    throttle.replaceAll(Map.of("Attach", new RateLimit(3, 2)));

    assertThat(taken(10)).isEqualTo(3);
    now.addAndGet(500_000_000L);
    assertThat(taken(10)).isEqualTo(1);
    now.addAndGet(3_600_000_000_000L);
    assertThat(taken(10)).isEqualTo(3);
  }

  @Test
  void aThousandAttachesTakeAsLongAsAwsMakesThem() {
    throttle.replaceAll(Throttle.aws());
    int done = 0;
    while (done < 1_000) {
      if (throttle.take("AttachNetworkInterface", false)) {
        done++;
      } else {
        now.addAndGet(100_000_000L);
      }
    }

    assertThat(now.get() / 1_000_000_000L).isEqualTo(190);
  }

  private int taken(int tries) {
    int taken = 0;
    for (int i = 0; i < tries; i++) {
      taken += throttle.take("Attach", false) ? 1 : 0;
    }
    return taken;
  }
}
