package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Addresses;
import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Message;
import io.millpond.linux.netlink.Neighbours;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Routes;
import io.millpond.linux.netlink.Routes.Route;
import io.millpond.linux.netlink.Rt;
import io.millpond.linux.netlink.Rules;
import io.millpond.linux.netlink.Rules.MarkRule;
import io.millpond.linux.netns.Sysctl;
import io.millpond.linux.nft.PodRules;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What happens inside the pod's namespace. Every method runs on a thread that is in it. */
final class PodSide {
  /** Packets of flows that came by the veth go out by it. */
  static final int VETH_TABLE = 7301;

  /** Packets of flows that came by the ENI go out by it. */
  static final int ENI_TABLE = 7302;

  /** The kernel resolves it in the pod's namespace. */
  static final String VETH_TEMPLATE = "mpd%d";

  private static final Prefix DEFAULT = new Prefix(IpAddress.ofIpv4(0), 0);
  private static final MarkRule VETH_RULE =
      new MarkRule(VETH_TABLE, PodRules.VETH, PodRules.MASK, VETH_TABLE);
  private static final MarkRule ENI_RULE =
      new MarkRule(ENI_TABLE, PodRules.ENI, PodRules.MASK, ENI_TABLE);

  private PodSide() {}

  /** Whether the namespace has a link of that name. */
  static boolean has(NetlinkSocket pod, String name) throws NetlinkException {
    return link(pod, name).isPresent();
  }

  static Optional<Link> link(NetlinkSocket pod, String name) throws NetlinkException {
    return pod.get(Links.get(name)).reply().stream().findFirst().map(Links::read);
  }

  static List<Link> links(NetlinkSocket pod) throws NetlinkException {
    return pod.dump(Links.dump()).stream().map(Links::read).toList();
  }

  /**
   * Settings of the namespace that must stand before its links come up: a rogue router must find no
   * listener, and the unnumbered veth no reverse-path filter (the effective value is the larger of
   * {@code all} and the link's).
   */
  static void prepare() throws IOException {
    for (String which : List.of("all", "default")) {
      Sysctl.setIfPresent("ipv6/conf/" + which + "/accept_ra", "0");
      Sysctl.setIfPresent("ipv6/conf/" + which + "/autoconf", "0");
      Sysctl.set("ipv4/conf/" + which + "/rp_filter", "0");
      Sysctl.set("ipv4/conf/" + which + "/accept_redirects", "0");
      Sysctl.set("ipv4/conf/" + which + "/arp_ignore", "0");
      Sysctl.set("ipv4/conf/" + which + "/arp_announce", "0");
    }
    Sysctl.set("ipv4/tcp_fwmark_accept", "1");
    Sysctl.set("ipv4/fwmark_reflect", "1");
  }

  /**
   * Gives the new links their names, addresses, neighbours, routes and rules. The address comes
   * before link-up.
   */
  static void configure(NetlinkSocket pod, PodAttachment a, MacAddress hostMac) throws IOException {
    Link eth = newSlave(pod, a);
    Link veth = veth(pod, HostVeth.podMac(a.key()));
    List<Message> first = new ArrayList<>();
    if (!eth.name().equals(a.key().ifName())) {
      first.add(Links.rename(eth.index(), a.key().ifName()));
    }
    first.add(Addresses.add(eth.index(), a.address(), a.subnet().length()));
    pod.require(first.toArray(Message[]::new));
    Sysctl.set("ipv4/conf/" + veth.name() + "/rp_filter", "0");
    Sysctl.set("ipv4/conf/" + a.key().ifName() + "/rp_filter", "0");
    PodRules.add(veth.name(), a.key().ifName());
    List<Message> messages = new ArrayList<>();
    messages.add(Links.up(eth.index()));
    messages.add(Links.up(veth.index()));
    a.gatewayMac()
        .ifPresent(mac -> messages.add(Neighbours.permanent(eth.index(), a.gateway(), mac)));
    messages.add(Neighbours.permanent(veth.index(), a.node(), hostMac));
    routes(a, eth.index(), veth.index()).forEach(route -> messages.add(Routes.replace(route)));
    pod.require(messages.toArray(Message[]::new));
    for (NetlinkSocket.Outcome outcome :
        pod.send(List.of(Rules.add(VETH_RULE), Rules.add(ENI_RULE)))) {
      if (outcome.errno() != Rt.EEXIST) {
        outcome.orThrow();
      }
    }
  }

  /** The routes of an attachment, in the main table and in those for marked packets. */
  static List<Route> routes(PodAttachment a, int eth, int veth) {
    List<Route> routes = new ArrayList<>();
    Prefix node = new Prefix(a.node(), 32);
    for (int table : new int[] {Rt.RT_TABLE_MAIN, VETH_TABLE}) {
      routes.add(Route.direct(node, table, veth));
      routes.add(Route.via(DEFAULT, table, veth, a.node()));
    }
    a.services().forEach(p -> routes.add(Route.via(p, Rt.RT_TABLE_MAIN, veth, a.node())));
    routes.add(Route.direct(a.subnet(), ENI_TABLE, eth));
    routes.add(Route.via(DEFAULT, ENI_TABLE, eth, a.gateway()));
    for (Prefix prefix : a.direct()) {
      for (int table : new int[] {Rt.RT_TABLE_MAIN, ENI_TABLE}) {
        routes.add(Route.via(prefix, table, eth, a.gateway()));
      }
    }
    return routes;
  }

  /** The slave that was just created: of this ENI, down, the newest. */
  private static Link newSlave(NetlinkSocket pod, PodAttachment a) throws IOException {
    return links(pod).stream()
        .filter(link -> link.kind().equals("ipvlan") && !link.isUp())
        .filter(link -> link.master().equals(OptionalInt.of(a.eni().index())))
        .reduce((older, newer) -> newer.index() > older.index() ? newer : older)
        .orElseThrow(
            () -> new IOException("the new ipvlan slave of " + a.eni().name() + " vanished"));
  }

  private static Link veth(NetlinkSocket pod, MacAddress mac) throws IOException {
    return links(pod).stream()
        .filter(link -> link.kind().equals("veth") && link.mac().equals(Optional.of(mac)))
        .findFirst()
        .orElseThrow(() -> new IOException("the pod's end of the veth vanished"));
  }

  /** Removes the slave, our rules and our table: what a surviving namespace must not keep. */
  static void clear(NetlinkSocket pod, String ifName, MacAddress podMac) throws IOException {
    List<Link> links = links(pod);
    Optional<Link> eth =
        links.stream()
            .filter(link -> link.name().equals(ifName) && link.kind().equals("ipvlan"))
            .findFirst();
    Optional<Link> veth =
        links.stream().filter(link -> link.mac().equals(Optional.of(podMac))).findFirst();
    if (eth.isPresent()) {
      NetlinkSocket.Outcome deleted = pod.send(List.of(Links.delete(eth.get().index()))).getFirst();
      if (deleted.errno() != Rt.ENODEV) {
        deleted.orThrow();
      }
    }
    long others =
        links.stream()
            .filter(link -> link.kind().equals("veth") && link.name().startsWith(HostVeth.PREFIX))
            .filter(link -> !link.mac().equals(Optional.of(podMac)))
            .count();
    if (others == 0) {
      // ENOENT: not there any more, or never.
      List<NetlinkSocket.Outcome> ignored =
          pod.send(List.of(Rules.delete(VETH_RULE), Rules.delete(ENI_RULE)));
    }
    PodRules.remove(veth.map(Link::name).orElse("mpd0"), ifName);
  }
}
