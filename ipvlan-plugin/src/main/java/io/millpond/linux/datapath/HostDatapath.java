package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Addresses;
import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Neighbours;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Routes;
import io.millpond.linux.netns.Sysctl;
import io.millpond.linux.nft.ForeignChains;
import io.millpond.linux.nft.Generation;
import io.millpond.linux.nft.LegacyTables;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The node's own side: forwarding, the node's nf_tables rules, and what every attachment and every
 * pool address has in the node's namespace. {@link #reconcile} puts back what somebody took away
 * and says what that was; nothing that is not ours is touched, with two exceptions that are said as
 * well: a pool address on a link of the node, where it would make the node answer in the pod's
 * place, is removed; and a firewall that drops what is forwarded gets a rule that accepts pods.
 *
 * <p>Thread-safe.
 */
public final class HostDatapath {
  private static final String LEGACY =
      "a firewall of iptables-legacy drops what is forwarded: pods do not reach services and the internet; "
          + "let it accept them (iptables-legacy -I FORWARD -i mpd+ -j ACCEPT; iptables-legacy -I FORWARD -o mpd+ -j ACCEPT), or use iptables-nft";

  private final IpAddress node;
  private final PoolRoutes pool;

  /** The generation of nf_tables in which all rules were as they must be. */
  private OptionalInt settled = OptionalInt.empty();

  /** The host ports that were on record then. */
  private Optional<HostPorts.Records> hostPorts = Optional.empty();

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
    try (NetlinkSocket host = NetlinkSocket.open()) {
      var _ = HostPorts.putRight(host, node, Optional.empty());
    }
  }

  /**
   * Puts back what is missing.
   *
   * @param enis links of the ENIs that carry pods
   * @return both lists empty when all was as it must be
   * @throws IOException if the kernel refuses
   */
  public synchronized Reconciled reconcile(List<EniLink> enis) throws IOException {
    Reconciled outcome = new Reconciled();
    List<String> repairs = outcome.repairs();
    if (Sysctl.set("ipv4/ip_forward", "1")) {
      repairs.add("ip_forward was 0");
    }
    try (NetlinkSocket host = NetlinkSocket.open()) {
      firewalls(host, outcome);
    }
    if (LegacyTables.dropForwarded()) {
      outcome.findings().add(LEGACY);
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
      List<Link> links = links(host);
      down(host, links, enis, repairs);
      strayAddresses(host, links, repairs);
      attachments(host, outcome, () -> {});
    }
    return outcome;
  }

  /**
   * Rules are listed only when there was a transaction since they were found as they must be, or
   * other host ports are on record: those of a pod that dies stay open. Asked for before they are
   * listed, the generation is never younger than what was seen. With a finding everything is listed
   * each time: tables that only their owner may change go without a transaction.
   */
  private void firewalls(NetlinkSocket host, Reconciled outcome) throws IOException {
    OptionalInt generation = Generation.now();
    boolean same = generation.isPresent() && generation.equals(settled);
    HostPorts.Looked rules = HostPorts.putRight(host, node, same ? hostPorts : Optional.empty());
    hostPorts = Optional.of(rules.records());
    if (same && rules.fault().isEmpty()) {
      return;
    }
    settled = OptionalInt.empty();
    Reconciled seen = new Reconciled();
    rules
        .fault()
        .ifPresent(
            fault ->
                seen.repairs()
                    .add(
                        switch (fault) {
                          case RULES -> "the node's nf_tables rules were gone or changed";
                          case HOST_PORTS -> "the open host ports were not those of the pods";
                        }));
    ForeignChains.accept(seen.repairs(), seen.findings());
    if (seen.repairs().isEmpty() && seen.findings().isEmpty()) {
      settled = generation;
    }
    outcome.repairs().addAll(seen.repairs());
    outcome.findings().addAll(seen.findings());
  }

  private static List<Link> links(NetlinkSocket host) throws NetlinkException {
    return host.dump(Links.dump()).stream().map(Links::read).toList();
  }

  private static void down(
      NetlinkSocket host, List<Link> links, List<EniLink> enis, List<String> repairs)
      throws NetlinkException {
    for (Link link : links) {
      boolean carriesPods = enis.stream().anyMatch(eni -> eni.index() == link.index());
      if (carriesPods && !link.isUp()) {
        host.require(Links.up(link.index()));
        repairs.add("the ENI's link " + link.name() + " was down");
      }
    }
  }

  private void strayAddresses(NetlinkSocket host, List<Link> links, List<String> repairs)
      throws IOException {
    Set<IpAddress> ours = pool.addresses();
    Map<Integer, String> names =
        links.stream().collect(Collectors.toMap(Link::index, Link::name, (a, _) -> a));
    for (var reply : host.dump(Addresses.dump())) {
      Optional<Addresses.LinkAddress> found = Addresses.read(reply);
      if (found.isPresent()
          && ours.contains(found.get().address())
          && !found.get().address().equals(node)) {
        host.require(
            Addresses.delete(found.get().link(), found.get().address(), found.get().length()));
        repairs.add(
            "pool address %s was on the node's link %s and was removed: the node would have answered for the pod"
                .formatted(
                    found.get().address(),
                    names.getOrDefault(found.get().link(), String.valueOf(found.get().link()))));
      }
    }
  }

  /**
   * The veths of complete attachments. Links are listed first: whatever one of the list had then is
   * in the later lists, unless the link goes, and that is looked at once more before a repair.
   *
   * @param afterLinks for tests: what happens on the node just then
   */
  void attachments(NetlinkSocket host, Reconciled outcome, Runnable afterLinks) throws IOException {
    List<Link> links = links(host);
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
          .ifPresent(
              n ->
                  known.add(
                      "%d %s %s"
                          .formatted(
                              n.link(), n.address(), n.mac().map(Object::toString).orElse(""))));
    }
    for (Link link : links) {
      Optional<Alias> alias = complete(link);
      if (alias.isPresent()) {
        attachment(host, link, alias.get(), routed, known, outcome);
      }
    }
  }

  private void attachment(
      NetlinkSocket host,
      Link link,
      Alias alias,
      Set<String> routed,
      Set<String> known,
      Reconciled outcome)
      throws IOException {
    String entry = link.index() + " " + alias.address();
    List<String> wrong =
        wrong(
            link,
            alias,
            routed.contains(entry),
            known.contains(entry + " " + HostVeth.podMac(alias.hash())));
    String who = "the veth %s of %s (%s)".formatted(link.name(), alias.key(), alias.address());
    if (!wrong.isEmpty() && isThere(host, link) && repair(host, link, alias)) {
      outcome.repairs().add(who + ": " + String.join(", ", wrong));
    }
    PodEnd end = new PodEnd(host, link, alias, node);
    if (end.isChanged()) {
      try {
        if (end.putBack()) {
          outcome.repairs().add(who + ": its MAC in the pod was changed");
        } else if (isThere(host, link)) {
          outcome
              .findings()
              .add(
                  who
                      + ": its MAC in the pod was changed, and the pod's namespace is not found: restart the pod");
        }
      } catch (IOException e) {
        if (isThere(host, link)) {
          throw e;
        }
      }
    }
  }

  private static Optional<Alias> complete(Link link) {
    return HostVeth.isName(link.name())
        ? link.alias().flatMap(Alias::parse).filter(read -> !read.building())
        : Optional.empty();
  }

  private static List<String> wrong(Link link, Alias alias, boolean routed, boolean known)
      throws IOException {
    List<String> wrong = new ArrayList<>();
    if (!link.isUp()) {
      wrong.add("was down");
    }
    if (!hasItsMac(link, alias)) {
      wrong.add("had another MAC");
    }
    if (!routed) {
      wrong.add("had no route");
    }
    if (!known) {
      wrong.add("had no neighbour, or another one");
    }
    try {
      if (!Sysctl.get("ipv4/conf/" + link.name() + "/rp_filter").equals("1")) {
        wrong.add("had no rp_filter");
      }
      if (HostPorts.wantsLoopback(DemandRecord.read(link.alternativeNames()))
          && !Sysctl.get("ipv4/conf/" + link.name() + "/route_localnet").equals("1")) {
        wrong.add("had no route_localnet");
      }
    } catch (NoSuchFileException e) {
      return List.of(); // the link is gone
    }
    return wrong;
  }

  private static boolean hasItsMac(Link link, Alias alias) {
    return link.mac().equals(Optional.of(HostVeth.hostMac(alias.hash())));
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
      if (!hasItsMac(link, alias)) {
        // First, because the kernel forgets the link's neighbours then.
        host.require(Links.mac(link.index(), HostVeth.hostMac(alias.hash())));
      }
      Attach.setUp(host, link, alias.address(), node, HostVeth.podMac(alias.hash()));
      HostPorts.routeLoopback(link.name(), DemandRecord.read(link.alternativeNames()));
      return true;
    } catch (IOException e) {
      if (isThere(host, link)) {
        throw e;
      }
      return false;
    }
  }
}
