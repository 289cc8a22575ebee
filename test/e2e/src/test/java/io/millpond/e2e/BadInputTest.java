package io.millpond.e2e;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What nobody should send, to the plugin and to the daemon's socket: a typed error or a closed
 * connection within a deadline, and a daemon that serves the next one.
 */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class BadInputTest {
  /** The daemon gives a plugin 5 s to send its request, and as long to take its reply. */
  private static final Duration CLOSED = Duration.ofSeconds(15);

  private static final int MIB = 1024 * 1024;

  private Node node;

  @SuppressWarnings("NullAway.Init")
  BadInputTest() {}

  @BeforeAll
  void start(Vpc vpc) {
    node = Pods.nodeOfThree(vpc, "bad-a", Map.of("IP_COOLDOWN_PERIOD", "0s"));
  }

  @AfterAll
  void stop() {
    node.close();
  }

  @AfterEach
  void theNextOneIsServed() {
    Pod pod = Pod.added(node, "bad-next");
    pod.mustDel();
    pod.die();
    node.awaitPool("nobody rests any more", pool -> pool.at("/counts/free").asInt() == 3);
  }

  /** A connection to the daemon's socket, as a program of root that is no plugin opens it. */
  private SocketChannel connection() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(node.run().resolve("cni.sock")));
    return channel;
  }

  /** Sends this, leaves the connection open, and hears until the daemon closes it. */
  private String sending(byte[] bytes) throws Exception {
    try (SocketChannel channel = connection()) {
      channel.write(ByteBuffer.wrap(bytes));
      return CompletableFuture.supplyAsync(() -> untilClosed(channel))
          .get(CLOSED.toSeconds(), TimeUnit.SECONDS);
    }
  }

  private static String untilClosed(SocketChannel channel) {
    ByteBuffer heard = ByteBuffer.allocate(64 * 1024);
    try {
      while (channel.read(heard) >= 0) {
        assertThat(heard.hasRemaining()).isTrue();
      }
    } catch (IOException e) {
      // Closed with something unread, the kernel says "reset": closed all the same.
      assertThat(e).hasMessageContaining("reset");
    }
    return new String(heard.array(), 0, heard.position(), UTF_8);
  }

  /** A request as the plugin sends it, without a descriptor. */
  private static byte[] frame(String magic, Map<String, String> variables, String stdin) {
    ByteArrayOutputStream fields = new ByteArrayOutputStream();
    variables.forEach((name, value) -> field(fields, 1, name + "=" + value));
    field(fields, 2, stdin);
    return ByteBuffer.allocate(8 + fields.size())
        .put(magic.getBytes(US_ASCII))
        .putInt(fields.size())
        .put(fields.toByteArray())
        .array();
  }

  private static void field(ByteArrayOutputStream out, int tag, String value) {
    byte[] octets = value.getBytes(UTF_8);
    out.write(tag);
    out.writeBytes(ByteBuffer.allocate(4).putInt(octets.length).array());
    out.writeBytes(octets);
  }

  private static void failedWith(int code, Shell.Ran ran) {
    assertThat(ran.status()).isEqualTo(1);
    assertThat(Pod.document(ran).at("/code").asInt()).as(ran.out()).isEqualTo(code);
    assertThat(Pod.document(ran).at("/msg").asText()).isNotBlank();
  }

  @Test
  void garbageOnTheSocketClosesTheConnection() throws Exception {
    assertThat(sending("GET / HTTP/1.1\r\n\r\n".getBytes(US_ASCII))).isEmpty();
    byte[] random = new byte[100_000];
    new Random(7).nextBytes(random);
    assertThat(sending(random)).isEmpty();
  }

  @Test
  void halfARequestIsNotWaitedForLongerThanTheDeadline() throws Exception {
    byte[] whole = frame("MPC1", Node.variables("STATUS", "", ""), Pod.CONFIGURATION);
    assertThat(sending(Arrays.copyOf(whole, whole.length / 2))).isEmpty();
    assertThat(sending(Arrays.copyOf(whole, 3))).isEmpty();
  }

  @Test
  void aLengthThatNoRequestHasIsNotBelieved() throws Exception {
    byte[] huge = frame("MPC1", Map.of(), "");
    ByteBuffer.wrap(huge).putInt(4, Integer.MAX_VALUE);
    assertThat(sending(huge)).isEmpty();
  }

  @Test
  void aPluginOfANewerReleaseIsToldToWait() throws Exception {
    String answer = sending(frame("MPC2", Node.variables("STATUS", "", ""), Pod.CONFIGURATION));
    assertThat(answer).startsWith("MPC1").contains("\"code\":11").contains("upgrade in progress");
  }

  @Test
  void thoseWhoNeverReadTheirAnswersHoldUpNobody() throws Exception {
    List<SocketChannel> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        SocketChannel channel = connection();
        silent.add(channel);
        channel.write(
            ByteBuffer.wrap(frame("MPC1", Node.variables("STATUS", "", ""), Pod.CONFIGURATION)));
      }
      Shell.Ran status =
          node.plugin(
              Map.of("CNI_COMMAND", "STATUS"), "{\"cniVersion\":\"1.1.0\",\"name\":\"millpond\"}");
      assertThat(status.status()).as(status.out()).isZero();
    } finally {
      for (SocketChannel channel : silent) {
        channel.close();
      }
    }
  }

  @Test
  void anotherUserIsTurnedAway() throws Exception {
    Shell.Ran ran =
        Shell.run(
            "setpriv",
            "--reuid=1000",
            "--clear-groups",
            "--inh-caps=+dac_override",
            "--ambient-caps=+dac_override",
            "sh",
            "-c",
            "id -u; (printf MPC1; sleep 1) | socat -t5 - UNIX-CONNECT:"
                + node.run().resolve("cni.sock"));
    assertThat(ran.out().strip()).as("user, and no answer").isEqualTo("1000");
    await()
        .atMost(Duration.ofSeconds(5))
        .untilAsserted(() -> assertThat(node.log()).contains("a process of user 1000"));
  }

  @Test
  void anotherUserCannotReachTheSocketByItself() {
    assertThat(
            Shell.run(
                    "setpriv",
                    "--reuid=1000",
                    "--clear-groups",
                    "socat",
                    "-u",
                    "OPEN:/dev/null",
                    "UNIX-CONNECT:" + node.run().resolve("cni.sock"))
                .err())
        .contains("Permission denied");
  }

  @Test
  void moreThanFourMebibytesOnStdinAreCodeFive() {
    Pod pod = new Pod(node, "bad-1");
    try {
      failedWith(
          5, node.plugin(Node.variables("ADD", pod.name(), pod.path()), "{" + " ".repeat(4 * MIB)));
    } finally {
      pod.close();
    }
  }

  @Test
  void almostFourMebibytesAreReadAndWhatIsWrongWithThemIsSaid() {
    Pod pod = new Pod(node, "bad-1");
    try {
      failedWith(
          6,
          node.plugin(
              Node.variables("ADD", pod.name(), pod.path()), "{" + " ".repeat(4 * MIB - 2)));
    } finally {
      pod.close();
    }
  }

  @Test
  void aNamespaceThatIsARegularFileIsCodeEight() throws IOException {
    Path file = Files.createTempFile("no-netns", "");
    failedWith(8, node.plugin(Node.variables("ADD", "bad-1", file.toString()), Pod.CONFIGURATION));
    assertThat(
            node.plugin(Node.variables("DEL", "bad-1", file.toString()), Pod.CONFIGURATION)
                .status())
        .as("DEL lives with it")
        .isZero();
  }

  @Test
  void theNodesOwnNamespaceIsCodeEight() {
    String own = "/run/netns/" + node.netns();
    failedWith(8, node.plugin(Node.variables("ADD", "bad-1", own), Pod.CONFIGURATION));
  }

  @Test
  void aHostileContainerIdIsCodeFour() {
    for (String id : List.of("../../etc/passwd", "a b", "-x", "a\nb", "é")) {
      failedWith(4, node.plugin(Node.variables("ADD", id, "/run/netns/x"), Pod.CONFIGURATION));
      // The plugin is not the only guard.
      failedWith(4, alone(id));
    }
  }

  /** The daemon's own answer, past the plugin. */
  private Shell.Ran alone(String id) {
    try {
      String answer = sending(frame("MPC1", Node.variables("DEL", id, ""), Pod.CONFIGURATION));
      return new Shell.Ran(answer.charAt(11), answer.substring(12), "");
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aContainerIdOfFiveThousandCharactersIsAnId() {
    Pod pod = new Pod(node, "bad-1");
    String id = "x".repeat(5000);
    try {
      Shell.Ran added = node.plugin(Node.variables("ADD", id, pod.path()), Pod.CONFIGURATION);
      assertThat(added.status()).as(added.out()).isZero();
      assertThat(node.plugin(Node.variables("DEL", id, pod.path()), Pod.CONFIGURATION).status())
          .isZero();
    } finally {
      pod.close();
    }
  }

  @Test
  void whatIsNoJsonIsCodeSixAndNestedTooDeepToo() {
    Pod pod = new Pod(node, "bad-1");
    try {
      for (String text :
          List.of("", "[]", "{\"name\":", "nonsense", "{\"a\":" + "[".repeat(100_000))) {
        failedWith(6, node.plugin(Node.variables("ADD", pod.name(), pod.path()), text));
      }
    } finally {
      pod.close();
    }
  }

  @Test
  void aSpoolFileOfANewerReleaseIsLeftAloneAndGarbageIsPutAside() throws IOException {
    Path spool = node.run().resolve("spool");
    Files.createDirectories(
        spool, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path newer = spool.resolve("0".repeat(64) + "-" + "1".repeat(64));
    Path garbage = spool.resolve("2".repeat(64) + "-" + "3".repeat(64));
    Files.write(newer, frame("MPC2", Node.variables("DEL", "bad-1", ""), Pod.CONFIGURATION));
    Files.writeString(garbage, "garbage");
    node.kill();

    node.start();

    assertThat(newer).exists();
    assertThat(garbage).doesNotExist();
    assertThat(spool.resolve("unreadable").resolve(garbage.getFileName())).exists();
    assertThat(node.log()).contains("newer release").contains(garbage.getFileName().toString());
    Files.delete(newer);
  }
}
