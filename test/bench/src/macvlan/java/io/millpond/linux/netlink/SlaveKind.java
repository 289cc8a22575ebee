package io.millpond.linux.netlink;

/** Macvlan in the place of IPvlan, for measurements on kernels that have no IPvlan. */
public final class SlaveKind {
  public static final String NAME = "macvlan";

  private static final int IFLA_MACVLAN_MODE = 1;
  private static final int MODE_BRIDGE = 4;

  private SlaveKind() {}

  static void data(Message message) {
    Message ignored = message.attributeU32(IFLA_MACVLAN_MODE, MODE_BRIDGE);
  }
}
