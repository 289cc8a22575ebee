package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.nft.ForeignChains;
import io.millpond.linux.nft.HostRules;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What outlives a daemon in the node's network namespace although no pod is attached: the pool's
 * routes, which would cut the node off from whoever has the addresses next, nf_tables rules, and
 * the marks of ENIs. Settings of links and {@code ip_forward} stay: others may rely on them.
 */
public final class NodeTraces {
  private NodeTraces() {}

  /**
   * Removes them from the node that the calling thread is in. No daemon may run, which would put
   * them back, and no pod may be attached. May be repeated.
   *
   * @return what was there, one sentence each
   * @throws IOException if the kernel refuses; what was removed before stays so
   */
  public static List<String> remove() throws IOException {
    List<String> removed = new ArrayList<>();
    try (NetlinkSocket host = NetlinkSocket.open()) {
      int routes = PoolRoutes.removeAll(host);
      if (routes > 0) {
        removed.add("the unreachable routes of " + routes + " pool addresses");
      }
      for (var reply : host.dump(Links.dump())) {
        Link link = Links.read(reply);
        if (link.alias().filter(EniMark::is).isPresent()) {
          host.require(Links.setAlias(link.index(), ""));
          removed.add("the mark of the ENI's link " + link.name());
        }
      }
    }
    removed.addAll(ForeignChains.remove());
    if (HostRules.remove()) {
      removed.add("the nf_tables table inet millpond");
    }
    return removed;
  }
}
