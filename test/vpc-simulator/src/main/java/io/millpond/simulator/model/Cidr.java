package io.millpond.simulator.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/**
 * A block of IPv4 addresses.
 *
 * @param network the first address; no bit is set beyond the length
 * @param length 1 to 32
 */
public record Cidr(Ipv4 network, int length) implements Comparable<Cidr> {
  /**
   * @throws IllegalArgumentException if the length is out of range or the network has host bits
   */
  public Cidr {
    if (length < 1 || length > 32) {
      throw new IllegalArgumentException("a prefix length is 1 to 32, not " + length);
    }
    if ((network.bits() & ~mask(length)) != 0) {
      throw new IllegalArgumentException(network + "/" + length + " has bits beyond its length");
    }
  }

  /**
   * Reads {@code 10.0.1.0/24}.
   *
   * @throws IllegalArgumentException if the text is not a network in that form
   */
  @JsonCreator
  public static Cidr parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0 || !text.substring(slash + 1).matches("[0-9]{1,2}")) {
      throw new IllegalArgumentException("not a network (such as 10.0.1.0/24): " + text);
    }
    return new Cidr(
        Ipv4.parse(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
  }

  /** How many addresses the block has. */
  public long size() {
    return 1L << (32 - length);
  }

  /** The highest address. */
  public Ipv4 last() {
    return new Ipv4(network.bits() | ~mask(length));
  }

  public boolean contains(Ipv4 address) {
    return (address.bits() & mask(length)) == network.bits();
  }

  public boolean contains(Cidr other) {
    return other.length >= length && contains(other.network);
  }

  private static int mask(int length) {
    return -1 << (32 - length);
  }

  @Override
  public int compareTo(Cidr other) {
    int byNetwork = network.compareTo(other.network);
    return byNetwork != 0 ? byNetwork : Integer.compare(length, other.length);
  }

  @JsonValue
  @Override
  public String toString() {
    return network + "/" + length;
  }
}
