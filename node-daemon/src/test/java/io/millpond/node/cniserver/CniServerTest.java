package io.millpond.node.cniserver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.cni.CniFrame;
import io.millpond.linux.unix.Native;
import io.millpond.linux.unix.UnixServer;
import io.millpond.node.http.Metrics;
import io.millpond.node.kernel.Netns;
import io.millpond.node.testing.HeardLog;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.PluginClient;
import io.millpond.node.testing.TestNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients of every kind on a real socket: what they send never holds the daemon up. */
class CniServerTest {
  private static final Duration SHORT = Duration.ofMillis(500);

  /** Whoever runs the tests. */
  private final int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");

  @TempDir Path directory;
  private TestNode node = new TestNode();
  private final AtomicInteger undone = new AtomicInteger();
  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private Supplier<Integer> busy = () -> 0;
  private Duration exchange = TestNode.SOON;

  CniServerTest() throws IOException {}

  @AfterEach
  void stop() throws Exception {
    while (!running.isEmpty()) {
      running.pop().close();
    }
    node.close();
  }

  private Path path() {
    return directory.resolve("run").resolve("cni.sock");
  }

  /** Descriptors are taken for the namespace 7, whatever they are. */
  private void serve(CniServer.Verbs verbs, int connections, int user) throws IOException {
    serve(verbs, connections, user, new UnixPlugins(listen(), CniServerTest::seven));
  }

  private static Netns seven(int descriptor) {
    int ignored = Native.LIBC.close(descriptor);
    return ModelKernel.netns(7);
  }

  /** An open file, by its number. */
  private record Opened(int descriptor) implements AutoCloseable {
    static Opened of(Path path) {
      int descriptor = Native.LIBC.open(path.toString(), 0, 0);
      assertThat(descriptor).as(path.toString()).isNotNegative();
      return new Opened(descriptor);
    }

    @Override
    public void close() {
      int ignored = Native.LIBC.close(descriptor);
    }
  }

  private UnixServer listen() throws IOException {
    UnixServer socket = UnixServer.listen(path());
    running.push(socket);
    return socket;
  }

  private void serve(CniServer.Verbs verbs, int connections, int user, UnixPlugins plugins) {
    CniServer server =
        new CniServer(plugins, verbs, new CniServer.Limits(connections, exchange), user);
    running.push(server);
    server.start();
    busy = server::busy;
  }

  private CniServer.Verbs real() {
    return new CniVerbs(node.core().verbs(), (_, _) -> {}, List.of(), new Metrics());
  }

  private PluginClient client() throws IOException {
    return PluginClient.connect(path());
  }

  private void statusIsAnswered() throws IOException {
    try (PluginClient client = client()) {
      client.send(PluginClient.request("STATUS", ""));
      assertThat(client.reply()).isEqualTo(new PluginClient.Reply(0, ""));
    }
  }

  @Test
  void garbageIsNotAnsweredAndTheNextClientIs() throws Exception {
    node.warm();
    serve(real(), 8, self);
    for (String garbage :
        List.of("GET / HTTP/1.1\r\n\r\n", "MPC0\0\0\0\4abcd", "\0\0\0\0\0\0\0\0")) {
      try (PluginClient client = client()) {
        client.send(garbage.getBytes(UTF_8)).awaitClosed();
      }
    }
    statusIsAnswered();
  }

  @Test
  void fieldsThatDoNotFitTogetherAreAnsweredWithAnError() throws Exception {
    node.warm();
    serve(real(), 8, self);
    byte[] whole = PluginClient.request("STATUS", "");
    whole[9] = 127; // the first field claims to be longer than the frame
    try (PluginClient client = client()) {
      PluginClient.Reply reply = client.send(whole).reply();
      assertThat(reply.exitStatus()).isEqualTo(1);
      assertThat(reply.document()).contains("\"code\":5").contains("not whole");
    }
  }

  @Test
  void aNewerPluginIsToldToComeAgain() throws Exception {
    serve(real(), 8, self);
    try (PluginClient client = client()) {
      PluginClient.Reply reply = client.send("MPC2\0\0\0\0".getBytes(UTF_8)).reply();
      assertThat(reply.exitStatus()).isEqualTo(1);
      assertThat(reply.document()).contains("\"code\":11").contains("upgrade in progress");
    }
  }

  @Test
  void halfARequestAndThenSilenceEndsAtTheDeadline() throws Exception {
    exchange = SHORT;
    node.warm();
    serve(real(), 8, self);
    byte[] whole = PluginClient.request("STATUS", "");
    try (PluginClient header = client();
        PluginClient half = client();
        PluginClient silent = client()) {
      header.send(Arrays.copyOf(whole, CniFrame.HEADER - 1));
      half.send(Arrays.copyOf(whole, whole.length - 1));
      statusIsAnswered();
      header.awaitClosed();
      half.awaitClosed();
      silent.awaitClosed();
    }
    await().atMost(TestNode.SOON).until(() -> busy.get() <= 1);
  }

  @Test
  void aClientThatNeverReadsIsGivenUpAndWhatWasDoneForItIsUndone() throws Exception {
    exchange = SHORT;
    byte[] more = CniFrame.reply(0, "x".repeat(2_000_000)); // more than a socket keeps
    serve((_, _, _) -> new CniServer.Verbs.Answer(more, undone::incrementAndGet), 8, self);
    try (PluginClient _ = client().send(PluginClient.request("STATUS", ""))) {
      await().atMost(TestNode.SOON).until(() -> undone.get() == 1);
    }
  }

  @Test
  void aClientThatIsGoneWhenItsAnswerComesHasItUndone() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    serve(
        (_, _, _) -> {
          asked.countDown();
          gone.await();
          return new CniServer.Verbs.Answer(CniFrame.reply(0, ""), undone::incrementAndGet);
        },
        8,
        self);
    try (PluginClient _ = client().send(PluginClient.request("STATUS", ""))) {
      assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
    }
    gone.countDown();
    await().atMost(TestNode.SOON).until(() -> undone.get() == 1);
  }

  @Test
  void anAddThatNobodyLearnedOfAndThatCannotBeUndoneIsReported() throws Exception {
    node.warm();
    try (HeardLog log = new HeardLog(CniVerbs.class)) {
      CniServer.Verbs verbs = real();
      serve(
          (frame, netns, caller) -> {
            CniServer.Verbs.Answer answer = verbs.answer(frame, netns, caller);
            node.kernel.failDetach("the link is busy");
            answer.undo().undo();
            return answer;
          },
          8,
          self);
      try (Opened netns = Opened.of(Path.of("/proc/self/ns/net"));
          PluginClient client = client()) {
        client.send(PluginClient.request("ADD", "a"), netns.descriptor());
        assertThat(client.reply().exitStatus()).isZero();
      }
      assertThat(log.lines())
          .anyMatch(line -> line.contains("could not be undone") && line.contains("busy"));
    } finally {
      node.kernel.failDetach(null);
    }
  }

  @Test
  void aRequestOfTheLargestSizeIsReadAndALargerOneIsNot() throws Exception {
    node.warm();
    serve(real(), 8, self);
    byte[] stdin = new byte[CniFrame.STDIN_LIMIT];
    Arrays.fill(stdin, (byte) ' ');
    try (PluginClient client = client()) {
      PluginClient.Reply reply = client.send(PluginClient.request("STATUS", "", stdin)).reply();
      assertThat(reply.document()).contains("\"code\":6");
    }
    for (int claim : new int[] {CniFrame.LIMIT - CniFrame.HEADER + 1, Integer.MAX_VALUE, -1}) {
      try (PluginClient client = client()) {
        byte[] header = ByteBuffer.allocate(8).put("MPC1".getBytes(UTF_8)).putInt(claim).array();
        client.send(header).awaitClosed();
      }
    }
    statusIsAnswered();
  }

  /** The daemon's heap is 64 MiB; these claim some 400. */
  @Test
  void whatIsAnnouncedCostsNoMemoryBeforeItComes() throws Exception {
    serve(real(), 128, self);
    byte[] header =
        ByteBuffer.allocate(8)
            .put("MPC1".getBytes(UTF_8))
            .putInt(CniFrame.LIMIT - CniFrame.HEADER)
            .array();
    List<PluginClient> clients = new ArrayList<>();
    try {
      long before = used();
      for (int i = 0; i < 96; i++) {
        clients.add(client().send(header));
      }
      await().atMost(TestNode.SOON).until(() -> busy.get() > 96 / 2);
      assertThat(used() - before).isLessThan(96L << 20);
    } finally {
      clients.forEach(PluginClient::close);
    }
  }

  private static long used() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  @Test
  void aDescriptorThatIsNoNamespaceOfAPodIsAnsweredWithAnErrorAndClosed() throws Exception {
    node.warm();
    serve(real(), 8, self, new UnixPlugins(listen()));
    Path own = Path.of("/proc/self/ns/net");
    Path file = Files.writeString(directory.resolve("file"), "no namespace");
    int before = openDescriptors();
    for (Path path : List.of(file, own)) {
      try (Opened opened = Opened.of(path);
          PluginClient client = client()) {
        client.send(PluginClient.request("ADD", "a"), opened.descriptor());
        PluginClient.Reply reply = client.reply();
        assertThat(reply.exitStatus()).isEqualTo(1);
        assertThat(reply.document()).contains("\"code\":8").contains("CNI_NETNS is");
      }
    }
    await().atMost(TestNode.SOON).until(() -> openDescriptors() <= before);
    assertThat(node.kernel.vethCount()).isZero();
  }

  private static int openDescriptors() {
    String[] open = Path.of("/proc/self/fd").toFile().list();
    return open == null ? 0 : open.length;
  }

  @Test
  void aProcessOfAnotherUserIsTurnedAway() throws Exception {
    serve(real(), 8, self + 1);
    try (PluginClient client = client()) {
      client.awaitClosed();
    }
  }

  @Test
  void idleConnectionsAtTheLimitDelayAPluginNoLongerThanTheirDeadline() throws Exception {
    exchange = SHORT;
    node.warm();
    serve(real(), 4, self);
    List<PluginClient> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        idle.add(client());
      }
      await().atMost(TestNode.SOON).until(() -> busy.get() == 4);
      statusIsAnswered();
    } finally {
      idle.forEach(PluginClient::close);
    }
  }

  /** A place is free a moment before its thread is; the next client must not fall in between. */
  @Test
  void everyoneOfACrowdAtTheLimitIsServed() throws Exception {
    node.warm();
    serve(real(), 2, self);
    List<CompletableFuture<Void>> crowd = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      crowd.add(
          CompletableFuture.runAsync(
              () -> {
                try {
                  for (int j = 0; j < 25; j++) {
                    try (PluginClient client = client()) {
                      client.send(PluginClient.request("STATUS", ""));
                      assertThat(client.reply().exitStatus()).isZero();
                    }
                  }
                } catch (IOException e) {
                  throw new AssertionError("somebody was not served", e);
                }
              },
              task -> Thread.ofPlatform().daemon().start(task)));
    }
    for (CompletableFuture<Void> one : crowd) {
      one.get(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void anAddOverTheSocketGivesTheAddressAndADelTakesIt() throws Exception {
    node.warm();
    serve(real(), 8, self);
    assertThat(add("a")).satisfies(reply -> assertThat(reply.exitStatus()).isZero());
    assertThat(node.kernel.addressOf(TestNode.key("a")))
        .hasValueSatisfying(address -> assertThat(node.kernel.routes()).containsKey(address));
    try (PluginClient client = client()) {
      client.send(PluginClient.request("DEL", "a"));
      assertThat(client.reply()).isEqualTo(new PluginClient.Reply(0, ""));
    }
    assertThat(node.kernel.vethCount()).isZero();
  }

  @Test
  void theResultNamesTheMtuThatThePodHas() throws Exception {
    node.warm();
    node.kernel.linkMtu(1500);
    serve(real(), 8, self);
    assertThat(add("a").document()).contains("\"mtu\":1500").doesNotContain("9001");
  }

  private PluginClient.Reply add(String container) throws IOException {
    try (PluginClient client = client();
        Opened any = Opened.of(Path.of("/dev/null"))) {
      client.send(PluginClient.request("ADD", container), any.descriptor());
      return client.reply();
    }
  }

  @Test
  void aClientThatHangsUpWhileItsAddWaitsLeavesNothing() throws Exception {
    node.close();
    node = new TestNode("MILLPOND_ADD_WAIT", "50s");
    node.cloud.outage(false, "EC2 is away");
    node.start();
    serve(real(), 8, self);
    try (PluginClient client = client();
        Opened any = Opened.of(Path.of("/dev/null"))) {
      client.send(PluginClient.request("ADD", "a"), any.descriptor());
      node.awaitPool(sum -> sum.waiting() == 1);
    }
    node.awaitPool(sum -> sum.waiting() == 0);
    await().atMost(TestNode.SOON).until(() -> busy.get() == 1);
    node.cloud.recover();
    node.awaitPool(sum -> sum.free() >= 2);
    assertThat(node.counts().owned()).isZero();
    assertThat(node.kernel.slaves()).isEmpty();
  }

  @Test
  void aClientThatHangsUpWhileItsPodIsBuiltLeavesNothing() throws Exception {
    node.warm();
    serve(real(), 8, self);
    CountDownLatch gate = node.kernel.holdAttach();
    try (PluginClient client = client();
        Opened any = Opened.of(Path.of("/dev/null"))) {
      client.send(PluginClient.request("ADD", "a"), any.descriptor());
      assertThat(node.kernel.attaching().await(10, TimeUnit.SECONDS)).isTrue();
    }
    gate.countDown();
    node.awaitPool(sum -> sum.owned() == 0 && sum.cooling() == 1);
    assertThat(node.kernel.slaves()).isEmpty();
    assertThat(node.kernel.vethCount()).isZero();
  }
}
