package io.millpond.node.crash;

import io.millpond.node.testing.Steps;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * One daemon's life, as the world outside sees it: every step goes through here, is recorded, and
 * meets the fault. A dead daemon's steps have no effect.
 */
final class Life implements Steps {
  /** The daemon is dead; what catches this lives in a process that is no more. */
  static final class Death extends Error {
    private static final long serialVersionUID = 1;
  }

  /** How a step fails that the daemon survives. */
  interface Failing {
    /** It had no effect. */
    RuntimeException refused();

    /** It had one, and nobody heard. */
    RuntimeException lost();
  }

  private static final Failing KERNEL =
      new Failing() {
        @Override
        public RuntimeException refused() {
          return new StepFailed("cannot allocate memory");
        }

        @Override
        public RuntimeException lost() {
          return new StepFailed("no buffer space available");
        }
      };

  private final List<String> taken = new ArrayList<>();
  private final Map<String, Integer> counts = new HashMap<>();
  private final CountDownLatch death = new CountDownLatch(1);
  private @Nullable Fault fault;
  private boolean recording;
  private boolean struck;
  private boolean dead;
  private int busy;
  private int calls;

  /** From now on steps are recorded, and one of them meets the fault. */
  synchronized void begin(@Nullable Fault next) {
    recording = true;
    fault = next;
  }

  /** No fault any more. */
  synchronized void end() {
    recording = false;
    fault = null;
  }

  @Override
  public void take(String name, Runnable effect) {
    Step step = begin(name, KERNEL);
    try {
      effect.run();
    } finally {
      step.ended();
    }
  }

  /** A step whose effect comes now. */
  final class Step {
    private final Fault.@Nullable Kind kind;
    private final Failing failing;

    private Step(Fault.@Nullable Kind kind, Failing failing) {
      this.kind = kind;
      this.failing = failing;
    }

    /** It has had its effect, or failed by itself. */
    void ended() {
      leave();
      if (kind != null) {
        throw killed(kind, failing.lost());
      }
      refuseIfDead();
    }
  }

  /** The daemon takes the step; whoever called this calls {@link Step#ended}, unless it throws. */
  Step begin(String name, Failing failing) {
    Fault.Kind kind = enter(name);
    if (kind != null && kind.before()) {
      leave();
      throw killed(kind, failing.refused());
    }
    return new Step(kind, failing);
  }

  private RuntimeException killed(Fault.Kind kind, RuntimeException failure) {
    if (kind.kills()) {
      throw kill();
    }
    return failure;
  }

  private synchronized Fault.@Nullable Kind enter(String name) {
    refuseIfDead();
    busy++;
    calls++;
    if (!recording) {
      return null;
    }
    taken.add(name);
    int occurrence = counts.merge(name, 1, Integer::sum);
    Fault next = fault;
    if (next == null || !next.step().equals(name) || next.occurrence() != occurrence) {
      return null;
    }
    struck = true;
    return next.kind();
  }

  private synchronized void leave() {
    busy--;
  }

  private synchronized void refuseIfDead() {
    if (dead) {
      throw new Death();
    }
  }

  /** The daemon is dead from now on. */
  synchronized Death kill() {
    dead = true;
    death.countDown();
    return new Death();
  }

  synchronized boolean dead() {
    return dead;
  }

  /** Whether the fault has happened. */
  synchronized boolean struck() {
    return struck;
  }

  /** Whether a step is being taken. */
  synchronized boolean busy() {
    return busy > 0;
  }

  /** How many steps were taken, recorded or not. */
  synchronized int calls() {
    return calls;
  }

  CountDownLatch death() {
    return death;
  }

  /** The recorded steps, in their order. */
  synchronized List<String> taken() {
    return List.copyOf(taken);
  }
}
