package io.millpond.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A received message that is not an acknowledgement. Immutable. */
public final class Reply {
  private final int type;
  private final byte[] payload;

  /**
   * @param type {@code nlmsg_type}
   * @param payload what follows the header; not copied
   */
  Reply(int type, byte[] payload) {
    this.type = type;
    this.payload = payload;
  }

  /** {@code nlmsg_type}. */
  public int type() {
    return type;
  }

  /** The octet at an offset of the fixed part, 0 if the message is shorter. */
  public int u8(int offset) {
    return offset < payload.length ? payload[offset] & 0xFF : 0;
  }

  /** The 32-bit number at an offset of the fixed part, 0 if the message is shorter. */
  public int u32(int offset) {
    return offset + 4 <= payload.length
        ? ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder()).getInt(offset)
        : 0;
  }

  /** The attributes behind a fixed part of this length. */
  public Attributes attributes(int fixedPart) {
    return Attributes.read(payload, fixedPart);
  }
}
