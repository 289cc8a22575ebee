package io.millpond.linux.netlink;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A netlink message while it is written: header, a fixed part, attributes
 * (include/uapi/linux/netlink.h). Everything is aligned to four bytes and in the byte order of the
 * machine.
 */
public final class Message {
  /** Bytes of {@code struct nlmsghdr}. */
  static final int HEADER = 16;

  private static final int NESTED = 0x8000;

  private final String what;
  private ByteBuffer out = ByteBuffer.allocate(512).order(ByteOrder.nativeOrder());

  /**
   * @param what what the message asks for, on what: it stands in the error when the kernel refuses
   * @param type {@code nlmsg_type}
   * @param flags {@code nlmsg_flags}; request and acknowledgement are added
   */
  public Message(String what, int type, int flags) {
    this.what = what;
    out.putInt(0).putShort((short) type).putShort((short) (flags | Rt.REQUEST)).putInt(0).putInt(0);
  }

  public String what() {
    return what;
  }

  int flags() {
    return out.getShort(6) & 0xFFFF;
  }

  private ByteBuffer room(int bytes) {
    if (out.remaining() < bytes) {
      ByteBuffer larger =
          ByteBuffer.allocate(out.capacity() * 2 + bytes).order(ByteOrder.nativeOrder());
      larger.put(out.flip());
      out = larger;
    }
    return out;
  }

  public Message u8(int value) {
    room(1).put((byte) value);
    return this;
  }

  public Message u16(int value) {
    room(2).putShort((short) value);
    return this;
  }

  public Message u32(long value) {
    room(4).putInt((int) value);
    return this;
  }

  /** An attribute with these octets. */
  public Message attribute(int type, byte[] value) {
    room(8 + value.length).putShort((short) (4 + value.length)).putShort((short) type).put(value);
    while (out.position() % 4 != 0) {
      room(1).put((byte) 0);
    }
    return this;
  }

  /** An attribute that holds these octets, which are attributes. */
  public Message nestedOctets(int type, byte[] attributes) {
    return attribute(type | NESTED, attributes);
  }

  /** An attribute with a 32-bit number. */
  public Message attributeU32(int type, long value) {
    return attribute(
        type, ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt((int) value).array());
  }

  /** An attribute with a 16-bit number. */
  public Message attributeU16(int type, int value) {
    return attribute(
        type,
        ByteBuffer.allocate(2).order(ByteOrder.nativeOrder()).putShort((short) value).array());
  }

  /** An attribute with a NUL-terminated string. */
  public Message attributeText(int type, String value) {
    byte[] text = value.getBytes(UTF_8);
    return attribute(type, Arrays.copyOf(text, text.length + 1));
  }

  /** An attribute that holds attributes, or a structure and attributes. */
  public Message nested(int type, Runnable content) {
    int start = out.position();
    u16(0).u16(type | NESTED);
    content.run();
    out.putShort(start, (short) (out.position() - start));
    return this;
  }

  /**
   * As {@link #nested}, without the flag that says so: what the kernel takes as raw, such as a
   * veth's peer.
   */
  public Message nestedRaw(int type, Runnable content) {
    int start = out.position();
    u16(0).u16(type);
    content.run();
    out.putShort(start, (short) (out.position() - start));
    return this;
  }

  /** The octets of the message. */
  public byte[] encode(int sequence, boolean acknowledged) {
    int length = out.position();
    out.putInt(0, length).putInt(8, sequence);
    if (acknowledged) {
      out.putShort(6, (short) (flags() | Rt.ACK));
    }
    return Arrays.copyOf(out.array(), length);
  }
}
