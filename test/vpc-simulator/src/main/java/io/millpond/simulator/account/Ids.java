package io.millpond.simulator.account;

import java.util.HashSet;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/** Makes and checks the ids of the account. Not thread-safe. */
final class Ids {
  private static final Pattern SUFFIX = Pattern.compile("[0-9a-f]{8}|[0-9a-f]{17}");

  private final RandomGenerator random;
  private final Set<String> macs = new HashSet<>();

  Ids(RandomGenerator random) {
    this.random = random;
  }

  /** A new id such as {@code eni-0123456789abcdef0}. */
  String next(String kind) {
    return kind + "-0" + HexFormat.of().toHexDigits(random.nextLong());
  }

  /** A MAC that no interface had before, of the shape EC2's have. */
  String nextMac() {
    while (true) {
      byte[] octets = new byte[6];
      random.nextBytes(octets);
      octets[0] = 0x0e;
      String mac = HexFormat.ofDelimiter(":").formatHex(octets);
      if (macs.add(mac)) {
        return mac;
      }
    }
  }

  /** The access key id of an instance's role: ASIA and 16 characters of the instance's id. */
  static String accessKeyOf(String instanceId) {
    String digits = instanceId.substring(2).toUpperCase(Locale.ROOT);
    return "ASIA" + "0".repeat(16).concat(digits).substring(digits.length());
  }

  /**
   * @param kind such as {@code eni}
   * @param code the error code to refuse with
   */
  static void check(String id, String kind, String code) {
    if (!id.startsWith(kind + "-") || !SUFFIX.matcher(id.substring(kind.length() + 1)).matches()) {
      throw new AwsError(code, "Invalid id: \"" + id + "\" (expecting \"" + kind + "-...\")");
    }
  }
}
