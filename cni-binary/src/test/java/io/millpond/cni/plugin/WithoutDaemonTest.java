package io.millpond.cni.plugin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.millpond.cni.plugin.Plugin.Ran;
import io.millpond.cni.plugin.Plugin.Running;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is wrong with the daemon, every verb has its answer, and a DEL is not lost. */
class WithoutDaemonTest {
  private static final int NOBODY = 65534;

  @TempDir private Path run;

  private void everyVerbIsAnsweredAlone() throws IOException {
    Plugin.call("STATUS", run).run().failedWith(50);
    Plugin.call("ADD", run).run().failedWith(11);
    Plugin.call("CHECK", run).run().failedWith(11);
    Plugin.call("GC", run).run().failedWith(11);
    assertThat(run.resolve("spool")).doesNotExist();

    Ran del = Plugin.call("DEL", run).run();

    del.succeededSilently();
    assertThat(del.err()).contains("millpond: this DEL is kept until the daemon serves: ");
    assertThat(run.resolve("spool")).isDirectoryContaining(_ -> true);
    assertThat(Plugin.call("VERSION", run).run().status()).isZero();
  }

  /** A runtime takes stderr for the message only where stdout is empty. */
  @Test
  @Tag("cni-7")
  void aFailureIsOnStdoutAndALineForTheLogOnStderrDisturbsNobody() {
    Ran failed = Plugin.call("ADD", run).run();
    Ran kept = Plugin.call("DEL", run).run();

    assertThat(failed.text()).contains("\"msg\"");
    assertThat(failed.err()).isEmpty();
    assertThat(kept.err()).isNotEmpty();
    kept.succeededSilently();
  }

  @Test
  @Tag("cni-73")
  @Tag("cni-83")
  @Tag("cni-105")
  void thereIsNoRunDirectory() throws Exception {
    run = run.resolve("new");
    everyVerbIsAnsweredAlone();
  }

  @Test
  @Tag("cni-83")
  void thereIsNoSocket() throws Exception {
    everyVerbIsAnsweredAlone();
  }

  @Test
  @Tag("cni-83")
  void nobodyListensOnTheSocket() throws Exception {
    FakeDaemon.notAccepting(run, 1).close();
    assertThat(run.resolve("cni.sock")).exists();

    everyVerbIsAnsweredAlone();
  }

  @Test
  void aFileLiesInTheSocketsPlace() throws Exception {
    Files.writeString(run.resolve("cni.sock"), "");
    everyVerbIsAnsweredAlone();
  }

  @Test
  void aLinkToASocketLiesInTheSocketsPlace() throws Exception {
    Path elsewhere = Files.createDirectory(run.resolve("elsewhere"));
    try (FakeDaemon daemon = FakeDaemon.answering(0, "{}", elsewhere)) {
      Files.createSymbolicLink(run.resolve("cni.sock"), elsewhere.resolve("cni.sock"));

      everyVerbIsAnsweredAlone();

      assertThat(daemon.frames()).isEmpty();
    }
  }

  @Test
  void theSocketBelongsToSomebodyElse() throws Exception {
    try (FakeDaemon daemon = FakeDaemon.answering(0, "{}", run)) {
      give(run.resolve("cni.sock"));

      everyVerbIsAnsweredAlone();

      assertThat(daemon.frames()).isEmpty();
    }
  }

  @Test
  void aLinkLiesInThePlaceOfTheRunDirectory() throws Exception {
    Path link =
        Files.createSymbolicLink(run.resolve("link"), Files.createDirectory(run.resolve("d")));
    try (FakeDaemon daemon = FakeDaemon.answering(0, "{}", run.resolve("d"))) {
      Plugin.call("ADD", link).run().failedWith(11);
      Plugin.call("DEL", link).run().failedWith(11);
      assertThat(daemon.frames()).isEmpty();
    }
  }

  @Test
  void aRunDirectoryThatCannotBeLookedAtIsNotSaidToBeReplaced() throws Exception {
    Path loop = Files.createSymbolicLink(run.resolve("loop"), run.resolve("loop"));
    for (String verb : List.of("ADD", "DEL")) {
      Ran ran = Plugin.call(verb, loop.resolve("millpond")).run();
      ran.failedWith(11);
      assertThat(ran.error().path("details").textValue())
          .contains("Too many levels of symbolic links")
          .doesNotContain("replaced");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwx---", "rwx---rwx", "rwxrwxrwx"})
  void othersMayWriteToTheRunDirectory(String mode) throws Exception {
    try (FakeDaemon daemon = FakeDaemon.answering(0, "{}", run)) {
      Files.setPosixFilePermissions(run, PosixFilePermissions.fromString(mode));
      Plugin.call("ADD", run).run().failedWith(11);
      Ran ran = Plugin.call("DEL", run).run();
      ran.failedWith(11);
      assertThat(ran.error().path("details").textValue()).contains("root alone");
      assertThat(daemon.frames()).isEmpty();
    }
  }

  /** The plugin as nobody finds a socket of nobody, but who listens is this process: root. */
  @Test
  void whoListensIsSomebodyElse() throws Exception {
    Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwx--x--x"));
    Path binary = run.resolve("millpond");
    Files.copy(Plugin.CHECKED, binary, StandardCopyOption.COPY_ATTRIBUTES);
    Path own = Files.createDirectory(run.resolve("own"));
    try (FakeDaemon daemon = FakeDaemon.answering(0, "{}", own)) {
      give(own.resolve("cni.sock"));
      give(own);

      Ran ran =
          Plugin.call("ADD", own)
              .under("/usr/bin/setpriv", "--reuid=" + NOBODY, "--clear-groups")
              .binary(binary)
              .run();

      ran.failedWith(11);
      assertThat(ran.error().path("details").textValue()).contains("not root");
      assertThat(daemon.frames()).isEmpty();
    }
  }

  private static void give(Path path) throws IOException {
    assumeTrue(Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid")));
    Files.setAttribute(path, "unix:uid", NOBODY);
  }

  record Fault(String name, FakeDaemon.Behaviour behaviour) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Fault> faults() {
    byte[] good = FakeDaemon.reply(0, "{\"cniVersion\":\"1.0.0\"}");
    List<Fault> faults = new ArrayList<>();
    faults.add(new Fault("closes at once", _ -> {}));
    for (int length : new int[] {1, 4, 7, 8, 9, 11, 12, good.length - 1}) {
      faults.add(
          new Fault(
              "answers " + length + " octets of " + good.length,
              plugin -> FakeDaemon.write(plugin, Arrays.copyOf(good, length))));
    }
    faults.add(answer("speaks another version", "MPC2", 4, new byte[4]));
    faults.add(answer("speaks something else", "HTTP", 4, new byte[4]));
    for (int length : new int[] {0, 3, 8 * 1024 * 1024 + 1, Integer.MAX_VALUE, -1, -4}) {
      faults.add(
          answer(
              "says that " + Integer.toUnsignedLong(length) + " octets follow",
              "MPC1",
              length,
              new byte[16]));
    }
    return faults.stream();
  }

  private static Fault answer(String name, String magic, int length, byte[] rest) {
    byte[] octets =
        ByteBuffer.allocate(8 + rest.length)
            .put(magic.getBytes(UTF_8))
            .putInt(length)
            .put(rest)
            .array();
    return new Fault(name, plugin -> FakeDaemon.write(plugin, octets));
  }

  @ParameterizedTest
  @MethodSource("faults")
  @Tag("cni-83")
  @Tag("cni-6")
  void theDaemon(Fault fault) throws Exception {
    try (FakeDaemon daemon = FakeDaemon.notAccepting(run, 50)) {
      daemon.serve(
          plugin -> {
            daemon.read(plugin);
            fault.behaviour().serve(plugin);
          });

      Plugin.call("STATUS", run).run().failedWith(50);
      Plugin.call("ADD", run).run().failedWith(11);
      assertThat(run.resolve("spool")).doesNotExist();
      Plugin.call("DEL", run).run().succeededSilently();

      assertThat(run.resolve("spool")).isDirectoryContaining(_ -> true);
      assertThat(daemon.frames()).hasSize(3);
    }
  }

  @Test
  @Tag("cni-83")
  void theDaemonDiesWhileItReads() throws Exception {
    try (FakeDaemon _ = FakeDaemon.that(plugin -> plugin.read(ByteBuffer.allocate(100)), run)) {
      everyVerbIsAnsweredAlone();
      Plugin.call("DEL", run).stdin(new byte[4 * 1024 * 1024]).run().succeededSilently();
    }
  }

  @Test
  @Tag("cni-107")
  void aSilentDaemonIsGivenUpAfterFiveTwentyOrSixtySeconds() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    try (FakeDaemon _ =
        FakeDaemon.that(
            _ -> {
              try {
                over.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            run)) {
      // A second of the plugin's lasts 20 ms here.
      try (Running status = hurried("STATUS").start();
          Running del = hurried("DEL").start();
          Running add = hurried("ADD").start()) {
        status.end().failedWith(50);
        del.end().succeededSilently();
        add.end().failedWith(11);
        assertThat(add.end().error().path("details").textValue()).contains("in time");
        assertThat(status.end().took()).isBetween(Duration.ofMillis(100), Duration.ofMillis(400));
        assertThat(del.end().took()).isBetween(Duration.ofMillis(400), Duration.ofMillis(1200));
        assertThat(add.end().took()).isBetween(Duration.ofMillis(1200), Duration.ofSeconds(10));
      }
    } finally {
      over.countDown();
    }
  }

  @Test
  void aDaemonThatNeverAcceptsIsGivenUpToo() throws Exception {
    List<SocketChannel> others = new ArrayList<>();
    try (FakeDaemon _ = FakeDaemon.notAccepting(run, 1)) {
      for (int i = 0; i < 2; i++) {
        SocketChannel other = SocketChannel.open(StandardProtocolFamily.UNIX);
        others.add(other);
        other.connect(UnixDomainSocketAddress.of(run.resolve("cni.sock")));
      }
      Ran del = hurried("DEL").run();

      del.succeededSilently();
      assertThat(del.err()).contains("did not accept the connection in time");
      assertThat(del.took()).isGreaterThanOrEqualTo(Duration.ofMillis(400));
    } finally {
      for (SocketChannel other : others) {
        other.close();
      }
    }
  }

  private Plugin hurried(String verb) {
    return Plugin.call(verb, run).with("MILLPOND_SECOND_MS", "20");
  }

  @Test
  void anAddIsAnsweredInMuchLessThanAHundredMilliseconds() {
    List<Duration> took = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      Ran ran = Plugin.call("ADD", run).binary(Plugin.STATIC).run();
      ran.failedWith(11);
      took.add(ran.took());
    }
    // The fastest, for this machine may be busy; starting a process from Java is in it.
    assertThat(Collections.min(took)).isLessThan(Duration.ofMillis(50));
  }

  @Test
  void aPathThatIsTooLongForASocketIsReported() {
    Path deep = run.resolve("d".repeat(120));
    Ran ran = Plugin.call("ADD", deep).run();

    ran.failedWith(11);
    assertThat(ran.error().path("details").textValue()).contains("too long");
  }
}
