package io.millpond.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;

/** A datagram of the kernel: whatever it holds, it is taken apart without reading beyond it. */
public final class NetlinkTarget {
  private NetlinkTarget() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] octets) {
    ByteBuffer datagram = ByteBuffer.allocateDirect(Math.max(octets.length, 1)).put(octets);
    for (Packet packet : Packet.split(datagram, octets.length)) {
      assertThat(packet.words()).isNotNull();
      packet.errno();
      Reply reply = packet.reply();
      assertThat(Links.read(reply).name()).isNotNull();
      assertThat(Links.ipvlanMode(reply)).isNotNull();
      assertThat(Links.ipvlanFlags(reply)).isNotNull();
      assertThat(Addresses.read(reply)).isNotNull();
      assertThat(Neighbours.read(reply)).isNotNull();
      assertThat(Rules.read(reply)).isNotNull();
      assertThat(Routes.read(reply)).isNotNull();
    }
  }
}
