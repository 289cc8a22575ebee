package io.millpond.linux.netlink;

import io.millpond.pool.value.IpAddress;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Messages about the connections that netfilter follows: {@code struct nfgenmsg} (4 octets) and
 * CTA_* attributes (nfnetlink_conntrack.h). IPv4; for a socket of {@link
 * NetlinkSocket#openToNetfilter}.
 */
public final class Connections {
  private static final int FIXED = 4;

  private Connections() {}

  private static Message message(String what, int type, int flags) {
    return new Message(what, type, flags).u8(Rt.AF_INET).u8(0).u16(0);
  }

  /** Lists those that were begun to this port; a kernel before 5.8 lists all. */
  public static Message dump(int protocol, int port) {
    Message m = message("list connections to port " + port, Rt.CT_GET, Rt.DUMP);
    return m.nested(
            Rt.CTA_TUPLE_ORIG,
            () ->
                m.nested(
                    Rt.CTA_TUPLE_PROTO,
                    () ->
                        m.attribute(Rt.CTA_PROTO_NUM, new byte[] {(byte) protocol})
                            .attribute(Rt.CTA_PROTO_DST_PORT, bigEndian(port))))
        .nested(
            Rt.CTA_FILTER,
            () ->
                m.attributeU32(
                    Rt.CTA_FILTER_ORIG_FLAGS,
                    Rt.CTA_FILTER_F_PROTO_NUM | Rt.CTA_FILTER_F_PROTO_DST_PORT));
  }

  private static byte[] bigEndian(int port) {
    return ByteBuffer.allocate(2).putShort((short) port).array();
  }

  /**
   * A connection.
   *
   * @param protocol its number in an IP packet
   * @param to the address that it was begun to
   * @param port that it was begun to
   * @param answers the address that answers, which is another one behind a translation
   * @param tuple the octets by which the kernel knows it
   * @param zone of conntrack, if any
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Connection(
      int protocol,
      IpAddress to,
      int port,
      IpAddress answers,
      byte[] tuple,
      Optional<byte[]> zone) {}

  /** Reads a message about a connection of IPv4 with ports. */
  public static Optional<Connection> read(Reply reply) {
    Attributes a = reply.attributes(FIXED);
    Attributes begun = a.nested(Rt.CTA_TUPLE_ORIG);
    Attributes ports = begun.nested(Rt.CTA_TUPLE_PROTO);
    Optional<IpAddress> to = address(begun, Rt.CTA_IP_V4_DST);
    Optional<IpAddress> answers = address(a.nested(Rt.CTA_TUPLE_REPLY), Rt.CTA_IP_V4_SRC);
    Optional<byte[]> protocol = ports.bytes(Rt.CTA_PROTO_NUM).filter(b -> b.length == 1);
    Optional<byte[]> port = ports.bytes(Rt.CTA_PROTO_DST_PORT).filter(b -> b.length == 2);
    if (to.isEmpty() || answers.isEmpty() || protocol.isEmpty() || port.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Connection(
            protocol.get()[0] & 0xFF,
            to.get(),
            ByteBuffer.wrap(port.get()).getShort() & 0xFFFF,
            answers.get(),
            a.bytes(Rt.CTA_TUPLE_ORIG).orElseThrow(),
            a.bytes(Rt.CTA_ZONE)));
  }

  private static Optional<IpAddress> address(Attributes tuple, int which) {
    return tuple
        .nested(Rt.CTA_TUPLE_IP)
        .bytes(which)
        .filter(octets -> octets.length == 4)
        .map(IpAddress::ofBytes);
  }

  /** Lets netfilter forget a connection: its next packet begins another one. */
  public static Message forget(Connection connection) {
    Message m =
        message("forget a connection to port " + connection.port(), Rt.CT_DELETE, 0)
            .nestedOctets(Rt.CTA_TUPLE_ORIG, connection.tuple());
    connection.zone().ifPresent(zone -> m.attribute(Rt.CTA_ZONE, zone));
    return m;
  }
}
