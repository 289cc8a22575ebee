package io.millpond.node.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget;
import io.millpond.eni.CallObserver;
import io.millpond.eni.CloudEnis;
import io.millpond.eni.CloudSettings;
import io.millpond.eni.InstanceIdentity;
import io.millpond.eni.InstanceMetadata;
import io.millpond.node.cloud.Cloud;
import io.millpond.node.cloud.Ec2Cloud;
import io.millpond.node.http.Metrics;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.life.NodeCore;
import io.millpond.node.pods.Caller;
import io.millpond.node.settings.InvalidSettingsException;
import io.millpond.node.settings.Settings;
import io.millpond.node.settings.SettingsReader;
import io.millpond.node.testing.ManualClock;
import io.millpond.node.testing.ModelDatapath;
import io.millpond.node.testing.ModelKernel;
import io.millpond.pool.AllocationResult;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.PoolState;
import io.millpond.pool.PoolSummary;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import io.millpond.simulator.Simulator;
import io.millpond.simulator.SimulatorConfig;
import io.millpond.simulator.SimulatorConfig.InstanceConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.Ec2Client;

/**
 * A node whose daemons die: a model of its kernel, the simulator's EC2, and what the container
 * runtime knows of its pods. 3 ENIs of 3 addresses beside their own.
 */
final class CrashWorld implements AutoCloseable {
  /** As the real one. */
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);

  /** A pool that needs no configuration: the simulator's other subnet. */
  static final PoolName STORAGE_SUBNET = new PoolName("subnet-0a00000000000002a");

  private static final PoolLimits LIMITS = new PoolLimits(3, 4);
  private static final String REGION = "eu-central-1";

  /** How a daemon is built from its ports: tests put bugs in between. */
  interface Bugs {
    Bugs NONE = new Bugs() {};

    default HostNetwork host(HostNetwork host) {
      return host;
    }

    default PodNetwork pods(PodNetwork pods, Supplier<BootTime> clock) {
      return pods;
    }

    /** What the daemon hears of a caller. */
    default Caller caller(Caller caller) {
      return caller;
    }

    default Ec2Client ec2(Ec2Client ec2) {
      return ec2;
    }

    default Cloud cloud(Cloud cloud) {
      return cloud;
    }

    /** How long anything may take. */
    default Duration patience() {
      return Duration.ofSeconds(30);
    }
  }

  final ManualClock clock = new ManualClock();
  final ModelKernel kernel = new ModelKernel(clock);
  final Simulator aws;
  final PodRuntime pods;
  final Invariants invariants = new Invariants(this);
  private final Instant epoch = Instant.parse("2026-01-01T00:00:00Z");
  private final Bugs bugs;
  private final Map<String, String> environment;
  private final Duration callTimeout;
  private volatile Life life = new Life();
  private volatile @Nullable NodeCore core;
  private volatile @Nullable CloudEnis enis;
  private final Set<IpAddress> taken = new ConcurrentSkipListSet<>();
  private int runs;

  CrashWorld(Bugs bugs) {
    this(bugs, Map.of(), CALL_TIMEOUT);
  }

  CrashWorld(Bugs bugs, Map<String, String> settings, Duration callTimeout) {
    this.bugs = bugs;
    this.callTimeout = callTimeout;
    this.pods = new PodRuntime(this, bugs::caller);
    kernel.allLinksArePluggedIn();
    aws = Simulator.start(SimulatorConfig.standard().withInstances(List.of()).withHosts(List.of()));
    aws.launch(InstanceConfig.of("node", "t3.small", "subnet-0a00000000000001a"));
    environment = new HashMap<>(Map.of("WARM_IP_TARGET", "1", "MINIMUM_IP_TARGET", "3"));
    environment.putAll(settings);
    environment.put("AWS_ENDPOINT_URL_EC2", aws.ec2Endpoint().toString());
    environment.put("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.imdsEndpoint("node").toString());
  }

  Life life() {
    return life;
  }

  NodeCore core() {
    return Objects.requireNonNull(core, "no daemon has been started");
  }

  // The daemon.

  /** A fresh daemon; the supervisor starts another if it cannot start. */
  void boot() throws InterruptedException {
    boot(new Life());
  }

  void boot(Life fresh) throws InterruptedException {
    life = fresh;
    for (int attempt = 1; ; attempt++) {
      wire();
      try {
        core().start(_ -> {});
        invariants.checkRecord();
        return;
      } catch (IOException e) {
        assertThat(attempt).as("starts in vain; the last ended with %s", e).isLessThan(4);
        stop();
      }
    }
  }

  private void wire() {
    try {
      Settings settings = SettingsReader.read(Path.of("/nonexistent"), environment);
      InstanceMetadata metadata =
          new InstanceMetadata(settings.cloud().metadataEndpoint(), Duration.ofSeconds(5));
      InstanceIdentity self = metadata.identity();
      CloudSettings forEnis =
          new CloudSettings(
              settings.cloud().ec2Endpoint(),
              Optional.empty(),
              "",
              List.of(),
              List.of(),
              Map.of(),
              Duration.ofSeconds(10));
      CloudEnis cloud =
          new CloudEnis(
              bugs.ec2(
                  MortalEc2.client(
                      aws.ec2Endpoint(),
                      self.region(),
                      callTimeout,
                      life,
                      invariants::lookForDestruction)),
              new CallBudget(() -> clock.get().millis() * 1_000_000),
              self,
              metadata.subnets(),
              forEnis,
              wall(),
              clock::advance,
              CallObserver.NONE);
      enis = cloud;
      ModelDatapath datapath = kernel.datapath(life);
      NodeCore.Node node = new NodeCore.Node(LIMITS, clock, ModelKernel::linkName, "run" + runs++);
      core =
          new NodeCore(
              settings,
              node,
              bugs.cloud(new Ec2Cloud(cloud, metadata)),
              bugs.host(datapath),
              bugs.pods(datapath, clock),
              new Metrics());
    } catch (InvalidSettingsException | IOException e) {
      throw new AssertionError("a daemon that cannot be wired", e);
    }
  }

  private Clock wall() {
    InstantSource now = () -> epoch.plusMillis(clock.get().millis());
    return now.withZone(ZoneOffset.UTC);
  }

  /** The life of the daemon that boots next. */
  Life nextLife() {
    life = new Life();
    return life;
  }

  /** The daemon's process ends, at whatever point it is. */
  void die() {
    life.kill();
    stop();
  }

  private void stop() {
    NodeCore daemon = core;
    if (daemon != null) {
      daemon.close();
    }
    CloudEnis cloud = enis;
    if (cloud != null) {
      cloud.close();
    }
  }

  // The world outside.

  /** Slaves of someone else's take every free address. */
  void holdFree() {
    pool()
        .enis()
        .forEach(
            (id, eni) ->
                eni.addresses().values().stream()
                    .filter(address -> address.usable())
                    .forEach(address -> kernel.alienSlave(id, address.ip())));
  }

  /** And give them up. */
  void letGo() {
    kernel.slaves().stream()
        .filter(slave -> slave.netnsInode() == ModelKernel.ALIEN)
        .forEach(slave -> slave.address().ifPresent(kernel::removeSlave));
  }

  /** Somebody takes the pod's address away in EC2. */
  void takeAway(String pod) {
    AllocationResult.Granted held = pool().heldBy(PodRuntime.key(pod)).orElseThrow();
    taken.add(held.address());
    try (Ec2Client somebody =
        MortalEc2.client(aws.ec2Endpoint(), REGION, CALL_TIMEOUT, new Life(), () -> {})) {
      var _ =
          somebody.unassignPrivateIpAddresses(
              request ->
                  request
                      .networkInterfaceId(held.eni().value())
                      .privateIpAddresses(held.address().toString()));
    }
  }

  /** The addresses that somebody took away. */
  Set<IpAddress> taken() {
    return Set.copyOf(taken);
  }

  // Time.

  PoolState pool() {
    return core().pool().snapshot();
  }

  PoolSummary counts() {
    return pool().summary();
  }

  /** When the patience of whoever begins to wait now is over, by {@link System#nanoTime}. */
  long deadline() {
    return System.nanoTime() + bugs.patience().toNanos();
  }

  /** Time passes until the condition holds. */
  void pass(Duration each, BooleanSupplier condition) throws InterruptedException {
    pass(() -> "the condition holds", each, condition);
  }

  /**
   * Time passes until the condition holds.
   *
   * @param what what was waited for, should it be in vain
   */
  void pass(Supplier<String> what, Duration each, BooleanSupplier condition)
      throws InterruptedException {
    long end = deadline();
    while (!condition.getAsBoolean()) {
      if (life.dead()) {
        throw new Life.Death();
      }
      assertThat(System.nanoTime())
          .as("%s, in vain: %s%n%s", what.get(), pool(), aws.interfaces())
          .isLessThan(end);
      pass(each);
    }
  }

  /** Time passes. */
  void pass(Duration time) throws InterruptedException {
    clock.advance(time);
    var _ = core().pool().apply(new PoolEvent.Tick(core().pool().policy(), clock.get()));
    Thread.sleep(10);
  }

  /** Nothing is in flight or unknown, and the pool has what it wants. */
  boolean calm() {
    PoolState state = pool();
    PoolSummary sum = state.summary(PoolName.DEFAULT);
    return state.inFlight().isEmpty()
        && !state.needsObservation()
        && (sum.free() >= 1 || full(state))
        && sum.total() >= 3
        && !life.busy();
  }

  /** Whether the default pool can have no more addresses. */
  private static boolean full(PoolState state) {
    PoolSummary sum = state.summary(PoolName.DEFAULT);
    return state.summary().enis() == LIMITS.maxEnis()
        && sum.owned() == sum.enis() * LIMITS.slotsPerEni();
  }

  /** Calm, and what an earlier run left was looked for. */
  void warm() throws InterruptedException {
    boot();
    pass(Duration.ZERO, () -> calm() && describes() >= 2);
  }

  /** A daemon that runs and is warm, and one pod on the primary ENI. */
  void withOnePod() throws InterruptedException {
    warm();
    pods.addedInTurn("o");
  }

  private long describes() {
    return aws.conditions().calls().count("DescribeNetworkInterfaces");
  }

  /** All pods are gone and everything has come to rest. */
  boolean atRest() {
    PoolSummary sum = counts();
    return calm()
        && sum.total() == 3
        && sum.free() == 3
        && pool().surpluses().isEmpty()
        && sum.enis() == aws.interfaces().size()
        && kernel.routes().size() == 3;
  }

  /**
   * Whatever the fault left, the runtime's next requests succeed, and once all pods are gone
   * nothing is left of anything.
   */
  void comesToRest() throws InterruptedException {
    letGo();
    pods.crowd();
    invariants.checkOwners();
    for (String pod : pods.unclear()) {
      pods.deleted(pod);
      invariants.checkOwners();
      pods.awaitAdded(pod);
      invariants.checkOwners();
    }
    pass(() -> "is owed: " + invariants.owed(), Duration.ofSeconds(5), () -> calm() && madeUpFor());
    invariants.checkOwners();
    invariants.checkPool();
    for (String pod : pods.running().keySet()) {
      pods.deleted(pod);
    }
    invariants.checkOwners();
    invariants.checkNothingIsLeftOfPods();
    pass(
        () -> "everything rests; is owed: " + invariants.owed(),
        Duration.ofSeconds(10),
        this::atRest);
    invariants.checkOwners();
    invariants.checkPool();
    invariants.checkNothingIsLeftOfPods();
    theNextDaemonKnows();
  }

  /** A pod that stays, and since when the address of one that went rests. */
  private void theNextDaemonKnows() throws InterruptedException {
    pods.added("stays");
    pods.added("goes");
    pods.deleted("goes");
    die();
    boot();
    invariants.checkOwners();
  }

  private boolean madeUpFor() {
    kernel.stir();
    return invariants.owed().isEmpty();
  }

  @Override
  public void close() {
    try {
      stop();
    } finally {
      aws.close();
    }
  }
}
