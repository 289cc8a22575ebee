package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Routes.Route;
import io.millpond.linux.netlink.Rt;
import io.millpond.pool.value.Prefix;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The routes of an attachment, in the pod's main table and in those of its own. */
final class PodRoutes {
  private PodRoutes() {}

  /** What the kernel adds with the address, and does not add again. */
  static Route subnet(PodAttachment a, Place place, int slave) {
    return Route.direct(a.subnet(), Rt.RT_TABLE_MAIN, slave)
        .from(a.address())
        .behind(place.metric());
  }

  /**
   * All but the main table's route to the subnet, which comes with the address. Where two have the
   * same destination in a table the first counts: the node, the default and the services go by the
   * veth, whatever else is asked for. The veth has no address: its routes say with which the pod
   * speaks, or the kernel takes any that the pod has.
   */
  static List<Route> of(PodAttachment a, Place place, int slave, int veth) {
    Prefix node = new Prefix(a.node(), a.node().family().bits());
    List<Route> wanted = new ArrayList<>();
    if (place.leads()) {
      wanted.addAll(byVeth(a, Rt.RT_TABLE_MAIN, veth));
      wanted.add(Route.via(Place.ANYWHERE, Rt.RT_TABLE_MAIN, veth, a.node()).from(a.address()));
    } else {
      wanted.addAll(byVeth(a, place.eniTable(), veth));
    }
    for (Prefix prefix : place.leads() ? a.direct() : a.extra()) {
      if (!prefix.equals(a.subnet())) {
        wanted.add(Route.via(prefix, Rt.RT_TABLE_MAIN, slave, a.gateway()));
      }
    }
    wanted.add(Route.direct(node, place.vethTable(), veth).from(a.address()));
    wanted.add(Route.via(Place.ANYWHERE, place.vethTable(), veth, a.node()).from(a.address()));
    wanted.add(Route.direct(a.subnet(), place.eniTable(), slave));
    wanted.add(Route.via(Place.ANYWHERE, place.eniTable(), slave, a.gateway()));
    a.direct()
        .forEach(prefix -> wanted.add(Route.via(prefix, place.eniTable(), slave, a.gateway())));
    Map<String, Route> first = new LinkedHashMap<>();
    for (Route route : wanted) {
      Route placed = route.table() == Rt.RT_TABLE_MAIN ? route.behind(place.metric()) : route;
      first.putIfAbsent(placed.table() + " " + placed.destination(), placed);
    }
    return List.copyOf(first.values());
  }

  /** The ways to the node and to services. */
  private static List<Route> byVeth(PodAttachment a, int table, int veth) {
    List<Route> routes = new ArrayList<>();
    routes.add(
        Route.direct(new Prefix(a.node(), a.node().family().bits()), table, veth)
            .from(a.address()));
    for (Prefix service : a.services()) {
      routes.add(Route.via(service, table, veth, a.node()).from(a.address()));
    }
    return routes;
  }
}
