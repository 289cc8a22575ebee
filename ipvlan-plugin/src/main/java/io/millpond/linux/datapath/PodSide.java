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
import io.millpond.linux.netlink.SlaveKind;
import io.millpond.linux.nft.PodRules;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/** What is inside the pod's namespace, over a socket that was opened there. */
final class PodSide {
  /** Packets of flows that came by the veth go out by it. */
  static final int VETH_TABLE = 7301;

  /** Packets of flows that came by the ENI go out by it. */
  static final int ENI_TABLE = 7302;

  /** The pod's end of the veth. One pod has one. */
  static final String VETH = "mpd0";

  static final List<MarkRule> RULES =
      List.of(
          new MarkRule(VETH_TABLE, PodRules.VETH, PodRules.MASK, VETH_TABLE),
          new MarkRule(ENI_TABLE, PodRules.ENI, PodRules.MASK, ENI_TABLE));

  private static final Prefix DEFAULT = new Prefix(IpAddress.ofIpv4(0), 0);

  private PodSide() {}

  static Optional<Link> link(NetlinkSocket pod, String name) throws NetlinkException {
    return pod.get(Links.get(name)).reply().stream().findFirst().map(Links::read);
  }

  /** The pod's end of the attachment's veth. */
  static Optional<Link> veth(NetlinkSocket pod, AttachmentKey key) throws NetlinkException {
    return link(pod, VETH).filter(link -> link.mac().equals(Optional.of(HostVeth.podMac(key))));
  }

  static List<Link> links(NetlinkSocket pod) throws NetlinkException {
    return pod.dump(Links.dump()).stream().map(Links::read).toList();
  }

  /**
   * Gives the new slave its name, its record and its address, all before it comes up.
   *
   * @param before what the namespace's settings were
   * @return its number
   * @throws NetlinkException with EADDRINUSE if another slave of the ENI has the address
   */
  static int address(NetlinkSocket pod, PodAttachment a, Alias record, String before)
      throws IOException {
    Link slave =
        links(pod).stream()
            .filter(PodSide::isUnfinished)
            .filter(link -> link.master().equals(OptionalInt.of(a.eni().index())))
            .reduce((older, newer) -> newer.index() > older.index() ? newer : older)
            .orElseThrow(
                () -> new IOException("the new ipvlan slave of " + a.eni().name() + " vanished"));
    List<Message> messages = new ArrayList<>();
    messages.add(Links.setAlias(slave.index(), record.ofSlave(before).format()));
    if (!slave.name().equals(a.key().ifName())) {
      messages.add(Links.rename(slave.index(), a.key().ifName()));
    }
    messages.add(Addresses.add(slave.index(), a.address(), a.subnet().length()));
    pod.require(messages);
    return slave.index();
  }

  /** A slave, of a master outside of the pod, that an attach created and did not come to name. */
  static boolean isUnfinished(Link link) {
    return link.kind().equals(SlaveKind.name())
        && link.linkNetns().isPresent()
        && !link.isUp()
        && link.alias().isEmpty();
  }

  /** Brings everything up. The rules for marks may be there from an earlier attachment. */
  static void connect(NetlinkSocket pod, PodAttachment a, int slave, MacAddress hostMac)
      throws IOException {
    int veth =
        veth(pod, a.key())
            .orElseThrow(() -> new IOException("the pod's end of the veth vanished"))
            .index();
    List<Message> messages = linksUp(a, slave, veth, hostMac);
    routes(a, slave, veth).forEach(route -> messages.add(Routes.add(route)));
    RULES.forEach(rule -> messages.add(Rules.add(rule)));
    List<NetlinkSocket.Outcome> outcomes = pod.send(messages);
    int firstRule = outcomes.size() - RULES.size();
    for (int i = 0; i < outcomes.size(); i++) {
      outcomes.get(i).orThrowUnless(i < firstRule ? 0 : Rt.EEXIST);
    }
  }

  private static List<Message> linksUp(PodAttachment a, int slave, int veth, MacAddress hostMac) {
    List<Message> messages = new ArrayList<>();
    messages.add(Links.up(slave));
    messages.add(Links.up(veth));
    a.gatewayMac().ifPresent(mac -> messages.add(Neighbours.permanent(slave, a.gateway(), mac)));
    messages.add(Neighbours.permanent(veth, a.node(), hostMac));
    return messages;
  }

  /**
   * Brings back what is missing. To a destination that has another route by now none is added: a
   * pod may have put its own there.
   */
  static void reconnect(NetlinkSocket pod, PodAttachment a, int slave, int veth)
      throws NetlinkException {
    List<Message> links = linksUp(a, slave, veth, HostVeth.hostMac(a.key()));
    links.addFirst(Addresses.add(slave, a.address(), a.subnet().length()));
    requireOrPresent(pod, links);
    Set<String> taken = new HashSet<>();
    pod.dump(Routes.dump())
        .forEach(reply -> Routes.read(reply).ifPresent(route -> taken.add(destination(route))));
    List<Message> others = new ArrayList<>();
    Stream.concat(Stream.of(subnetRoute(a, slave)), routes(a, slave, veth).stream())
        .filter(route -> !taken.contains(destination(route)))
        .forEach(route -> others.add(Routes.add(route)));
    RULES.forEach(rule -> others.add(Rules.add(rule)));
    requireOrPresent(pod, others);
  }

  private static void requireOrPresent(NetlinkSocket pod, List<Message> messages)
      throws NetlinkException {
    for (NetlinkSocket.Outcome outcome : pod.send(messages)) {
      outcome.orThrowUnless(Rt.EEXIST);
    }
  }

  private static String destination(Route route) {
    return route.table() + " " + route.destination();
  }

  /** What the kernel adds with the address, and does not add again. */
  static Route subnetRoute(PodAttachment a, int slave) {
    return Route.direct(a.subnet(), Rt.RT_TABLE_MAIN, slave).from(a.address());
  }

  /**
   * The routes of an attachment, in the main table and in those for marked packets. Where two have
   * the same destination in a table the first counts: the node, the default and the services go by
   * the veth, whatever else is asked for. The main table's route to the subnet comes with the
   * address. The veth has no address: its routes say with which the pod speaks, or the kernel takes
   * any that the pod has.
   */
  static List<Route> routes(PodAttachment a, int slave, int veth) {
    Prefix node = new Prefix(a.node(), a.node().family().bits());
    List<Route> wanted = new ArrayList<>();
    for (int table : new int[] {Rt.RT_TABLE_MAIN, VETH_TABLE}) {
      wanted.add(Route.direct(node, table, veth).from(a.address()));
      wanted.add(Route.via(DEFAULT, table, veth, a.node()).from(a.address()));
    }
    a.services()
        .forEach(p -> wanted.add(Route.via(p, Rt.RT_TABLE_MAIN, veth, a.node()).from(a.address())));
    wanted.add(Route.direct(a.subnet(), ENI_TABLE, slave));
    wanted.add(Route.via(DEFAULT, ENI_TABLE, slave, a.gateway()));
    for (Prefix prefix : a.direct()) {
      for (int table : new int[] {Rt.RT_TABLE_MAIN, ENI_TABLE}) {
        if (table != Rt.RT_TABLE_MAIN || !prefix.equals(a.subnet())) {
          wanted.add(Route.via(prefix, table, slave, a.gateway()));
        }
      }
    }
    Map<String, Route> first = new LinkedHashMap<>();
    wanted.forEach(r -> first.putIfAbsent(destination(r), r));
    return List.copyOf(first.values());
  }
}
