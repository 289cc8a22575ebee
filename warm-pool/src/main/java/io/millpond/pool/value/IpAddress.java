package io.millpond.pool.value;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Comparator;

/**
 * One IPv4 or IPv6 address.
 *
 * @param family which of the two
 * @param high the first 64 bits of an IPv6 address; 0 for IPv4
 * @param low the last 64 bits of an IPv6 address; the unsigned 32-bit number for IPv4
 */
public record IpAddress(Family family, long high, long low) implements Comparable<IpAddress> {
  private static final Comparator<IpAddress> ORDER =
      Comparator.comparing(IpAddress::family)
          .thenComparing(IpAddress::high, Long::compareUnsigned)
          .thenComparing(IpAddress::low, Long::compareUnsigned);

  /** The address family. */
  public enum Family {
    /** Internet protocol version 4, 32 bits. */
    IPV4(32),
    /** Internet protocol version 6, 128 bits. */
    IPV6(128);

    private final int bits;

    Family(int bits) {
      this.bits = bits;
    }

    /** Bits in an address: 32 or 128. */
    public int bits() {
      return bits;
    }
  }

  /**
   * @throws IllegalArgumentException if an IPv4 address has more than 32 bits
   */
  public IpAddress {
    if (family == Family.IPV4 && (high != 0 || low >>> 32 != 0)) {
      throw new IllegalArgumentException("more than 32 bits in an IPv4 address");
    }
  }

  /**
   * Reads a dotted quad or an IPv6 literal. No name is ever resolved, and the old short, octal and
   * hexadecimal forms of IPv4 ({@code 10.1}, {@code 010.0.0.1}) are refused because other software
   * reads them otherwise.
   *
   * @throws IllegalArgumentException if the text is neither
   */
  public static IpAddress parse(String text) {
    if (text.length() > 45) {
      throw invalid(text);
    }
    if (text.indexOf(':') < 0) {
      return ofIpv4(parseQuad(text));
    }
    if (text.indexOf('%') >= 0 || text.indexOf('[') >= 0) {
      throw invalid(text);
    }
    return ofBytes(InetAddress.ofLiteral(text).getAddress());
  }

  private static int parseQuad(String text) {
    String[] parts = text.split("\\.", -1);
    if (parts.length != 4) {
      throw invalid(text);
    }
    int bits = 0;
    for (String part : parts) {
      boolean digits = !part.isEmpty() && part.length() <= 3;
      for (int i = 0; digits && i < part.length(); i++) {
        digits = part.charAt(i) >= '0' && part.charAt(i) <= '9';
      }
      if (!digits || (part.length() > 1 && part.charAt(0) == '0') || Integer.parseInt(part) > 255) {
        throw invalid(text);
      }
      bits = (bits << 8) | Integer.parseInt(part);
    }
    return bits;
  }

  private static IllegalArgumentException invalid(String text) {
    return new IllegalArgumentException("not an IP address: " + Shown.of(text));
  }

  /** The IPv4 address with these 32 bits, taken as unsigned. */
  public static IpAddress ofIpv4(int bits) {
    return new IpAddress(Family.IPV4, 0, bits & 0xFFFF_FFFFL);
  }

  /**
   * @throws IllegalArgumentException if there are neither 4 nor 16 octets
   */
  public static IpAddress ofBytes(byte[] octets) {
    ByteBuffer in = ByteBuffer.wrap(octets);
    return switch (octets.length) {
      case 4 -> ofIpv4(in.getInt());
      case 16 -> new IpAddress(Family.IPV6, in.getLong(), in.getLong());
      default ->
          throw new IllegalArgumentException(
              "an IP address has 4 or 16 octets, not " + octets.length);
    };
  }

  public boolean isIpv4() {
    return family == Family.IPV4;
  }

  /** A new array with 4 or 16 octets in network order. */
  public byte[] toBytes() {
    return isIpv4()
        ? ByteBuffer.allocate(4).putInt((int) low).array()
        : ByteBuffer.allocate(16).putLong(high).putLong(low).array();
  }

  /**
   * The address {@code offset} after this one.
   *
   * @param offset 0 to 2<sup>31</sup>−1
   * @throws IllegalArgumentException if the offset is negative or leads out of the family
   */
  public IpAddress plus(int offset) {
    if (offset < 0) {
      throw new IllegalArgumentException("negative offset: " + offset);
    }
    long sum = low + offset;
    if (isIpv4()) {
      return new IpAddress(family, 0, sum);
    }
    boolean carry = Long.compareUnsigned(sum, low) < 0;
    if (carry && high == -1) {
      throw new IllegalArgumentException("past the last IPv6 address");
    }
    return new IpAddress(family, carry ? high + 1 : high, sum);
  }

  @Override
  public int compareTo(IpAddress other) {
    return ORDER.compare(this, other);
  }

  /** Dotted quad, or the JDK's form of an IPv6 literal. */
  @Override
  public String toString() {
    try {
      return InetAddress.getByAddress(toBytes()).getHostAddress();
    } catch (UnknownHostException e) {
      throw new AssertionError("4 and 16 octets are always an address", e);
    }
  }
}
