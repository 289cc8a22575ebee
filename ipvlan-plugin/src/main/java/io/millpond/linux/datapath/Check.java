package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Addresses;
import io.millpond.linux.netlink.Addresses.LinkAddress;
import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Neighbours;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Reply;
import io.millpond.linux.netlink.Routes;
import io.millpond.linux.netlink.Routes.Route;
import io.millpond.linux.netlink.Rules;
import io.millpond.linux.netlink.SlaveKind;
import io.millpond.linux.netns.Netns;
import io.millpond.linux.nft.HostRules;
import io.millpond.linux.nft.PodRules;
import io.millpond.linux.nft.PortMapping;
import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PodDemands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** One comparison of an attachment with what the kernel has. What others added is not looked at. */
final class Check {
  private final PoolRoutes pool;
  private final PodAttachment a;
  private final Netns netns;
  private final NetlinkSocket host;
  private final NetlinkSocket pod;
  private final List<String> differences = new ArrayList<>();
  private Bandwidth bandwidth;

  Check(PoolRoutes pool, PodAttachment a, Netns netns, NetlinkSocket host, NetlinkSocket pod) {
    this.pool = pool;
    this.a = a;
    this.netns = netns;
    this.host = host;
    this.pod = pod;
    this.bandwidth = a.demands().bandwidth();
  }

  CheckOutcome run() throws IOException {
    nodeSide();
    inPod();
    differences.addAll(netns.inside(PodSettings::differences));
    return differences.isEmpty()
        ? new CheckOutcome.AsBuilt()
        : new CheckOutcome.Differs(differences);
  }

  /** What differs in the pod, but for its settings. */
  List<String> podAlone() throws IOException {
    inPod();
    return List.copyOf(differences);
  }

  private void inPod() throws IOException {
    Optional<Link> slave = slave();
    Place place = PodSide.place(host, a.key());
    Optional<Link> veth = PodSide.veth(pod, a.key(), place);
    want(veth.isPresent(), "the pod has no " + place.veth() + " of this attachment");
    want(veth.isEmpty() || veth.get().isUp(), place.veth() + " is down in the pod");
    if (slave.isPresent() && veth.isPresent()) {
      podSide(place, slave.get().index(), veth.get().index());
      differences.addAll(
          Shaping.differences(pod, bandwidth, place, slave.get().index(), veth.get().index()));
    }
    want(
        netns.inside(
            () ->
                PodRules.complete(
                    new PodRules.Member(place.veth(), a.key().ifName(), a.address()))),
        "the pod's table inet millpond is missing or incomplete");
  }

  private void want(boolean fulfilled, String otherwise) {
    if (!fulfilled) {
      differences.add(otherwise);
    }
  }

  private void nodeSide() throws IOException {
    HostVeth name = HostVeth.of(a.key());
    Optional<Link> end = Detach.find(host, name.name());
    want(end.isPresent(), "the node's end of the veth, " + name.name() + ", is gone");
    want(
        pool.metric(a.address()).equals(Optional.of(PoolRoutes.IN_USE)),
        "the pool route of " + a.address() + " does not say: in use");
    if (end.isEmpty()) {
      return;
    }
    Optional<Alias> record = end.get().alias().flatMap(Alias::parse);
    want(
        record.isPresent()
            && record.get().isOf(a.key())
            && record.get().address().equals(a.address())
            && !record.get().building(),
        "the record on " + name.name() + " is missing, incomplete or of something else");
    want(end.get().isUp(), name.name() + " is down on the node");
    demands(DemandRecord.read(end.get().alternativeNames()));
    want(
        routes(host).contains(Attach.podRoute(a.address(), end.get().index(), a.node())),
        "the node has no route to %s by %s".formatted(a.address(), name.name()));
    wantNeighbour(host, end.get().index(), a.address(), HostVeth.podMac(a.key()), "on the node");
  }

  /** A runtime that does not say again what it asked for is not taken to ask for nothing. */
  private void demands(PodDemands recorded) throws IOException {
    want(
        a.demands().isEmpty() || a.demands().equals(recorded),
        "the record of its host ports and limits is another one than it asked for");
    if (!recorded.hostPorts().isEmpty()) {
      Set<PortMapping> open = HostRules.open();
      for (HostPort port : recorded.hostPorts()) {
        want(
            open.contains(new PortMapping(port, a.address())),
            port.words() + " does not lead to the pod");
      }
    }
    if (a.demands().isEmpty()) {
      bandwidth = recorded.bandwidth();
    }
  }

  private Optional<Link> slave() throws IOException {
    String name = a.key().ifName();
    List<Reply> found = pod.get(Links.get(name)).reply();
    if (found.isEmpty()) {
      differences.add("the pod has no interface " + name);
      return Optional.empty();
    }
    Link link = Links.read(found.getFirst());
    if (!link.kind().equals(SlaveKind.name())) {
      differences.add("%s in the pod is no ipvlan but %s".formatted(name, link.kind()));
      return Optional.empty();
    }
    want(
        Links.ipvlanMode(found.getFirst()).equals(OptionalInt.of(0))
            && Links.ipvlanFlags(found.getFirst()).equals(OptionalInt.of(0)),
        name + " is not in mode l2 bridge: mode and flags belong to the whole ENI");
    want(
        link.master().equals(OptionalInt.of(a.eni().index())),
        "%s is not on the ENI's link %s".formatted(name, a.eni().name()));
    want(link.isUp(), name + " is down in the pod");
    want(
        pod.dump(Addresses.dump()).stream()
            .flatMap(reply -> Addresses.read(reply).stream())
            .anyMatch(new LinkAddress(link.index(), a.address(), a.subnet().length())::equals),
        "%s does not have %s/%d".formatted(name, a.address(), a.subnet().length()));
    return Optional.of(link);
  }

  private void podSide(Place place, int slave, int veth) throws NetlinkException {
    Set<Route> present = routes(pod);
    for (Route route : PodRoutes.of(a, place, slave, veth)) {
      wantRoute(route, present.contains(route), present);
    }
    Route subnet = PodRoutes.subnet(a, place, slave);
    wantRoute(subnet, present.stream().anyMatch(r -> Place.isTaken(subnet, r)), present);
    Set<Rules.Rule> rules = new HashSet<>();
    pod.dump(Rules.dump()).forEach(reply -> Rules.read(reply).ifPresent(rules::add));
    place
        .rules(a.address())
        .forEach(rule -> want(rules.contains(rule), "the pod has no rule " + rule.priority()));
    wantNeighbour(pod, veth, a.node(), HostVeth.hostMac(a.key()), "in the pod");
    if (a.gatewayMac().isPresent()) {
      wantNeighbour(pod, slave, a.gateway(), a.gatewayMac().get(), "in the pod");
    }
  }

  /** A plugin behind ours may have taken a route into a table of its own, as {@code sbr} does. */
  private void wantRoute(Route route, boolean there, Set<Route> present) {
    want(
        there || present.stream().anyMatch(r -> Place.isMoved(route, r)),
        "the pod has no route to %s in table %d".formatted(route.destination(), route.table()));
  }

  private void wantNeighbour(
      NetlinkSocket where, int link, IpAddress address, MacAddress mac, String place)
      throws NetlinkException {
    want(
        where.dump(Neighbours.dump()).stream()
            .flatMap(reply -> Neighbours.read(reply).stream())
            .anyMatch(
                n ->
                    n.link() == link
                        && n.isPermanent()
                        && n.address().equals(address)
                        && n.mac().equals(Optional.of(mac))),
        "the permanent neighbour %s is missing or has another MAC %s".formatted(address, place));
  }

  private static Set<Route> routes(NetlinkSocket where) throws NetlinkException {
    Set<Route> routes = new HashSet<>();
    where.dump(Routes.dump()).forEach(reply -> Routes.read(reply).ifPresent(routes::add));
    return routes;
  }
}
