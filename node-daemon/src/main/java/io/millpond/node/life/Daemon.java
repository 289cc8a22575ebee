package io.millpond.node.life;

import io.millpond.linux.netns.Netns;
import io.millpond.linux.unix.ServiceSupervisor;
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
import io.millpond.node.install.CniInstallation;
import io.millpond.node.kernel.KernelAccess;
import io.millpond.node.kernel.NodeFacts;
import io.millpond.node.kubernetes.Cluster;
import io.millpond.node.kubernetes.ClusterAccess;
import io.millpond.node.kubernetes.ClusterCare;
import io.millpond.node.kubernetes.ServiceCidrs;
import io.millpond.node.policy.NodePlacement;
import io.millpond.node.probe.ProbeServer;
import io.millpond.node.probe.ProbeState;
import io.millpond.node.settings.Settings;
import io.millpond.pool.PoolSummary;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The process: takes its turn, learns who it is, serves, and hands over or stops. */
public final class Daemon implements NodeView {
  private static final Logger log = LoggerFactory.getLogger(Daemon.class);

  /** Below the grace period that Kubernetes and systemd give by default. */
  private static final Duration LAST_REQUESTS = Duration.ofSeconds(20);

  /** How long the first pods wait for a silent API server. */
  private static final Duration SERVICE_CIDRS = Duration.ofSeconds(2);

  private final Settings settings;
  private final CloudAccess access;
  private final KernelAccess kernel;
  private final Metrics metrics;
  private final int user;
  private final CniInstallation installation;
  private final ClusterAccess.Found cluster;
  private final ServiceCidrs serviceCidrs;
  private final NodePlacement placement;
  private final ServiceSupervisor supervisor = ServiceSupervisor.ofThisProcess();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile String progress = "starting";
  private volatile boolean heir;
  private volatile @Nullable Preflight preflight;
  private volatile boolean stopping;
  private volatile @Nullable NodeCore core;
  private volatile String instance = "";
  private volatile @Nullable Turn turn;
  private volatile @Nullable NodeCore begun;
  private volatile @Nullable UnixServer socket;
  private volatile @Nullable CniServer plugins;
  private volatile @Nullable Spool kept;
  private volatile @Nullable AdminServer admin;
  private volatile @Nullable HttpFront http;
  private volatile @Nullable ProbeServer probe;
  private volatile @Nullable ClusterCare care;
  private volatile @Nullable ClusterWork work;

  /**
   * A daemon with these settings.
   *
   * @param user whose processes are served: root on a node
   * @param installation of the plugin, begun when the daemon serves
   * @param cluster that the node belongs to, if it does; the daemon closes it
   * @param serviceCidrs of the settings or of the cluster
   * @param placement where new ENIs are made, as the cluster says
   */
  public Daemon(
      Settings settings,
      CloudAccess access,
      KernelAccess kernel,
      Metrics metrics,
      int user,
      CniInstallation installation,
      ClusterAccess.Found cluster,
      ServiceCidrs serviceCidrs,
      NodePlacement placement) {
    this.settings = settings;
    this.access = access;
    this.kernel = kernel;
    this.metrics = metrics;
    this.user = user;
    this.installation = installation;
    this.cluster = cluster;
    this.serviceCidrs = serviceCidrs;
    this.placement = placement;
  }

  /**
   * Starts; returns when the daemon serves.
   *
   * @throws IOException if a socket, a port or the kernel cannot be used
   */
  public void start() throws IOException, InterruptedException {
    if (settings.daemon().probeSocket().isPresent()) {
      probe = ProbeServer.start(settings.daemon().probeSocket().get(), this::probed, user);
    }
    Path run = settings.daemon().runDir();
    UnixServer.prepareDirectory(run);
    Turn mine = Turn.take(run, this::standsBy);
    turn = mine;
    Preflight tried = preflight;
    if (tried != null) {
      tried.close();
    }
    progress = "it is asked which instance this is";
    long began = System.nanoTime();
    admin =
        AdminServer.start(
            run.resolve("admin.sock"),
            Map.of("pool", this::poolJson, "status", this::statusJson),
            user);
    http =
        HttpFront.start(
            settings.daemon().httpAddress(), settings.daemon().metricsAddress(), this, metrics);
    join();
    CloudAccess.Opened opened = open();
    CloudAccess.Identity identity = opened.identity();
    instance = identity.instanceId();
    NodeCore fresh = core(opened);
    begun = fresh;
    numbers(fresh);
    ClusterWork working = work;
    if (working != null) {
      working.steer(fresh);
    }
    fresh.start(this::waitingFor);
    progress = "the DELs that were kept are taking effect";
    ClusterCare caring = care;
    if (caring != null) {
      caring.awaitServiceCidrs(SERVICE_CIDRS);
    }
    serve(mine, identity, fresh);
    core = fresh;
    if (caring != null) {
      caring.serves(
          fresh.expectedPods(),
          fresh.notices(),
          () -> fresh.has(settings.kubernetes().readyAddresses()));
    }
    installation.start(() -> notReady().isEmpty());
    if (working != null) {
      working.serve(opened.cloud(), randomWord(), metrics);
    }
    tell("READY=1\nSTATUS=" + identity.instanceId() + " serves");
    log.info(
        "{} ({}) serves after {} ms: {}",
        identity.instanceId(),
        identity.instanceType(),
        (System.nanoTime() - began) / 1_000_000,
        PoolJson.counts(fresh.pool().snapshot().summary()));
  }

  /** Begins to talk to the cluster; nothing waits for it. */
  private void join() {
    switch (cluster) {
      case ClusterAccess.Usable(Cluster found) -> {
        log.info("this is the node {} of the cluster at {}", found.nodeName(), found.address());
        ClusterCare fresh = new ClusterCare(found, serviceCidrs, this::notReady);
        care = fresh;
        metrics.gauge(
            "millpond_pod_watch_age_seconds",
            "Since the API server last said anything of the node's pods.",
            () -> fresh.podsAge().toMillis() / 1000.0);
        fresh.start();
        ClusterWork working = new ClusterWork(settings, found, placement);
        work = working;
        working.start();
      }
      case ClusterAccess.NotUsed(String reason) -> log.info("Kubernetes is not used: {}", reason);
      case ClusterAccess.Unusable(String reason, String remedy) ->
          log.error("{}: {}", reason, remedy);
    }
  }

  private List<String> clusterFindings() {
    ClusterCare caring = care;
    ClusterWork working = work;
    if (caring != null && working != null) {
      return Stream.concat(caring.findings().stream(), working.findings().stream()).toList();
    }
    return cluster instanceof ClusterAccess.Unusable(String reason, String remedy)
        ? List.of(reason + "; " + remedy)
        : List.of();
  }

  private NodeCore core(CloudAccess.Opened opened) throws IOException {
    CloudAccess.Identity self = opened.identity();
    KernelAccess.Opened node =
        kernel.open(
            new NodeFacts(self.address(), direct(self), serviceCidrs, settings.network().mtu()));
    return new NodeCore(
        settings,
        new NodeCore.Node(opened.limits(), node.clock(), node.linkName(), randomWord()),
        opened.cloud(),
        node.host(),
        node.pods(),
        metrics);
  }

  /** What pods reach through their ENIs. */
  private List<Prefix> direct(CloudAccess.Identity self) {
    return Stream.concat(self.vpcCidrs().stream(), settings.network().extraRoutes().stream())
        .distinct()
        .toList();
  }

  private void serve(Turn mine, CloudAccess.Identity identity, NodeCore fresh)
      throws IOException, InterruptedException {
    Spool spool = new Spool(settings.daemon().runDir().resolve("spool"), fresh.deletePod());
    spool.drain();
    UnixServer listener =
        mine.listener().isPresent()
            ? mine.listener().get()
            : UnixServer.listen(settings.daemon().runDir().resolve("cni.sock"));
    CniServer server =
        new CniServer(
            new UnixPlugins(listener),
            new CniVerbs(fresh.verbs(), spool, direct(identity), metrics),
            CniServer.Limits.of(settings.daemon().maxConnections()),
            user);
    server.start();
    spool.keepDraining(settings.daemon().reconcilePeriod());
    socket = listener;
    plugins = server;
    kept = spool;
  }

  private synchronized void standsBy(boolean chosen) {
    heir = chosen;
    if (preflight == null) {
      preflight = Preflight.begin(access);
    }
    progress =
        chosen
            ? "another daemon serves this node and will hand over to this one"
            : "another daemon serves this node and has not chosen this one to follow";
  }

  /** What a probe is told. */
  private ProbeState probed() {
    if (stopping) {
      return new ProbeState(ProbeState.Phase.STOPPING, "");
    }
    if (sick().isPresent()) {
      return new ProbeState(ProbeState.Phase.SICK, sick().get());
    }
    if (core != null) {
      return new ProbeState(ProbeState.Phase.SERVING, notReady().orElse(""));
    }
    Preflight trial = preflight;
    if (turn != null || trial == null) {
      return new ProbeState(ProbeState.Phase.STARTING, progress);
    }
    if (!trial.passed()) {
      return new ProbeState(
          ProbeState.Phase.STARTING, progress + "; not ready to follow: " + trial.trouble());
    }
    return new ProbeState(heir ? ProbeState.Phase.STANDBY : ProbeState.Phase.STARTING, progress);
  }

  /** Whether another daemon waits to take over. */
  boolean hasStandby() {
    AdminServer administrator = admin;
    return administrator != null && administrator.hasStandby();
  }

  private void waitingFor(String what) {
    progress = what;
    log.warn("not ready: {}", what);
    tell("STATUS=not ready: " + what.replace('\n', ' '));
  }

  /** Who started this process need not be there to hear it. */
  private void tell(String state) {
    try {
      supervisor.tell(state);
    } catch (IOException e) {
      log.warn("the service manager was not told {}: {}", state, e.getMessage());
    }
  }

  private CloudAccess.Opened open() throws InterruptedException {
    while (true) {
      Duration pause;
      switch (access.open()) {
        case Cloud.Success<CloudAccess.Opened>(CloudAccess.Opened opened) -> {
          return opened;
        }
        case Cloud.Failure<CloudAccess.Opened> failure -> {
          waitingFor(failure.reason());
          pause = failure.retryAfter();
        }
      }
      // Nodes that started together do not ask together again.
      long jitter = ThreadLocalRandom.current().nextLong(pause.toMillis() / 2 + 1);
      Thread.sleep(pause.plusMillis(jitter));
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
    metrics.gauges(
        "millpond_pool_addresses",
        "Addresses by pool and state.",
        List.of("pool", "state"),
        () -> PoolJson.statesByPool(fresh.pool().snapshot()));
    metrics.gauges(
        "millpond_pool_enis",
        "ENIs by pool.",
        List.of("pool"),
        () -> PoolJson.byPool(fresh.pool().snapshot(), PoolSummary::enis));
    metrics.gauges(
        "millpond_pool_requests_waiting",
        "Requests that wait for an address, by pool.",
        List.of("pool"),
        () -> PoolJson.byPool(fresh.pool().snapshot(), PoolSummary::waiting));
    metrics.gauge(
        "millpond_findings",
        "What is wrong in the kernel and only an administrator can put right: see /v1/pool.",
        () -> findings().size());
    metrics.gauge(
        "millpond_requests_waiting",
        "Requests that wait for an address.",
        () -> fresh.pool().snapshot().summary().waiting());
    metrics.gauge(
        "millpond_pods_expected",
        "Pods that are bound to the node, need an address and have not asked for it.",
        () -> fresh.pool().snapshot().summary().expected());
    metrics.gauge(
        "millpond_network_namespaces_open",
        "Network namespaces that requests, healing and rehearsals hold open; 0 when nothing is"
            + " done.",
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
  public List<String> findings() {
    NodeCore running = core;
    return running == null
        ? List.of()
        : Stream.of(running.findings(), installation.findings(), clusterFindings())
            .flatMap(List::stream)
            .toList();
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
            findings(),
            running.attachments(),
            Optional.ofNullable(work),
            running.pool().now());
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
    stopping = true;
    tell("STOPPING=1");
    installation.close();
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
    // No plugin waits for the API server to answer, or to be given up.
    ClusterWork working = work;
    if (working != null) {
      working.close();
    }
    ClusterCare caring = care;
    if (caring != null) {
      caring.close();
    }
    Spool spool = kept;
    if (spool != null) {
      spool.close();
    }
    NodeCore running = begun;
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
    Turn mine = turn;
    if (mine != null) {
      mine.close();
    }
    ProbeServer probes = probe;
    if (probes != null) {
      probes.close();
    }
    stopped.countDown();
    log.info("stopped");
  }

  /** Waits for {@link #stop}. */
  public void awaitStop() throws InterruptedException {
    stopped.await();
  }
}
