package io.millpond.simulator.fabric;

import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.Subnet;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A subnet as lines for {@code ip} and {@code bridge}: a bridge that holds the router's address and
 * knows by permanent entries which address is behind which MAC and which MAC behind which port.
 *
 * <p>It learns and floods nothing. ARP is answered by the bridge's own proxy from its neighbour
 * entries, and for its own addresses by the router, on whose link alone each of them counts ({@code
 * arp_ignore}).
 */
final class Segment {
  /** The MTU inside a VPC. */
  static final int MTU = 9001;

  /**
   * The MTU with which a further interface appears in an instance, until someone configures it: the
   * one every Ethernet driver starts with. The primary one gets {@link #MTU} by DHCP.
   */
  static final int UNCONFIGURED_MTU = 1500;

  private Segment() {}

  /** Makes the bridge with the router's addresses. */
  static List<String> create(Subnet subnet) {
    String bridge = FabricNames.bridge(subnet);
    return List.of(
        "link add %s address %s mtu %d type bridge mcast_snooping 0"
            .formatted(bridge, FabricNames.routerMac(subnet), MTU),
        "addr add %s/%d dev %s noprefixroute"
            .formatted(subnet.router(), subnet.cidr().length(), bridge),
        "addr add %s/32 dev %s".formatted(FabricAddresses.INSTANCE_METADATA, bridge),
        "addr add %s/32 dev %s".formatted(FabricAddresses.EC2_ENDPOINT, bridge),
        "link set %s up".formatted(bridge));
  }

  /** Makes the interface's link: one end a closed port of the bridge, the other in the instance. */
  static List<String> plug(Subnet subnet, NetworkInterface eni, String netns, String name) {
    String port = FabricNames.port(eni);
    return List.of(
        "link add %s mtu %d type veth peer name %s address %s mtu %d netns %s"
            .formatted(port, MTU, name, eni.mac(), UNCONFIGURED_MTU, netns),
        "link set %s master %s up".formatted(port, FabricNames.bridge(subnet)),
        "link set %s type bridge_slave learning off flood off mcast_flood off bcast_flood off proxy_arp on"
            .formatted(port));
  }

  /** Says behind which port the interface's MAC is. */
  static String forwarding(NetworkInterface eni) {
    return "fdb replace %s dev %s master static".formatted(eni.mac(), FabricNames.port(eni));
  }

  /** Says that an address, or those of a block, are behind the interface's MAC. */
  static List<String> assign(Subnet subnet, NetworkInterface eni, Cidr block) {
    String bridge = FabricNames.bridge(subnet);
    List<String> lines = new ArrayList<>();
    addresses(block)
        .forEach(
            a ->
                lines.add(
                    "neigh replace %s lladdr %s dev %s nud permanent"
                        .formatted(a, eni.mac(), bridge)));
    lines.add(
        "route replace %s dev %s scope link src %s".formatted(block, bridge, subnet.router()));
    return lines;
  }

  /** Nobody has the address, or the block, any more. */
  static List<String> unassign(Subnet subnet, Cidr block) {
    String bridge = FabricNames.bridge(subnet);
    List<String> lines = new ArrayList<>();
    lines.add("route del %s dev %s".formatted(block, bridge));
    addresses(block).forEach(a -> lines.add("neigh del %s dev %s".formatted(a, bridge)));
    return lines;
  }

  /** Takes the interface's link away, both ends. */
  static String unplug(NetworkInterface eni) {
    return "link del " + FabricNames.port(eni);
  }

  /** What DHCP tells the primary interface. */
  static List<String> lease(Subnet subnet, NetworkInterface eni) {
    String link = FabricNames.FIRST_LINK;
    return List.of(
        "link set %s mtu %d up".formatted(link, MTU),
        "addr replace %s/%d dev %s".formatted(eni.primaryAddress(), subnet.cidr().length(), link),
        "route replace default via %s dev %s".formatted(subnet.router(), link));
  }

  private static Stream<Ipv4> addresses(Cidr block) {
    return IntStream.range(0, Math.toIntExact(block.size())).mapToObj(block.network()::plus);
  }
}
