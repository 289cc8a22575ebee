package io.millpond.simulator.account;

import io.millpond.simulator.fabric.FabricException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The one thread on which the account's delayed changes happen and the fabric is called. */
final class Timeline implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Timeline.class.getName());
  private static final int KEPT_FAILURES = 100;
  private static final int SETTLE_SECONDS = 30;

  private final ScheduledThreadPoolExecutor thread;
  private final Deque<String> failures = new ArrayDeque<>();

  Timeline() {
    thread =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon(true).name("vpc-timeline").factory());
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Does something so much later. */
  void after(long millis, String what, Runnable step) {
    CompletableFuture<Void> _ = schedule(millis, what, step);
  }

  /** Does something after what is already due; the future ends when it is done, or has failed. */
  CompletableFuture<Void> soon(String what, Runnable step) {
    return schedule(0, what, step);
  }

  private CompletableFuture<Void> schedule(long millis, String what, Runnable step) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    ScheduledFuture<?> _ =
        thread.schedule(
            () -> {
              try {
                step.run();
                done.complete(null);
              } catch (FabricException e) {
                failed(what, e);
                done.completeExceptionally(e);
              } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, what, e);
                failed(what, e);
                done.completeExceptionally(e);
              }
            },
            millis,
            TimeUnit.MILLISECONDS);
    return done;
  }

  /** Waits until a step has been done, but not for ever. That it failed is known already. */
  static void await(CompletableFuture<Void> step) {
    Optional<Throwable> _ = failureOf(step);
  }

  /** Waits until a step has been done, but not for ever; what it failed of. */
  static Optional<Throwable> failureOf(CompletableFuture<Void> step) {
    try {
      step.get(SETTLE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      return Optional.ofNullable(e.getCause());
    } catch (TimeoutException e) {
      LOG.log(System.Logger.Level.WARNING, "the fabric did not settle in time", e);
    }
    return Optional.empty();
  }

  /** What the fabric could not do, oldest first, at most 100. */
  List<String> failures() {
    synchronized (failures) {
      return List.copyOf(failures);
    }
  }

  private void failed(String what, RuntimeException cause) {
    LOG.log(System.Logger.Level.WARNING, what + " failed: " + cause);
    synchronized (failures) {
      failures.addLast(what + ": " + cause);
      if (failures.size() > KEPT_FAILURES) {
        failures.removeFirst();
      }
    }
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(SETTLE_SECONDS, TimeUnit.SECONDS)) {
        LOG.log(System.Logger.Level.WARNING, "the fabric's last step does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
