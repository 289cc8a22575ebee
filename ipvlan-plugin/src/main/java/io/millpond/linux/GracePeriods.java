package io.millpond.linux;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * System calls that return only after a grace period of RCU, tens of milliseconds after their
 * effect: nobody who needs the effect alone has to wait with them. Thread-safe.
 */
public final class GracePeriods {
  /** Several grace periods of a busy node. */
  private static final Duration ALL_OVER = Duration.ofMillis(100);

  private static final ThreadFactory DAEMONS =
      Thread.ofPlatform().daemon().name("grace-period-", 0).factory();
  private static final ScheduledThreadPoolExecutor FIRST =
      new ScheduledThreadPoolExecutor(1, DAEMONS);

  /**
   * A thread that nobody needs for a second ends: a daemon with nothing to do has no more of them.
   */
  private static final ExecutorService PATIENT =
      new ThreadPoolExecutor(
          0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), DAEMONS);

  static {
    int ignored = FIRST.prestartAllCoreThreads();
  }

  private GracePeriods() {}

  /**
   * Starts, if it does not run yet, the thread that starts all others, so that they are in the
   * caller's network namespace: a new thread is in that of the one that starts it, and keeps it
   * alive.
   */
  public static void begin() {
    // Nothing is left to do once the class is initialised.
  }

  /** Makes a call that has its effect at once, on another thread. */
  public static void sitOut(Runnable call) {
    FIRST.execute(() -> PATIENT.execute(call));
  }

  /** Makes a call that can be made at any time when it will not have to wait. */
  public static void letPass(Runnable call) {
    ScheduledFuture<?> ignored =
        FIRST.schedule(() -> PATIENT.execute(call), ALL_OVER.toMillis(), TimeUnit.MILLISECONDS);
  }
}
