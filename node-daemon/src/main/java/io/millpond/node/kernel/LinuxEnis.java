package io.millpond.node.kernel;

import io.millpond.linux.datapath.EniLink;
import io.millpond.linux.datapath.EniLinks;
import io.millpond.linux.datapath.GatewayArp;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.MacAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The links of ENIs that were set up, with their routers' hardware addresses. Safe for any thread.
 */
final class LinuxEnis {
  private static final Logger log = LoggerFactory.getLogger(LinuxEnis.class);
  private static final Duration ARP_WAIT = Duration.ofMillis(200);

  private final Map<EniId, Known> known = new ConcurrentHashMap<>();
  private final int mtu;
  private Set<EniId> pool = Set.of();

  LinuxEnis(int mtu) {
    this.mtu = mtu;
  }

  /**
   * A link that is up.
   *
   * @param gateway the router's hardware address, once it has answered
   */
  record Known(EniLink link, Optional<MacAddress> gateway) {}

  Optional<Known> bringUp(EniPlace eni) throws IOException {
    Optional<EniLink> link = EniLinks.find(eni.mac());
    if (link.isEmpty()) {
      return Optional.empty();
    }
    EniLink sized = sized(link.get(), eni);
    EniLinks.prepare(sized);
    if (!eni.device().isPrimary()) {
      EniLinks.mark(sized, eni.pool());
    }
    Known up = new Known(sized, GatewayArp.ask(sized, eni.primary(), eni.gateway(), ARP_WAIT));
    known.put(eni.id(), up);
    return Optional.of(up);
  }

  /** The primary ENI's MTU is the node's own affair; nobody else cares for the others'. */
  private EniLink sized(EniLink link, EniPlace eni) {
    if (eni.device().isPrimary()) {
      return link;
    }
    try {
      return EniLinks.resize(link, mtu);
    } catch (NetlinkException e) {
      log.warn(
          "{} keeps its MTU of {}, and so do its pods: {}; set AWS_VPC_ENI_MTU to what the device can",
          link.name(),
          link.mtu(),
          e.getMessage());
      return link;
    }
  }

  /** The ENI's link; looked for again if it is not known or its router has not answered yet. */
  Optional<Known> find(EniPlace eni) throws IOException {
    Known found = known.get(eni.id());
    return found != null && found.gateway().isPresent() ? Optional.of(found) : bringUp(eni);
  }

  /**
   * Tells which ENIs the pool has now; those that it had and has no more are forgotten. One that is
   * on its way into the pool is not.
   */
  synchronized void pool(Set<EniId> now) {
    Set<EniId> gone = new HashSet<>(pool);
    gone.removeAll(now);
    gone.forEach(this::forget);
    pool = Set.copyOf(now);
  }

  /** The ENIs whose links are known. */
  Set<EniId> known() {
    return Set.copyOf(known.keySet());
  }

  /** After the link went away or came back under another number. */
  void forget(EniId id) {
    known.remove(id);
  }
}
