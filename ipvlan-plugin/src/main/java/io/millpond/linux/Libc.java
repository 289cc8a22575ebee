package io.millpond.linux;

import java.nio.ByteBuffer;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.Direct;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/**
 * The calls of the C library that millpond makes. {@link #errno} must be read at once, on the same
 * platform thread.
 */
public interface Libc {
  /** The one instance. */
  Libc LIBC = LibraryLoader.create(Libc.class).load("c");

  int O_RDONLY = 0;
  int O_CLOEXEC = 0x80000;

  int socket(int domain, int type, int protocol);

  int bind(int fd, @In @Direct ByteBuffer address, int length);

  int setsockopt(int fd, int level, int name, @In @Direct ByteBuffer value, int length);

  int getsockopt(
      int fd,
      int level,
      int name,
      @In @Out @Direct ByteBuffer value,
      @In @Out @Direct ByteBuffer length);

  @ssize_t
  long send(int fd, @In @Direct ByteBuffer data, @size_t long length, int flags);

  @ssize_t
  long recv(int fd, @Out @Direct ByteBuffer data, @size_t long length, int flags);

  int poll(@In @Out @Direct ByteBuffer fds, long count, int millis);

  int open(String path, int flags);

  int close(int fd);

  int setns(int fd, int type);

  int unshare(int flags);

  @SuppressWarnings("checkstyle:MethodName")
  int clock_gettime(int clock, @Out @Direct ByteBuffer timespec);

  int fstat(int fd, @Out @Direct ByteBuffer stat);

  /** The error of the last call on this thread. */
  static int errno() {
    return LastError.getLastError(Runtime.getSystemRuntime());
  }
}
