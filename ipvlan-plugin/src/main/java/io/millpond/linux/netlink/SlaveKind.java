package io.millpond.linux.netlink;

/** The kind of link that a pod gets as its own, and how one is asked for. */
public final class SlaveKind {
  /** What the kernel calls it. */
  public static final String NAME = "ipvlan";

  private static final int MODE_L2 = 0;

  private SlaveKind() {}

  /** {@code IFLA_INFO_DATA}: mode L2, flag {@code bridge}. */
  static void data(Message message) {
    Message ignored =
        message.attributeU16(Rt.IFLA_IPVLAN_MODE, MODE_L2).attributeU16(Rt.IFLA_IPVLAN_FLAGS, 0);
  }
}
