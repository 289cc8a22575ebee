package io.millpond.node.testing;

import static org.awaitility.Awaitility.await;

import io.millpond.node.http.Metrics;
import io.millpond.node.life.NodeCore;
import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.Caller;
import io.millpond.node.pods.DeletePod;
import io.millpond.node.pods.PodRequest;
import io.millpond.node.pods.PoolWish;
import io.millpond.node.settings.Settings;
import io.millpond.node.settings.SettingsReader;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.PoolState;
import io.millpond.pool.PoolSummary;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * A node whose daemon can be stopped and started again over the same kernel and EC2: 3 ENIs of 4
 * addresses.
 */
public final class TestNode implements AutoCloseable {
  /** How long anything in these tests may take. */
  public static final Duration SOON = Duration.ofSeconds(10);

  public final ManualClock clock = new ManualClock();
  public final ModelKernel kernel = new ModelKernel(clock);
  public final ModelCloud cloud = new ModelCloud(kernel);
  private final Settings settings;
  private NodeCore core;
  private volatile Steps steps = Steps.FREE;
  private int runs;

  /** A node with these settings in its environment; its daemon runs. */
  public TestNode(String... namesAndValues) {
    Map<String, String> environment =
        new HashMap<>(Map.of("WARM_IP_TARGET", "2", "MILLPOND_ADD_WAIT", "5s"));
    for (int i = 0; i < namesAndValues.length; i += 2) {
      environment.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    try {
      settings = SettingsReader.read(Path.of("/nonexistent/millpond.yaml"), environment);
    } catch (io.millpond.node.settings.InvalidSettingsException e) {
      throw new IllegalArgumentException("settings of a test", e);
    }
    core = fresh();
  }

  private NodeCore fresh() {
    NodeCore.Node node =
        new NodeCore.Node(new PoolLimits(3, 4), clock, ModelKernel::linkName, "run" + runs++);
    ModelDatapath datapath = kernel.datapath((name, effect) -> steps.take(name, effect));
    NodeMutant mutant = NodeMutant.current();
    return new NodeCore(
        settings,
        node,
        cloud,
        mutant.hostOf(datapath),
        mutant.podsOf(datapath, kernel),
        new Metrics());
  }

  /** Who hears of the steps in the kernel from now on, and may make them fail. */
  public void steps(Steps now) {
    steps = now;
  }

  /** Starts the daemon. */
  public TestNode start() {
    try {
      core.start(_ -> {});
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return this;
  }

  /** Starts the daemon and waits until two addresses are free. */
  public TestNode warm() {
    start();
    awaitPool(sum -> sum.free() >= 2);
    return this;
  }

  /** The daemon is gone; kernel and EC2 stay. */
  public void stop() {
    core.close();
  }

  /** Another daemon over the same kernel and EC2. */
  public TestNode restart() {
    stop();
    core = fresh();
    return start();
  }

  public NodeCore core() {
    return core;
  }

  public PoolState pool() {
    return core.pool().snapshot();
  }

  public PoolSummary counts() {
    return pool().summary();
  }

  /** Waits for counts. */
  public void awaitPool(Predicate<PoolSummary> condition) {
    await().atMost(SOON).pollInterval(Duration.ofMillis(5)).until(() -> condition.test(counts()));
  }

  public static AttachmentKey key(String container) {
    return new AttachmentKey("millpond", container, "eth0");
  }

  public AddOutcome add(String container, long inode) {
    return add(container, inode, Caller.PATIENT);
  }

  public AddOutcome add(String container, long inode, Caller caller) {
    return add(container, inode, PoolWish.NONE, caller);
  }

  /** An ADD into a pool. */
  public AddOutcome add(String container, long inode, PoolWish pool) {
    return add(container, inode, pool, Caller.PATIENT);
  }

  private AddOutcome add(String container, long inode, PoolWish pool, Caller caller) {
    try {
      return core.addPod()
          .add(
              new PodRequest(
                  key(container),
                  "default/" + container,
                  OptionalInt.empty(),
                  List.of(),
                  PodDemands.NONE,
                  pool),
              ModelKernel.netns(inode),
              caller);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** An ADD that must succeed: its address. */
  public IpAddress added(String container, long inode) {
    return added(container, inode, PoolWish.NONE);
  }

  /** An ADD into a pool that must succeed: its address. */
  public IpAddress added(String container, long inode, PoolWish pool) {
    return switch (add(container, inode, pool)) {
      case AddOutcome.Added added -> added.plan().address();
      case AddOutcome other ->
          throw new AssertionError("ADD of " + container + " ended so: " + other);
    };
  }

  /** An ADD on a thread of its own. */
  public CompletableFuture<AddOutcome> adding(String container, long inode) {
    return adding(container, inode, PoolWish.NONE);
  }

  /** An ADD into a pool on a thread of its own. */
  public CompletableFuture<AddOutcome> adding(String container, long inode, PoolWish pool) {
    return CompletableFuture.supplyAsync(
        () -> add(container, inode, pool), task -> Thread.ofPlatform().daemon().start(task));
  }

  public DeletePod.Outcome delete(String container) {
    try {
      return core.deletePod().delete(key(container), Optional.empty());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A DEL on a thread of its own. */
  public CompletableFuture<DeletePod.Outcome> deleting(String container) {
    return CompletableFuture.supplyAsync(
        () -> delete(container), task -> Thread.ofPlatform().daemon().start(task));
  }

  @Override
  public void close() {
    core.close();
  }
}
