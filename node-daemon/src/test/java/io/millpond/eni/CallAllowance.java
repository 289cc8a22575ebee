package io.millpond.eni;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.NullMarked;

/** How many calls the node's own budget allows at most. */
@NullMarked
public final class CallAllowance {
  private static final Duration STEP = Duration.ofMillis(100);

  private CallAllowance() {}

  /**
   * By somebody who takes every token as soon as it is there.
   *
   * @param ec2Name the kind of call, as EC2 names it
   */
  public static int most(String ec2Name, Duration within) {
    Action action =
        Arrays.stream(Action.values())
            .filter(one -> one.ec2Name().equals(ec2Name))
            .findFirst()
            .orElseThrow();
    AtomicLong nanos = new AtomicLong();
    CallBudget budget = new CallBudget(nanos::get);
    int taken = 0;
    while (nanos.get() <= within.toNanos()) {
      while (budget.take(action, Urgency.POD_WAITS).isZero()) {
        taken++;
      }
      nanos.addAndGet(STEP.toNanos());
    }
    return taken;
  }
}
