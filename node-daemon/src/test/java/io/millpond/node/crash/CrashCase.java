package io.millpond.node.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One run of a scenario, with a fault or, to record it, without. */
final class CrashCase {
  private CrashCase() {}

  /** The scenario's steps. */
  static List<String> record(Scenario scenario) throws InterruptedException {
    try (CrashWorld world = new CrashWorld(CrashWorld.Bugs.NONE)) {
      List<String> steps = act(scenario, world, null);
      world.invariants.checkOwners();
      world.comesToRest();
      return steps;
    }
  }

  /**
   * Runs the scenario with the fault and looks at what it left.
   *
   * @return whether the step was taken: now and then work that runs side by side takes another
   *     order
   */
  static boolean run(Scenario scenario, Fault fault, CrashWorld.Bugs bugs)
      throws InterruptedException {
    List<String> steps = List.of();
    try (CrashWorld world = new CrashWorld(bugs)) {
      steps = act(scenario, world, fault);
      boolean struck = world.life().struck();
      if (world.life().dead()) {
        world.boot();
      }
      world.invariants.checkOwners();
      world.comesToRest();
      return struck;
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(
          "%s, %s, after %s:%n%s".formatted(scenario, fault, steps, e.getMessage()), e);
    }
  }

  /** The steps until the end of the act or of the daemon. */
  private static List<String> act(Scenario scenario, CrashWorld world, @Nullable Fault fault)
      throws InterruptedException {
    scenario.prepare(world);
    Life life = scenario.boots() ? world.nextLife() : world.life();
    life.begin(fault);
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name("runtime")
            .start(
                () -> {
                  try {
                    scenario.act(world);
                  } catch (Throwable e) {
                    failure.set(e);
                  }
                });
    while (thread.isAlive() && !life.dead()) {
      thread.join(5);
    }
    if (life.dead()) {
      world.die();
      thread.join(TimeUnit.SECONDS.toMillis(30));
      assertThat(thread.isAlive()).as("the dead daemon's request ended").isFalse();
    } else if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
    life.end();
    return life.taken();
  }
}
