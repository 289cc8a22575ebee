package io.millpond.linux.unix;

import static io.millpond.linux.unix.Native.LIBC;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** An exclusive {@code flock}. The kernel frees it when the process ends, however it ends. */
public final class FileLock implements AutoCloseable {
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int O_CLOEXEC = 0x80000;
  private static final int O_NOFOLLOW = 0x20000;

  private final int fd;

  private FileLock(int fd) {
    this.fd = fd;
  }

  /**
   * Takes the lock if nobody has it.
   *
   * @throws IOException if the file cannot be opened
   */
  public static Optional<FileLock> tryLock(Path path) throws IOException {
    int fd = LIBC.open(path.toString(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
      throw new IOException("cannot open " + path + ": errno " + Native.errno());
    }
    if (LIBC.flock(fd, LOCK_EX | LOCK_NB) != 0) {
      int errno = Native.errno();
      int ignored = LIBC.close(fd);
      if (errno == Native.EAGAIN) {
        return Optional.empty();
      }
      throw new IOException("cannot lock " + path + ": errno " + errno);
    }
    return Optional.of(new FileLock(fd));
  }

  @Override
  public void close() {
    int ignored = LIBC.close(fd);
  }
}
