package io.millpond.node.life;

import io.millpond.linux.BootClock;
import io.millpond.linux.datapath.HostVeth;
import io.millpond.linux.netns.Netns;
import io.millpond.linux.unix.UnixServer;
import io.millpond.node.admin.AdminServer;
import io.millpond.node.cloud.Cloud;
import io.millpond.node.cloud.CloudAccess;
import io.millpond.node.cniserver.CniServer;
import io.millpond.node.cniserver.CniVerbs;
import io.millpond.node.cniserver.Spool;
import io.millpond.node.cniserver.UnixPlugins;
import io.millpond.node.http.HttpFront;
import io.millpond.node.http.Metrics;
import io.millpond.node.http.NodeView;
import io.millpond.node.kernel.LinuxHost;
import io.millpond.node.kernel.NodeFacts;
import io.millpond.node.settings.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The process: takes its turn, learns who it is, serves, and hands over or stops. */
public final class Daemon implements NodeView {
  private static final Logger log = LoggerFactory.getLogger(Daemon.class);
  private static final int ROOT = 0;
  private static final Duration RETRY = Duration.ofSeconds(2);

  /** Below the grace period that Kubernetes and systemd give by default. */
  private static final Duration LAST_REQUESTS = Duration.ofSeconds(20);

  private final Settings settings;
  private final CloudAccess access;
  private final Metrics metrics;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile String progress = "starting";
  private volatile @Nullable NodeCore core;
  private volatile String instance = "";
  private @Nullable UnixServer socket;
  private @Nullable CniServer plugins;
  private @Nullable AdminServer admin;
  private @Nullable HttpFront http;

  /** A daemon with these settings. */
  public Daemon(Settings settings, CloudAccess access, Metrics metrics) {
    this.settings = settings;
    this.access = access;
    this.metrics = metrics;
  }

  /**
   * Starts; returns when the daemon serves.
   *
   * @throws IOException if a socket, a port or the kernel cannot be used
   */
  public void start() throws IOException, InterruptedException {
    Path run = settings.daemon().runDir();
    UnixServer.prepareDirectory(run);
    Turn turn = Turn.take(run);
    long began = System.nanoTime();
    admin =
        AdminServer.start(
            run.resolve("admin.sock"),
            Map.of("pool", this::poolJson, "status", this::statusJson),
            ROOT);
    http =
        HttpFront.start(
            settings.daemon().httpAddress(), settings.daemon().metricsAddress(), this, metrics);
    CloudAccess.Opened opened = open();
    CloudAccess.Identity identity = opened.identity();
    instance = identity.instanceId();
    LinuxHost host =
        new LinuxHost(
            new NodeFacts(
                identity.address(), identity.vpcCidrs(), settings.network().serviceCidrs()));
    NodeCore.Node node =
        new NodeCore.Node(
            opened.limits(), BootClock::now, key -> HostVeth.of(key).name(), randomWord());
    NodeCore fresh = new NodeCore(settings, node, opened.cloud(), host, host.pods(), metrics);
    numbers(fresh);
    fresh.start(this::waitingFor);
    progress = "the DELs that were kept are taking effect";
    serve(turn, identity, fresh);
    core = fresh;
    log.info(
        "{} ({}) serves after {} ms: {}",
        identity.instanceId(),
        identity.instanceType(),
        (System.nanoTime() - began) / 1_000_000,
        PoolJson.counts(fresh.pool().snapshot().summary()));
  }

  private void serve(Turn turn, CloudAccess.Identity identity, NodeCore fresh)
      throws IOException, InterruptedException {
    Spool spool = new Spool(settings.daemon().runDir().resolve("spool"), fresh.deletePod());
    spool.drain();
    UnixServer listener =
        turn.listener().isPresent()
            ? turn.listener().get()
            : UnixServer.listen(settings.daemon().runDir().resolve("cni.sock"));
    CniServer server =
        new CniServer(
            new UnixPlugins(listener),
            new CniVerbs(fresh, spool, identity.vpcCidrs(), metrics),
            CniServer.Limits.of(settings.daemon().maxConnections()),
            ROOT);
    server.start();
    socket = listener;
    plugins = server;
  }

  private void waitingFor(String what) {
    progress = what;
    log.warn("not ready: {}", what);
  }

  private CloudAccess.Opened open() throws InterruptedException {
    while (true) {
      switch (access.open()) {
        case Cloud.Success<CloudAccess.Opened>(CloudAccess.Opened opened) -> {
          return opened;
        }
        case Cloud.Failure<CloudAccess.Opened> failure -> waitingFor(failure.reason());
      }
      Thread.sleep(RETRY);
    }
  }

  private static String randomWord() {
    byte[] octets = new byte[8];
    new SecureRandom().nextBytes(octets);
    return HexFormat.of().formatHex(octets);
  }

  private void numbers(NodeCore fresh) {
    metrics.gauges(
        "millpond_addresses",
        "Addresses of the node by state.",
        "state",
        () -> PoolJson.states(fresh.pool().snapshot().summary()));
    metrics.gauge(
        "millpond_enis", "ENIs in the pool.", () -> fresh.pool().snapshot().summary().enis());
    metrics.gauge(
        "millpond_requests_waiting",
        "Requests that wait for an address.",
        () -> fresh.pool().snapshot().summary().waiting());
    metrics.gauge(
        "millpond_network_namespaces_open",
        "Pods' namespaces that requests hold open; 0 when nothing is asked.",
        Netns::openCount);
  }

  @Override
  public Optional<String> sick() {
    NodeCore running = core;
    return running == null ? Optional.empty() : running.pool().sick();
  }

  @Override
  public Optional<String> notReady() {
    NodeCore running = core;
    return running == null ? Optional.of(progress) : PoolJson.why(running.readiness());
  }

  @Override
  public String poolJson() {
    NodeCore running = core;
    return running == null
        ? PoolJson.starting(instance, progress)
        : PoolJson.of(
            instance,
            running.pool().snapshot().report(),
            running.readiness(),
            running.attachments(),
            BootClock.now());
  }

  private String statusJson() {
    return PoolJson.status(instance, notReady(), sick());
  }

  /**
   * Stops: what was begun is finished, nothing new is accepted. A standby gets the listening
   * socket, so that no plugin is refused; without one plugins find nobody and keep their DELs. Pods
   * stay as they are.
   */
  public void stop() throws InterruptedException {
    log.info("stopping");
    CniServer serving = plugins;
    UnixServer listener = socket;
    AdminServer administrator = admin;
    if (serving != null && listener != null && administrator != null) {
      serving.stopAccepting();
      boolean handed = administrator.handOver(listener.descriptor());
      listener.close();
      log.info(
          handed ? "the standby has the socket" : "nobody stands by: plugins will keep their DELs");
      if (!serving.awaitIdle(LAST_REQUESTS)) {
        log.warn("requests are still running after {} s: they are left", LAST_REQUESTS.toSeconds());
      }
      serving.close();
    }
    NodeCore running = core;
    if (running != null) {
      running.close();
    }
    HttpFront pages = http;
    if (pages != null) {
      pages.close();
    }
    if (administrator != null) {
      administrator.close();
    }
    stopped.countDown();
    log.info("stopped");
  }

  /** Waits for {@link #stop}. */
  public void awaitStop() throws InterruptedException {
    stopped.await();
  }
}
