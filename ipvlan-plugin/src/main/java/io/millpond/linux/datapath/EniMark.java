package io.millpond.linux.datapath;

import io.millpond.pool.value.PoolName;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The alias of an ENI's link, {@code mpe1 p=<pool>}: so the kernel remembers whose addresses it has
 * as long as it remembers the addresses.
 */
final class EniMark {
  private static final Pattern ANY = Pattern.compile("mpe[0-9]+ .*");
  private static final Pattern FORM = Pattern.compile("mpe1 p=(\\S+)");

  private EniMark() {}

  static String format(PoolName pool) {
    return "mpe1 p=" + pool;
  }

  /** Whether an alias is a mark, of whatever version. */
  static boolean is(String alias) {
    return ANY.matcher(alias).matches();
  }

  /** What a mark says; empty if it is of a newer version. */
  static Optional<PoolName> parse(String mark) {
    Matcher match = FORM.matcher(mark);
    try {
      return match.matches() ? Optional.of(new PoolName(match.group(1))) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
