package io.millpond.linux.netlink;

import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import java.util.Optional;

/** Messages about neighbours: {@code struct ndmsg} (12 octets) and NDA_* attributes. */
public final class Neighbours {
  private static final int FIXED = 12;

  private Neighbours() {}

  /** Sets a neighbour that ARP never changes. */
  public static Message permanent(int link, IpAddress address, MacAddress mac) {
    return new Message(
            "set neighbour " + address + " on link " + link, Rt.NEWNEIGH, Rt.CREATE | Rt.REPLACE)
        .u8(Rt.AF_INET)
        .u8(0)
        .u16(0)
        .u32(link)
        .u16(Rt.NUD_PERMANENT)
        .u8(0)
        .u8(0)
        .attribute(Rt.NDA_DST, address.toBytes())
        .attribute(Rt.NDA_LLADDR, mac.toBytes());
  }

  public static Message dump() {
    return new Message("list neighbours", Rt.GETNEIGH, Rt.DUMP)
        .u8(Rt.AF_INET)
        .u8(0)
        .u16(0)
        .u32(0)
        .u16(0)
        .u8(0)
        .u8(0);
  }

  /** An entry of the neighbour table. */
  public record Neighbour(int link, int state, IpAddress address, Optional<MacAddress> mac) {
    public boolean isPermanent() {
      return (state & Rt.NUD_PERMANENT) != 0;
    }
  }

  /** Reads an IPv4 neighbour message. */
  public static Optional<Neighbour> read(Reply reply) {
    if (reply.u8(0) != Rt.AF_INET) {
      return Optional.empty();
    }
    Attributes a = reply.attributes(FIXED);
    return a.bytes(Rt.NDA_DST)
        .filter(octets -> octets.length == 4)
        .map(
            octets ->
                new Neighbour(
                    reply.u32(4),
                    reply.u8(8) | reply.u8(9) << 8,
                    IpAddress.ofBytes(octets),
                    a.bytes(Rt.NDA_LLADDR)
                        .filter(mac -> mac.length == MacAddress.LENGTH)
                        .map(MacAddress::ofBytes)));
  }
}
