package io.millpond.linux.netlink;

/** Opens sockets that run over soon. */
public final class SmallSocket {
  private SmallSocket() {}

  /** A socket with the smallest buffer that the kernel gives. */
  public static NetlinkSocket open(int groups) throws NetlinkException {
    return NetlinkSocket.open(groups, 1);
  }
}
