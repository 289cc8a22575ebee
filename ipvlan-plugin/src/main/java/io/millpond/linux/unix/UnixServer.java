package io.millpond.linux.unix;

import static io.millpond.linux.unix.Native.LIBC;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import jnr.ffi.Pointer;

/**
 * A listening Unix socket: mode 0600 from its first instant, in a directory that is its owner's
 * alone, and put in place by rename, so that a client finds the old socket or the new one and never
 * none. Closing it does not remove the file: it may be the successor's by then.
 */
public final class UnixServer implements AutoCloseable {
  /** {@code struct sockaddr_un}. */
  static final int ADDRESS = 110;

  private static final int BACKLOG = 128;
  private static final Object UMASK = new Object();

  private final int fd;
  private boolean closed;

  private UnixServer(int fd) {
    this.fd = fd;
  }

  /**
   * Makes the directory if it is missing.
   *
   * @throws IOException if there is one that is not its owner's alone
   */
  public static void prepareDirectory(Path directory) throws IOException {
    Set<PosixFilePermission> own = PosixFilePermissions.fromString("rwx------");
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectories(directory.getParent());
      Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(own));
    }
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(directory + " is not a directory: remove it");
    }
    int owner = (int) Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    if (owner != self) {
      throw new IOException(directory + " belongs to user " + owner + ": it must be ours");
    }
    Files.setPosixFilePermissions(directory, own);
  }

  /**
   * Listens.
   *
   * @throws IOException if it cannot
   */
  public static UnixServer listen(Path path) throws IOException {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IOException("not a path in a directory: " + path);
    }
    prepareDirectory(parent);
    String temporary = path + "." + ProcessHandle.current().pid();
    int fd =
        LIBC.socket(
            Native.AF_UNIX, Native.SOCK_STREAM | Native.SOCK_CLOEXEC | Native.SOCK_NONBLOCK, 0);
    if (fd < 0) {
      throw new IOException("no socket: errno " + Native.errno());
    }
    try {
      LIBC.unlink(temporary);
      bind(fd, temporary);
      if (LIBC.listen(fd, BACKLOG) != 0) {
        throw new IOException("cannot listen on " + path + ": errno " + Native.errno());
      }
      if (LIBC.rename(temporary, path.toString()) != 0) {
        throw new IOException("cannot put " + path + " in place: errno " + Native.errno());
      }
      return new UnixServer(fd);
    } catch (IOException e) {
      LIBC.close(fd);
      throw e;
    }
  }

  /** The mask is the process's: nothing else may make a file meanwhile that others should read. */
  private static void bind(int fd, String path) throws IOException {
    synchronized (UMASK) {
      int before = LIBC.umask(0177);
      try {
        if (LIBC.bind(fd, address(path), ADDRESS) != 0) {
          throw new IOException("cannot make the socket " + path + ": errno " + Native.errno());
        }
      } finally {
        LIBC.umask(before);
      }
    }
  }

  static Pointer address(String path) throws IOException {
    byte[] text = path.getBytes(UTF_8);
    if (text.length > 107) {
      throw new IOException("a socket's path has at most 107 octets: " + path);
    }
    Pointer address = Native.memory(ADDRESS);
    address.putShort(0, (short) Native.AF_UNIX);
    address.put(2, text, 0, text.length);
    return address;
  }

  /** Takes over a listening socket that another process passed. */
  public static UnixServer adopt(int fd) {
    return new UnixServer(fd);
  }

  /** The descriptor, to be passed to a successor. */
  public int descriptor() {
    return fd;
  }

  /**
   * Waits for a client.
   *
   * @return empty if none came in time
   * @throws IOException if the socket is closed
   */
  public Optional<UnixConnection> accept(Duration wait) throws IOException {
    if (UnixConnection.poll(fd, Native.POLLIN, (int) wait.toMillis()) == 0) {
      return Optional.empty();
    }
    int client =
        LIBC.accept4(
            fd,
            Pointer.wrap(jnr.ffi.Runtime.getSystemRuntime(), 0L),
            Pointer.wrap(jnr.ffi.Runtime.getSystemRuntime(), 0L),
            Native.SOCK_CLOEXEC | Native.SOCK_NONBLOCK);
    if (client < 0) {
      int errno = Native.errno();
      if (errno == Native.EAGAIN || errno == Native.EINTR || errno == 103) {
        return Optional.empty(); // it hung up before it was accepted
      }
      throw new IOException("accepting: errno " + errno);
    }
    return Optional.of(new UnixConnection(client));
  }

  /** Stops listening. The file stays. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      LIBC.close(fd);
    }
  }
}
