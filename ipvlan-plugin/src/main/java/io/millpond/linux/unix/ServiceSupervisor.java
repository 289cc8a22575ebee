package io.millpond.linux.unix;

import static io.millpond.linux.unix.Native.LIBC;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.Optional;
import jnr.ffi.Pointer;

/**
 * The way to tell systemd how a service is (sd_notify(3)): datagrams to a socket that the
 * environment names. Safe for any thread.
 */
public final class ServiceSupervisor {
  private static final String VARIABLE = "NOTIFY_SOCKET";

  private final Optional<String> socket;

  private ServiceSupervisor(Optional<String> socket) {
    this.socket = socket;
  }

  /** Whoever started this process; telling it anything does nothing if it does not listen. */
  public static ServiceSupervisor ofThisProcess() {
    return at(Optional.ofNullable(System.getenv(VARIABLE)));
  }

  /** One that listens there, or nobody. */
  static ServiceSupervisor at(Optional<String> socket) {
    return new ServiceSupervisor(
        socket.filter(path -> path.startsWith("/") || path.startsWith("@")));
  }

  /**
   * Tells, such as {@code READY=1}.
   *
   * @throws IOException if it listens and does not hear
   */
  public void tell(String state) throws IOException {
    if (socket.isEmpty()) {
      return;
    }
    int fd = LIBC.socket(Native.AF_UNIX, Native.SOCK_DGRAM | Native.SOCK_CLOEXEC, 0);
    if (fd < 0) {
      throw new IOException("no socket: errno " + Native.errno());
    }
    try {
      String path = socket.get();
      Pointer address = UnixServer.address(path);
      int length = UnixServer.ADDRESS;
      if (path.startsWith("@")) { // a name without a file: its first octet is 0, its length counts
        address.putByte(2, (byte) 0);
        length = 2 + path.getBytes(UTF_8).length;
      }
      byte[] octets = state.getBytes(UTF_8);
      Pointer message = Native.memory(octets.length);
      message.put(0, octets, 0, octets.length);
      if (LIBC.sendto(fd, message, octets.length, Native.MSG_NOSIGNAL, address, length) < 0) {
        throw new IOException("cannot tell " + path + ": errno " + Native.errno());
      }
    } finally {
      LIBC.close(fd);
    }
  }
}
