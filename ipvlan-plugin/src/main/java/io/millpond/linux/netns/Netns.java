package io.millpond.linux.netns;

import static io.millpond.linux.Libc.LIBC;

import io.millpond.linux.Libc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * An open network namespace. It pins the namespace: close it before the request that brought it is
 * answered, or a killed pod's veth and address stay.
 *
 * <p>Thread-safe but for {@link #close}.
 */
public final class Netns implements AutoCloseable {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int EBADF = 9;

  /** Offset of {@code st_ino} in {@code struct stat}, on all 64-bit machines. */
  private static final int ST_INO = 8;

  private static final AtomicInteger OPEN = new AtomicInteger();

  private final int fd;
  private final long inode;
  private final ReentrantLock kept = new ReentrantLock();
  private @Nullable Inside inside;
  private volatile boolean closed;

  private Netns(int fd, long inode) {
    this.fd = fd;
    this.inode = inode;
    OPEN.incrementAndGet();
  }

  /**
   * Namespaces open at this moment, for the metrics: it must fall back to 0 when no request is
   * served.
   */
  public static int openCount() {
    return OPEN.get();
  }

  /**
   * Takes over a descriptor of a network namespace, which was verified to be one.
   *
   * @param inode its inode number, its identity while it lives
   */
  public static Netns adopt(int fd, long inode) {
    return new Netns(fd, inode);
  }

  /**
   * Opens the namespace file.
   *
   * @throws IOException if it is not there
   */
  public static Netns open(Path path) throws IOException {
    int fd = LIBC.open(path.toString(), Libc.O_RDONLY | Libc.O_CLOEXEC);
    if (fd < 0) {
      throw new IOException(
          "cannot open the network namespace " + path + ": errno " + Libc.errno());
    }
    // Of the open file, not of the path: that may stand for another one by now.
    ByteBuffer stat = ByteBuffer.allocateDirect(256).order(ByteOrder.nativeOrder());
    if (LIBC.fstat(fd, stat) != 0) {
      int errno = Libc.errno();
      int ignored = LIBC.close(fd);
      throw new IOException("cannot identify the network namespace " + path + ": errno " + errno);
    }
    return new Netns(fd, stat.getLong(ST_INO));
  }

  /**
   * Opens the namespace that the calling thread is in.
   *
   * @throws IOException if that fails, as without a {@code /proc}
   */
  public static Netns here() throws IOException {
    return open(Path.of("/proc/thread-self/ns/net"));
  }

  /** The inode of the namespace that the calling thread is in. */
  public static long current() throws IOException {
    try (Netns here = here()) {
      return here.inode();
    }
  }

  /**
   * Looks a living namespace up by its inode, under {@code /run/netns} and among the processes.
   *
   * @return empty if nothing holds it that can be seen from here
   */
  public static Optional<Netns> find(long inode) {
    return findIn(Path.of("/run/netns"), "", inode)
        .or(() -> findIn(Path.of("/var/run/netns"), "", inode))
        .or(() -> findIn(Path.of("/proc"), "ns/net", inode));
  }

  private static Optional<Netns> findIn(Path directory, String below, long inode) {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        Path file = below.isEmpty() ? entry : entry.resolve(below);
        if (inodeOf(file) == inode) {
          Netns found = open(file);
          if (found.inode() == inode) {
            return Optional.of(found);
          }
          found.close();
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return Optional.empty(); // it went away while we looked
    }
    return Optional.empty();
  }

  private static long inodeOf(Path file) {
    try {
      return Files.exists(file) ? ((Number) Files.getAttribute(file, "unix:ino")).longValue() : -1;
    } catch (IOException e) {
      return -1;
    }
  }

  public int fd() {
    return fd;
  }

  public long inode() {
    return inode;
  }

  /** Work inside a namespace. */
  @FunctionalInterface
  public interface Work<T> {
    T run() throws IOException;
  }

  /**
   * Does the work on a platform thread inside this namespace and waits for it. The thread is kept
   * for the next work until {@link #close}; works at the same time get threads of their own. The
   * work must start no thread: it would keep the namespace alive.
   *
   * @throws NoNamespaceException if the namespace cannot be entered, or was closed here
   * @throws IOException of the work
   */
  public <T> T inside(Work<T> work) throws IOException {
    if (closed) {
      // Its number may be another one's descriptor by now.
      throw new NoNamespaceException(inode, EBADF);
    }
    if (!kept.tryLock()) {
      try (Inside alone = enter()) {
        return alone.run(work);
      }
    }
    try {
      Inside thread = inside;
      if (thread == null) {
        thread = enter();
        inside = thread;
      }
      return thread.run(work);
    } finally {
      kept.unlock();
    }
  }

  private Inside enter() throws IOException {
    return Inside.begin(
        "netns-" + inode,
        () -> {
          if (LIBC.setns(fd, CLONE_NEWNET) != 0) {
            throw new NoNamespaceException(inode, Libc.errno());
          }
        });
  }

  /**
   * Does the work inside a new network namespace that dies with it.
   *
   * @throws IOException of the work, or if there can be no new namespace
   */
  public static <T> T insideNew(Work<T> work) throws IOException {
    try (Inside scratch =
        Inside.begin(
            "netns-scratch",
            () -> {
              if (LIBC.unshare(CLONE_NEWNET) != 0) {
                throw new IOException("cannot make a network namespace: errno " + Libc.errno());
              }
            })) {
      return scratch.run(work);
    }
  }

  @Override
  public void close() {
    kept.lock();
    try {
      Inside thread = inside;
      inside = null;
      if (thread != null) {
        thread.close();
      }
      if (!closed) {
        closed = true;
        OPEN.decrementAndGet();
        int ignored = LIBC.close(fd);
      }
    } finally {
      kept.unlock();
    }
  }
}
