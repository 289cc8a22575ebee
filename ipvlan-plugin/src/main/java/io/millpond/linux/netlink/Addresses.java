package io.millpond.linux.netlink;

import io.millpond.pool.value.IpAddress;
import java.util.Optional;

/** Messages about addresses: {@code struct ifaddrmsg} (8 octets) and IFA_* attributes. */
public final class Addresses {
  private static final int FIXED = 8;

  private Addresses() {}

  private static Message message(
      String verb, int type, int flags, int link, IpAddress address, int length) {
    return new Message(
            verb + " address " + address + "/" + length + " on link " + link, type, flags)
        .u8(Rt.AF_INET)
        .u8(length)
        .u8(0)
        .u8(0)
        .u32(link)
        .attribute(Rt.IFA_LOCAL, address.toBytes())
        .attribute(Rt.IFA_ADDRESS, address.toBytes());
  }

  public static Message add(int link, IpAddress address, int length) {
    return message("add", Rt.NEWADDR, Rt.CREATE | Rt.EXCL, link, address, length);
  }

  /**
   * As {@link #add(int, IpAddress, int)}, with a metric for the route to the prefix that the kernel
   * makes along with the address.
   */
  public static Message add(int link, IpAddress address, int length, int metric) {
    Message message = add(link, address, length);
    return metric == 0 ? message : message.attributeU32(Rt.IFA_RT_PRIORITY, metric);
  }

  public static Message delete(int link, IpAddress address, int length) {
    return message("delete", Rt.DELADDR, 0, link, address, length);
  }

  public static Message dump() {
    return new Message("list addresses", Rt.GETADDR, Rt.DUMP)
        .u8(Rt.AF_INET)
        .u8(0)
        .u8(0)
        .u8(0)
        .u32(0);
  }

  /**
   * An address of a link.
   *
   * @param length of the prefix
   */
  public record LinkAddress(int link, IpAddress address, int length) {}

  /** Reads an IPv4 address message. */
  public static Optional<LinkAddress> read(Reply reply) {
    if (reply.u8(0) != Rt.AF_INET) {
      return Optional.empty();
    }
    return reply
        .attributes(FIXED)
        .bytes(Rt.IFA_LOCAL)
        .filter(octets -> octets.length == 4)
        .map(octets -> new LinkAddress(reply.u32(4), IpAddress.ofBytes(octets), reply.u8(1)));
  }
}
