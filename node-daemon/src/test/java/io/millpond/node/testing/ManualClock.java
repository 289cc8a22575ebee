package io.millpond.node.testing;

import io.millpond.pool.value.BootTime;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/** Time since boot that runs with the real one and can be moved ahead. */
public final class ManualClock implements Supplier<BootTime> {
  private final long began = System.nanoTime();
  private final AtomicLong ahead = new AtomicLong(1_000_000);

  /** Moves ahead. */
  public void advance(Duration by) {
    ahead.addAndGet(by.toMillis());
  }

  @Override
  public BootTime get() {
    return new BootTime(ahead.get() + (System.nanoTime() - began) / 1_000_000);
  }
}
