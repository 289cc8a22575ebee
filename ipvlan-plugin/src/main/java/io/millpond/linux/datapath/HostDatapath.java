package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Addresses;
import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Neighbours;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Routes;
import io.millpond.linux.netns.Sysctl;
import io.millpond.linux.nft.HostRules;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The node's own side: forwarding, the node's nf_tables rules, and what every attachment and every
 * pool address has in the node's namespace. {@link #reconcile} puts back what somebody took away
 * and says what that was; nothing that is not ours is touched, with one exception that is said as
 * well: a pool address on a link of the node, where it would make the node answer in the pod's
 * place, is removed.
 *
 * <p>Thread-safe.
 */
public final class HostDatapath {
  private final IpAddress node;
  private final PoolRoutes pool;

  /**
   * @param node the node's own address
   */
  public HostDatapath(IpAddress node, PoolRoutes pool) {
    this.node = node;
    this.pool = pool;
  }

  /**
   * Sets the node up.
   *
   * @throws IOException if the kernel refuses
   */
  public synchronized void install() throws IOException {
    Sysctl.set("ipv4/ip_forward", "1");
    if (!HostRules.complete(node)) {
      HostRules.install(node);
    }
  }

  /**
   * Puts back what is missing.
   *
   * @param enis links of the ENIs that carry pods
   * @return what was repaired, for people; empty when all was as it must be
   * @throws IOException if the kernel refuses
   */
  public synchronized List<String> reconcile(List<EniLink> enis) throws IOException {
    List<String> repairs = new ArrayList<>();
    if (Sysctl.set("ipv4/ip_forward", "1")) {
      repairs.add("ip_forward was 0");
    }
    if (!HostRules.complete(node)) {
      HostRules.install(node);
      repairs.add("the node's nf_tables rules were gone or changed");
    }
    for (EniLink eni : enis) {
      if (Sysctl.setIfPresent("ipv4/conf/" + eni.name() + "/forwarding", "1")) {
        repairs.add("forwarding was off on " + eni.name());
      }
      if (Sysctl.setIfPresent("ipv4/conf/" + eni.name() + "/rp_filter", "1")) {
        repairs.add("rp_filter was not 1 on " + eni.name());
      }
    }
    try (NetlinkSocket host = NetlinkSocket.open()) {
      for (IpAddress address : pool.restore(host)) {
        repairs.add("the unreachable route of " + address + " was gone");
      }
      strayAddresses(host, repairs);
      attachments(host, repairs, () -> {});
    }
    return repairs;
  }

  private void strayAddresses(NetlinkSocket host, List<String> repairs) throws IOException {
    Set<IpAddress> ours = pool.addresses();
    for (var reply : host.dump(Addresses.dump())) {
      Optional<Addresses.LinkAddress> found = Addresses.read(reply);
      if (found.isPresent()
          && ours.contains(found.get().address())
          && !found.get().address().equals(node)) {
        host.require(
            Addresses.delete(found.get().link(), found.get().address(), found.get().length()));
        repairs.add(
            "pool address %s was on link %d of the node and was removed: the node would have answered for the pod"
                .formatted(found.get().address(), found.get().link()));
      }
    }
  }

  /**
   * The veths of complete attachments. Links are listed first: whatever one of the list had then is
   * in the later lists, unless the link goes, and that is looked at once more before a repair.
   *
   * @param afterLinks for tests: what happens on the node just then
   */
  void attachments(NetlinkSocket host, List<String> repairs, Runnable afterLinks)
      throws IOException {
    List<Link> links = host.dump(Links.dump()).stream().map(Links::read).toList();
    afterLinks.run();
    Set<String> routed = new HashSet<>();
    for (var reply : host.dump(Routes.dump())) {
      Routes.read(reply)
          .filter(
              r ->
                  r.protocol() == Routes.PROTOCOL
                      && r.link().isPresent()
                      && r.destination().length() == 32)
          .ifPresent(r -> routed.add(r.link().getAsInt() + " " + r.destination().address()));
    }
    Set<String> known = new HashSet<>();
    for (var reply : host.dump(Neighbours.dump())) {
      Neighbours.read(reply)
          .filter(Neighbours.Neighbour::isPermanent)
          .ifPresent(n -> known.add(n.link() + " " + n.address()));
    }
    for (Link link : links) {
      Optional<Alias> alias = complete(link);
      if (alias.isPresent()) {
        String entry = link.index() + " " + alias.get().address();
        Optional<String> wrong = wrong(link, routed.contains(entry), known.contains(entry));
        if (wrong.isPresent() && isThere(host, link) && repair(host, link, alias.get())) {
          repairs.add(
              "the veth of %s (%s): %s"
                  .formatted(alias.get().key(), alias.get().address(), wrong.get()));
        }
      }
    }
  }

  private static Optional<Alias> complete(Link link) {
    return HostVeth.isName(link.name())
        ? link.alias().flatMap(Alias::parse).filter(read -> !read.building())
        : Optional.empty();
  }

  private static Optional<String> wrong(Link link, boolean routed, boolean known)
      throws IOException {
    if (!link.isUp()) {
      return Optional.of("was down");
    }
    if (!routed) {
      return Optional.of("had no route");
    }
    try {
      if (!Sysctl.get("ipv4/conf/" + link.name() + "/rp_filter").equals("1")) {
        return Optional.of("had no rp_filter");
      }
    } catch (NoSuchFileException e) {
      return Optional.empty(); // the link is gone
    }
    return known ? Optional.empty() : Optional.of("had no neighbour");
  }

  /** Whether the link is still the one that was listed, with the same record. */
  private static boolean isThere(NetlinkSocket host, Link link) throws IOException {
    return Detach.find(host, link.name())
        .filter(now -> now.index() == link.index() && now.alias().equals(link.alias()))
        .isPresent();
  }

  /** Whether it was repaired; a link that goes meanwhile needs none. */
  private boolean repair(NetlinkSocket host, Link link, Alias alias) throws IOException {
    try {
      Attach.setUp(host, link, alias.address(), node, HostVeth.podMac(alias.hash()));
      return true;
    } catch (IOException e) {
      if (isThere(host, link)) {
        throw e;
      }
      return false;
    }
  }
}
