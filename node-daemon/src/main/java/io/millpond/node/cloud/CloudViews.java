package io.millpond.node.cloud;

import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.pool.CloudView;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns what EC2 shows into what the pool may use: an ENI of ours counts once its link is up, one
 * that is not ours never. Used by one thread at a time.
 */
public final class CloudViews {
  private static final Logger log = LoggerFactory.getLogger(CloudViews.class);
  private static final Duration LINK_POLL = Duration.ofMillis(100);

  private final HostNetwork host;
  private final EniPlaces places;

  /** ENIs of ours without a link so far, or one that could not be set up, as EC2 last said. */
  private final List<EniPlace> withoutLink = new ArrayList<>();

  /** Views for the ENIs of this host. */
  public CloudViews(HostNetwork host, EniPlaces places) {
    this.host = host;
    this.places = places;
  }

  /**
   * The pool's view; ENIs of ours that are new get their links set up first.
   *
   * @param linkWait how long to wait for a link that is not there yet, all ENIs together
   * @param busy ENIs that are just being added or released, which are left to that work
   */
  public CloudView of(Cloud.Inventory inventory, Duration linkWait, Predicate<Cloud.EniSeen> busy)
      throws InterruptedException {
    long deadline = System.nanoTime() + linkWait.toNanos();
    if (inventory.verified()) {
      withoutLink.clear();
    }
    List<CloudView.Eni> usable = new ArrayList<>();
    Set<DeviceIndex> foreign = new HashSet<>();
    for (Cloud.EniSeen eni : inventory.enis()) {
      EniId id = eni.place().id();
      boolean known = places.find(id).filter(place -> samePool(place, eni)).isPresent();
      if (!eni.ours() && places.find(id).isPresent()) {
        log.atWarn().addKeyValue("eni", id).log("not ours any more, EC2 says: pods get none of it");
        places.remove(id);
      }
      if (eni.ours() && (known || (!busy.test(eni) && up(eni, deadline)))) {
        usable.add(
            new CloudView.Eni(id, eni.place().device(), eni.place().pool(), eni.addresses()));
      } else {
        foreign.add(eni.place().device());
      }
    }
    return new CloudView(inventory.verified(), usable, foreign);
  }

  /** If not, a hint was wrong: the link is told whose it is. */
  private static boolean samePool(EniPlace place, Cloud.EniSeen eni) {
    return place.pool().equals(eni.place().pool());
  }

  /** Whether a link has come that was missing when EC2 last answered: worth asking again. */
  public boolean linkCame() {
    for (EniPlace place : withoutLink) {
      try {
        if (places.find(place.id()).isEmpty() && host.bringUp(place).isPresent()) {
          return true;
        }
      } catch (IOException e) {
        log.atWarn()
            .addKeyValue("eni", place.id())
            .log("its link cannot be set up, pods cannot use it: {}", e.getMessage());
      }
    }
    return false;
  }

  private boolean up(Cloud.EniSeen eni, long deadline) throws InterruptedException {
    while (true) {
      try {
        if (host.bringUp(eni.place()).isPresent()) {
          places.add(eni.place());
          return true;
        }
      } catch (IOException e) {
        log.atWarn()
            .addKeyValue("eni", eni.place().id())
            .log("its link cannot be set up, pods cannot use it yet: {}", e.getMessage());
        withoutLink.add(eni.place());
        return false;
      }
      if (System.nanoTime() >= deadline) {
        log.atWarn()
            .addKeyValue("eni", eni.place().id())
            .log("no link with MAC {}: pods cannot use it yet", eni.place().mac());
        withoutLink.add(eni.place());
        return false;
      }
      Thread.sleep(LINK_POLL);
    }
  }
}
