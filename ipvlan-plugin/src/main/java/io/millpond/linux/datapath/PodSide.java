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
import io.millpond.linux.netlink.Rules.Rule;
import io.millpond.linux.netlink.SlaveKind;
import io.millpond.linux.nft.PodRules;
import io.millpond.pool.value.AttachmentKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What is inside the pod's namespace, over a socket that was opened there. */
final class PodSide {
  private PodSide() {}

  static Optional<Link> link(NetlinkSocket pod, String name) throws NetlinkException {
    return pod.get(Links.get(name)).reply().stream().findFirst().map(Links::read);
  }

  /** The place that an attachment was given, by its record on the node. */
  static Place place(NetlinkSocket host, AttachmentKey key) throws NetlinkException {
    return link(host, HostVeth.of(key).name())
        .flatMap(Link::alias)
        .flatMap(Alias::parse)
        .filter(alias -> alias.isOf(key))
        .map(Alias::place)
        .orElse(Place.FIRST);
  }

  /** The pod's end of the attachment's veth. */
  static Optional<Link> veth(NetlinkSocket pod, AttachmentKey key, Place place)
      throws NetlinkException {
    return link(pod, place.veth())
        .filter(link -> link.mac().equals(Optional.of(HostVeth.podMac(key))));
  }

  static List<Link> links(NetlinkSocket pod) throws NetlinkException {
    return pod.dump(Links.dump()).stream().map(Links::read).toList();
  }

  static List<Route> routes(NetlinkSocket pod) throws NetlinkException {
    return pod.dump(Routes.dump()).stream().flatMap(reply -> Routes.read(reply).stream()).toList();
  }

  /**
   * Another attachment of the pod.
   *
   * @param eni name of its slave
   */
  record Other(String eni, Alias alias) {
    static List<PodRules.Member> members(List<Other> others) {
      return others.stream()
          .map(o -> new PodRules.Member(o.alias.place().veth(), o.eni, o.alias.address()))
          .toList();
    }
  }

  /** The pod's other attachments, by the records of their slaves. */
  static List<Other> others(List<Link> links, String hash) {
    List<Other> others = new ArrayList<>();
    for (Link link : links) {
      if (link.kind().equals(SlaveKind.name()) && PodRules.isName(link.name())) {
        link.alias()
            .flatMap(Alias::parse)
            .filter(alias -> !alias.hash().equals(hash))
            .ifPresent(alias -> others.add(new Other(link.name(), alias)));
      }
    }
    return others;
  }

  /** The name that the kernel makes of {@code eth%d} in a namespace with these links. */
  static String nextEth(List<Link> links) {
    Set<String> taken = links.stream().map(Link::name).collect(Collectors.toSet());
    return IntStream.iterate(0, n -> n + 1)
        .mapToObj(n -> "eth" + n)
        .filter(name -> !taken.contains(name))
        .findFirst()
        .orElseThrow();
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
    messages.add(
        Addresses.add(slave.index(), a.address(), a.subnet().length(), record.place().metric()));
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

  /** Brings everything up. The rules may be there from an earlier attachment. */
  static void connect(NetlinkSocket pod, PodAttachment a, Place place, int slave)
      throws IOException {
    int veth =
        veth(pod, a.key(), place)
            .orElseThrow(() -> new IOException("the pod's end of the veth vanished"))
            .index();
    List<Message> messages = linksUp(a, slave, veth);
    PodRoutes.of(a, place, slave, veth).forEach(route -> messages.add(Routes.add(route)));
    List<Rule> rules = place.rules(a.address());
    rules.forEach(rule -> messages.add(Rules.add(rule)));
    List<NetlinkSocket.Outcome> outcomes = pod.send(messages);
    int firstRule = outcomes.size() - rules.size();
    for (int i = 0; i < outcomes.size(); i++) {
      outcomes.get(i).orThrowUnless(i < firstRule ? 0 : Rt.EEXIST);
    }
  }

  private static List<Message> linksUp(PodAttachment a, int slave, int veth) {
    List<Message> messages = new ArrayList<>();
    messages.add(Links.up(slave));
    messages.add(Links.up(veth));
    a.gatewayMac().ifPresent(mac -> messages.add(Neighbours.permanent(slave, a.gateway(), mac)));
    messages.add(Neighbours.permanent(veth, a.node(), HostVeth.hostMac(a.key())));
    return messages;
  }

  /**
   * Brings back what is missing. To a destination that has another route by now none is added: a
   * pod may have put its own there.
   */
  static void reconnect(NetlinkSocket pod, PodAttachment a, Place place, int slave, int veth)
      throws NetlinkException {
    List<Message> links = linksUp(a, slave, veth);
    links.addFirst(Addresses.add(slave, a.address(), a.subnet().length(), place.metric()));
    requireOrPresent(pod, links);
    List<Route> present = routes(pod);
    List<Message> others = new ArrayList<>();
    Stream.concat(
            Stream.of(PodRoutes.subnet(a, place, slave)),
            PodRoutes.of(a, place, slave, veth).stream())
        .filter(
            route ->
                present.stream().noneMatch(r -> Place.isTaken(route, r) || Place.isMoved(route, r)))
        .forEach(route -> others.add(Routes.add(route)));
    place.rules(a.address()).forEach(rule -> others.add(Rules.add(rule)));
    requireOrPresent(pod, others);
  }

  private static void requireOrPresent(NetlinkSocket pod, List<Message> messages)
      throws NetlinkException {
    for (NetlinkSocket.Outcome outcome : pod.send(messages)) {
      outcome.orThrowUnless(Rt.EEXIST);
    }
  }
}
