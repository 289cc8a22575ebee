package io.millpond.linux.unix;

import static io.millpond.linux.unix.Native.LIBC;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import jnr.ffi.Pointer;

/** The check of a descriptor that a client says is a pod's network namespace. */
public final class NetnsDescriptor {
  private static final long NSFS_MAGIC = 0x6e736673L;

  /** {@code _IO(0xb7, 3)}: the type of a namespace. */
  private static final long NS_GET_NSTYPE = 0xb703L;

  private static final int CLONE_NEWNET = 0x40000000;

  private NetnsDescriptor() {}

  /**
   * The inode of the namespace.
   *
   * @throws IOException if it is not a network namespace, or is our own; the descriptor stays the
   *     caller's to close
   */
  public static long verify(int fd) throws IOException {
    Pointer statfs = Native.memory(128);
    if (LIBC.fstatfs(fd, statfs) != 0 || statfs.getLong(0) != NSFS_MAGIC) {
      throw new IOException("CNI_NETNS is not a namespace");
    }
    if (LIBC.ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
      throw new IOException("CNI_NETNS is a namespace, but not a network namespace");
    }
    long inode = inode(Path.of("/proc/self/fd/" + fd));
    if (inode == inode(Path.of("/proc/self/ns/net"))) {
      throw new IOException("CNI_NETNS is the node's own network namespace");
    }
    return inode;
  }

  private static long inode(Path path) throws IOException {
    return ((Number) Files.getAttribute(path, "unix:ino")).longValue();
  }
}
