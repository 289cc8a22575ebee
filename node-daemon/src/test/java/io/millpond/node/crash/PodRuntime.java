package io.millpond.node.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.Caller;
import io.millpond.node.pods.DeletePod;
import io.millpond.node.pods.PodRequest;
import io.millpond.node.pods.PoolWish;
import io.millpond.node.testing.ModelKernel;
import io.millpond.pool.PoolAddress;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.UnaryOperator;

/** What the container runtime asks of the daemons of a world, and what it was told of its pods. */
final class PodRuntime {
  private static final String CROWD = "crowd";

  private final CrashWorld world;
  private final UnaryOperator<Caller> heard;
  private final Map<String, IpAddress> running = new ConcurrentHashMap<>();
  private final Set<String> unclear = new ConcurrentSkipListSet<>();

  /**
   * @param heard what the daemon hears of a caller
   */
  PodRuntime(CrashWorld world, UnaryOperator<Caller> heard) {
    this.world = world;
    this.heard = heard;
  }

  /** Of the pod's {@code eth0}, or of another interface: {@code pod/net1}. */
  static AttachmentKey key(String pod) {
    int slash = pod.indexOf('/');
    return slash < 0
        ? new AttachmentKey("millpond", pod, "eth0")
        : new AttachmentKey("millpond", pod.substring(0, slash), pod.substring(slash + 1));
  }

  static long inode(String pod) {
    return 1000L + (key(pod).containerId().hashCode() & 0xFFFF);
  }

  /** One pod asks for everything that a pod can ask for. */
  static PodDemands demands(String pod) {
    return pod.equals("a")
        ? new PodDemands(
            List.of(new HostPort(Optional.empty(), HostPort.Protocol.UDP, 8080, 80)),
            new Bandwidth(
                Optional.empty(), Optional.of(Bandwidth.Limit.withUsualBurst(10_000_000))))
        : PodDemands.NONE;
  }

  /** The pods that were added and not deleted, with their addresses. */
  Map<String, IpAddress> running() {
    return Map.copyOf(running);
  }

  /** Those whose ADD or DEL failed or was not answered. */
  List<String> unclear() {
    return List.copyOf(unclear);
  }

  /** ADD; what becomes of it is noted. */
  AddOutcome add(String pod) throws InterruptedException {
    return add(pod, Caller.PATIENT);
  }

  /** Pods whose names begin so get their addresses from another subnet than the node's. */
  static final String STORAGE = "storage-";

  private static PoolWish wish(String pod) {
    return pod.startsWith(STORAGE)
        ? new PoolWish(Optional.empty(), Optional.of(CrashWorld.STORAGE_SUBNET.value()))
        : PoolWish.NONE;
  }

  AddOutcome add(String pod, Caller caller) throws InterruptedException {
    unclear.add(pod);
    AddOutcome outcome =
        world
            .core()
            .addPod()
            .add(
                new PodRequest(
                    key(pod),
                    "default/" + pod,
                    OptionalInt.empty(),
                    List.of(),
                    demands(pod),
                    wish(pod)),
                ModelKernel.netns(inode(pod)),
                heard.apply(caller));
    if (outcome instanceof AddOutcome.Added added) {
      running.put(pod, added.plan().address());
      unclear.remove(pod);
    }
    return outcome;
  }

  void added(String pod) throws InterruptedException {
    assertThat(add(pod)).isInstanceOf(AddOutcome.Added.class);
  }

  /** ADD, and if it fails once more. */
  void addedOrTriedAgain(String pod) throws InterruptedException {
    if (!(add(pod) instanceof AddOutcome.Added)) {
      deleted(pod);
      AddOutcome _ = add(pod);
    }
  }

  /** As {@link #addedOrTriedAgain}, of an ADD that has to wait for EC2. */
  void addedInTime(String pod) throws InterruptedException {
    if (!addInTime(pod)) {
      deleted(pod);
      boolean _ = addInTime(pod);
    }
  }

  private boolean addInTime(String pod) throws InterruptedException {
    CompletableFuture<AddOutcome> adding = new CompletableFuture<>();
    Thread _ =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    adding.complete(add(pod));
                  } catch (Throwable e) {
                    adding.completeExceptionally(e);
                  }
                });
    world.pass(() -> "ADD of " + pod + " ends", Duration.ofMillis(100), adding::isDone);
    return adding.join() instanceof AddOutcome.Added;
  }

  /** One after the other; the pool is ready for each. */
  void addedInTurn(String... pods) throws InterruptedException {
    for (String pod : pods) {
      added(pod);
      world.pass(Duration.ZERO, world::calm);
    }
  }

  /** The runtime tries until there is an address. */
  void awaitAdded(String pod) throws InterruptedException {
    if (pod.startsWith(STORAGE)) {
      // Its pool may have to have the place of an ENI.
      for (String other : List.copyOf(running.keySet())) {
        if (other.startsWith(CROWD)) {
          deleted(other);
        }
      }
    }
    long end = world.deadline();
    while (!(pod.startsWith(STORAGE) ? addInTime(pod) : add(pod) instanceof AddOutcome.Added)) {
      assertThat(System.nanoTime()).as("ADD of %s: %s", pod, world.counts()).isLessThan(end);
      deleted(pod);
      world.pass(Duration.ofSeconds(5));
    }
  }

  /** DEL; what becomes of it is noted. */
  DeletePod.Outcome delete(String pod) throws InterruptedException {
    running.remove(pod);
    unclear.add(pod);
    DeletePod.Outcome outcome =
        world.core().deletePod().delete(key(pod), Optional.of(ModelKernel.netns(inode(pod))));
    if (outcome instanceof DeletePod.Gone) {
      unclear.remove(pod);
    }
    return outcome;
  }

  void deleted(String pod) throws InterruptedException {
    assertThat(delete(pod)).isEqualTo(new DeletePod.Gone());
  }

  /**
   * As many pods come at once as there are free addresses: one that is free too early gets a pod.
   */
  void crowd() throws InterruptedException {
    long free =
        world.pool().enis().values().stream()
            .filter(eni -> eni.pool().isDefault())
            .flatMap(eni -> eni.addresses().values().stream())
            .filter(PoolAddress::usable)
            .count();
    for (int i = 0; i < free; i++) {
      added(CROWD + i);
    }
  }

  /** The pod's namespace ends without a DEL. */
  void dies(String pod) {
    running.remove(pod);
    world.kernel.killNamespace(inode(pod));
  }

  /** As {@link #dies}, and somebody deletes the pool route of its address. */
  void diesWithItsRoute(String pod) {
    IpAddress address = world.kernel.addressOf(key(pod)).orElseThrow();
    dies(pod);
    world.kernel.forget(List.of(address));
  }

  /** Somebody deletes the pod's veth; nobody can keep it running. */
  void losesItsVeth(String pod) {
    running.remove(pod);
    world.kernel.deleteVeth(key(pod));
  }
}
