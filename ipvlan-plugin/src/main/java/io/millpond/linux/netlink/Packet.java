package io.millpond.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * One received netlink message: its header taken apart, its payload as it came.
 *
 * <p>Splitting never reads outside of what was received and always ends: a length that does not fit
 * ends the datagram.
 */
final class Packet {
  private static final int EXT_ACK_MSG = 1;
  private static final int DUMP_RESULT = 4;

  private final int type;
  private final int flags;
  private final int sequence;
  private final byte[] payload;

  private Packet(int type, int flags, int sequence, byte[] payload) {
    this.type = type;
    this.flags = flags;
    this.sequence = sequence;
    this.payload = payload;
  }

  /** Takes a datagram apart: the octets of the buffer before {@code received}. */
  static List<Packet> split(ByteBuffer datagram, int received) {
    ByteBuffer in = datagram.duplicate().order(ByteOrder.nativeOrder());
    int end = Math.min(received, in.capacity());
    in.limit(in.capacity());
    List<Packet> packets = new ArrayList<>();
    for (int at = 0; at + Message.HEADER <= end; ) {
      int length = in.getInt(at);
      if (length < Message.HEADER || length > end - at) {
        break;
      }
      byte[] payload = new byte[length - Message.HEADER];
      in.get(at + Message.HEADER, payload);
      packets.add(
          new Packet(
              in.getShort(at + 4) & 0xFFFF,
              in.getShort(at + 6) & 0xFFFF,
              in.getInt(at + 8),
              payload));
      at += (length + 3) & ~3;
    }
    return packets;
  }

  int sequence() {
    return sequence;
  }

  boolean isAcknowledgement() {
    return type == Rt.NLMSG_ERROR;
  }

  boolean isEndOfDump() {
    return type == Rt.NLMSG_DONE;
  }

  boolean isOfInterruptedDump() {
    return (flags & Rt.DUMP_INTR) != 0;
  }

  /** The error number of an acknowledgement or of a dump's end; 0 is success. */
  int errno() {
    return payload.length < 4
        ? 0
        : -ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder()).getInt(0);
  }

  /**
   * The kernel's own words. With NETLINK_CAP_ACK the request's header alone is repeated behind the
   * error number; the attributes follow it.
   */
  String words() {
    int attributes = isEndOfDump() ? DUMP_RESULT : DUMP_RESULT + Message.HEADER;
    return payload.length > attributes
        ? Attributes.read(payload, attributes).text(EXT_ACK_MSG).orElse("")
        : "";
  }

  Reply reply() {
    return new Reply(type, payload);
  }
}
