package io.millpond.linux.datapath;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.pool.value.IpAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A link's alias, which inside a pod may be the pod's own text; and an ARP frame, which anybody may
 * have sent.
 */
public final class AliasTarget {
  private static final int LONGEST_ALIAS = 255;
  private static final int FRAME = 42;

  private AliasTarget() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] octets) {
    Alias.parse(new String(octets, UTF_8)).ifPresent(AliasTarget::isReadAgain);
    ByteBuffer frame = ByteBuffer.wrap(Arrays.copyOf(octets, Math.max(FRAME, octets.length)));
    assertThat(GatewayArp.sender(frame, IpAddress.parse("10.0.0.1"))).isNotNull();
  }

  private static void isReadAgain(Alias alias) {
    assertThat(alias.key().ifName()).isEqualTo(alias.ifName());
    assertThat(HostVeth.podMac(alias.hash())).isNotNull();
    String text = alias.format();
    assertThat(text.getBytes(UTF_8)).hasSizeLessThanOrEqualTo(LONGEST_ALIAS);
    assertThat(Alias.parse(text).map(Alias::hash)).hasValue(alias.hash());
  }
}
