package io.millpond.node.life;

import io.millpond.node.cloud.EniPlaces;
import io.millpond.node.http.Metrics;
import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.KernelView;
import io.millpond.node.pods.Attachments;
import io.millpond.node.pods.HealPods;
import io.millpond.node.pods.KeyLanes;
import io.millpond.node.threads.Threads;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.AddressState;
import io.millpond.pool.PoolAddress;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.PoolState;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cares for what is ours in the kernel: everything is compared every {@code
 * MILLPOND_RECONCILE_PERIOD} and soon after the kernel reports a change; a host veth that vanished
 * without DEL puts its address into quarantine. One thread.
 */
public final class KernelCare implements HostNetwork.LinkListener, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KernelCare.class);

  /** Changes come in bursts: one look serves all of a burst. */
  private static final Duration GATHER = Duration.ofMillis(50);

  /** Every ADD and DEL changes links and routes: without a lost veth there is no hurry. */
  private static final Duration CALM = Duration.ofSeconds(1);

  /** A DEL in progress deletes the veth itself; its lane is free again soon. */
  private static final Duration LANE_WAIT = Duration.ofSeconds(5);

  private final HostNetwork host;
  private final Rehearsals rehearsals;
  private final EniPlaces places;
  private final Attachments attachments;
  private final KeyLanes lanes;
  private final WarmPool pool;
  private final HealPods healPods;
  private final Metrics metrics;
  private final Duration period;
  private final Thread thread =
      Thread.ofPlatform().daemon().name("kernel-care").unstarted(this::loop);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition something = lock.newCondition();
  private volatile List<String> findings = List.of();
  private boolean lookAgain;
  private boolean vethGone;

  /** Ready to care. */
  public KernelCare(
      HostNetwork host,
      Rehearsals rehearsals,
      EniPlaces places,
      Attachments attachments,
      KeyLanes lanes,
      WarmPool pool,
      HealPods healPods,
      Metrics metrics,
      Duration period) {
    this.host = host;
    this.rehearsals = rehearsals;
    this.places = places;
    this.attachments = attachments;
    this.lanes = lanes;
    this.pool = pool;
    this.healPods = healPods;
    this.metrics = metrics;
    // A round's own time counts as well, on a busy node too.
    this.period = period.multipliedBy(2).dividedBy(3);
  }

  /** Begins. */
  public void start() {
    thread.start();
  }

  @Override
  public void vethGone(String hostLink) {
    // A DEL under way deletes the veth itself.
    attachments.byLink(hostLink).ifPresent(attachment -> signal(!lanes.busy(attachment.key())));
  }

  @Override
  public void lookAgain() {
    signal(false);
  }

  private void signal(boolean veth) {
    lock.lock();
    try {
      lookAgain = true;
      vethGone |= veth;
      something.signal();
    } finally {
      lock.unlock();
    }
  }

  private void loop() {
    rehearsals.practise();
    while (!Thread.currentThread().isInterrupted()) {
      try {
        await();
        care();
      } catch (InterruptedException e) {
        return;
      } catch (IOException e) {
        log.warn(
            "the kernel did not answer; the next look is in {} s: {}",
            period.toSeconds(),
            e.getMessage());
      } catch (RuntimeException e) {
        log.error("a bug while looking after the kernel's state", e);
      }
    }
  }

  private void await() throws InterruptedException {
    lock.lock();
    try {
      long left = period.toNanos();
      while (!lookAgain && left > 0) {
        left = something.awaitNanos(left);
      }
      long calm = lookAgain ? CALM.toNanos() : 0;
      while (!vethGone && calm > 0) {
        calm = something.awaitNanos(calm);
      }
    } finally {
      lock.unlock();
    }
    Thread.sleep(GATHER);
    lock.lock();
    try {
      lookAgain = false;
      vethGone = false;
    } finally {
      lock.unlock();
    }
  }

  /** One round. */
  void care() throws IOException, InterruptedException {
    if (rehearsals.failure().isPresent()) {
      rehearsals.judge(); // a module may have been loaded since
    }
    for (HostNetwork.Repair repair : host.reconcile(addresses(), pool.snapshot().verified())) {
      metrics.repaired(repair.kind());
      log.warn("put right: {} ({})", repair.detail(), repair.kind());
    }
    KernelView view = host.look();
    List<String> wrong = new ArrayList<>(host.findings());
    wrong.addAll(healPods.look(view));
    report(wrong);
    missingVeths(view);
  }

  private void report(List<String> now) {
    List<String> before = findings;
    findings = List.copyOf(now);
    now.stream()
        .filter(one -> !before.contains(one))
        .forEach(one -> log.warn("cannot be put right: {}", one));
    before.stream()
        .filter(one -> !now.contains(one))
        .forEach(one -> log.info("no longer so: {}", one));
  }

  /** What is wrong in the kernel and cannot be put right by the daemon. */
  public List<String> findings() {
    return findings;
  }

  private Map<EniPlace, Map<IpAddress, KernelView.RouteSays>> addresses() {
    Map<EniPlace, Map<IpAddress, KernelView.RouteSays>> addresses = new HashMap<>();
    PoolState state = pool.snapshot();
    state
        .enis()
        .forEach(
            (id, eni) ->
                places
                    .find(id)
                    .ifPresent(
                        place ->
                            addresses.put(
                                place,
                                eni.addresses().values().stream()
                                    .filter(
                                        address ->
                                            !(address.state() instanceof AddressState.Leaving))
                                    .collect(
                                        Collectors.toMap(
                                            PoolAddress::ip,
                                            address -> shouldSay(address.state()))))));
    return addresses;
  }

  /** What the route of an address says, if nothing that is on record says otherwise. */
  private static KernelView.RouteSays shouldSay(AddressState state) {
    return switch (state) {
      case AddressState.Owned owned when owned.attached() -> new KernelView.InUse();
      case AddressState.Frozen _, AddressState.Quarantined _ -> new KernelView.InUse();
      case AddressState.Cooling cooling -> new KernelView.ReleasedAt(cooling.since());
      case AddressState.Owned _, AddressState.Free _, AddressState.Leaving _ ->
          new KernelView.ReleasedAt(BootTime.BOOT);
    };
  }

  private void missingVeths(KernelView view) throws IOException, InterruptedException {
    Set<String> there =
        view.attachments().stream()
            .map(KernelView.Seen::hostLink)
            .collect(Collectors.toCollection(HashSet::new));
    for (Attachments.Attachment attachment : attachments.all()) {
      if (!there.contains(attachment.hostLink())) {
        missing(attachment);
      }
    }
  }

  /**
   * In the attachment's lane, because a DEL or ADD may be under way: looked at once more, and
   * judged.
   */
  private void missing(Attachments.Attachment attachment) throws IOException, InterruptedException {
    try (KeyLanes.Turn turn = lanes.enter(attachment.key())) {
      boolean filed =
          turn.await(LANE_WAIT) && attachments.byLink(attachment.hostLink()).isPresent();
      boolean gone =
          filed
              && host.look().attachments().stream()
                  .noneMatch(seen -> seen.hostLink().equals(attachment.hostLink()));
      if (gone) {
        log.atWarn()
            .addKeyValue("pod", attachment.pod())
            .addKeyValue("cid", attachment.key().containerId())
            .log(
                "its veth {} vanished without DEL: its address is quarantined until nobody holds it",
                attachment.hostLink());
        pool.apply(new PoolEvent.VethVanished(attachment.key(), pool.now())).join();
        attachments.removed(attachment.key());
      }
    }
  }

  @Override
  public void close() {
    Threads.end(thread);
  }
}
