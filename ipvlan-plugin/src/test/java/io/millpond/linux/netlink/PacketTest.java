package io.millpond.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Whatever arrives: reading ends and stays within what was received. */
final class PacketTest {
  private static ByteBuffer datagram(byte[]... messages) {
    ByteBuffer all = ByteBuffer.allocate(4096).order(ByteOrder.nativeOrder());
    for (byte[] message : messages) {
      all.put(message);
    }
    return all;
  }

  private static byte[] message(int type, int flags, int sequence, byte[] payload) {
    return ByteBuffer.allocate(16 + payload.length)
        .order(ByteOrder.nativeOrder())
        .putInt(16 + payload.length)
        .putShort((short) type)
        .putShort((short) flags)
        .putInt(sequence)
        .putInt(0)
        .put(payload)
        .array();
  }

  private static byte[] errno(int number) {
    return ByteBuffer.allocate(20).order(ByteOrder.nativeOrder()).putInt(0, -number).array();
  }

  @Test
  void messagesOfOneDatagramAreToldApart() {
    ByteBuffer in = datagram(message(2, 0, 5, errno(17)), message(3, Rt.DUMP_INTR, 6, new byte[4]));
    List<Packet> packets = Packet.split(in, in.position());
    assertThat(packets).extracting(Packet::sequence).containsExactly(5, 6);
    assertThat(packets.getFirst().isAcknowledgement()).isTrue();
    assertThat(packets.getFirst().errno()).isEqualTo(17);
    assertThat(packets.getLast().isEndOfDump()).isTrue();
    assertThat(packets.getLast().isOfInterruptedDump()).isTrue();
  }

  @Test
  void theKernelsWordsAreReadBehindTheRequestsHeader() {
    byte[] text = "Address already assigned".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    ByteBuffer payload = ByteBuffer.allocate(20 + 4 + 28).order(ByteOrder.nativeOrder());
    payload.putInt(0, -98).putShort(20, (short) (5 + text.length)).putShort(22, (short) 1);
    payload.put(24, text);
    ByteBuffer in = datagram(message(2, 0, 1, payload.array()));
    assertThat(Packet.split(in, in.position()).getFirst().words())
        .isEqualTo("Address already assigned");
  }

  @Test
  void aLengthBeyondTheDatagramEndsIt() {
    byte[] good = message(16, 0, 1, new byte[16]);
    byte[] bad = message(16, 0, 2, new byte[16]);
    ByteBuffer.wrap(bad).order(ByteOrder.nativeOrder()).putInt(0, Integer.MAX_VALUE);
    ByteBuffer in = datagram(good, bad);
    assertThat(Packet.split(in, in.position())).extracting(Packet::sequence).containsExactly(1);
  }

  @Test
  void aLengthBelowTheHeaderEndsTheDatagram() {
    ByteBuffer in = datagram(new byte[64]);
    assertThat(Packet.split(in, in.position())).isEmpty();
  }

  @Test
  void randomAndTruncatedDatagramsAreReadWithoutAnyFailure() {
    long seed = 20_261_124;
    Random random = new Random(seed);
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(30),
        () -> {
          for (int round = 0; round < 200_000; round++) {
            byte[] octets = new byte[random.nextInt(160)];
            random.nextBytes(octets);
            if (octets.length >= 16 && random.nextBoolean()) {
              ByteBuffer header = ByteBuffer.wrap(octets).order(ByteOrder.nativeOrder());
              header.putInt(0, random.nextInt(octets.length + 8));
              header.putShort(4, (short) (16 + random.nextInt(20)));
            }
            int run = round;
            assertThatCode(() -> readAll(octets))
                .as("seed %d, round %d", seed, run)
                .doesNotThrowAnyException();
          }
        });
  }

  private static void readAll(byte[] octets) {
    for (Packet packet : Packet.split(ByteBuffer.wrap(octets), octets.length)) {
      assertThat(packet.words() + packet.errno()).isNotEmpty();
      Reply reply = packet.reply();
      assertThat(Links.read(reply)).isNotNull();
      assertThat(Links.ipvlanMode(reply)).isNotNull();
      assertThat(Addresses.read(reply)).isNotNull();
      assertThat(Routes.read(reply)).isNotNull();
      assertThat(Rules.read(reply)).isNotNull();
      assertThat(Neighbours.read(reply)).isNotNull();
    }
  }
}
