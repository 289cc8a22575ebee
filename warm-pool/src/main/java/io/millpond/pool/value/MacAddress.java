package io.millpond.pool.value;

import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A 48-bit Ethernet address.
 *
 * @param bits the address as a number, 0 to 2<sup>48</sup>−1; the first octet is the highest
 */
public record MacAddress(long bits) implements Comparable<MacAddress> {
  /** Octets in an address. */
  public static final int LENGTH = 6;

  private static final Pattern FORM = Pattern.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}");

  /**
   * @throws IllegalArgumentException if the number has more than 48 bits
   */
  public MacAddress {
    if (bits < 0 || bits >= 1L << 48) {
      throw new IllegalArgumentException("not a 48-bit MAC address: " + Long.toHexString(bits));
    }
  }

  /**
   * Reads {@code 0e:1f:…} in either case.
   *
   * @throws IllegalArgumentException if the text is not six colon-separated octets
   */
  public static MacAddress parse(String text) {
    if (!FORM.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "not a MAC address (six octets such as 0e:12:34:56:78:9a): " + Shown.of(text));
    }
    return new MacAddress(Long.parseLong(text.replace(":", ""), 16));
  }

  /**
   * @throws IllegalArgumentException if there are not exactly six octets
   */
  public static MacAddress ofBytes(byte[] octets) {
    if (octets.length != LENGTH) {
      throw new IllegalArgumentException("a MAC address has 6 octets, not " + octets.length);
    }
    long bits = 0;
    for (byte octet : octets) {
      bits = (bits << 8) | (octet & 0xFF);
    }
    return new MacAddress(bits);
  }

  /** A new array with the six octets in the order of the wire. */
  public byte[] toBytes() {
    byte[] octets = new byte[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      octets[i] = (byte) (bits >>> (8 * (LENGTH - 1 - i)));
    }
    return octets;
  }

  @Override
  public int compareTo(MacAddress other) {
    return Long.compare(bits, other.bits);
  }

  /** Lower-case, colon-separated. */
  @Override
  public String toString() {
    return HexFormat.ofDelimiter(":").formatHex(toBytes());
  }
}
