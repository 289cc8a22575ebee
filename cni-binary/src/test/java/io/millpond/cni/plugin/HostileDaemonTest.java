package io.millpond.cni.plugin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.cni.plugin.Plugin.Ran;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a daemon answers: its whole document as it came, or one error of the plugin's own. */
class HostileDaemonTest {
  private static final String DOCUMENT = "{\"cniVersion\":\"1.0.0\",\"ips\":[]}\n";
  private static final int CALLS = 80;

  @TempDir private Path run;

  @Test
  void whateverItAnswersOneDocumentIsPrintedOrNone(TestReporter reporter) {
    long seed = System.nanoTime();
    reporter.publishEntry("seed", Long.toString(seed));
    Random random = new Random(seed);
    AtomicReferenceArray<byte[]> answer = new AtomicReferenceArray<>(new byte[1][0]);
    try (FakeDaemon daemon =
        FakeDaemon.that(
            plugin -> {
              ByteBuffer request = ByteBuffer.allocate(1 + random.nextInt(600));
              plugin.read(request);
              FakeDaemon.write(plugin, answer.get(0));
            },
            run)) {
      assertThat(daemon.frames()).isEmpty();
      for (int i = 0; i < CALLS; i++) {
        byte[] octets = mutated(FakeDaemon.reply(random.nextInt(3), DOCUMENT), random);
        answer.set(0, octets);
        String verb = List.of("ADD", "DEL", "CHECK", "GC", "STATUS").get(random.nextInt(5));
        Ran ran = Plugin.call(verb, run).with("ASAN_OPTIONS", "detect_leaks=1").run();
        judge(ran, octets, "seed %d, call %d, %s".formatted(seed, i, verb));
      }
    }
  }

  private static void judge(Ran ran, byte[] answer, String call) {
    ByteBuffer read = ByteBuffer.wrap(answer);
    boolean whole =
        answer.length >= 12
            && new String(answer, 0, 4, UTF_8).equals("MPC1")
            && Integer.toUnsignedLong(read.getInt(4)) <= answer.length - 8
            && read.getInt(4) >= 4;
    if (whole) {
      assertThat(ran.out()).as(call).isEqualTo(Arrays.copyOfRange(answer, 12, 8 + read.getInt(4)));
      assertThat(ran.status()).as(call).isEqualTo(read.getInt(8) == 0 ? 0 : 1);
    } else if (ran.status() == 0) {
      assertThat(ran.text()).as(call).isEmpty(); // a DEL that was kept
    } else {
      assertThat(ran.error().path("code").intValue()).as(call).isIn(11, 50);
    }
  }

  private static byte[] mutated(byte[] reply, Random random) {
    byte[] octets = reply.clone();
    switch (random.nextInt(5)) {
      case 0 -> octets = Arrays.copyOf(octets, random.nextInt(octets.length + 1));
      case 1 -> octets = Arrays.copyOf(octets, octets.length + random.nextInt(100));
      case 2 -> octets[random.nextInt(octets.length)] ^= (byte) (1 << random.nextInt(8));
      case 3 -> ByteBuffer.wrap(octets).putInt(4, random.nextInt());
      default -> random.nextBytes(octets);
    }
    return octets;
  }

  @Test
  void theLoadersVariablesDoNothingToAStaticProgram() {
    Ran ran =
        Plugin.bare(run)
            .binary(Plugin.RELEASED)
            .with("CNI_COMMAND", "VERSION")
            .with("LD_PRELOAD", "/nonexistent/evil.so")
            .with("LD_LIBRARY_PATH", "/nonexistent")
            .with("JAVA_TOOL_OPTIONS", "-javaagent:/nonexistent/evil.jar")
            .run();

    assertThat(ran.status()).isZero();
    assertThat(ran.err()).isEmpty();
    assertThat(ran.document().has("supportedVersions")).isTrue();
  }
}
