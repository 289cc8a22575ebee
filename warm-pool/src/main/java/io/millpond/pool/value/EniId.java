package io.millpond.pool.value;

import java.util.regex.Pattern;

/**
 * The identifier that EC2 gives to an elastic network interface, such as {@code
 * eni-0a1b2c3d4e5f60718}.
 *
 * @param value {@code eni-} and 8 (old accounts) to 17 lower-case hexadecimal digits
 */
public record EniId(String value) implements Comparable<EniId> {
  private static final Pattern FORM = Pattern.compile("eni-[0-9a-f]{8,17}");

  /**
   * @throws IllegalArgumentException if the value is not of that form
   */
  public EniId {
    if (!FORM.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "not an ENI id (eni- and 8 to 17 hexadecimal digits): " + Shown.of(value));
    }
  }

  @Override
  public int compareTo(EniId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
