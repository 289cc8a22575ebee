package io.millpond.node.life;

import io.millpond.node.cloud.Cloud;
import io.millpond.node.cloud.CloudViews;
import io.millpond.node.cloud.CloudWork;
import io.millpond.node.cloud.EniPlaces;
import io.millpond.node.http.Metrics;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.pods.AddPod;
import io.millpond.node.pods.AskReadiness;
import io.millpond.node.pods.Attachments;
import io.millpond.node.pods.CheckPod;
import io.millpond.node.pods.CollectGarbage;
import io.millpond.node.pods.DeletePod;
import io.millpond.node.pods.ExpectedPods;
import io.millpond.node.pods.HealPods;
import io.millpond.node.pods.KeyLanes;
import io.millpond.node.pods.PodNotices;
import io.millpond.node.pods.PodVerbs;
import io.millpond.node.pods.PoolWish;
import io.millpond.node.pods.Readiness;
import io.millpond.node.settings.Settings;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.PoolAction;
import io.millpond.pool.PoolEni;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.PoolPolicy;
import io.millpond.pool.PoolState;
import io.millpond.pool.PoolSummary;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The daemon without its listeners: pool, EC2 work, pods and care, wired over ports. A process has
 * one; a test makes as many after one another as it crashes.
 */
public final class NodeCore implements AutoCloseable {
  /** Below the 60 s that the plugin waits for an ADD. */
  private static final Duration LAST_REQUESTS = Duration.ofSeconds(50);

  private static final Duration LONGEST_REHEARSAL = Duration.ofSeconds(10);

  private final PoolLimits limits;
  private final boolean customNetwork;

  /** The first action that is ordered after the place of new ENIs has changed. */
  private volatile long placedFrom;

  private final HostNetwork host;
  private final Supplier<BootTime> clock;
  private final WarmPool pool;
  private final CloudWork work;
  private final StartUp startUp;
  private final KernelCare kernelCare;
  private final CloudCare cloudCare;
  private final KeyLanes lanes = new KeyLanes();
  private final Attachments attachments;
  private final ExpectedPods expectedPods;
  private final PodNotices notices = new PodNotices();
  private final AddPod addPod;
  private final DeletePod deletePod;
  private final CheckPod checkPod;
  private final Rehearsals rehearsals;
  private final CollectGarbage collectGarbage;
  private final AskReadiness askReadiness;
  private Optional<AutoCloseable> watch = Optional.empty();

  /**
   * What a node is.
   *
   * @param limits what its instance type allows
   * @param clock time since boot
   * @param linkName the host veth's name for a key
   * @param run a random word for this run
   */
  public record Node(
      PoolLimits limits,
      Supplier<BootTime> clock,
      Function<AttachmentKey, String> linkName,
      String run) {}

  /** Wires everything; nothing runs before {@link #start}. */
  public NodeCore(
      Settings settings,
      Node node,
      Cloud cloud,
      HostNetwork host,
      PodNetwork pods,
      Metrics metrics) {
    this.limits = node.limits();
    this.customNetwork = settings.cloud().customNetwork();
    this.host = host;
    this.clock = node.clock();
    this.rehearsals = new Rehearsals(host);
    EniPlaces places = new EniPlaces();
    CloudViews views = new CloudViews(host, places);
    this.attachments = new Attachments(node.linkName());
    this.pool =
        new WarmPool(
            PoolState.empty(node.limits(), node.run()),
            policy(settings, node.limits()),
            clock,
            this::begin);
    this.work =
        new CloudWork(
            cloud, host, places, clock, this::addressesOf, this::report, this::leftBehind);
    this.startUp = new StartUp(cloud, views, host, attachments, clock);
    this.kernelCare =
        new KernelCare(
            host,
            rehearsals,
            places,
            attachments,
            lanes,
            pool,
            new HealPods(pool, pods, places, attachments, lanes, settings, metrics),
            metrics,
            settings.daemon().reconcilePeriod());
    this.cloudCare =
        new CloudCare(cloud, views, pool, settings.cloud().checkPeriod(), kernelCare::lookAgain);
    this.expectedPods = new ExpectedPods(pool, attachments);
    this.addPod =
        new AddPod(
            pool,
            expectedPods,
            notices,
            cloud::check,
            pods,
            places,
            attachments,
            lanes,
            settings,
            metrics);
    this.deletePod = new DeletePod(pool, pods, attachments, lanes);
    this.checkPod = new CheckPod(pool, pods, places, attachments, lanes, settings);
    this.collectGarbage =
        new CollectGarbage(pool, host, attachments, lanes, deletePod, node.linkName());
    this.askReadiness = new AskReadiness(pool, settings, rehearsals::failure);
  }

  private void begin(PoolAction action, boolean podWaits) {
    work.start(action, podWaits);
  }

  private Set<IpAddress> addressesOf(EniId eni) {
    PoolEni known = pool.snapshot().enis().get(eni);
    return known == null ? Set.of() : known.addresses().keySet();
  }

  private void leftBehind() {
    cloudCare.leftBehind();
  }

  private void report(PoolEvent event) {
    // Such as one that was under way to the former place: why it failed counts no more.
    boolean outdated =
        event instanceof PoolEvent.ActionFailed failed && failed.actionId() < placedFrom;
    var applied = pool.apply(event);
    if (outdated) {
      reconsiderGrowth();
    }
    applied.exceptionally(
        _ -> {
          kernelCare.lookAgain();
          return pool.snapshot();
        });
    kernelCare.lookAgain();
  }

  /** From now on the pool keeps what these settings say. */
  public void adopt(Settings.Pool other) {
    pool.adopt(policy(other, customNetwork, limits).withPools(pool.policy().pools()));
  }

  /** Where ENIs of the default pool are made is another place now: growth is tried at once. */
  public void placedElsewhere() {
    placedFrom = pool.snapshot().nextAction();
    reconsiderGrowth();
  }

  private void reconsiderGrowth() {
    var _ = pool.apply(new PoolEvent.GrowthReconsidered(PoolName.DEFAULT, clock.get()));
  }

  static PoolPolicy policy(Settings settings, PoolLimits limits) {
    Map<PoolName, PoolPolicy.Warmth> others = new TreeMap<>();
    settings
        .cloud()
        .pools()
        .forEach(
            (name, pool) ->
                others.put(
                    name, new PoolPolicy.Warmth(pool.warmIpTarget(), pool.minimumIpTarget())));
    return policy(settings.pool(), settings.cloud().customNetwork(), limits).withPools(others);
  }

  /**
   * What the pool is told of the settings.
   *
   * @param customNetwork whether the primary ENI, which is not where the ENIConfig says, is the
   *     node's alone
   */
  static PoolPolicy policy(Settings.Pool pool, boolean customNetwork, PoolLimits limits) {
    int maxEni = pool.maxEni() == 0 ? limits.maxEnis() : Math.min(pool.maxEni(), limits.maxEnis());
    int maxPods = pool.maxPods() == 0 ? limits.maxEnis() * limits.slotsPerEni() : pool.maxPods();
    return new PoolPolicy(
        pool.warmEniTarget(),
        optional(pool.warmIpTarget()),
        optional(pool.minimumIpTarget()),
        maxEni,
        Math.max(1, maxPods),
        pool.firstEni() == 0 && !customNetwork,
        pool.cooldown(),
        pool.releaseDelay());
  }

  /** EKS manifests write 0 for "not set" (amazon-vpc-cni-k8s: noWarmIPTarget). */
  private static OptionalInt optional(Optional<Integer> value) {
    return value.filter(target -> target > 0).map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }

  /**
   * Learns what there is and begins to care for it. Requests may come from now on.
   *
   * @param progress hears why it takes time
   * @throws IOException if the kernel does not answer
   */
  public void start(Consumer<String> progress) throws IOException, InterruptedException {
    // While EC2 is asked. A kernel that does not answer is seen by whoever asks whether we are
    // ready.
    Thread rehearsal = Thread.ofPlatform().daemon().name("rehearsal").start(rehearsals::judge);
    PoolEvent.Started started = startUp.look(progress);
    boolean _ = rehearsal.join(LONGEST_REHEARSAL);
    pool.start();
    pool.apply(started).join();
    // What has rested long enough is free from the first moment on.
    pool.apply(new PoolEvent.Tick(pool.policy(), clock.get())).join();
    watch = Optional.of(host.watch(kernelCare));
    kernelCare.start();
    kernelCare.lookAgain();
    cloudCare.start();
  }

  /** All of what is done for pods, for whoever serves plugins. */
  public PodVerbs verbs() {
    return new PodVerbs(addPod, deletePod, checkPod, collectGarbage, askReadiness::of);
  }

  /** ADD. */
  public AddPod addPod() {
    return addPod;
  }

  /** DEL. */
  public DeletePod deletePod() {
    return deletePod;
  }

  /** CHECK. */
  public CheckPod checkPod() {
    return checkPod;
  }

  /** GC. */
  public CollectGarbage collectGarbage() {
    return collectGarbage;
  }

  /** STATUS of the default pool: from the snapshot, without waiting for anything. */
  public Readiness readiness() {
    return askReadiness.of(PoolWish.NONE);
  }

  /** What is wrong in the kernel and cannot be put right by the daemon, with remedies. */
  public List<String> findings() {
    return kernelCare.findings();
  }

  /** Pods that are bound to the node, for whoever hears of them. */
  public ExpectedPods expectedPods() {
    return expectedPods;
  }

  /** What owners of pods should hear, for whoever tells them. */
  public PodNotices notices() {
    return notices;
  }

  /**
   * Whether the default pool has so many addresses that are in use or could be, or all that it may
   * have where that is less.
   */
  public boolean has(int addresses) {
    PoolPolicy policy = pool.policy();
    int enis = policy.maxEni() - (policy.firstEniForPods() ? 0 : 1);
    int most = Math.min(policy.maxPods(), enis * pool.snapshot().limits().slotsPerEni());
    PoolSummary sum = pool.snapshot().summary(PoolName.DEFAULT);
    return sum.owned() + sum.free() >= Math.min(addresses, most);
  }

  /** The pool, for pages and tests. */
  public WarmPool pool() {
    return pool;
  }

  /** What is known of pods, for pages. */
  public Attachments attachments() {
    return attachments;
  }

  /**
   * Waits until no request is being worked on; whoever calls this has stopped to accept new ones.
   */
  public boolean awaitIdle() throws InterruptedException {
    return lanes.awaitIdle(LAST_REQUESTS);
  }

  /** Stops the threads. Pods, links and ENIs stay as they are. */
  @Override
  public void close() {
    cloudCare.close();
    kernelCare.close();
    watch.ifPresent(NodeCore::closeQuietly);
    // First the pool, so that nothing is ordered of work that has ended.
    pool.close();
    work.close();
  }

  private static void closeQuietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception e) {
      org.slf4j.LoggerFactory.getLogger(NodeCore.class).warn("the watch of links did not close", e);
    }
  }
}
