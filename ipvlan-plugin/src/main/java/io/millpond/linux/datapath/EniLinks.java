package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.SlaveKind;
import io.millpond.linux.netns.Sysctl;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PoolName;
import java.io.IOException;
import java.util.Optional;

/** The links of ENIs in the node's namespace. Thread-safe. */
public final class EniLinks {
  private EniLinks() {}

  /**
   * Finds the link of an ENI by its MAC address. IPvlan slaves share their master's: they are not
   * it.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public static Optional<EniLink> find(MacAddress mac) throws NetlinkException {
    try (NetlinkSocket host = NetlinkSocket.open()) {
      return host.dump(Links.dump()).stream()
          .map(Links::read)
          .filter(link -> link.mac().equals(Optional.of(mac)))
          .filter(link -> !link.kind().equals(SlaveKind.name()) && !link.kind().equals("vlan"))
          .min(java.util.Comparator.comparingInt(Link::index))
          .map(link -> new EniLink(link.index(), link.name(), mac, link.mtu()));
    }
  }

  /**
   * Makes the link fit to carry pods: up, forwarding, and with a reverse-path filter, which stops
   * what a pod injects into the node's own stack through the MAC they share.
   *
   * @throws IOException if the kernel refuses
   */
  public static void prepare(EniLink link) throws IOException {
    Sysctl.set("ipv4/conf/" + link.name() + "/forwarding", "1");
    Sysctl.set("ipv4/conf/" + link.name() + "/rp_filter", "1");
    try (NetlinkSocket host = NetlinkSocket.open()) {
      host.require(Links.up(link.index()));
    }
  }

  /**
   * Writes onto the link whose addresses it has.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public static void mark(EniLink link, PoolName pool) throws NetlinkException {
    try (NetlinkSocket host = NetlinkSocket.open()) {
      host.require(Links.setAlias(link.index(), EniMark.format(pool)));
    }
  }

  /**
   * Gives the link an MTU. All slaves that it has already get the same (ipvlan_main.c,
   * ipvlan_device_event).
   *
   * @return the link as it is now
   * @throws NetlinkException if the device cannot have that MTU
   */
  public static EniLink resize(EniLink link, int mtu) throws NetlinkException {
    if (link.mtu() == mtu) {
      return link;
    }
    try (NetlinkSocket host = NetlinkSocket.open()) {
      host.require(Links.mtu(link.index(), mtu));
    }
    return new EniLink(link.index(), link.name(), link.mac(), mtu);
  }
}
