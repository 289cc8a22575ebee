package io.millpond.node.pods;

import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.KernelView;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.AddressState;
import io.millpond.pool.PoolAddress;
import io.millpond.pool.PoolState;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens on GC: attachments of one network that the runtime does not name are removed as by
 * DEL, whichever of kernel, pool and records knows of them; then the routes of addresses that
 * belong to nobody. Without a list only those go whose namespace is dead.
 */
public final class CollectGarbage {
  private static final Logger log = LoggerFactory.getLogger(CollectGarbage.class);

  private final WarmPool pool;
  private final HostNetwork host;
  private final Attachments attachments;
  private final KeyLanes lanes;
  private final DeletePod deletePod;
  private final Function<AttachmentKey, String> linkName;

  /** Ready to collect. */
  public CollectGarbage(
      WarmPool pool,
      HostNetwork host,
      Attachments attachments,
      KeyLanes lanes,
      DeletePod deletePod,
      Function<AttachmentKey, String> linkName) {
    this.pool = pool;
    this.host = host;
    this.attachments = attachments;
    this.lanes = lanes;
    this.deletePod = deletePod;
    this.linkName = linkName;
  }

  /** An attachment that the runtime wants to keep. */
  public record Valid(String containerId, String ifName) {}

  /**
   * An attachment that something on this node knows of.
   *
   * @param netnsInode 0 if unknown
   */
  private record Known(AttachmentKey key, long netnsInode) {}

  /**
   * Removes the network's attachments, links first, and goes on past failures.
   *
   * @param valid those that stay; if there is no list, all whose namespace lives
   * @return what could not be removed
   */
  public List<String> collect(String network, Optional<Set<Valid>> valid)
      throws InterruptedException {
    List<String> failures = new ArrayList<>();
    Optional<KernelView> view = look(failures);
    NavigableMap<String, Known> all = known(view);
    all.values().removeIf(one -> !one.key().network().equals(network));
    if (valid.isPresent()) {
      valid.get().forEach(one -> all.remove(linkName.apply(key(network, one))));
    } else {
      all.entrySet().removeIf(one -> !dead(one.getKey(), one.getValue(), view));
    }
    for (Known one : all.values()) {
      log.info("garbage collection removes {}, which the runtime does not know", one.key());
      if (deletePod.delete(one.key(), Optional.empty()) instanceof DeletePod.Failed failed) {
        failures.add(one.key().shown() + ": " + failed.detail());
      }
    }
    releaseRoutes(failures);
    return failures;
  }

  private static AttachmentKey key(String network, Valid one) {
    return new AttachmentKey(network, one.containerId(), one.ifName());
  }

  private Optional<KernelView> look(List<String> failures) {
    try {
      return Optional.of(host.look());
    } catch (IOException e) {
      failures.add("the kernel does not say what it has: " + e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * All attachments by their host veth. One that is only in the pool or in the kernel, and whose
   * lane is busy, is about to be built or removed: no garbage.
   */
  private NavigableMap<String, Known> known(Optional<KernelView> view) {
    NavigableMap<String, Known> all = new TreeMap<>();
    for (Attachments.Attachment one : attachments.all()) {
      all.put(one.hostLink(), new Known(one.key(), one.netnsInode()));
    }
    Stream<Known> held =
        addresses(pool.snapshot())
            .filter(PoolAddress::assigned)
            .flatMap(address -> Stream.ofNullable(address.state().key()))
            .map(key -> new Known(key, 0));
    Stream<Known> links =
        view.stream()
            .flatMap(
                seen ->
                    Stream.concat(
                        seen.attachments().stream()
                            .map(one -> new Known(one.key(), one.netnsInode())),
                        seen.interrupted().stream()
                            .flatMap(one -> one.key().stream())
                            .map(key -> new Known(key, 0))));
    Stream.concat(links, held)
        .filter(one -> !lanes.busy(one.key()))
        .forEach(one -> all.putIfAbsent(linkName.apply(one.key()), one));
    return all;
  }

  private static Stream<PoolAddress> addresses(PoolState state) {
    return state.enis().values().stream().flatMap(eni -> eni.addresses().values().stream());
  }

  /**
   * A namespace takes its end of the veth with it, and the kernel then deletes the other: while the
   * veth is there, the namespace lives, whether or not anybody can find it. Where somebody deleted
   * the veth, it may live all the same.
   */
  private boolean dead(String hostLink, Known one, Optional<KernelView> view) {
    return view.isPresent()
        && Stream.concat(
                view.get().attachments().stream().map(KernelView.Seen::hostLink),
                view.get().interrupted().stream().map(KernelView.Interrupted::hostLink))
            .noneMatch(hostLink::equals)
        && (one.netnsInode() == 0 || !host.lives(one.netnsInode()));
  }

  /** A route that says "in use" of an address that neither a link nor the pool gives to anybody. */
  private void releaseRoutes(List<String> failures) {
    try {
      host.removeOtherRoutes();
    } catch (IOException e) {
      failures.add("the pool's routes: " + e.getMessage());
    }
    Optional<KernelView> view = look(failures);
    if (view.isEmpty()) {
      return;
    }
    Set<IpAddress> taken = new HashSet<>();
    view.get().attachments().forEach(one -> taken.add(one.address()));
    for (PoolAddress one : addresses(pool.snapshot()).toList()) {
      if (atRest(one.state())
          && !taken.contains(one.ip())
          && view.get().poolRoutes().get(one.ip()) instanceof KernelView.InUse) {
        log.info("garbage collection releases the route of {}, which nobody has", one.ip());
        try {
          release(one);
        } catch (IOException e) {
          failures.add("the pool route of " + one.ip() + ": " + e.getMessage());
        }
      }
    }
  }

  private static boolean atRest(AddressState state) {
    return state instanceof AddressState.Free || state instanceof AddressState.Cooling;
  }

  /** Whoever gets the address in this moment says so on the route, perhaps before we speak. */
  private void release(PoolAddress address) throws IOException {
    host.released(address.ip(), address.state().since());
    if (pool.snapshot().address(address.ip()).filter(now -> !atRest(now.state())).isPresent()) {
      host.inUse(address.ip());
    }
  }
}
