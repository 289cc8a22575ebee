package io.millpond.linux.netlink;

/** The kernel refused a message, or the socket failed. */
public final class NetlinkException extends java.io.IOException {
  private static final long serialVersionUID = 1;

  private final int errno;

  /**
   * @param what what was attempted, on what
   * @param errno the kernel's error number
   * @param text the kernel's own words (extended acknowledgement), or empty
   */
  public NetlinkException(String what, int errno, String text) {
    super(
        "the kernel refused: %s: %s (errno %d)%s"
            .formatted(what, Errno.name(errno), errno, text.isEmpty() ? "" : ": " + text));
    this.errno = errno;
  }

  /** The kernel's error number, positive. */
  public int errno() {
    return errno;
  }
}
