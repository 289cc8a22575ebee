package io.millpond.linux.nft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The rules of other programs: as text of nf_tables, and as a table of ip_tables (of which the
 * first four octets say where the chain begins and ends).
 */
public final class RulesetTarget {
  private static final int WHERE = 4;

  private RulesetTarget() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] octets) {
    String text = new String(octets, UTF_8);
    assertThat(ForeignChains.chains(text)).isNotNull();
    ForeignChains.endsInRefusal(text);
    if (octets.length < WHERE) {
      return;
    }
    ByteBuffer all = ByteBuffer.wrap(octets).order(ByteOrder.nativeOrder());
    ByteBuffer table = all.slice(WHERE, octets.length - WHERE).order(ByteOrder.nativeOrder());
    try {
      LegacyTables.drops(table, all.getShort(0), all.getShort(2));
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("ip_tables");
    }
  }
}
