package io.millpond.node.pods;

import io.millpond.node.warm.PoolAnswer;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pods that are bound to this node, need an address of the default pool, and have neither one
 * nor a request for one: the pool is told how many, so that it grows before their ADD comes. Safe
 * for any thread; nothing waits.
 *
 * <p>A pod counts for {@link #LONGEST} after it was first heard of. What comes before its ADD are
 * volumes: attaching one takes a minute, and six where its node was lost (the attach-detach
 * controller forces it then). Longer waits (a missing Secret, a driver that fails) end when
 * somebody puts them right, which may be never, and an address in the subnet is somebody else's
 * meanwhile; such a pod gets a warm address, or waits for growth, as on a node that does not know
 * of it. The same bound ends what is known of pods when nobody says more of them.
 */
public final class ExpectedPods {
  /** How long a pod is expected. */
  static final Duration LONGEST = Duration.ofMinutes(10);

  /** Of more than this no pool takes notice: MILLPOND_MAX_PODS is at most as large. */
  static final int MOST = 1000;

  private static final Logger log = LoggerFactory.getLogger(ExpectedPods.class);

  private final WarmPool pool;
  private final Attachments attachments;
  private final Map<String, Since> bound = new HashMap<>();
  private final Map<AttachmentKey, BoundPod> asking = new HashMap<>();
  private int told;

  private record Since(BoundPod pod, BootTime when) {}

  /**
   * A pod of this node that needs an address.
   *
   * @param uid that its sandbox is made with; of a static pod not its mirror's own
   * @param name {@code namespace/name}
   */
  public record BoundPod(String uid, String name) {}

  /** Nobody is expected. */
  public ExpectedPods(WarmPool pool, Attachments attachments) {
    this.pool = pool;
    this.attachments = attachments;
  }

  /** All pods of the node that need an address and have none; others are forgotten. */
  public synchronized void are(Collection<BoundPod> pods) {
    Map<String, BoundPod> now =
        pods.stream().collect(Collectors.toMap(BoundPod::uid, Function.identity(), (a, _) -> a));
    bound.keySet().retainAll(now.keySet());
    now.values().forEach(this::file);
    tell();
  }

  /** A pod of the node needs an address and has none. */
  public synchronized void bound(BoundPod pod) {
    file(pod);
    tell();
  }

  /** A pod needs no address, or none any more, or has one. */
  public synchronized void gone(String uid) {
    if (bound.remove(uid) != null) {
      tell();
    }
  }

  /** Looks again at what changes by itself: time passes, and attachments go. */
  public synchronized void look() {
    tell();
  }

  /**
   * Asks the pool for an address for a pod, which is expected no more until {@link #answered}.
   *
   * @param name of the pool that the address has to be from
   */
  CompletableFuture<PoolAnswer> request(PodRequest request, PoolName name, Duration wait) {
    if (!name.isDefault()) {
      return pool.request(request.key(), name, wait, List.of());
    }
    // In the lock, so that the pool hears of it and of what the watch says in one order.
    synchronized (this) {
      asking.put(request.key(), new BoundPod(request.podUid(), request.pod()));
      int count = count();
      List<PoolEvent> first =
          count == told ? List.of() : List.of(new PoolEvent.DemandExpected(count, pool.now()));
      told = count;
      return pool.request(request.key(), name, wait, first);
    }
  }

  /** The request has ended; without an attachment the pod is expected again. */
  synchronized void answered(AttachmentKey key) {
    if (asking.remove(key) != null) {
      tell();
    }
  }

  private void file(BoundPod pod) {
    if (bound.size() < MOST || bound.containsKey(pod.uid())) {
      bound.putIfAbsent(pod.uid(), new Since(pod, pool.now()));
    }
  }

  private void tell() {
    int count = count();
    if (count != told) {
      told = count;
      log.debug("{} pods are expected to ask for an address", count);
      var _ = pool.apply(new PoolEvent.DemandExpected(count, pool.now()));
    }
  }

  private int count() {
    BootTime now = pool.now();
    return (int) bound.values().stream().filter(one -> expected(one, now)).count();
  }

  private boolean expected(Since one, BootTime now) {
    return now.since(one.when()).compareTo(LONGEST) < 0
        && asking.values().stream().noneMatch(other -> same(one.pod(), other))
        && !attachments.has(one.pod().name(), one.pod().uid());
  }

  private static boolean same(BoundPod one, BoundPod other) {
    return (one.uid().isEmpty() || other.uid().isEmpty())
        ? one.name().equals(other.name())
        : one.uid().equals(other.uid());
  }
}
