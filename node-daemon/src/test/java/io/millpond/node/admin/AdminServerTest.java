package io.millpond.node.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

class AdminServerTest {
  private final int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  @TempDir Path directory;

  AdminServerTest() throws IOException {}

  private static String broken() {
    throw new IllegalStateException("a bug");
  }

  @Test
  void aQuestionWhoseAnswerIsABugIsHungUpOnAndTheNextIsAnswered() throws IOException {
    Path socket = directory.resolve("admin.sock");
    try (AdminServer _ =
        AdminServer.start(
            socket, Map.of("bad", AdminServerTest::broken, "good", () -> "yes"), self)) {
      assertThatThrownBy(() -> AdminClient.ask(socket, "bad"))
          .isInstanceOf(IOException.class)
          .message()
          .doesNotContain("in time");
      assertThat(AdminClient.ask(socket, "good")).isEqualTo("yes");
    }
  }

  @Test
  void whateverOctetsComeTheNextQuestionIsAnswered(TestReporter reporter) throws IOException {
    long seed = System.nanoTime();
    reporter.publishEntry("seed", Long.toString(seed));
    Random random = new Random(seed);
    Path socket = directory.resolve("admin.sock");
    try (AdminServer _ = AdminServer.start(socket, Map.of("good", () -> "yes"), self)) {
      for (int i = 0; i < 100; i++) {
        byte[] octets = new byte[random.nextInt(64)];
        random.nextBytes(octets);
        if (octets.length > 4 && random.nextBoolean()) {
          // A length that fits, so that the text is looked at.
          ByteBuffer.wrap(octets).putInt(octets.length - 4);
        }
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
          channel.write(ByteBuffer.wrap(octets));
        }
        assertThat(AdminClient.ask(socket, "good")).as("after input %d", i).isEqualTo("yes");
      }
    }
  }

  @Test
  void aProcessOfAnotherUserIsTurnedAway() throws IOException {
    Path socket = directory.resolve("admin.sock");
    try (AdminServer _ = AdminServer.start(socket, Map.of("good", () -> "yes"), self + 1)) {
      assertThatThrownBy(() -> AdminClient.ask(socket, "good")).isInstanceOf(IOException.class);
    }
  }
}
