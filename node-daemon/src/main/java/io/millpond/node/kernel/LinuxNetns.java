package io.millpond.node.kernel;

/** A namespace of this kernel, by its descriptor. */
public final class LinuxNetns implements Netns {
  private final io.millpond.linux.netns.Netns netns;

  private LinuxNetns(io.millpond.linux.netns.Netns netns) {
    this.netns = netns;
  }

  /**
   * Takes over a descriptor that was verified to be a network namespace.
   *
   * @param inode its inode
   */
  public static LinuxNetns adopt(int descriptor, long inode) {
    return new LinuxNetns(io.millpond.linux.netns.Netns.adopt(descriptor, inode));
  }

  /** The kernel's view of a namespace that came through the port. */
  static io.millpond.linux.netns.Netns of(Netns netns) {
    if (netns instanceof LinuxNetns linux) {
      return linux.netns;
    }
    throw new IllegalArgumentException("not a namespace of this kernel: " + netns);
  }

  @Override
  public long inode() {
    return netns.inode();
  }

  @Override
  public int descriptor() {
    return netns.fd();
  }

  @Override
  public void close() {
    netns.close();
  }
}
