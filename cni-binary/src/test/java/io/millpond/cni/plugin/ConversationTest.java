package io.millpond.cni.plugin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.cni.plugin.FakeDaemon.Frame;
import io.millpond.cni.plugin.Plugin.Ran;
import io.millpond.cni.plugin.Plugin.Running;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The plugin with a daemon that answers. */
class ConversationTest {
  private static final int STDIN_LIMIT = 4 * 1024 * 1024;
  private static final String ERROR = "{\"cniVersion\":\"0.4.0\",\"code\":11,\"msg\":\"later\"}\n";

  @TempDir private Path run;

  @ParameterizedTest
  @ValueSource(strings = {"ADD", "DEL", "CHECK"})
  @Tag("cni-3")
  @Tag("cni-29")
  void aRequestHoldsTheVariablesOfTheContainerAndStdinAndNothingElse(String verb) {
    try (FakeDaemon daemon = FakeDaemon.answering(0, "", run)) {
      Plugin.call(verb, run)
          .with("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAME=web")
          .with("CNI_PATH", "/opt/cni/bin")
          .with("LD_PRELOAD", "")
          .with("JAVA_TOOL_OPTIONS", "-agentlib:evil")
          .with("TRACEPARENT", "00-0-0-00")
          .run()
          .succeededSilently();

      Frame frame = daemon.frame();
      assertThat(frame.variables())
          .isEqualTo(
              Map.of(
                  "CNI_COMMAND", verb,
                  "CNI_CONTAINERID", "c0ffee",
                  "CNI_NETNS", Plugin.OWN_NETNS,
                  "CNI_IFNAME", "eth0",
                  "CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAME=web"));
      assertThat(frame.stdin()).asString(UTF_8).isEqualTo(Plugin.CONFIGURATION);
      assertThat(frame.name()).matches("[0-9a-f]{1,16}-[0-9a-f]{1,8}");
      assertThat(frame.tags()).containsExactly(1, 1, 1, 1, 1, 3, 2);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GC", "STATUS"})
  @Tag("cni-28")
  void aRequestWithoutAContainerHoldsTheVerbAlone(String verb) {
    try (FakeDaemon daemon = FakeDaemon.answering(0, "", run)) {
      Plugin.call(verb, run)
          .with("CNI_CONTAINERID", "dummy/../")
          .with("CNI_IFNAME", "not an interface")
          .run()
          .succeededSilently();

      assertThat(daemon.frame().variables()).isEqualTo(Map.of("CNI_COMMAND", verb));
    }
  }

  @Test
  @Tag("cni-14")
  void anEmptyVariableIsNotSent() {
    try (FakeDaemon daemon = FakeDaemon.answering(0, "", run)) {
      Plugin.call("DEL", run).with("CNI_NETNS", "").with("CNI_ARGS", "").run().succeededSilently();

      assertThat(daemon.frame().variables())
          .containsOnlyKeys("CNI_COMMAND", "CNI_CONTAINERID", "CNI_IFNAME");
    }
  }

  @Test
  @Tag("cni-2")
  @Tag("cni-3")
  void anAddPrintsTheResultAsItCame() {
    String result = "{\"cniVersion\":\"1.0.0\",\"ips\":[],\"é\":\"\\u0000\"}\n";
    try (FakeDaemon _ = FakeDaemon.answering(0, result, run)) {
      Ran ran = Plugin.call("ADD", run).run();

      assertThat(ran.text()).isEqualTo(result);
      assertThat(ran.status()).isZero();
      assertThat(ran.err()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ADD, 1",
    "ADD, 7",
    "ADD, 256",
    "ADD, -1",
    "DEL, 1",
    "CHECK, 1",
    "GC, 1",
    "STATUS, 1"
  })
  @Tag("cni-2")
  @Tag("cni-4")
  @Tag("cni-6")
  void aFailurePrintsTheDaemonsErrorAloneAndEndsWithOne(String verb, int status) {
    try (FakeDaemon _ = FakeDaemon.answering(status, ERROR, run)) {
      Ran ran = Plugin.call(verb, run).run();

      assertThat(ran.text()).isEqualTo(ERROR);
      assertThat(ran.status()).isEqualTo(1);
      assertThat(run.resolve("spool")).doesNotExist();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ADD", "DEL", "VERSION"})
  @Tag("cni-10")
  void nothingThatItStartsKeepsItsOutputOpen(String verb) {
    try (FakeDaemon _ = FakeDaemon.answering(0, "", run)) {
      // As a runtime: reads until nobody holds the pipe any more.
      Ran ran = Plugin.call(verb, run).under("/bin/sh", "-c", "\"$@\" 2>&1 | cat", "sh").run();

      assertThat(ran.took()).isLessThan(Duration.ofSeconds(2));
    }
  }

  @Test
  void anAnswerOfEightMebibytesIsPrintedWhole() {
    String result = "x".repeat(8 * 1024 * 1024 - 4);
    try (FakeDaemon _ = FakeDaemon.answering(0, result, run)) {
      assertThat(Plugin.call("ADD", run).run().text()).isEqualTo(result);
    }
  }

  @Test
  void anAnswerOfMoreIsNone() {
    try (FakeDaemon _ = FakeDaemon.answering(0, "x".repeat(8 * 1024 * 1024), run)) {
      Plugin.call("ADD", run).run().failedWith(11);
    }
  }

  @Test
  void anAnswerInSingleOctetsIsPutTogether() {
    try (FakeDaemon _ =
        FakeDaemon.that(
            plugin -> {
              for (byte octet : FakeDaemon.reply(1, ERROR)) {
                FakeDaemon.write(plugin, new byte[] {octet});
              }
            },
            run)) {
      assertThat(Plugin.call("ADD", run).run().text()).isEqualTo(ERROR);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_536, STDIN_LIMIT - 1, STDIN_LIMIT})
  @Tag("cni-30")
  @Tag("cni-31")
  void stdinArrivesAsItIsUpToFourMebibytes(int length) {
    byte[] stdin = new byte[length];
    new Random(length).nextBytes(stdin);
    try (FakeDaemon daemon = FakeDaemon.answering(0, "", run)) {
      Plugin.call("DEL", run).stdin(stdin).run().succeededSilently();

      assertThat(daemon.frame().stdin()).isEqualTo(stdin);
    }
  }

  @Test
  @Tag("cni-31")
  void theLargestRequestOfAllArrives() {
    // Linux takes paths up to 4 KiB, but a variable that is none must not keep a DEL from success.
    byte[] stdin = new byte[STDIN_LIMIT];
    String large = "k=" + "v".repeat(64 * 1024 - 2);
    try (FakeDaemon daemon = FakeDaemon.answering(0, "", run)) {
      Plugin.call("DEL", run)
          .with("CNI_CONTAINERID", "c".repeat(8192))
          .with("CNI_IFNAME", "abcdefghijklmno")
          .with("CNI_NETNS", large)
          .with("CNI_ARGS", large)
          .with("CNI_PATH", large)
          .stdin(stdin)
          .run()
          .succeededSilently();

      assertThat(daemon.frame().stdin()).hasSize(STDIN_LIMIT);
      assertThat(daemon.frame().variables()).containsEntry("CNI_ARGS", large);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ADD", "DEL", "CHECK", "GC", "STATUS"})
  @Tag("cni-31")
  void oneOctetMoreOfStdinIsRefusedWithoutWaitingForItsEnd(String verb) {
    try (FakeDaemon daemon = FakeDaemon.answering(0, "", run)) {
      Plugin.call(verb, run).stdin(new byte[STDIN_LIMIT + 1]).stdinStaysOpen().run().failedWith(5);

      assertThat(daemon.frames()).isEmpty();
      assertThat(run.resolve("spool")).doesNotExist();
    }
  }

  @Test
  @Tag("cni-30")
  void stdinIsReadToItsEndBeforeAnythingIsAsked() throws Exception {
    try (FakeDaemon daemon = FakeDaemon.answering(0, "", run);
        Running running = Plugin.call("DEL", run).stdin("{} ").stdinStaysOpen().start()) {
      await().until(running::sleeps);
      assertThat(daemon.frames()).isEmpty();
      running.process().getOutputStream().write("the rest".getBytes(UTF_8));
      running.process().getOutputStream().close();

      running.end().succeededSilently();
      assertThat(daemon.frame().stdin()).asString(UTF_8).isEqualTo("{} the rest");
    }
  }

  @Test
  @Tag("cni-30")
  void stdinThatCannotBeReadIsReported() {
    Ran ran = Plugin.call("ADD", run).after("exec <&-").run();

    ran.failedWith(5);
    assertThat(ran.error().path("msg").textValue()).contains("stdin");
  }

  @Test
  void aDaemonWhoseBacklogIsFullIsWaitedFor() throws Exception {
    List<SocketChannel> others = new ArrayList<>();
    try (FakeDaemon daemon = FakeDaemon.notAccepting(run, 1)) {
      fillBacklog(others);
      // Without a pipe at stdin there is nothing else to sleep for.
      try (Running running = Plugin.call("DEL", run).after("exec < /dev/null").start()) {
        await().until(running::sleeps);
        daemon.serve(
            plugin -> {
              daemon.read(plugin);
              FakeDaemon.write(plugin, FakeDaemon.reply(1, ERROR));
            });

        assertThat(running.end().text()).isEqualTo(ERROR);
        assertThat(run.resolve("spool")).doesNotExist();
      }
    } finally {
      for (SocketChannel other : others) {
        other.close();
      }
    }
  }

  private void fillBacklog(List<SocketChannel> others) throws Exception {
    while (others.size() < 100) {
      SocketChannel other = SocketChannel.open(StandardProtocolFamily.UNIX);
      others.add(other);
      other.configureBlocking(false);
      try {
        other.connect(UnixDomainSocketAddress.of(run.resolve("cni.sock")));
      } catch (IOException full) {
        return;
      }
    }
    throw new AssertionError("the backlog never fills");
  }

  @Test
  void theNodesBuildIsNotLedElsewhereByTheEnvironment() {
    try (FakeDaemon daemon = FakeDaemon.answering(0, "", run)) {
      Plugin.call("STATUS", run).run().succeededSilently();
      assertThat(daemon.frames()).hasSize(1);

      Plugin.call("STATUS", run).binary(Plugin.RELEASED).run();

      assertThat(daemon.frames()).hasSize(1);
    }
  }

  @Test
  void aRefusalBeforeTheWholeRequestWasReadIsPrinted() {
    try (FakeDaemon _ =
        FakeDaemon.that(
            plugin -> {
              ByteBuffer header = ByteBuffer.allocate(8);
              while (header.hasRemaining() && plugin.read(header) >= 0) {}
              FakeDaemon.write(plugin, FakeDaemon.reply(1, ERROR));
            },
            run)) {
      // More than a socket buffers, so that the rest of the request meets a closed connection.
      assertThat(Plugin.call("ADD", run).stdin(new byte[STDIN_LIMIT]).run().text())
          .isEqualTo(ERROR);
    }
  }

  @Test
  @Tag("cni-71")
  void callsAtTheSameTimeAllSucceed() {
    try (FakeDaemon daemon = FakeDaemon.answering(0, "{}", run)) {
      List<Running> all = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        all.add(Plugin.call("ADD", run).with("CNI_CONTAINERID", "c" + i).start());
      }
      assertThat(all).allSatisfy(one -> assertThat(one.end().text()).isEqualTo("{}"));
      assertThat(daemon.frames()).hasSize(20);
    }
  }
}
