package io.millpond.pool.value;

/**
 * A block of addresses in CIDR notation: a subnet, a VPC range, a delegated /28.
 *
 * @param address the first address of the block; no bit behind {@code length} is set
 * @param length 0 to 32 (IPv4) or 128 (IPv6)
 */
public record Prefix(IpAddress address, int length) implements Comparable<Prefix> {
  /**
   * @throws IllegalArgumentException if the length is out of range or a host bit is set
   */
  public Prefix {
    if (length < 0 || length > address.family().bits()) {
      throw new IllegalArgumentException("prefix length out of range: " + address + "/" + length);
    }
    if (!mask(address, length).equals(address)) {
      throw new IllegalArgumentException(
          "host bits are set in "
              + address
              + "/"
              + length
              + ": meant is "
              + containing(address, length));
    }
  }

  /**
   * Reads {@code 10.0.0.0/16}.
   *
   * @throws IllegalArgumentException if the text is not a prefix or a host bit is set
   */
  public static Prefix parse(String text) {
    int slash = text.indexOf('/');
    String length = text.substring(slash + 1);
    if (slash < 0 || !length.matches("0|[1-9][0-9]{0,2}")) {
      throw new IllegalArgumentException("not a prefix in CIDR notation: " + Shown.of(text));
    }
    return new Prefix(IpAddress.parse(text.substring(0, slash)), Integer.parseInt(length));
  }

  /** The block of this length that holds the address. */
  public static Prefix containing(IpAddress address, int length) {
    return new Prefix(mask(address, length), length);
  }

  private static IpAddress mask(IpAddress address, int length) {
    if (address.isIpv4()) {
      long mask = length == 0 ? 0 : 0xFFFF_FFFFL << (32 - length) & 0xFFFF_FFFFL;
      return new IpAddress(address.family(), 0, address.low() & mask);
    }
    long high = length == 0 ? 0 : -1L << Math.max(0, 64 - length);
    long low = length <= 64 ? 0 : -1L << (128 - length);
    return new IpAddress(address.family(), address.high() & high, address.low() & low);
  }

  public boolean contains(IpAddress other) {
    return other.family() == address.family() && mask(other, length).equals(address);
  }

  /** Whether every address of the other block is in this one. */
  public boolean contains(Prefix other) {
    return other.length >= length && contains(other.address);
  }

  @Override
  public int compareTo(Prefix other) {
    int byAddress = address.compareTo(other.address);
    return byAddress != 0 ? byAddress : Integer.compare(length, other.length);
  }

  @Override
  public String toString() {
    return address + "/" + length;
  }
}
