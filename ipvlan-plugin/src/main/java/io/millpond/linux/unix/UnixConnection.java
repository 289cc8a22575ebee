package io.millpond.linux.unix;

import static io.millpond.linux.unix.Native.LIBC;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import jnr.ffi.Pointer;

/**
 * One accepted or made connection. Used by one thread at a time, but for {@link #peerGone}, which
 * any thread may ask.
 */
public final class UnixConnection implements AutoCloseable {
  /** {@code struct msghdr} and {@code struct iovec} on 64-bit Linux. */
  private static final int MSGHDR = 56;

  private static final int CONTROL = 64;
  private static final int CHUNK = 64 * 1024;
  private static final int MOST_DESCRIPTORS = 4;

  private final int fd;
  private final List<Integer> descriptors = new ArrayList<>();
  private final Pointer data = Native.memory(CHUNK);
  private final Pointer control = Native.memory(CONTROL);
  private final Pointer vector = Native.memory(16);
  private final Pointer message = Native.memory(MSGHDR);
  private boolean closed;

  UnixConnection(int fd) {
    this.fd = fd;
  }

  /**
   * Connects to a listening socket.
   *
   * @throws IOException if nobody listens
   */
  public static UnixConnection connect(String path) throws IOException {
    int fd = LIBC.socket(Native.AF_UNIX, Native.SOCK_STREAM | Native.SOCK_CLOEXEC, 0);
    if (fd < 0) {
      throw new IOException("no socket: errno " + Native.errno());
    }
    if (LIBC.connect(fd, UnixServer.address(path), UnixServer.ADDRESS) != 0) {
      int errno = Native.errno();
      int ignored = LIBC.close(fd);
      throw new IOException("nobody listens on " + path + " (errno " + errno + ")");
    }
    return new UnixConnection(fd);
  }

  /**
   * The user who made the other end.
   *
   * @throws IOException if the kernel does not say
   */
  public int peerUid() throws IOException {
    Pointer length = Native.memory(4);
    length.putInt(0, 12);
    if (LIBC.getsockopt(fd, Native.SOL_SOCKET, Native.SO_PEERCRED, data, length) != 0) {
      throw new IOException("SO_PEERCRED: errno " + Native.errno());
    }
    return data.getInt(4);
  }

  /**
   * Reads exactly so many octets. Descriptors that come with them are kept for {@link
   * #takeDescriptor}.
   *
   * @throws IOException at the deadline, or if the other end closes before
   */
  public ByteBuffer receive(int length, Deadline deadline) throws IOException {
    ByteBuffer octets = ByteBuffer.allocate(length);
    while (octets.hasRemaining()) {
      int wanted = Math.min(CHUNK, octets.remaining());
      long got = receiveSome(wanted);
      if (got > 0) {
        byte[] part = new byte[(int) got];
        data.get(0, part, 0, part.length);
        octets.put(part);
      } else if (got == 0) {
        throw new IOException(
            "the client closed after %d of %d octets".formatted(octets.position(), length));
      } else {
        await(
            Native.POLLIN,
            deadline,
            "the client sent %d of %d octets in time".formatted(octets.position(), length));
      }
    }
    return octets.flip();
  }

  /** Octets read, 0 at the end, -1 if there are none now. */
  private long receiveSome(int wanted) throws IOException {
    long got =
        LIBC.recvmsg(fd, message(wanted, CONTROL), Native.MSG_DONTWAIT | Native.MSG_CMSG_CLOEXEC);
    if (got < 0) {
      int errno = Native.errno();
      if (errno == Native.EAGAIN || errno == Native.EINTR) {
        return -1;
      }
      throw new IOException("receiving: errno " + errno);
    }
    keepDescriptors(message.getLong(40));
    if ((message.getInt(48) & Native.MSG_CTRUNC) != 0) {
      throw new IOException("the client sent more descriptors at once than a request has");
    }
    return got;
  }

  private void keepDescriptors(long controlLength) throws IOException {
    // struct cmsghdr: size_t length, int level, int type, then the descriptors.
    if (controlLength >= 16
        && control.getInt(8) == Native.SOL_SOCKET
        && control.getInt(12) == Native.SCM_RIGHTS) {
      long end = Math.min(control.getLong(0), controlLength);
      for (int at = 16; at + 4 <= end; at += 4) {
        descriptors.add(control.getInt(at));
      }
    }
    if (descriptors.size() > MOST_DESCRIPTORS) {
      throw new IOException("the client sent more than " + MOST_DESCRIPTORS + " descriptors");
    }
  }

  private Pointer message(int length, int controlLength) {
    vector.putAddress(0, data.address());
    vector.putLong(8, length);
    message.putAddress(16, vector.address());
    message.putLong(24, 1);
    message.putAddress(32, controlLength == 0 ? 0 : control.address());
    message.putLong(40, controlLength);
    message.putInt(48, 0);
    return message;
  }

  /** The first descriptor that came and was not taken yet, or -1. It is the caller's to close. */
  public int takeDescriptor() {
    return descriptors.isEmpty() ? -1 : descriptors.removeFirst();
  }

  /**
   * Sends all octets.
   *
   * @throws IOException at the deadline, or if the other end is gone
   */
  public void send(byte[] octets, Deadline deadline) throws IOException {
    send(octets, -1, deadline);
  }

  /** As {@link #send(byte[], Deadline)}, with a descriptor beside the first octet. */
  public void send(byte[] octets, int descriptor, Deadline deadline) throws IOException {
    int sent = 0;
    while (sent < octets.length) {
      int part = Math.min(CHUNK, octets.length - sent);
      data.put(0, octets, sent, part);
      boolean first = sent == 0 && descriptor >= 0;
      if (first) {
        control.putLong(0, 20);
        control.putInt(8, Native.SOL_SOCKET);
        control.putInt(12, Native.SCM_RIGHTS);
        control.putInt(16, descriptor);
      }
      long n =
          LIBC.sendmsg(
              fd, message(part, first ? 24 : 0), Native.MSG_DONTWAIT | Native.MSG_NOSIGNAL);
      if (n >= 0) {
        sent += (int) n;
      } else {
        int errno = Native.errno();
        if (errno != Native.EAGAIN && errno != Native.EINTR) {
          throw new IOException("the client is gone (errno " + errno + ")");
        }
        await(Native.POLLOUT, deadline, "the client did not read its answer in time");
      }
    }
  }

  private void await(int events, Deadline deadline, String why) throws IOException {
    int left = deadline.millisLeft();
    if (left == 0 || poll(fd, events, left) == 0) {
      throw new IOException(why);
    }
  }

  /** The events that are there within so many milliseconds; 0 if none. */
  static int poll(int fd, int events, int millis) {
    ByteBuffer layout = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder());
    layout.putInt(fd).putShort((short) events);
    Pointer poll = Native.memory(8);
    poll.put(0, layout.array(), 0, 8);
    int n = LIBC.poll(poll, 1, millis);
    return n > 0 ? poll.getShort(6) & 0xFFFF : 0;
  }

  /** Whether the other end hung up. Any thread may ask. */
  public boolean peerGone() {
    synchronized (this) {
      if (closed) {
        return true;
      }
      int gone = Native.POLLRDHUP | Native.POLLHUP | Native.POLLERR;
      return (poll(fd, Native.POLLRDHUP, 0) & gone) != 0;
    }
  }

  /** Closes the connection and the descriptors that nobody took. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      descriptors.forEach(LIBC::close);
      descriptors.clear();
      int ignored = LIBC.close(fd);
    }
  }
}
