package io.millpond.node.probe;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.unix.Deadline;
import io.millpond.linux.unix.UnixServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The program in C and the daemon's socket, together. */
class ProbeTest {
  private static final int USAGE = 64;

  private final int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  private final AtomicReference<ProbeState> state = new AtomicReference<>();
  @TempDir Path directory;

  ProbeTest() throws IOException {}

  private Path socket() {
    return directory.resolve("own").resolve("probe.sock");
  }

  private ProbeServer server(int user) throws IOException {
    return ProbeServer.start(socket(), state::get, user);
  }

  @ParameterizedTest
  @CsvSource({
    "STARTING, 0, 1",
    "STANDBY,  0, 0",
    "SERVING,  0, 0",
    "SICK,     1, 1",
    "STOPPING, 0, 1",
  })
  void eachPhaseIsAliveAndReadyOrNot(ProbeState.Phase phase, int live, int ready) throws Exception {
    state.set(new ProbeState(phase, "because"));
    String line = phase.name().toLowerCase(Locale.ROOT) + ": because\n";
    try (ProbeServer _ = server(self)) {
      assertThat(Probe.run("live", socket())).isEqualTo(new Probe(live, line));
      assertThat(Probe.run("ready", socket())).isEqualTo(new Probe(ready, line));
    }
  }

  @Test
  void aReasonIsOneShortLineAndMayBeMissing() throws Exception {
    try (ProbeServer _ = server(self)) {
      state.set(new ProbeState(ProbeState.Phase.SERVING, ""));
      assertThat(Probe.run("ready", socket())).isEqualTo(new Probe(0, "serving\n"));
      state.set(new ProbeState(ProbeState.Phase.SICK, "a\nserving\r\n" + "ü".repeat(5000)));
      Probe shown = Probe.run("ready", socket());
      assertThat(shown.status()).isEqualTo(1);
      assertThat(shown.said()).startsWith("sick: a serving ü").hasLineCount(1).hasSize(301);
    }
  }

  @Test
  void withoutADaemonItIsNeitherAliveNorReadyAndWhyIsSaid() throws Exception {
    Probe none = Probe.run("live", socket());
    assertThat(none.status()).isEqualTo(1);
    assertThat(none.said()).contains("the daemon does not answer: No such file");
    server(self).close();
    assertThat(Probe.run("live", socket()).said()).contains("Connection refused");
  }

  @Test
  void aDaemonThatListensAndNeverAnswersIsNotAlive() throws Exception {
    try (UnixServer _ = UnixServer.listen(socket())) {
      Probe silent = Probe.run("live", socket());
      assertThat(silent.status()).isEqualTo(1);
      assertThat(silent.said()).contains("the daemon does not answer");
    }
  }

  @Test
  void anotherUsersProcessIsToldNothing() throws Exception {
    state.set(new ProbeState(ProbeState.Phase.SERVING, ""));
    try (ProbeServer _ = server(self + 1)) {
      assertThat(Probe.run("ready", socket()).status()).isEqualTo(1);
    }
  }

  @Test
  void aStateThatOnlyBeginsLikeAGoodOneIsNone() throws Exception {
    try (UnixServer listener = UnixServer.listen(socket())) {
      Thread liar =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try (var client = listener.accept(Duration.ofSeconds(10)).orElseThrow()) {
                      client.send(
                          "servings\n".getBytes(US_ASCII), Deadline.after(Duration.ofSeconds(5)));
                    } catch (IOException e) {
                      throw new AssertionError(e);
                    }
                  });
      assertThat(Probe.run("ready", socket())).isEqualTo(new Probe(1, "servings\n"));
      liar.join();
    }
  }

  @ParameterizedTest
  @CsvSource({"''", "alive", "live a b"})
  void otherArgumentsAreAQuestionOfUsage(String arguments) throws Exception {
    Object[] words = arguments.isEmpty() ? new Object[0] : arguments.split(" ");
    assertThat(Probe.run(words).status()).isEqualTo(USAGE);
  }

  @Test
  void aPathThatNoSocketCanHaveIsAQuestionOfUsage() throws Exception {
    assertThat(Probe.run("live", "/" + "a".repeat(200)).status()).isEqualTo(USAGE);
  }
}
