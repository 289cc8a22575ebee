package io.millpond.linux.netlink;

import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.util.Optional;
import java.util.OptionalInt;

/** Messages about routes: {@code struct rtmsg} (12 octets) and RTA_* attributes. */
public final class Routes {
  /** Our routes carry this protocol number (design.md). */
  public static final int PROTOCOL = 109;

  private static final int FIXED = 12;

  private Routes() {}

  /**
   * A route.
   *
   * @param metric {@code RTA_PRIORITY}, an unsigned 32-bit number; 0 if none
   */
  public record Route(
      Prefix destination,
      int type,
      int table,
      int protocol,
      long metric,
      OptionalInt link,
      Optional<IpAddress> gateway,
      Optional<IpAddress> source) {

    /** Through a link, the destination is reached directly. */
    public static Route direct(Prefix destination, int table, int link) {
      return new Route(
          destination,
          Rt.RTN_UNICAST,
          table,
          PROTOCOL,
          0,
          OptionalInt.of(link),
          Optional.empty(),
          Optional.empty());
    }

    /** Through a gateway on a link. */
    public static Route via(Prefix destination, int table, int link, IpAddress gateway) {
      return new Route(
          destination,
          Rt.RTN_UNICAST,
          table,
          PROTOCOL,
          0,
          OptionalInt.of(link),
          Optional.of(gateway),
          Optional.empty());
    }

    /** An answer for an address without a pod: unreachable. */
    public static Route unreachable(IpAddress address, long metric) {
      return new Route(
          new Prefix(address, address.family().bits()),
          Rt.RTN_UNREACHABLE,
          Rt.RT_TABLE_MAIN,
          PROTOCOL,
          metric,
          OptionalInt.empty(),
          Optional.empty(),
          Optional.empty());
    }

    /** The same route, which counts behind those to the same destination with a lower metric. */
    public Route behind(long metric) {
      return new Route(destination, type, table, protocol, metric, link, gateway, source);
    }

    /** The same route, with the source address that the node uses on it. */
    public Route from(IpAddress address) {
      return new Route(
          destination, type, table, protocol, metric, link, gateway, Optional.of(address));
    }
  }

  private static Message message(Route route, String verb, int type, int flags) {
    boolean gatewayed = route.gateway().isPresent() || route.type() == Rt.RTN_UNREACHABLE;
    Message m =
        new Message(
                verb + " route " + route.destination() + " in table " + route.table(), type, flags)
            .u8(route.destination().address().isIpv4() ? Rt.AF_INET : Rt.AF_INET6)
            .u8(route.destination().length())
            .u8(0)
            .u8(0)
            .u8(route.table() < 256 ? route.table() : 0)
            .u8(route.protocol())
            .u8(gatewayed ? Rt.SCOPE_UNIVERSE : Rt.SCOPE_LINK)
            .u8(route.type())
            .u32(route.gateway().isPresent() ? Rt.RTNH_F_ONLINK : 0);
    if (route.destination().length() > 0) {
      m.attribute(Rt.RTA_DST, route.destination().address().toBytes());
    }
    m.attributeU32(Rt.RTA_TABLE, route.table());
    if (route.metric() != 0) {
      m.attributeU32(Rt.RTA_PRIORITY, route.metric());
    }
    route.link().ifPresent(link -> m.attributeU32(Rt.RTA_OIF, link));
    route.gateway().ifPresent(gateway -> m.attribute(Rt.RTA_GATEWAY, gateway.toBytes()));
    route.source().ifPresent(source -> m.attribute(Rt.RTA_PREFSRC, source.toBytes()));
    return m;
  }

  /**
   * Adds a route, or does nothing if the very same is there (EEXIST is for the caller to judge).
   */
  public static Message add(Route route) {
    return message(route, "add", Rt.NEWROUTE, Rt.CREATE | Rt.EXCL);
  }

  /** Adds a route or replaces the one with the same destination and metric. */
  public static Message replace(Route route) {
    return message(route, "set", Rt.NEWROUTE, Rt.CREATE | Rt.REPLACE);
  }

  public static Message delete(Route route) {
    return message(route, "delete", Rt.DELROUTE, 0);
  }

  /** All IPv4 routes; the caller picks its own by protocol and table. */
  public static Message dump() {
    return new Message("list routes", Rt.GETROUTE, Rt.DUMP)
        .u8(Rt.AF_INET)
        .u8(0)
        .u8(0)
        .u8(0)
        .u8(0)
        .u8(0)
        .u8(0)
        .u8(0)
        .u32(0);
  }

  /** Reads an IPv4 route message; empty if it is no route or of another family. */
  public static Optional<Route> read(Reply reply) {
    if (reply.type() != Rt.NEWROUTE || reply.u8(0) != Rt.AF_INET || reply.u8(1) > 32) {
      return Optional.empty();
    }
    Attributes a = reply.attributes(FIXED);
    IpAddress address = a.bytes(Rt.RTA_DST).flatMap(Routes::ipv4).orElse(IpAddress.ofIpv4(0));
    return Optional.of(
        new Route(
            Prefix.containing(address, reply.u8(1)),
            reply.u8(7),
            a.u32(Rt.RTA_TABLE).orElse(reply.u8(4)),
            reply.u8(5),
            a.u32(Rt.RTA_PRIORITY).orElse(0) & 0xFFFF_FFFFL,
            a.u32(Rt.RTA_OIF),
            a.bytes(Rt.RTA_GATEWAY).flatMap(Routes::ipv4),
            a.bytes(Rt.RTA_PREFSRC).flatMap(Routes::ipv4)));
  }

  private static Optional<IpAddress> ipv4(byte[] octets) {
    return octets.length == 4 ? Optional.of(IpAddress.ofBytes(octets)) : Optional.empty();
  }
}
