package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Neighbours;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import java.io.IOException;
import java.util.Optional;

/**
 * The pod's end of a veth, looked at from the node. Both ends know each other's MAC by permanent
 * neighbours; when one changes, the kernel also forgets what that link knew.
 *
 * @param end the node's end
 * @param node the node's own address
 */
record PodEnd(NetlinkSocket host, Link end, Alias alias, IpAddress node) {
  /** Whether it has another MAC than it was given. An end that cannot be seen has not. */
  boolean isChanged() throws NetlinkException {
    if (end.linkNetns().isEmpty() || end.linkNetns().getAsInt() < 0 || end.master().isEmpty()) {
      return false;
    }
    return host
        .get(Links.getIn(end.linkNetns().getAsInt(), end.master().getAsInt()))
        .reply()
        .stream()
        .anyMatch(reply -> !Links.read(reply).mac().equals(Optional.of(mac())));
  }

  private MacAddress mac() {
    return HostVeth.podMac(alias.hash());
  }

  /**
   * Gives it its MAC again, and the pod its neighbour.
   *
   * @return whether the pod's namespace was found
   */
  boolean putBack() throws IOException {
    Optional<Netns> found = Netns.find(alias.netnsInode());
    if (found.isEmpty()) {
      return false;
    }
    try (Netns netns = found.get();
        NetlinkSocket pod = netns.inside(NetlinkSocket::open)) {
      int index = end.master().orElseThrow();
      pod.require(
          Links.mac(index, mac()),
          Neighbours.permanent(index, node, HostVeth.hostMac(alias.hash())));
      return true;
    }
  }
}
