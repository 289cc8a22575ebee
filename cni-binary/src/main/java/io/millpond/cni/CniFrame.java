package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A request as the plugin sends it and as it lies in the spool.
 *
 * <p>The format: the four octets {@code MPC1}; the length of the rest as an unsigned 32-bit number;
 * then fields, each an octet that says which, an unsigned 32-bit length, and that many octets.
 * Numbers are big-endian. Field 1, repeated: an environment variable, {@code NAME=value}. Field 2:
 * stdin. Field 3: a name of the request for logs. A reader skips fields that it does not know. The
 * descriptor of the network namespace, if there is one, travels beside the first octet
 * (SCM_RIGHTS). The reply: {@code MPC1}, the length of the rest, the exit status as 32 bits, what
 * to print.
 *
 * @param variables of the environment, by name
 * @param stdin what the runtime wrote
 * @param requestName for logs; from outside, so only printable characters are kept
 */
public record CniFrame(Map<String, String> variables, ByteBuffer stdin, String requestName) {
  /** Octets before the fields. */
  public static final int HEADER = 8;

  /** The largest stdin, in octets. */
  public static final int STDIN_LIMIT = 4 * 1024 * 1024;

  /** The largest frame, header included, in octets. */
  public static final int LIMIT = STDIN_LIMIT + 256 * 1024;

  /** The plugin sends five variables. */
  private static final int MOST_VARIABLES = 32;

  private static final int MAGIC = 0x4D504331;
  private static final int MAGIC_NAME = 0x4D5043;
  private static final int VARIABLE = 1;
  private static final int STDIN = 2;
  private static final int REQUEST = 3;

  /** Copies the map. */
  public CniFrame {
    variables = Map.copyOf(variables);
  }

  /** What a header says. */
  public sealed interface Header {
    /** A frame of this version: so many octets follow. */
    record Ours(int length) implements Header {}

    /** A frame of a newer version. */
    record Newer(int version) implements Header {}

    /** Not a frame. */
    record Garbage(String why) implements Header {}
  }

  /** Reads the first {@link #HEADER} octets. */
  public static Header readHeader(ByteBuffer octets) {
    if (octets.remaining() < HEADER) {
      return new Header.Garbage("shorter than a header");
    }
    int magic = octets.getInt(octets.position());
    int length = octets.getInt(octets.position() + 4);
    if (magic != MAGIC) {
      int version = (magic & 0xFF) - '0';
      return magic >>> 8 == MAGIC_NAME && version >= 2 && version <= 9
          ? new Header.Newer(version)
          : new Header.Garbage("it does not begin with MPC1");
    }
    return length < 0 || length > LIMIT - HEADER
        ? new Header.Garbage("its length is " + Integer.toUnsignedLong(length))
        : new Header.Ours(length);
  }

  /** Reads the fields behind the header; empty if they do not fit together. */
  public static Optional<CniFrame> readFields(ByteBuffer octets) {
    ByteBuffer in = octets.slice();
    Map<String, String> variables = new TreeMap<>();
    ByteBuffer stdin = ByteBuffer.allocate(0);
    String request = "";
    while (in.hasRemaining()) {
      if (in.remaining() < 5) {
        return Optional.empty();
      }
      int tag = in.get();
      int length = in.getInt();
      if (length < 0 || length > in.remaining()) {
        return Optional.empty();
      }
      byte[] value = new byte[length];
      in.get(value);
      switch (tag) {
        case VARIABLE -> {
          String text = new String(value, UTF_8);
          int equals = text.indexOf('=');
          if (equals > 0) {
            variables.put(text.substring(0, equals), text.substring(equals + 1));
          }
          if (variables.size() > MOST_VARIABLES) {
            return Optional.empty();
          }
        }
        case STDIN -> stdin = ByteBuffer.wrap(value);
        case REQUEST -> request = printable(value);
        default -> {}
      }
    }
    return stdin.remaining() > STDIN_LIMIT
        ? Optional.empty()
        : Optional.of(new CniFrame(variables, stdin, request));
  }

  private static String printable(byte[] value) {
    String text = new String(value, UTF_8).replaceAll("[^0-9A-Za-z._-]", "");
    return text.length() > 64 ? text.substring(0, 64) : text;
  }

  /** A whole frame, header included. */
  public static Optional<CniFrame> read(ByteBuffer octets) {
    return readHeader(octets) instanceof Header.Ours(int length)
            && octets.remaining() == HEADER + length
        ? readFields(octets.slice(octets.position() + HEADER, length))
        : Optional.empty();
  }

  /** The frame's octets. */
  public byte[] write() {
    ByteBuffer out = ByteBuffer.allocate(LIMIT).putInt(MAGIC).putInt(0);
    variables.forEach((name, value) -> field(out, VARIABLE, (name + "=" + value).getBytes(UTF_8)));
    field(out, REQUEST, requestName.getBytes(UTF_8));
    byte[] input = new byte[stdin.remaining()];
    stdin.duplicate().get(input);
    field(out, STDIN, input);
    out.putInt(4, out.position() - HEADER);
    byte[] octets = new byte[out.position()];
    out.flip().get(octets);
    return octets;
  }

  private static void field(ByteBuffer out, int tag, byte[] value) {
    out.put((byte) tag).putInt(value.length).put(value);
  }

  /** The octets of a reply. */
  public static byte[] reply(int exitStatus, String document) {
    byte[] text = document.getBytes(UTF_8);
    return ByteBuffer.allocate(HEADER + 4 + text.length)
        .putInt(MAGIC)
        .putInt(4 + text.length)
        .putInt(exitStatus)
        .put(text)
        .array();
  }
}
