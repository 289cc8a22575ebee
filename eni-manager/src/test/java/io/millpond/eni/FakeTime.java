package io.millpond.eni;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** A clock ten times as fast for who waits, but never slower than 200 ms a pause. */
final class FakeTime extends Clock implements LongSupplier, Sleeper {
  private static final long LONGEST_MILLIS = 200;

  private final Instant start = Instant.now();
  private final AtomicLong passed = new AtomicLong();

  @Override
  public void sleep(Duration time) throws InterruptedException {
    advance(time);
    Thread.sleep(Math.min(LONGEST_MILLIS, time.toMillis() / 10));
  }

  void advance(Duration time) {
    passed.addAndGet(time.toNanos());
  }

  @Override
  public long getAsLong() {
    return passed.get();
  }

  @Override
  public Instant instant() {
    return start.plusNanos(passed.get());
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
