package io.millpond.pool.value;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a set of ENIs from which pods get addresses: {@code default}, one that the node's
 * configuration describes, or a subnet's id, which means exactly that subnet.
 *
 * @param value a letter or digit, then at most 62 letters, digits, dots, dashes and underscores
 */
public record PoolName(String value) implements Comparable<PoolName> {
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}");
  private static final Pattern SUBNET = Pattern.compile("subnet-[0-9a-f]{8,17}");
  private static final String OF_SUBNETS = "subnet-";

  /** The pool of every pod that asks for no other. */
  public static final PoolName DEFAULT = new PoolName("default");

  /**
   * @throws IllegalArgumentException if the value is not of that form, or begins with {@code
   *     subnet-} and is not a subnet's id
   */
  public PoolName {
    if (!FORM.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "not the name of a pool (a letter or digit, then at most 62 letters, digits, dots, dashes"
              + " and underscores): "
              + Shown.of(value));
    }
    if (value.startsWith(OF_SUBNETS) && !SUBNET.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "the name of a pool that begins with subnet- is a subnet's id (subnet- and 8 to 17"
              + " hexadecimal digits), not "
              + Shown.of(value));
    }
  }

  public boolean isDefault() {
    return equals(DEFAULT);
  }

  /** The subnet that the name itself means, if it is a subnet's id. */
  public Optional<String> subnet() {
    return value.startsWith(OF_SUBNETS) ? Optional.of(value) : Optional.empty();
  }

  /** The default pool first, so that it is the first of every list. */
  @Override
  public int compareTo(PoolName other) {
    int first = Boolean.compare(other.isDefault(), isDefault());
    return first != 0 ? first : value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
