package io.millpond.pool.value;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Function;

/** Values as IMDS, EC2, the kernel's records and settings write them: read back, or refused. */
public final class ValuesTarget {
  private ValuesTarget() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] octets) {
    String text = new String(octets, UTF_8);
    isReadAgain(text, IpAddress::parse);
    isReadAgain(text, Prefix::parse);
    isReadAgain(text, MacAddress::parse);
    isReadAgain(text, EniId::new);
    if (octets.length == 4 || octets.length == 16) {
      IpAddress address = IpAddress.ofBytes(octets);
      assertThat(address.toBytes()).isEqualTo(octets);
    }
  }

  private static <T> void isReadAgain(String text, Function<String, T> parser) {
    T value;
    try {
      value = parser.apply(text);
    } catch (IllegalArgumentException e) {
      assertThat(String.valueOf(e.getMessage())).hasSizeLessThan(400);
      return;
    }
    String written = value instanceof EniId id ? id.value() : value.toString();
    assertThat(parser.apply(written)).isEqualTo(value);
  }
}
