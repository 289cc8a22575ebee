package io.millpond.node.life;

import io.millpond.node.cloud.Cloud;
import io.millpond.node.cloud.CloudViews;
import io.millpond.node.threads.Threads;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.CloudView;
import io.millpond.pool.PoolAction;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.PoolState;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the pool's knowledge of EC2 true at little cost: the instance metadata is compared every
 * now and then (no EC2 call), and EC2 is asked only where that differs or the pool has an open
 * question. One thread.
 */
public final class CloudCare implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CloudCare.class);

  /** Two answers of EC2 confirm each other when they are at least 10 s apart. */
  private static final Duration OPEN_QUESTION = Duration.ofSeconds(12);

  private static final Duration TIDY_AGAIN = Duration.ofMinutes(1);

  /** What a failed call left is old enough by then to be nobody's. */
  private static final Duration TIDY_AFTER_FAILURE = Duration.ofSeconds(130);

  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration LINK_WAIT = Duration.ofSeconds(2);

  private final Cloud cloud;
  private final CloudViews views;
  private final WarmPool pool;
  private final Duration period;
  private final Runnable addressesWent;
  private final Thread thread =
      Thread.ofPlatform().daemon().name("cloud-care").unstarted(this::loop);
  private BootTime asked;
  private BootTime hinted;
  private Duration pause = OPEN_QUESTION;

  /** When EC2 is tidied next; null: nothing is known to be left. */
  private @Nullable BootTime tidyAt;

  /**
   * Ready to care.
   *
   * @param addressesWent called when EC2 has taken addresses away: what the kernel has of them is
   *     of no use any more
   */
  public CloudCare(
      Cloud cloud, CloudViews views, WarmPool pool, Duration period, Runnable addressesWent) {
    this.cloud = cloud;
    this.views = views;
    this.pool = pool;
    this.period = period;
    this.addressesWent = addressesWent;
    this.asked = pool.now();
    this.hinted = pool.now();
  }

  /** Begins. */
  public void start() {
    thread.start();
  }

  private void loop() {
    tidy();
    while (!Thread.currentThread().isInterrupted()) {
      try {
        Thread.sleep(LOOK);
        care();
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        log.error("a bug while looking after EC2's state", e);
      }
    }
  }

  /**
   * A call failed that may have left an ENI attached to nothing: EC2 is tidied once that is old
   * enough. Safe for any thread.
   */
  public synchronized void leftBehind() {
    tidyBy(pool.now().plus(TIDY_AFTER_FAILURE));
  }

  private synchronized void tidyBy(BootTime when) {
    if (tidyAt == null || when.isBefore(tidyAt)) {
      tidyAt = when;
    }
  }

  private synchronized boolean tidyIsDue(BootTime now) {
    if (tidyAt == null || now.isBefore(tidyAt)) {
      return false;
    }
    tidyAt = null;
    return true;
  }

  private void tidy() {
    try {
      switch (cloud.tidy()) {
        case Cloud.Success<Cloud.Tidied>(Cloud.Tidied tidied) -> {
          tidied.done().forEach(sentence -> log.info("left behind: {}", sentence));
          tidied.again().ifPresent(wait -> tidyBy(pool.now().plus(wait)));
        }
        case Cloud.Failure<Cloud.Tidied> failure -> {
          tidyBy(pool.now().plus(TIDY_AGAIN));
          log.warn(
              "what was left in EC2 is not known or cannot be deleted, tried again in {} s: {}",
              TIDY_AGAIN.toSeconds(),
              failure.reason());
        }
      }
    } catch (RuntimeException e) {
      tidyBy(pool.now().plus(TIDY_AGAIN));
      log.error("a bug while tidying up in EC2", e);
    }
  }

  /** One look. */
  void care() throws InterruptedException {
    BootTime now = pool.now();
    if (cloud.owes()) {
      leftBehind();
    }
    if (tidyIsDue(now)) {
      tidy();
    }
    if (pool.snapshot().needsObservation()) {
      if (now.since(asked).compareTo(pause) >= 0) {
        ask();
      }
    } else if (now.since(hinted).compareTo(period) >= 0) {
      hinted = now;
      if (views.linkCame()) {
        log.info("the link of an ENI of ours has come: EC2 is asked what the ENI has");
        ask();
      } else if (cloud.hint() instanceof Cloud.Success<Cloud.Inventory>(Cloud.Inventory hint)
          && differs(hint)) {
        log.info(
            "the instance metadata shows other ENIs or addresses than the pool knows: EC2 is asked");
        ask();
      }
    }
  }

  private void ask() throws InterruptedException {
    asked = pool.now();
    switch (cloud.ask(Cloud.Urgency.WARM_UP)) {
      case Cloud.Success<Cloud.Inventory>(Cloud.Inventory inventory) -> {
        pause = OPEN_QUESTION;
        CloudView view = views.of(inventory, LINK_WAIT, busy());
        int before = pool.snapshot().summary().total();
        if (pool.apply(new PoolEvent.CloudObserved(view, asked)).join().summary().total()
            < before) {
          addressesWent.run();
        }
      }
      case Cloud.Failure<Cloud.Inventory> failure -> {
        pause =
            failure.retryAfter().compareTo(OPEN_QUESTION) > 0
                ? failure.retryAfter()
                : OPEN_QUESTION;
        log.warn(
            "EC2 does not say what this instance has; asked again in {} s: {}",
            pause.toSeconds(),
            failure.reason());
      }
    }
  }

  /** ENIs that are just being added or released: that work tells the pool itself. */
  private Predicate<Cloud.EniSeen> busy() {
    Set<EniId> leaving = new HashSet<>();
    Set<DeviceIndex> coming = new HashSet<>();
    for (PoolState.InFlight flight : pool.snapshot().inFlight().values()) {
      if (flight.action() instanceof PoolAction.ReleaseEni release) {
        leaving.add(release.eni());
      } else if (flight.action() instanceof PoolAction.CreateEni create
          && flight.uncertain() == null) {
        coming.add(create.device());
      }
    }
    return eni -> leaving.contains(eni.place().id()) || coming.contains(eni.place().device());
  }

  private boolean differs(Cloud.Inventory hint) {
    PoolState state = pool.snapshot();
    if (!state.inFlight().isEmpty()) {
      return false;
    }
    Map<EniId, Set<IpAddress>> known = new HashMap<>();
    state.enis().forEach((id, eni) -> known.put(id, Set.copyOf(eni.addresses().keySet())));
    Map<EniId, Set<IpAddress>> seen = new HashMap<>();
    Set<DeviceIndex> places = new HashSet<>();
    for (Cloud.EniSeen eni : hint.enis()) {
      places.add(eni.place().device());
      if (known.containsKey(eni.place().id())) {
        seen.put(eni.place().id(), eni.addresses());
      }
    }
    boolean newPlaces =
        places.stream()
            .anyMatch(
                place ->
                    !state.foreign().contains(place)
                        && state.enis().values().stream()
                            .noneMatch(eni -> place.equals(eni.device())));
    return newPlaces || !known.equals(seen);
  }

  @Override
  public void close() {
    Threads.end(thread);
  }
}
