package io.millpond.linux;

import io.millpond.pool.value.BootTime;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** {@code CLOCK_BOOTTIME}: milliseconds since boot, suspended time included. Thread-safe. */
public final class BootClock {
  private static final int CLOCK_BOOTTIME = 7;

  private BootClock() {}

  /** Now. */
  public static BootTime now() {
    ByteBuffer timespec = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
    if (Libc.LIBC.clock_gettime(CLOCK_BOOTTIME, timespec) != 0) {
      throw new IllegalStateException("clock_gettime(CLOCK_BOOTTIME): errno " + Libc.errno());
    }
    return new BootTime(timespec.getLong(0) * 1000 + timespec.getLong(8) / 1_000_000);
  }
}
