package io.millpond.node.life;

import io.millpond.node.cloud.Cloud;
import io.millpond.node.cloud.CloudViews;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.KernelView;
import io.millpond.node.pods.Attachments;
import io.millpond.pool.CloudView;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the daemon learns before it serves: which ENIs and addresses there are (EC2, or the instance
 * metadata while EC2 does not answer), which pods hold them (the kernel), and since when the others
 * rest. What an interrupted ADD left is undone.
 */
public final class StartUp {
  private static final Logger log = LoggerFactory.getLogger(StartUp.class);
  private static final Duration RETRY = Duration.ofSeconds(2);
  private static final Duration ALMOST_A_SECOND = Duration.ofMillis(999);
  private static final Duration LINK_WAIT = Duration.ofSeconds(10);

  private final Cloud cloud;
  private final CloudViews views;
  private final HostNetwork host;
  private final Attachments attachments;
  private final Supplier<BootTime> clock;

  /** Ready to look. */
  public StartUp(
      Cloud cloud,
      CloudViews views,
      HostNetwork host,
      Attachments attachments,
      Supplier<BootTime> clock) {
    this.cloud = cloud;
    this.views = views;
    this.host = host;
    this.attachments = attachments;
    this.clock = clock;
  }

  /**
   * Looks until there is an answer.
   *
   * @param progress hears why it takes time, for the readiness page
   * @throws IOException if the kernel does not answer
   */
  public PoolEvent.Started look(Consumer<String> progress)
      throws IOException, InterruptedException {
    BootTime asked = clock.get();
    Cloud.Inventory inventory = inventory(progress);
    KernelView before = host.look();
    CloudView view = views.of(believed(inventory, before), LINK_WAIT, _ -> false);
    for (KernelView.Interrupted interrupted : before.interrupted()) {
      undo(interrupted);
    }
    // What was undone has been released since.
    KernelView kernel = before.interrupted().isEmpty() ? before : host.look();
    List<PoolEvent.Held> held = held(kernel, inventory);
    BootTime now = clock.get();
    boolean firstSinceBoot = kernel.poolRoutes().isEmpty() && kernel.attachments().isEmpty();
    BootTime otherwise = firstSinceBoot ? BootTime.BOOT : now;
    Map<IpAddress, BootTime> released = released(kernel, held, now);
    remember(view, held, released, otherwise);
    log.info(
        "found {} ENIs ({}), {} attachments, {} interrupted ADDs, {} resting addresses",
        view.enis().size(),
        view.verified() ? "verified by EC2" : "from the instance metadata alone",
        held.size(),
        before.interrupted().size(),
        released.size());
    return new PoolEvent.Started(view, held, released, otherwise, asked);
  }

  /** One that stays concerns its own attachment alone: the node can serve all others. */
  private void undo(KernelView.Interrupted interrupted) {
    log.warn("undoing an ADD that a crash interrupted: {}", interrupted.hostLink());
    try {
      host.undo(interrupted);
    } catch (IOException e) {
      log.error(
          "the ADD that a crash interrupted cannot be undone, and its pod cannot be added until a DEL"
              + " of it succeeds; if none does, remove it with: ip link del {} ({})",
          interrupted.hostLink(),
          e.getMessage());
    }
  }

  private Cloud.Inventory inventory(Consumer<String> progress) throws InterruptedException {
    while (true) {
      Cloud.Result<Cloud.Inventory> answer = cloud.ask(Cloud.Urgency.POD_WAITS);
      if (answer instanceof Cloud.Success<Cloud.Inventory>(Cloud.Inventory verified)) {
        return verified;
      }
      String why = answer instanceof Cloud.Failure<Cloud.Inventory> failure ? failure.reason() : "";
      log.warn("EC2 does not say what this instance has, the instance metadata is asked: {}", why);
      if (cloud.hint() instanceof Cloud.Success<Cloud.Inventory>(Cloud.Inventory hint)) {
        return hint;
      }
      progress.accept("neither EC2 nor the instance metadata says what this instance has: " + why);
      Thread.sleep(RETRY);
    }
  }

  /**
   * The metadata does not say whose an ENI is: beside the primary one, only those are used whose
   * addresses the kernel remembers as a pool's, and only for the pool that it remembers.
   */
  private static Cloud.Inventory believed(Cloud.Inventory inventory, KernelView kernel) {
    if (inventory.verified()) {
      return inventory;
    }
    List<Cloud.EniSeen> enis = new ArrayList<>();
    for (Cloud.EniSeen eni : inventory.enis()) {
      boolean primary = eni.place().device().isPrimary();
      // Without a record it is from before there were several pools.
      Optional<PoolName> pool =
          primary
              ? Optional.of(PoolName.DEFAULT)
              : kernel.enis().getOrDefault(eni.place().mac(), Optional.of(PoolName.DEFAULT));
      boolean remembered =
          primary || eni.addresses().stream().anyMatch(kernel.poolRoutes()::containsKey);
      enis.add(
          new Cloud.EniSeen(
              eni.place().in(pool.orElse(PoolName.DEFAULT)),
              eni.ours() && remembered && pool.isPresent(),
              eni.addresses()));
    }
    return new Cloud.Inventory(false, enis);
  }

  private List<PoolEvent.Held> held(KernelView kernel, Cloud.Inventory inventory) {
    List<PoolEvent.Held> held = new ArrayList<>();
    Map<IpAddress, String> taken = new HashMap<>();
    for (KernelView.Seen seen : kernel.attachments()) {
      attachments.found(seen);
      String other = taken.putIfAbsent(seen.address(), seen.hostLink());
      Optional<EniId> eni = eniOf(seen.address(), inventory);
      if (other != null || eni.isEmpty()) {
        log.atError()
            .addKeyValue("ip", seen.address())
            .addKeyValue("pod", seen.pod())
            .log(
                other != null
                    ? "two attachments claim one address: {} and {}; the first is believed, look at both"
                    : "an attachment stands on no ENI of this node: {} {}; it is left alone",
                seen.hostLink(),
                other);
        continue;
      }
      held.add(new PoolEvent.Held(seen.key(), seen.address(), eni.get()));
    }
    return held;
  }

  /** The ENI that has the address; where EC2 shows none, one whose subnet it is from. */
  private static Optional<EniId> eniOf(IpAddress address, Cloud.Inventory inventory) {
    return inventory.enis().stream()
        .filter(eni -> eni.addresses().contains(address))
        .findFirst()
        .or(
            () ->
                inventory.enis().stream()
                    .filter(eni -> eni.place().subnet().contains(address))
                    .findFirst())
        .map(eni -> eni.place().id());
  }

  private static Map<IpAddress, BootTime> released(
      KernelView kernel, List<PoolEvent.Held> held, BootTime now) {
    Map<IpAddress, BootTime> released = new HashMap<>();
    kernel
        .poolRoutes()
        .forEach(
            (address, says) ->
                released.put(
                    address,
                    switch (says) {
                      // In use, but no veth: its pod died while no daemon ran.
                      case KernelView.InUse _ -> now;
                      // Its route counts whole seconds: it may have been a moment later.
                      case KernelView.ReleasedAt(BootTime at) ->
                          at.plus(ALMOST_A_SECOND).isBefore(now) ? at.plus(ALMOST_A_SECOND) : now;
                    }));
    held.forEach(one -> released.remove(one.address()));
    return released;
  }

  /** Writes down what was only concluded, so that the next start concludes the same. */
  private void remember(
      CloudView view,
      List<PoolEvent.Held> held,
      Map<IpAddress, BootTime> released,
      BootTime otherwise)
      throws IOException {
    Set<IpAddress> owned = new HashSet<>();
    for (PoolEvent.Held one : held) {
      owned.add(one.address());
      host.inUse(one.address());
    }
    for (CloudView.Eni eni : view.enis()) {
      for (IpAddress address : eni.addresses()) {
        if (!owned.contains(address)) {
          host.released(address, released.getOrDefault(address, otherwise));
        }
      }
    }
  }
}
