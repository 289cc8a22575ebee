package io.millpond.linux.netlink;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * The attributes of a received message, by type. What does not fit its length is left out, never
 * followed.
 */
public final class Attributes {
  private final Map<Integer, byte[]> byType;

  private Attributes(Map<Integer, byte[]> byType) {
    this.byType = byType;
  }

  /** Reads attributes from the octets behind {@code offset}. */
  public static Attributes read(byte[] octets, int offset) {
    Map<Integer, byte[]> found = new TreeMap<>();
    ByteBuffer in = ByteBuffer.wrap(octets).order(ByteOrder.nativeOrder());
    int at = offset;
    while (at >= 0 && at + 4 <= octets.length) {
      int length = in.getShort(at) & 0xFFFF;
      int type = in.getShort(at + 2) & 0x3FFF;
      if (length < 4 || at + length > octets.length) {
        break;
      }
      byte[] value = new byte[length - 4];
      in.get(at + 4, value);
      found.put(type, value);
      at += (length + 3) & ~3;
    }
    return new Attributes(found);
  }

  public Optional<byte[]> bytes(int type) {
    return Optional.ofNullable(byType.get(type));
  }

  /** A 32-bit number, if the attribute is there and that long. */
  public OptionalInt u32(int type) {
    byte[] value = byType.get(type);
    return value == null || value.length < 4
        ? OptionalInt.empty()
        : OptionalInt.of(ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getInt());
  }

  /** Text up to its NUL. */
  public Optional<String> text(int type) {
    return bytes(type)
        .map(
            value -> {
              int end = 0;
              while (end < value.length && value[end] != 0) {
                end++;
              }
              return new String(value, 0, end, UTF_8);
            });
  }

  public Attributes nested(int type) {
    return read(byType.getOrDefault(type, new byte[0]), 0);
  }
}
