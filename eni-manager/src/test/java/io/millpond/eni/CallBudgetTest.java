package io.millpond.eni;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CallBudgetTest {
  private final AtomicLong nanos = new AtomicLong();
  private final CallBudget budget = new CallBudget(nanos::get);

  private int takeAll(Action action, Urgency urgency) {
    int taken = 0;
    while (taken < 1000 && budget.take(action, urgency).isZero()) {
      taken++;
    }
    return taken;
  }

  @Test
  void whatIsNeededSoonerMayUseMoreOfTheBucket() {
    assertThat(takeAll(Action.CREATE, Urgency.RELEASE)).isEqualTo(6);
    assertThat(takeAll(Action.CREATE, Urgency.WARM_UP)).isEqualTo(2);
    assertThat(takeAll(Action.CREATE, Urgency.POD_WAITS)).isEqualTo(2);
  }

  @Test
  void anEmptyBucketSaysWhenThereIsATokenAndThenThereIsOne() {
    takeAll(Action.CREATE, Urgency.POD_WAITS);

    Duration wait = budget.take(Action.CREATE, Urgency.POD_WAITS);
    assertThat(wait).isEqualTo(Duration.ofSeconds(2));
    nanos.addAndGet(wait.toNanos());

    assertThat(budget.take(Action.CREATE, Urgency.POD_WAITS)).isEqualTo(Duration.ZERO);
    assertThat(budget.take(Action.CREATE, Urgency.POD_WAITS)).isPositive();
  }

  @Test
  void aBucketNeverHoldsMoreThanItsSize() {
    nanos.addAndGet(Duration.ofDays(10).toNanos());

    assertThat(takeAll(Action.ASSIGN, Urgency.POD_WAITS)).isEqualTo(20);
  }

  @Test
  void oneActionsBucketIsNotAnothers() {
    takeAll(Action.CREATE, Urgency.POD_WAITS);

    assertThat(budget.take(Action.ATTACH, Urgency.POD_WAITS)).isEqualTo(Duration.ZERO);
  }

  @Test
  void aThrottledActionStartsFromAnEmptyBucket() {
    budget.drain(Action.DESCRIBE_INTERFACES);

    assertThat(budget.take(Action.DESCRIBE_INTERFACES, Urgency.POD_WAITS))
        .isEqualTo(Duration.ofSeconds(1));
  }
}
