package io.millpond.node.pods;

import io.millpond.pool.AllocationResult;
import io.millpond.pool.PoolPolicy;
import io.millpond.pool.PoolState;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.PoolName;
import java.util.Optional;

/** Whether an ADD could be served, read from a snapshot alone. */
public sealed interface Readiness {
  /** A key that no runtime can send. */
  AttachmentKey NOBODY = new AttachmentKey("*", "*", "*");

  /** It could. */
  record Ready() implements Readiness {}

  /** It could not. */
  record NotReady(String why) implements Readiness {}

  /** It could not, and running pods suffer too. */
  record Degraded(String why) implements Readiness {}

  /**
   * Judges a snapshot.
   *
   * @param pool that the address has to be from
   * @param kernelFinding why the kernel cannot have pods, if so
   */
  static Readiness of(
      PoolState state,
      PoolName pool,
      PoolPolicy policy,
      BootTime now,
      Optional<String> kernelFinding) {
    String why = kernelFinding.orElseGet(() -> refusal(state, pool, policy, now));
    return why.isEmpty() ? new Ready() : not(why, state.summary(pool).frozen());
  }

  private static Readiness not(String why, int frozen) {
    return frozen > 0
        ? new Degraded(why + "; EC2 has taken " + frozen + " addresses away from running pods")
        : new NotReady(why);
  }

  private static String refusal(PoolState state, PoolName pool, PoolPolicy policy, BootTime now) {
    return switch (state.explain(NOBODY, pool, policy, now)) {
      case AllocationResult.Granted _, AllocationResult.Wait _ ->
          state
              .stuck(pool, policy, now)
              .map(hold -> "no address is left and none can be added now: " + hold.reason())
              .orElse("");
      case AllocationResult.Refused refused -> refused.reason() + "; " + refused.remedy();
    };
  }
}
