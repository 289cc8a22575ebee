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
import io.millpond.node.kernel.KernelView;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.life.NodeCore;
import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.Caller;
import io.millpond.node.pods.DeletePod;
import io.millpond.node.pods.PodRequest;
import io.millpond.node.settings.InvalidSettingsException;
import io.millpond.node.settings.Settings;
import io.millpond.node.settings.SettingsReader;
import io.millpond.node.testing.ManualClock;
import io.millpond.node.testing.ModelDatapath;
import io.millpond.node.testing.ModelKernel;
import io.millpond.pool.AddressState;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.PoolState;
import io.millpond.pool.PoolSummary;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.simulator.Simulator;
import io.millpond.simulator.SimulatorConfig;
import io.millpond.simulator.SimulatorConfig.InstanceConfig;
import io.millpond.simulator.model.NetworkInterface;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A node whose daemons die: a model of its kernel, the simulator's EC2, and what the container
 * runtime knows of its pods. 3 ENIs of 3 addresses beside their own.
 */
final class CrashWorld implements AutoCloseable {
  /** A tenth of the real one, as all of the weather. */
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(1);

  private static final Duration COOLDOWN = Duration.ofSeconds(30);

  /** How a daemon is built from its ports: tests put bugs in between. */
  interface Bugs {
    Bugs NONE = new Bugs() {};

    default HostNetwork host(HostNetwork host) {
      return host;
    }

    default PodNetwork pods(PodNetwork pods) {
      return pods;
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
  private final Instant epoch = Instant.parse("2026-01-01T00:00:00Z");
  private final Bugs bugs;
  private final Map<String, IpAddress> running = new ConcurrentHashMap<>();
  private final Set<String> unclear = new ConcurrentSkipListSet<>();
  private final Set<String> violations = new ConcurrentSkipListSet<>();
  private final Map<String, String> environment;
  private volatile Life life = new Life();
  private volatile @Nullable NodeCore core;
  private volatile @Nullable CloudEnis enis;
  private int runs;

  CrashWorld(Bugs bugs, Map<String, String> settings) {
    this.bugs = bugs;
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
              MortalEc2.client(
                  aws.ec2Endpoint(), self.region(), CALL_TIMEOUT, life, this::lookForDestruction),
              new CallBudget(() -> clock.get().millis() * 1_000_000),
              self,
              metadata.subnets(),
              forEnis,
              wall(),
              clock::advance,
              CallObserver.NONE);
      enis = cloud;
      ModelDatapath datapath = kernel.datapath(life);
      NodeCore.Node node =
          new NodeCore.Node(new PoolLimits(3, 4), clock, ModelKernel::linkName, "run" + runs++);
      core =
          new NodeCore(
              settings,
              node,
              bugs.cloud(new Ec2Cloud(cloud, metadata)),
              bugs.host(datapath),
              bugs.pods(datapath),
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

  // The container runtime.

  static AttachmentKey key(String pod) {
    return new AttachmentKey("millpond", pod, "eth0");
  }

  static long inode(String pod) {
    return 1000L + pod.charAt(0);
  }

  /** ADD; what becomes of it is noted. */
  AddOutcome add(String pod) throws InterruptedException {
    return add(pod, Caller.PATIENT);
  }

  AddOutcome add(String pod, Caller caller) throws InterruptedException {
    unclear.add(pod);
    AddOutcome outcome =
        core()
            .addPod()
            .add(
                new PodRequest(key(pod), "default/" + pod, OptionalInt.empty(), List.of()),
                ModelKernel.netns(inode(pod)),
                caller);
    if (outcome instanceof AddOutcome.Added added) {
      running.put(pod, added.plan().address());
      unclear.remove(pod);
    }
    return outcome;
  }

  void added(String pod) throws InterruptedException {
    assertThat(add(pod)).isInstanceOf(AddOutcome.Added.class);
  }

  /** DEL; what becomes of it is noted. */
  DeletePod.Outcome delete(String pod) throws InterruptedException {
    running.remove(pod);
    unclear.add(pod);
    DeletePod.Outcome outcome =
        core().deletePod().delete(key(pod), Optional.of(ModelKernel.netns(inode(pod))));
    if (outcome instanceof DeletePod.Gone) {
      unclear.remove(pod);
    }
    return outcome;
  }

  void deleted(String pod) throws InterruptedException {
    assertThat(delete(pod)).isEqualTo(new DeletePod.Gone());
  }

  /** The pod's namespace ends without a DEL. */
  void dies(String pod) {
    running.remove(pod);
    kernel.killNamespace(inode(pod));
  }

  /** Somebody deletes the pod's veth; nobody can keep it running. */
  void loses(String pod) {
    running.remove(pod);
    kernel.deleteVeth(key(pod));
  }

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

  // Time.

  PoolState pool() {
    return core().pool().snapshot();
  }

  PoolSummary counts() {
    return pool().summary();
  }

  /** Time passes until the condition holds. */
  void pass(Duration each, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + bugs.patience().toNanos();
    while (!condition.getAsBoolean()) {
      if (life.dead()) {
        throw new Life.Death();
      }
      assertThat(System.nanoTime()).as("%s\n%s", pool(), aws.interfaces()).isLessThan(end);
      clock.advance(each);
      turn();
      Thread.sleep(10);
    }
  }

  private void turn() {
    var _ = core().pool().apply(new PoolEvent.Tick(core().pool().policy(), clock.get()));
  }

  /** Nothing is in flight or unknown, and the pool has what it wants. */
  boolean calm() {
    PoolState state = pool();
    PoolSummary sum = state.summary();
    return state.inFlight().isEmpty()
        && !state.needsObservation()
        && sum.free() >= 1
        && sum.total() >= 3
        && !life.busy();
  }

  /** Calm, and what an earlier run left was looked for. */
  void warm() throws InterruptedException {
    boot();
    pass(Duration.ZERO, () -> calm() && describes() >= 2);
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
        && pool().surplus() == null
        && sum.enis() == aws.interfaces().size()
        && kernel.routes().size() == 3;
  }

  // What must hold.

  /** After every call to EC2: no address of a living pod, and none with a route, has gone. */
  private void lookForDestruction() {
    Set<IpAddress> ours = addressesInEc2();
    for (ModelKernel.Slave slave : kernel.slaves()) {
      slave
          .address()
          .filter(address -> slave.up() && !ours.contains(address))
          .ifPresent(address -> violations.add("EC2 lost " + address + " under a pod"));
    }
    for (IpAddress address : kernel.routes().keySet()) {
      if (!ours.contains(address) && !addressesInEc2().contains(address)) {
        violations.add("EC2 lost " + address + " while it had a pool route");
      }
    }
  }

  private Set<IpAddress> addressesInEc2() {
    Set<IpAddress> all = new TreeSet<>();
    for (NetworkInterface eni : aws.interfaces()) {
      if (eni.attachment() != null) {
        eni.addresses().stream()
            .skip(1)
            .forEach(address -> all.add(IpAddress.parse(address.toString())));
      }
    }
    return all;
  }

  private Set<IpAddress> addressesInPool() {
    Set<IpAddress> all = new TreeSet<>();
    pool().enis().values().forEach(eni -> all.addAll(eni.addresses().keySet()));
    return all;
  }

  /** At any moment between two requests: whose addresses are whose. */
  void checkOwners() {
    assertThat(violations).isEmpty();
    Map<IpAddress, AttachmentKey> owned = new TreeMap<>();
    pool()
        .enis()
        .values()
        .forEach(
            eni ->
                eni.addresses()
                    .values()
                    .forEach(
                        address -> {
                          if (address.assigned()
                              && address.state().key() != null
                              && owned.put(address.ip(), address.state().key()) != null) {
                            throw new AssertionError("two owners of " + address.ip());
                          }
                        }));
    Map<IpAddress, AttachmentKey> attached = new TreeMap<>();
    for (KernelView.Seen seen : kernel.datapath().look().attachments()) {
      assertThat(attached.put(seen.address(), seen.key())).as("two veths for one address").isNull();
    }
    assertThat(owned).as("the kernel's owners are the pool's").containsAllEntriesOf(attached);
    owned.keySet().removeAll(attached.keySet());
    unclear.forEach(pod -> owned.values().remove(key(pod)));
    assertThat(owned).as("without a veth only those stay owners whose DEL or ADD failed").isEmpty();
    Set<IpAddress> held = new HashSet<>();
    for (ModelKernel.Slave slave : kernel.slaves()) {
      if (slave.netnsInode() == ModelKernel.ALIEN) {
        continue;
      }
      IpAddress address = slave.address().orElseThrow(() -> new AssertionError("bare " + slave));
      assertThat(held.add(address)).as("two slaves with %s", address).isTrue();
      assertThat(pool().address(address))
          .as("an address with a slave is nobody else's")
          .hasValueSatisfying(
              known ->
                  assertThat(known.state())
                      .isInstanceOfAny(
                          AddressState.Owned.class,
                          AddressState.Frozen.class,
                          AddressState.Quarantined.class));
    }
    running.forEach(
        (pod, address) -> {
          assertThat(kernel.addressOf(key(pod))).as("veth of %s", pod).contains(address);
          assertThat(held).as("slave of %s", pod).contains(address);
          assertThat(attached).as("owner %s", pod).containsEntry(address, key(pod));
          assertThat(kernel.routes()).containsEntry(address, new KernelView.InUse());
        });
    assertThat(kernel.shortestRest()).as("cooldown").isGreaterThan(COOLDOWN.minusSeconds(1));
  }

  /** Once nothing is in flight: the six states are the pool, the pool is what EC2 says. */
  void checkPool() {
    assertThat(violations).isEmpty();
    assertThat(addressesInPool()).as("the pool is what EC2 says").isEqualTo(addressesInEc2());
    assertThat(counts().total()).isEqualTo(addressesInEc2().size());
    assertThat(kernel.routes().keySet()).as("pool routes").isEqualTo(addressesInEc2());
    assertThat(aws.interfaces())
        .as("no ENI is leaked")
        .allSatisfy(
            eni ->
                assertThat(eni.attachment())
                    .isNotNull()
                    .matches(attachment -> attachment.deleteOnTermination()));
    // Time that jumps looks like a loop that stands still; a loop that failed is another matter.
    assertThat(core().pool().sick().orElse("")).doesNotContain("failed");
  }

  /**
   * Whatever the fault left, the runtime's next requests succeed, and once all pods are gone
   * nothing is left of anything.
   */
  void comesToRest() throws InterruptedException {
    letGo();
    for (String pod : List.copyOf(unclear)) {
      deleted(pod);
      checkOwners();
      awaitAdded(pod);
      checkOwners();
    }
    pass(Duration.ofSeconds(5), () -> calm() && noneIsOwed());
    checkOwners();
    checkPool();
    for (String pod : List.copyOf(running.keySet())) {
      deleted(pod);
    }
    checkOwners();
    assertThat(kernel.vethCount()).as("veths").isZero();
    assertThat(kernel.ruledNamespaces()).as("rules in namespaces").isEmpty();
    pass(Duration.ofSeconds(10), this::atRest);
    checkOwners();
    checkPool();
    assertThat(kernel.slaves()).isEmpty();
  }

  /** What a failed step owes is made up for by itself. */
  private boolean noneIsOwed() {
    return aws.interfaces().stream()
            .allMatch(eni -> eni.attachment() != null && eni.attachment().deleteOnTermination())
        && kernel.routes().keySet().equals(addressesInEc2());
  }

  /** The runtime tries until there is an address. */
  void awaitAdded(String pod) throws InterruptedException {
    long end = System.nanoTime() + bugs.patience().toNanos();
    while (!(add(pod) instanceof AddOutcome.Added)) {
      assertThat(System.nanoTime()).as("ADD of %s: %s", pod, counts()).isLessThan(end);
      deleted(pod);
      clock.advance(Duration.ofSeconds(5));
      turn();
      Thread.sleep(10);
    }
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
