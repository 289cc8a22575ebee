package io.millpond.node.cloud;

import io.millpond.node.cloud.Cloud.Failure;
import io.millpond.node.cloud.Cloud.Result;
import io.millpond.node.cloud.Cloud.Success;
import io.millpond.node.cloud.Cloud.Urgency;
import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.log.LogContext;
import io.millpond.node.warm.ActionRunner;
import io.millpond.pool.PoolAction;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.PoolEvent.Effect;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what the pool ordered, on a few threads of its own: what a pod waits for first, then what
 * warms the pool, then what gives back. Every action ends in exactly one event.
 */
public final class CloudWork implements ActionRunner, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CloudWork.class);

  /** Enough that a slow release holds up neither growth nor probes. */
  private static final int THREADS = 3;

  /** A link appears 1 to 10 s after the attachment; EC2 promises nothing. */
  static final Duration LINK_WAIT = Duration.ofSeconds(60);

  private static final Duration LINK_POLL = Duration.ofMillis(100);
  private static final Duration RETRY_LINK = Duration.ofSeconds(30);

  private final Cloud cloud;
  private final HostNetwork host;
  private final EniPlaces places;
  private final Supplier<BootTime> clock;
  private final Function<EniId, Set<IpAddress>> addresses;
  private final Consumer<PoolEvent> events;
  private final Runnable leftBehind;
  private final AtomicLong order = new AtomicLong();
  private final ThreadPoolExecutor threads;

  /**
   * Ready to work.
   *
   * @param addresses the pool's addresses on an ENI
   * @param events where the ends of actions are posted; safe for any thread
   * @param leftBehind hears that an ENI may be left attached to nothing; safe for any thread
   */
  public CloudWork(
      Cloud cloud,
      HostNetwork host,
      EniPlaces places,
      Supplier<BootTime> clock,
      Function<EniId, Set<IpAddress>> addresses,
      Consumer<PoolEvent> events,
      Runnable leftBehind) {
    this.addresses = addresses;
    this.cloud = cloud;
    this.host = host;
    this.places = places;
    this.clock = clock;
    this.events = events;
    this.leftBehind = leftBehind;
    this.threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            5,
            TimeUnit.SECONDS,
            new PriorityBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("ec2-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
  }

  private record Job(Urgency urgency, long number, Runnable work)
      implements Runnable, Comparable<Job> {
    @Override
    public void run() {
      work.run();
    }

    @Override
    public int compareTo(Job other) {
      int byUrgency = urgency.compareTo(other.urgency);
      return byUrgency != 0 ? byUrgency : Long.compare(number, other.number);
    }
  }

  @Override
  public void start(PoolAction action, boolean podWaits) {
    Urgency urgency =
        podWaits ? Urgency.POD_WAITS : action.destructive() ? Urgency.RELEASE : Urgency.WARM_UP;
    threads.execute(new Job(urgency, order.incrementAndGet(), () -> guarded(action, urgency)));
  }

  private void guarded(PoolAction action, Urgency urgency) {
    try (LogContext _ = LogContext.with(LogContext.REQ, "action-" + action.id())) {
      run(action, urgency);
    } catch (RuntimeException | Error e) {
      log.error("a bug: {} failed; EC2 is asked what became of it", action, e);
      failed(action, Effect.UNKNOWN, "internal error: " + e, Duration.ofSeconds(10));
    }
  }

  private void run(PoolAction action, Urgency urgency) {
    switch (action) {
      case PoolAction.CreateEni create -> create(create, urgency);
      case PoolAction.AssignAddresses assign -> assign(assign, urgency);
      case PoolAction.UnassignAddresses unassign -> unassign(unassign);
      case PoolAction.ReleaseEni release -> release(release);
      case PoolAction.Probe probe -> probe(probe);
    }
  }

  private void create(PoolAction.CreateEni create, Urgency urgency) {
    log.info(
        "adding an ENI with {} addresses to pool {} as device {}",
        create.addressCount(),
        create.pool(),
        create.device());
    switch (cloud.addEni(
        create.pool(), create.intentId(), create.device(), create.addressCount(), urgency)) {
      case Success<Cloud.EniSeen>(Cloud.EniSeen eni) -> bringUp(create, eni);
      case Failure<Cloud.EniSeen> failure -> failed(create, failure);
    }
  }

  private void bringUp(PoolAction.CreateEni create, Cloud.EniSeen eni) {
    EniId id = eni.place().id();
    try (LogContext _ = LogContext.with(LogContext.ENI, id.value())) {
      BootTime began = clock.get();
      while (true) {
        EniPlace place = eni.place().in(create.pool());
        var link = host.bringUp(place);
        if (link.isPresent()) {
          log.info(
              "ENI added: link {} up, {} addresses", link.get().value(), eni.addresses().size());
          places.add(place);
          unused(eni.addresses());
          events.accept(
              new PoolEvent.EniAdded(
                  create.id(), id, create.device(), create.pool(), eni.addresses(), clock.get()));
          return;
        }
        if (clock.get().since(began).compareTo(LINK_WAIT) > 0) {
          break;
        }
        Thread.sleep(LINK_POLL);
      }
      failed(
          create,
          Effect.UNKNOWN,
          "%s is attached as device %s but no link with MAC %s has appeared for %d s: look at the node's udev and driver"
              .formatted(id, create.device(), eni.place().mac(), LINK_WAIT.toSeconds()),
          RETRY_LINK);
    } catch (IOException e) {
      failed(
          create,
          Effect.UNKNOWN,
          "the link of " + id + " cannot be set up: " + e.getMessage(),
          RETRY_LINK);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failed(create, Effect.UNKNOWN, "the daemon is stopping", Duration.ZERO);
    }
  }

  private void assign(PoolAction.AssignAddresses assign, Urgency urgency) {
    switch (cloud.assign(assign.eni(), assign.count(), urgency)) {
      case Success<Set<IpAddress>>(Set<IpAddress> addresses) -> {
        log.atInfo()
            .addKeyValue(LogContext.ENI, assign.eni())
            .log("{} addresses added: {}", addresses.size(), addresses);
        unused(addresses);
        events.accept(
            new PoolEvent.AddressesAssigned(assign.id(), assign.eni(), addresses, clock.get()));
      }
      case Failure<Set<IpAddress>> failure -> failed(assign, failure);
    }
  }

  /**
   * Gives new addresses their routes before a pod can have one: a missing route would mean
   * "released just now".
   */
  private void unused(Set<IpAddress> addresses) {
    for (IpAddress address : addresses) {
      try {
        host.released(address, BootTime.BOOT);
      } catch (IOException e) {
        log.atWarn()
            .addKeyValue(LogContext.IP, address)
            .log(
                "its pool route cannot be written now and follows at the next look: {}",
                e.getMessage());
      }
    }
  }

  private void unassign(PoolAction.UnassignAddresses unassign) {
    try {
      // Before the call: afterwards the address may be another node's.
      host.forget(unassign.addresses());
    } catch (IOException e) {
      failed(
          unassign,
          Effect.NONE,
          "the routes of addresses that leave cannot be removed: " + e.getMessage(),
          RETRY_LINK);
      return;
    }
    switch (cloud.unassign(unassign.eni(), unassign.addresses())) {
      case Success<Cloud.Done> _ -> {
        log.atInfo()
            .addKeyValue(LogContext.ENI, unassign.eni())
            .log("addresses given back: {}", unassign.addresses());
        events.accept(new PoolEvent.AddressesUnassigned(unassign.id(), clock.get()));
      }
      case Failure<Cloud.Done> failure -> failed(unassign, failure);
    }
  }

  private void release(PoolAction.ReleaseEni release) {
    try {
      host.forget(addresses.apply(release.eni()));
    } catch (IOException e) {
      failed(
          release,
          Effect.NONE,
          "the routes of " + release.eni() + "'s addresses cannot be removed: " + e.getMessage(),
          RETRY_LINK);
      return;
    }
    var place = places.find(release.eni());
    places.remove(release.eni());
    switch (cloud.release(release.eni())) {
      case Success<Cloud.Released>(Cloud.Released released) -> {
        log.atInfo()
            .addKeyValue(LogContext.ENI, release.eni())
            .log(released.deleted() ? "ENI given back" : "ENI detached, it is deleted later");
        if (!released.deleted()) {
          leftBehind.run();
        }
        events.accept(new PoolEvent.EniReleased(release.id(), clock.get()));
      }
      case Failure<Cloud.Released> failure -> {
        place.ifPresent(places::add);
        failed(release, failure);
      }
    }
  }

  private void probe(PoolAction.Probe probe) {
    var place = places.find(probe.eni());
    if (place.isEmpty()) {
      failed(
          probe,
          Effect.NONE,
          probe.eni() + " has no link to probe " + probe.address() + " on",
          RETRY_LINK);
      return;
    }
    try {
      boolean held = host.held(place.get(), probe.address());
      BootTime now = clock.get();
      log.atInfo()
          .addKeyValue(LogContext.IP, probe.address())
          .log(
              held
                  ? "still held by an unknown interface: stays in quarantine"
                  : "held by nobody: leaves quarantine");
      if (held) {
        events.accept(new PoolEvent.StillHeld(probe.address(), now));
      } else {
        // Before the pool may count it: the cooldown that begins now survives a restart.
        host.released(probe.address(), now);
        events.accept(new PoolEvent.HolderGone(probe.address(), now));
      }
    } catch (IOException e) {
      failed(
          probe,
          Effect.NONE,
          "whether " + probe.address() + " is held cannot be found out: " + e.getMessage(),
          RETRY_LINK);
    }
  }

  private void failed(PoolAction action, Result<?> result) {
    if (result instanceof Failure<?> failure) {
      String reason =
          failure.remedy().isEmpty()
              ? failure.reason()
              : failure.reason() + "; " + failure.remedy();
      failed(
          action,
          failure.effectUnknown() ? Effect.UNKNOWN : Effect.NONE,
          reason,
          failure.retryAfter());
    }
  }

  private void failed(PoolAction action, Effect effect, String reason, Duration retryAfter) {
    log.warn(
        "{} failed (effect {}), next try in {} ms: {}",
        action.kind(),
        effect,
        retryAfter.toMillis(),
        reason);
    if (action instanceof PoolAction.CreateEni || action instanceof PoolAction.ReleaseEni) {
      leftBehind.run();
    }
    BootTime now = clock.get();
    events.accept(
        new PoolEvent.ActionFailed(action.id(), effect, reason, now.plus(retryAfter), now));
  }

  /** Takes no more; what runs is given a moment to end. */
  @Override
  public void close() {
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(10, TimeUnit.SECONDS)) {
        log.warn("EC2 work is still running at the end; the next start looks at what became of it");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
