package io.millpond.linux.unix;

import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/**
 * The calls of the C library that sockets need; {@link #errno} is read at once, on the same
 * platform thread.
 */
public interface Native {
  Native LIBC = LibraryLoader.create(Native.class).load("c");

  int AF_UNIX = 1;
  int SOCK_STREAM = 1;
  int SOCK_DGRAM = 2;
  int SOCK_NONBLOCK = 0x800;
  int SOCK_CLOEXEC = 0x80000;
  int SOL_SOCKET = 1;
  int SCM_RIGHTS = 1;
  int SO_PEERCRED = 17;
  int MSG_DONTWAIT = 0x40;
  int MSG_NOSIGNAL = 0x4000;
  int MSG_CMSG_CLOEXEC = 0x40000000;
  int MSG_CTRUNC = 8;
  int POLLIN = 1;
  int POLLOUT = 4;
  int POLLERR = 8;
  int POLLHUP = 0x10;
  int POLLRDHUP = 0x2000;
  int EINTR = 4;
  int EAGAIN = 11;
  int ENOENT = 2;
  int EEXIST = 17;

  int socket(int domain, int type, int protocol);

  int bind(int fd, Pointer address, int length);

  int listen(int fd, int backlog);

  int connect(int fd, Pointer address, int length);

  int accept4(int fd, Pointer address, Pointer length, int flags);

  int getsockopt(int fd, int level, int name, Pointer value, Pointer length);

  @ssize_t
  long recvmsg(int fd, Pointer message, int flags);

  @ssize_t
  long sendmsg(int fd, Pointer message, int flags);

  @ssize_t
  long sendto(int fd, Pointer octets, @size_t long count, int flags, Pointer address, int length);

  int poll(Pointer fds, long count, int millis);

  int umask(int mask);

  int rename(String from, String to);

  int unlink(String path);

  int open(String path, int flags, int mode);

  int close(int fd);

  int flock(int fd, int operation);

  int fstatfs(int fd, Pointer statfs);

  int ioctl(int fd, @size_t long request);

  static int errno() {
    return LastError.getLastError(Runtime.getSystemRuntime());
  }

  /** Zeroed memory that lives as long as the pointer. */
  static Pointer memory(int bytes) {
    Pointer memory = Memory.allocateDirect(Runtime.getSystemRuntime(), bytes, true);
    return memory;
  }
}
