package io.millpond.simulator.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Pattern;

/**
 * An IPv4 address.
 *
 * @param bits the address as a number, first octet highest (negative from 128.0.0.0 on)
 */
public record Ipv4(int bits) implements Comparable<Ipv4> {
  private static final Pattern OCTET = Pattern.compile("0|[1-9][0-9]{0,2}");

  /**
   * Reads the dotted form.
   *
   * @throws IllegalArgumentException if it is not four decimal octets without leading zeros
   */
  @JsonCreator
  public static Ipv4 parse(String text) {
    String[] octets = text.split("\\.", -1);
    int bits = 0;
    for (String octet : octets) {
      if (octets.length != 4 || !OCTET.matcher(octet).matches() || Integer.parseInt(octet) > 255) {
        throw new IllegalArgumentException("not an IPv4 address (such as 10.0.1.5): " + text);
      }
      bits = (bits << 8) | Integer.parseInt(octet);
    }
    return new Ipv4(bits);
  }

  /** The address {@code offset} places further on; the sum wraps at the end of the space. */
  public Ipv4 plus(int offset) {
    return new Ipv4(bits + offset);
  }

  @Override
  public int compareTo(Ipv4 other) {
    return Integer.compareUnsigned(bits, other.bits);
  }

  @JsonValue
  @Override
  public String toString() {
    return (bits >>> 24)
        + "."
        + (bits >>> 16 & 255)
        + "."
        + (bits >>> 8 & 255)
        + "."
        + (bits & 255);
  }
}
