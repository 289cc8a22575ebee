package io.millpond.linux.netlink;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * The attributes of a received message, by type; of several of one type the last counts, unless all
 * are asked for. What does not fit its length is left out, never followed.
 */
public final class Attributes {
  private final byte[] octets;
  private final int offset;
  private final Map<Integer, byte[]> byType = new TreeMap<>();

  private Attributes(byte[] octets, int offset) {
    this.octets = octets;
    this.offset = offset;
    each(byType::put);
  }

  /** Reads attributes from the octets behind {@code offset}. */
  public static Attributes read(byte[] octets, int offset) {
    return new Attributes(octets, offset);
  }

  private void each(BiConsumer<Integer, byte[]> reader) {
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
      reader.accept(type, value);
      at += (length + 3) & ~3;
    }
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
    return bytes(type).map(Attributes::text);
  }

  /** All texts of a type, in their order. */
  public List<String> texts(int type) {
    Stream.Builder<String> all = Stream.builder();
    each(
        (found, value) -> {
          if (found == type) {
            all.add(text(value));
          }
        });
    return all.build().toList();
  }

  private static String text(byte[] value) {
    int end = 0;
    while (end < value.length && value[end] != 0) {
      end++;
    }
    return new String(value, 0, end, UTF_8);
  }

  public Attributes nested(int type) {
    return read(byType.getOrDefault(type, new byte[0]), 0);
  }
}
