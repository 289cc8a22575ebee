package io.millpond.node.life;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millpond.linux.unix.UnixServer;
import io.millpond.node.admin.AdminClient;
import io.millpond.node.cloud.Cloud;
import io.millpond.node.cloud.CloudAccess;
import io.millpond.node.http.Metrics;
import io.millpond.node.install.CniInstallation;
import io.millpond.node.kernel.KernelAccess;
import io.millpond.node.kubernetes.ClusterAccess;
import io.millpond.node.kubernetes.ServiceCidrs;
import io.millpond.node.policy.NodePlacement;
import io.millpond.node.probe.Probe;
import io.millpond.node.settings.KubernetesUse;
import io.millpond.node.settings.Settings;
import io.millpond.node.settings.SettingsReader;
import io.millpond.node.testing.ManualClock;
import io.millpond.node.testing.ModelCloud;
import io.millpond.node.testing.ModelDatapath;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.PluginClient;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Daemons after one another on one node: lock, standby, hand-over, crash, stop. */
class DaemonTest {
  private final int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  private final ManualClock clock = new ManualClock();
  private final ModelKernel kernel = new ModelKernel(clock);
  private final ModelCloud cloud = new ModelCloud(kernel);
  private final List<Daemon> daemons = new ArrayList<>();
  private ClusterAccess.Found cluster = new ClusterAccess.NotUsed("a test");
  private volatile boolean metadataAnswers = true;
  private final AtomicInteger refusals = new AtomicInteger();
  private volatile Duration openAgain = Duration.ofMillis(100);

  @TempDir Path directory;
  private int httpPort;
  private int metricsPort;

  DaemonTest() throws IOException {}

  @BeforeEach
  void choosePorts() throws IOException {
    try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      httpPort = one.getLocalPort();
      metricsPort = other.getLocalPort();
    }
  }

  @AfterEach
  void stopAll() throws InterruptedException {
    for (Daemon daemon : daemons) {
      daemon.stop();
    }
  }

  private Path run() {
    return directory.resolve("run");
  }

  private Cloud.Result<CloudAccess.Opened> open() {
    return metadataAnswers
        ? new Cloud.Success<>(
            new CloudAccess.Opened(
                new CloudAccess.Identity(
                    "i-0123456789abcdef0",
                    "t3.small",
                    "eu-central-1a",
                    IpAddress.parse("10.0.1.10"),
                    List.of(Prefix.parse("10.0.0.0/16"))),
                new PoolLimits(3, 4),
                cloud))
        : silence();
  }

  private Cloud.Result<CloudAccess.Opened> silence() {
    refusals.incrementAndGet();
    return new Cloud.Failure<>(false, "the metadata is silent", "", openAgain);
  }

  private Daemon daemon() throws Exception {
    return daemon("probe-" + daemons.size());
  }

  private Path probe(String of) {
    return directory.resolve(of).resolve("sock");
  }

  /** One whose container has that directory for its probes. */
  private Daemon daemon(String probe) throws Exception {
    Settings settings =
        SettingsReader.read(
            directory.resolve("none.yaml"),
            Map.of(
                "WARM_IP_TARGET",
                "2",
                "MILLPOND_RUN_DIR",
                run().toString(),
                "MILLPOND_PROBE_SOCKET",
                probe(probe).toString(),
                "MILLPOND_HTTP_ADDRESS",
                "127.0.0.1:" + httpPort,
                "MILLPOND_METRICS_ADDRESS",
                "127.0.0.1:" + metricsPort));
    KernelAccess model =
        _ -> {
          ModelDatapath datapath = kernel.datapath();
          return new KernelAccess.Opened(datapath, datapath, clock, ModelKernel::linkName);
        };
    Daemon daemon =
        new Daemon(
            settings,
            this::open,
            model,
            new Metrics(),
            self,
            new CniInstallation(
                settings.installation(),
                directory.resolve("plugin"),
                settings.daemon().reconcilePeriod()),
            cluster,
            new ServiceCidrs(settings.network().serviceCidrs(), Map.of()),
            new NodePlacement(settings.cloud(), Optional.empty()));
    daemons.add(daemon);
    return daemon;
  }

  private static CompletableFuture<Void> starting(Daemon daemon) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            daemon.start();
          } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
          }
        },
        task -> Thread.ofPlatform().daemon().start(task));
  }

  private static void finish(CompletableFuture<?> work) throws Exception {
    work.get(TestNode.SOON.toSeconds(), TimeUnit.SECONDS);
  }

  private static CompletableFuture<Void> stopping(Daemon daemon) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            daemon.stop();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        },
        task -> Thread.ofPlatform().daemon().start(task));
  }

  private PluginClient plugin() throws IOException {
    return PluginClient.connect(run().resolve("cni.sock"));
  }

  private void statusIsGood() throws IOException {
    try (PluginClient client = plugin()) {
      client.send(PluginClient.request("STATUS", ""));
      assertThat(client.reply()).isEqualTo(new PluginClient.Reply(0, ""));
    }
  }

  /** The inode of the socket that plugins connect to: another one after a hand-over in vain. */
  private Object socket() throws IOException {
    return Files.getAttribute(run().resolve("cni.sock"), "unix:ino");
  }

  private Daemon serving() throws Exception {
    Daemon daemon = daemon();
    daemon.start();
    return daemon;
  }

  /** A daemon that stands by, and its start, which ends when it serves. */
  private record Standby(Daemon daemon, CompletableFuture<Void> start) {}

  private Standby standby(Daemon serving) throws Exception {
    Daemon daemon = daemon();
    CompletableFuture<Void> start = starting(daemon);
    await().atMost(TestNode.SOON).until(serving::hasStandby);
    return new Standby(daemon, start);
  }

  @Test
  void aDaemonServesOnItsSocketsAndPorts() throws Exception {
    Daemon daemon = serving();
    statusIsGood();
    assertThat(daemon.notReady()).isEmpty();
    assertThat(AdminClient.ask(run().resolve("admin.sock"), "status")).contains("\"ready\":true");
    new Socket(InetAddress.getLoopbackAddress(), httpPort).close();
  }

  @Test
  void aDaemonServesWhileItsApiServerIsSilent() throws Exception {
    // A port that takes connections and never answers.
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      cluster = cluster(silent.getLocalPort());
      long began = System.nanoTime();
      Daemon daemon = serving();
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(8));
      statusIsGood();
      assertThat(daemon.notReady()).isEmpty();
      assertThat(String.join("", daemon.findings()))
          .as("with neither objects nor a setting nor a default range")
          .contains("MILLPOND_SERVICE_CIDRS");
    }
  }

  @Test
  void aClusterThatCannotBeUsedIsAFinding() throws Exception {
    cluster = new ClusterAccess.Unusable("no such file", "make one");
    assertThat(serving().findings()).contains("no such file; make one");
    statusIsGood();
  }

  private ClusterAccess.Found cluster(int port) throws IOException {
    Files.writeString(
        directory.resolve("kubeconfig"),
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: test, cluster: {server: "http://127.0.0.1:%d"}}]
        users: [{name: admin, user: {token: admin}}]
        contexts: [{name: test, context: {cluster: test, user: admin}}]
        current-context: test
        """
            .formatted(port));
    return new ClusterAccess(
            new Settings.Kubernetes(
                KubernetesUse.ON,
                Optional.of(directory.resolve("kubeconfig")),
                Optional.of("node-a"),
                Optional.empty(),
                1),
            Map.of())
        .find();
  }

  @Test
  void aStandbyWaitsBindsNothingAndServesOnTheSameSocketAfterTheHandOver() throws Exception {
    Daemon first = serving();
    Object socket = socket();
    Standby second = standby(first);
    statusIsGood();
    assertThat(second.start()).isNotDone();
    await()
        .atMost(TestNode.SOON)
        .until(() -> second.daemon().notReady().orElse("").contains("will hand over to this one"));
    first.stop();
    finish(second.start());
    assertThat(socket()).isEqualTo(socket);
    statusIsGood();
    new Socket(InetAddress.getLoopbackAddress(), httpPort).close();
    assertThat(AdminClient.ask(run().resolve("admin.sock"), "status")).contains("\"ready\":true");
  }

  @Test
  void aProbeHearsOfItsOwnDaemonAndAStandbyIsReadyOnceItWillBeHandedOverTo() throws Exception {
    metadataAnswers = false;
    Daemon first = daemon("first");
    CompletableFuture<Void> begun = starting(first);
    await().atMost(TestNode.SOON).until(() -> refusals.get() > 0);
    assertThat(Probe.run("live", probe("first")))
        .isEqualTo(new Probe(0, "starting: the metadata is silent\n"));
    assertThat(Probe.run("ready", probe("first")).status()).isEqualTo(1);
    metadataAnswers = true;
    finish(begun);
    assertThat(Probe.run("ready", probe("first"))).isEqualTo(new Probe(0, "serving\n"));

    metadataAnswers = false;
    CompletableFuture<Void> second = starting(daemon("second"));
    await().atMost(TestNode.SOON).until(first::hasStandby);
    await()
        .during(Duration.ofMillis(300))
        .atMost(TestNode.SOON)
        .until(
            () ->
                Files.exists(probe("second"))
                    && Probe.run("ready", probe("second"))
                        .said()
                        .contains("not ready to follow: the metadata is silent"));
    metadataAnswers = true;
    await()
        .atMost(TestNode.SOON)
        .until(
            () ->
                Files.exists(probe("second")) && Probe.run("ready", probe("second")).status() == 0);
    assertThat(first.hasStandby()).isTrue();
    assertThat(Probe.run("live", probe("second")).said()).startsWith("standby: ");
    assertThat(Probe.run("ready", probe("first")).said()).isEqualTo("serving\n");
    CompletableFuture<Void> third = starting(daemon("third"));
    await().atMost(TestNode.SOON).until(() -> Files.exists(probe("third")));
    await()
        .during(Duration.ofMillis(500))
        .atMost(TestNode.SOON)
        .until(() -> Probe.run("ready", probe("third")).said().contains("has not chosen this one"));

    metadataAnswers = false;
    first.stop();
    await()
        .atMost(TestNode.SOON)
        .until(
            () -> Probe.run("ready", probe("second")).said().startsWith("starting: the metadata"));
    await().atMost(TestNode.SOON).until(() -> Probe.run("ready", probe("third")).status() == 0);
    metadataAnswers = true;
    finish(second);
    assertThat(Probe.run("ready", probe("second")).said()).isEqualTo("serving\n");
    assertThat(third).isNotDone();
  }

  @Test
  void aPluginThatComesBetweenTwoDaemonsWaitsAndIsServed() throws Exception {
    Daemon first = serving();
    Standby second = standby(first);
    metadataAnswers = false; // the second has its turn, and serves only later
    first.stop();
    try (PluginClient between = plugin()) {
      between.send(PluginClient.request("STATUS", ""));
      assertThatThrownBy(() -> between.reply(Duration.ofMillis(300)))
          .hasMessageContaining("in time");
      metadataAnswers = true;
      assertThat(between.reply()).isEqualTo(new PluginClient.Reply(0, ""));
    }
    finish(second.start());
  }

  @Test
  void aStartThatFailedIsTriedAgainWhenTheFailureSaysSo() throws Exception {
    metadataAnswers = false;
    CompletableFuture<Void> start = starting(daemon());
    await().atMost(Duration.ofMillis(1900)).until(() -> refusals.get() >= 4);
    openAgain = Duration.ofSeconds(4);
    int before = refusals.get();
    await().atMost(TestNode.SOON).until(() -> refusals.get() > before);
    metadataAnswers = true;
    await().during(Duration.ofMillis(2500)).atMost(TestNode.SOON).until(() -> !start.isDone());
    finish(start);
  }

  @Test
  void aStopFinishesWhatBeganBeforeTheNextDaemonBegins() throws Exception {
    Daemon first = serving();
    Standby second = standby(first);
    CountDownLatch gate = kernel.holdDetach();
    try (PluginClient client = plugin()) {
      client.send(PluginClient.request("DEL", "a"));
      assertThat(kernel.detaching().await(10, TimeUnit.SECONDS)).isTrue();
      CompletableFuture<Void> stop = stopping(first);
      await()
          .during(Duration.ofMillis(300))
          .atMost(TestNode.SOON)
          .until(() -> !stop.isDone() && !second.start().isDone());
      gate.countDown();
      assertThat(client.reply()).isEqualTo(new PluginClient.Reply(0, ""));
      finish(stop);
    }
    finish(second.start());
    statusIsGood();
  }

  @Test
  void withoutAStandbyPluginsFindNobodyAfterTheStopAndTheSocketsFileStays() throws Exception {
    Daemon first = serving();
    first.stop();
    assertThatThrownBy(this::plugin).hasMessageContaining("nobody listens");
    assertThat(run().resolve("cni.sock")).exists();
    serving();
    statusIsGood();
  }

  /** The kernel closes a crashed daemon's descriptors; its sockets' files stay. */
  @Test
  void aCrashLetsTheStandbyInOnASocketOfItsOwn() throws Exception {
    UnixServer.prepareDirectory(run());
    Turn crashing = Turn.take(run(), _ -> {});
    UnixServer plugins = UnixServer.listen(run().resolve("cni.sock"));
    UnixServer.listen(run().resolve("admin.sock")).close();
    CompletableFuture<Void> start = starting(daemon());
    await().during(Duration.ofMillis(300)).atMost(TestNode.SOON).until(() -> !start.isDone());
    plugins.close();
    crashing.close();
    finish(start);
    statusIsGood();
  }

  @Test
  void keptDelsTakeEffectBeforeTheSocketIsServed() throws Exception {
    Files.createDirectories(run().resolve("spool"));
    Path kept =
        Files.write(run().resolve("spool").resolve("x"), PluginClient.request("DEL", "gone"));
    CountDownLatch gate = kernel.holdDetach();
    Daemon daemon = daemon();
    CompletableFuture<Void> start = starting(daemon);
    assertThat(kernel.detaching().await(10, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(this::plugin).hasMessageContaining("nobody listens");
    assertThat(daemon.notReady()).contains("the DELs that were kept are taking effect");
    gate.countDown();
    finish(start);
    assertThat(kept).doesNotExist();
    statusIsGood();
  }

  @Test
  void aPortThatIsTakenFailsTheStartAndStopGivesTheTurnBack() throws Exception {
    try (ServerSocket _ = new ServerSocket(httpPort, 1, InetAddress.getLoopbackAddress())) {
      Daemon first = daemon();
      assertThatThrownBy(first::start).isInstanceOf(IOException.class).hasMessageContaining("HTTP");
      first.stop();
    }
    serving();
    statusIsGood();
  }

  @Test
  void oneOfTwoStandbysTakesOverAndTheOtherStandsByForIt() throws Exception {
    Daemon first = serving();
    Standby heir = standby(first);
    Daemon spare = daemon();
    CompletableFuture<Void> spareStart = starting(spare);
    await().during(Duration.ofMillis(300)).atMost(TestNode.SOON).until(first::hasStandby);
    first.stop();
    await().atMost(TestNode.SOON).until(() -> heir.start().isDone() || spareStart.isDone());
    statusIsGood();
    Daemon next = heir.start().isDone() ? heir.daemon() : spare;
    await().atMost(TestNode.SOON).until(next::hasStandby);
    next.stop();
    finish(CompletableFuture.allOf(heir.start(), spareStart));
    statusIsGood();
  }
}
