package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.PoolName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the kernel remembers: which attachment has which address, and when addresses were released.
 *
 * @param attachments with a veth and an alias that can be read
 * @param interrupted veths of ours without a complete record: an attach is under way, or died there
 * @param unknown names of veths of ours with an alias of another version: left alone
 * @param routes what the pool routes remember
 * @param enis whose addresses ENIs have, by MAC address, where it is on record; empty for a record
 *     of a newer version
 */
public record KernelLedger(
    List<Entry> attachments,
    List<Interrupted> interrupted,
    List<String> unknown,
    Map<IpAddress, PoolRoutes.Remembered> routes,
    Map<MacAddress, Optional<PoolName>> enis) {

  /**
   * An attachment on record.
   *
   * @param connected whether both ends of its veth are up
   * @param demands host ports and bandwidth limits
   */
  public record Entry(String veth, Alias alias, boolean connected, PodDemands demands) {}

  /**
   * An attach that did not come to its end.
   *
   * @param alias what it was to be, if it came that far
   */
  public record Interrupted(String veth, Optional<Alias> alias) {}

  /** Copies the collections. */
  public KernelLedger {
    attachments = List.copyOf(attachments);
    interrupted = List.copyOf(interrupted);
    unknown = List.copyOf(unknown);
    routes = Map.copyOf(routes);
    enis = Map.copyOf(enis);
  }

  /**
   * Reads the kernel at the start: the pool routes learn what it has, and tidy up what a crash left
   * half changed. Nobody may attach or detach meanwhile.
   *
   * @throws NetlinkException if it refuses
   */
  public static KernelLedger read(PoolRoutes routes) throws NetlinkException {
    return read(routes::load);
  }

  /**
   * Reads the kernel and changes nothing.
   *
   * @throws NetlinkException if it refuses
   */
  public static KernelLedger look() throws NetlinkException {
    return read(PoolRoutes::look);
  }

  /** The way to read the pool routes. */
  private interface RoutesReader {
    Map<IpAddress, PoolRoutes.Remembered> read(NetlinkSocket host) throws NetlinkException;
  }

  private static KernelLedger read(RoutesReader routes) throws NetlinkException {
    List<Entry> attachments = new ArrayList<>();
    List<Interrupted> interrupted = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    Map<MacAddress, Optional<PoolName>> enis = new HashMap<>();
    try (NetlinkSocket host = NetlinkSocket.open()) {
      for (var reply : host.dump(Links.dump())) {
        Link link = Links.read(reply);
        if (!link.kind().equals("veth") || !HostVeth.isName(link.name())) {
          link.alias()
              .filter(EniMark::is)
              .ifPresent(mark -> link.mac().ifPresent(mac -> enis.put(mac, EniMark.parse(mark))));
          continue;
        }
        Optional<String> text = link.alias().filter(alias -> !alias.isEmpty());
        Optional<Alias> alias = text.flatMap(Alias::parse);
        if (alias.isPresent() && !alias.get().building()) {
          attachments.add(
              new Entry(
                  link.name(),
                  alias.get(),
                  link.hasCarrier(),
                  DemandRecord.read(link.alternativeNames())));
        } else if (text.isPresent() && alias.isEmpty()) {
          unknown.add(link.name());
        } else {
          interrupted.add(new Interrupted(link.name(), alias));
        }
      }
      return new KernelLedger(attachments, interrupted, unknown, routes.read(host), enis);
    }
  }
}
