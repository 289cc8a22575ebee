package io.millpond.node.kubernetes;

import io.fabric8.kubernetes.client.http.AsyncBody;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An answer's octets as they come: of a server that falls silent reading fails, and of one that
 * sends without an end too. What has not been read is not asked for, so that no more than one piece
 * of it is in memory. One thread reads.
 */
final class BodyStream extends InputStream {
  /** The server fell silent, or took too long altogether. */
  static final class SilentException extends IOException {
    private static final long serialVersionUID = 1;

    private SilentException(String message) {
      super(message);
    }
  }

  private sealed interface Piece {}

  private record Octets(List<ByteBuffer> buffers) implements Piece {}

  private record End(@Nullable Throwable why) implements Piece {}

  private final BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();
  private final Duration silence;
  private final long deadline;
  private volatile @Nullable AsyncBody source;
  private List<ByteBuffer> current = List.of();
  private @Nullable End end;
  private long allowed = Long.MAX_VALUE;

  /**
   * Nothing has come yet.
   *
   * @param silence the longest time without an octet
   * @param longest the longest time altogether, from now
   */
  BodyStream(Duration silence, Duration longest) {
    this.silence = silence;
    this.deadline = System.nanoTime() + longest.toNanos();
  }

  /** Called by the HTTP client, one piece for each time that it was asked. */
  void received(List<ByteBuffer> buffers, AsyncBody from) {
    pieces.add(new Octets(buffers));
  }

  /** The headers have come. */
  void begins(AsyncBody from) {
    source = from;
    var _ = from.done().whenComplete((_, why) -> pieces.add(new End(why)));
    from.consume();
  }

  /** From now on no more than so many octets are read: after them, reading fails. */
  void allow(long octets) {
    allowed = octets;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    ByteBuffer buffer = next();
    if (buffer == null) {
      return -1;
    }
    if (allowed <= 0) {
      throw new IOException("the answer is longer than it may be");
    }
    int count = (int) Math.min(Math.min(length, buffer.remaining()), allowed);
    buffer.get(into, offset, count);
    allowed -= count;
    return count;
  }

  private @Nullable ByteBuffer next() throws IOException {
    while (true) {
      for (ByteBuffer buffer : current) {
        if (buffer.hasRemaining()) {
          return buffer;
        }
      }
      switch (piece()) {
        case Octets(var buffers) -> {
          current = buffers;
          AsyncBody from = source;
          if (from != null) {
            from.consume();
          }
        }
        case End last -> {
          end = last;
          Throwable why = last.why();
          if (why != null) {
            throw new IOException("the answer broke off: " + why, why);
          }
          return null;
        }
      }
    }
  }

  private Piece piece() throws IOException {
    End last = end;
    if (last != null) {
      return last;
    }
    long left = deadline - System.nanoTime();
    long patience = Math.min(silence.toNanos(), left);
    try {
      Piece piece = patience <= 0 ? null : pieces.poll(patience, TimeUnit.NANOSECONDS);
      if (piece == null) {
        throw new SilentException(
            left <= silence.toNanos()
                ? "the answer takes too long"
                : "nothing has come for " + silence.toSeconds() + " s");
      }
      return piece;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("reading was interrupted");
    }
  }

  /** Ends the answer; unless it was whole, its connection too. */
  @Override
  public void close() {
    AsyncBody from = source;
    if (from != null) {
      try {
        from.cancel();
      } catch (CancellationException e) {
        // It was over already.
      }
    }
  }
}
