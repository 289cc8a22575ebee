package io.millpond.node.pods;

import io.millpond.node.settings.Settings;
import io.millpond.node.warm.WarmPool;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What happens on STATUS: the pool that an ADD would take its address from is judged by the
 * published snapshot, without I/O and without waiting. Safe for any thread.
 */
public final class AskReadiness {
  private final WarmPool pool;
  private final PoolChoice choice;
  private final Supplier<Optional<String>> kernelFinding;

  /**
   * Ready to judge.
   *
   * @param kernelFinding why the kernel cannot have pods, if so; must not block
   */
  public AskReadiness(WarmPool pool, Settings settings, Supplier<Optional<String>> kernelFinding) {
    this.pool = pool;
    this.choice = new PoolChoice(settings.cloud().pools());
    this.kernelFinding = kernelFinding;
  }

  /**
   * Judges. A pool that this node does not have is a reason not to be ready: the same network can
   * be served by another node.
   */
  public Readiness of(PoolWish wish) {
    return switch (choice.of(wish)) {
      case PoolChoice.Chosen(var name) ->
          Readiness.of(pool.snapshot(), name, pool.policy(), pool.now(), kernelFinding.get());
      case PoolChoice.NoSuchPool(String what, String remedy) ->
          new Readiness.NotReady(what + "; " + remedy);
    };
  }
}
