package io.millpond.node.cniserver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.node.http.Metrics;
import io.millpond.node.testing.HeardLog;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.PluginClient;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolTest {
  private static final String STDIN_HASH = "0".repeat(64);

  @TempDir Path directory;
  private final TestNode node = new TestNode();
  private final HeardLog log = new HeardLog(Spool.class);

  @BeforeEach
  void start() {
    node.warm();
  }

  @AfterEach
  void stop() {
    log.close();
    node.close();
  }

  private Spool spool() {
    return new Spool(directory, node.core().deletePod());
  }

  private Path keep(String name, byte[] octets) throws IOException {
    return Files.write(directory.resolve(name), octets);
  }

  private Path keepDel(String container) throws IOException {
    return keep(
        Spool.name(container, "eth0") + "-" + STDIN_HASH, PluginClient.request("DEL", container));
  }

  private List<String> files() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(path -> path.getFileName().toString()).toList();
    }
  }

  @Test
  void keptDelsTakeEffectBeforeTheDaemonListens() throws Exception {
    node.added("a", 1);
    node.added("b", 2);
    keepDel("a");
    keepDel("never-added");
    spool().drain();
    assertThat(files()).isEmpty();
    assertThat(node.kernel.addressOf(TestNode.key("a"))).isEmpty();
    assertThat(node.kernel.addressOf(TestNode.key("b"))).isPresent();
    assertThat(node.counts().owned()).isEqualTo(1);
    assertThat(node.counts().cooling()).isEqualTo(1);
  }

  @Test
  void aDelKeptMeanwhileTakesEffectBeforeTheNextAddOfTheSameContainer() throws Exception {
    IpAddress old = node.added("a", 1);
    node.added("b", 2);
    keepDel("a");
    Path other = keepDel("b");
    CniVerbs verbs = new CniVerbs(node.core().verbs(), spool(), List.of(), new Metrics());
    CniServer.Verbs.Answer answer =
        verbs.answer(
            ByteBuffer.wrap(PluginClient.request("ADD", "a")),
            Optional.of(ModelKernel.netns(3)),
            new NobodyHangsUp());
    assertThat(new String(answer.reply(), UTF_8)).contains("\"ips\"");
    assertThat(node.kernel.addressOf(TestNode.key("a"))).isPresent().get().isNotEqualTo(old);
    assertThat(other).exists();
    assertThat(node.kernel.addressOf(TestNode.key("b"))).isPresent();
  }

  @Test
  void aDelThatIsAboutToTakeEffectDoesNotRemoveThePodOfTheNextAdd() throws Exception {
    node.added("a", 1);
    keepDel("a");
    CountDownLatch read = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Spool spool =
        new Spool(
            directory,
            (key, netns) -> {
              if (read.getCount() > 0) {
                read.countDown();
                go.await();
              }
              return node.core().deletePod().delete(key, netns);
            });
    CompletableFuture<Void> drain = CompletableFuture.runAsync(() -> drain(spool), THREAD);
    read.await();
    CniVerbs verbs = new CniVerbs(node.core().verbs(), spool, List.of(), new Metrics());
    CompletableFuture<String> add = CompletableFuture.supplyAsync(() -> add(verbs, "a"), THREAD);
    await().until(() -> add.isDone() || spool.replaying.hasQueuedThreads());
    go.countDown();
    drain.get(10, TimeUnit.SECONDS);
    assertThat(add.get(10, TimeUnit.SECONDS)).contains("\"ips\"");
    assertThat(node.kernel.addressOf(TestNode.key("a"))).isPresent();
    assertThat(files()).isEmpty();
  }

  private static final Executor THREAD = task -> Thread.ofPlatform().daemon().start(task);

  private static void drain(Spool spool) {
    try {
      spool.drain();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static String add(CniVerbs verbs, String container) {
    try {
      return new String(
          verbs
              .answer(
                  ByteBuffer.wrap(PluginClient.request("ADD", container)),
                  Optional.of(ModelKernel.netns(3)),
                  new NobodyHangsUp())
              .reply(),
          UTF_8);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aDelOfANewerPluginIsLeftAlone() throws Exception {
    byte[] newer = PluginClient.request("DEL", "a");
    newer[3] = '2';
    Path file = keep(Spool.name("a", "eth0") + "-" + STDIN_HASH, newer);
    node.added("a", 1);
    spool().drain();
    assertThat(file).hasBinaryContent(newer);
    assertThat(node.kernel.addressOf(TestNode.key("a"))).isPresent();
    assertThat(log.lines()).anySatisfy(line -> assertThat(line).contains("left alone"));
  }

  @Test
  void whatCanNeverBeUnderstoodIsSetAsideAndTold() throws Exception {
    byte[] del = PluginClient.request("DEL", "a");
    keep("empty", new byte[0]);
    keep("garbage", "not a frame at all".getBytes(UTF_8));
    keep("short", Arrays.copyOf(del, del.length - 1));
    keep("no-json", PluginClient.request("DEL", "a", "{".getBytes(UTF_8)));
    keep("an-add", PluginClient.request("ADD", "a"));
    node.added("a", 1);
    spool().drain();
    assertThat(files()).containsExactly(Spool.ASIDE);
    assertThat(directory.resolve(Spool.ASIDE).toFile().list())
        .containsExactlyInAnyOrder("empty", "garbage", "short", "no-json", "an-add");
    assertThat(log.lines().stream().filter(line -> line.startsWith("ERROR ")))
        .hasSize(5)
        .allSatisfy(line -> assertThat(line).contains("set aside"));
    assertThat(node.kernel.addressOf(TestNode.key("a"))).isPresent();
    spool().drain();
    assertThat(log.lines()).as("told once").isEmpty();
  }

  @Test
  void notMoreThanAHundredFilesAreSetAside() throws Exception {
    for (int i = 0; i < Spool.MOST_ASIDE + 3; i++) {
      keep("garbage" + i, new byte[1]);
    }
    spool().drain();
    assertThat(files()).containsExactly(Spool.ASIDE);
    assertThat(directory.resolve(Spool.ASIDE).toFile().list()).hasSize(Spool.MOST_ASIDE);
  }

  @Test
  void aLinkAFifoAndADirectoryAreNotReadAndAHugeFileIsSetAside() throws Exception {
    String del = Spool.name("a", "eth0") + "-";
    node.added("a", 1);
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Path request = Files.write(elsewhere.resolve("request"), PluginClient.request("DEL", "a"));
    Files.createSymbolicLink(directory.resolve(del + "link"), request);
    Files.createSymbolicLink(directory.resolve(del + "device"), Path.of("/dev/zero"));
    Files.createDirectory(directory.resolve(del + "directory"));
    assertThat(
            new ProcessBuilder("mkfifo", directory.resolve(del + "fifo").toString())
                .start()
                .waitFor())
        .isZero();
    try (var huge =
        java.nio.channels.FileChannel.open(
            directory.resolve(del + "huge"),
            java.nio.file.StandardOpenOption.CREATE,
            java.nio.file.StandardOpenOption.WRITE)) {
      huge.write(ByteBuffer.wrap(PluginClient.request("DEL", "a")));
      huge.write(ByteBuffer.wrap(new byte[1]), 1L << 40);
    }

    spool().drain();
    spool().before("a", "eth0");

    assertThat(node.kernel.addressOf(TestNode.key("a"))).as("nothing took effect").isPresent();
    assertThat(directory.resolve(Spool.ASIDE).toFile().list()).containsExactly(del + "huge");
    assertThat(request).exists();
  }

  @Test
  void whatAPluginIsJustWritingIsNotTouched() throws Exception {
    byte[] half = Arrays.copyOf(PluginClient.request("DEL", "a"), 20);
    Path file = keep(".4711." + Spool.name("a", "eth0"), half);
    Files.createSymbolicLink(directory.resolve("link"), Path.of("/dev/zero"));
    spool().drain();
    assertThat(file).hasBinaryContent(half);
    assertThat(log.lines()).isEmpty();
  }

  @Test
  void aDelThatFailsIsKeptForTheNextTime() throws Exception {
    node.added("a", 1);
    Path file = keepDel("a");
    node.kernel.failDetach("device busy");
    spool().drain();
    assertThat(file).exists();
    node.kernel.failDetach(null);
    spool().drain();
    assertThat(file).doesNotExist();
    assertThat(node.kernel.vethCount()).isZero();
  }

  private static final class NobodyHangsUp implements PluginConnection {
    @Override
    public int peerUid() {
      return 0;
    }

    @Override
    public Incoming receive(Duration within) throws IOException {
      throw new IOException("nothing is received here");
    }

    @Override
    public void send(byte[] reply, Duration within) {}

    @Override
    public boolean gone() {
      return false;
    }

    @Override
    public void close() {}
  }

  @Test
  void aDelThatWasKeptWhileTheDaemonListensTakesEffectSoon() throws Exception {
    node.added("a", 1);
    try (Spool spool = spool()) {
      spool.keepDraining(Duration.ofMillis(20));
      keepDel("a");
      await().until(() -> node.kernel.addressOf(TestNode.key("a")).isEmpty());
      await().until(() -> files().isEmpty());
    }
  }

  @Test
  void whatAKilledPluginLeftIsRemovedAndWhatIsBeingWrittenIsNot() throws Exception {
    Path left = keep(".4711.left", new byte[10]);
    Files.setLastModifiedTime(
        left, FileTime.from(Instant.now().minus(Spool.ABANDONED).minusSeconds(1)));
    keep(".4712.being-written", new byte[10]);
    spool().drain();
    assertThat(files()).containsExactly(".4712.being-written");
  }
}
