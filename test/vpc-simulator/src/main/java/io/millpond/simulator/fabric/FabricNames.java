package io.millpond.simulator.fabric;

import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.Subnet;
import java.util.Locale;

/**
 * The names and hardware addresses of what the fabric makes. They follow from the ids alone: the
 * same in every run, at most 15 characters, readable in {@code ip link}.
 */
final class FabricNames {
  /** The VPC's end of the link to the public host. */
  static final String INTERNET_LINK = "igw";

  /** The VPC's end of the link to the host on premises. */
  static final String ON_PREMISES_LINK = "vgw";

  /** The link in a host that is no instance, and the primary one in an instance. */
  static final String FIRST_LINK = "eth0";

  /** Where the router sends what is for the VPC but for no interface: a bridge without ports. */
  static final String NOWHERE_LINK = "nowhere";

  /** The nftables tables, one in the bridge family and one for IPv4. */
  static final String TABLE = "vpcfabric";

  private static final String BRIDGE = "br";
  private static final String PORT = "p-";
  private static final int TAIL = 13;

  private FabricNames() {}

  /** The bridge that is the subnet's segment and router. */
  static String bridge(Subnet subnet) {
    return BRIDGE + tail(subnet.id());
  }

  /** The fabric's end of an interface. */
  static String port(NetworkInterface eni) {
    return PORT + tail(eni.id());
  }

  /** The router's MAC, locally administered, made of the subnet's network address. */
  static String routerMac(Subnet subnet) {
    int bits = subnet.cidr().network().bits();
    return String.format(
        Locale.ROOT,
        "06:00:%02x:%02x:%02x:%02x",
        bits >>> 24,
        bits >>> 16 & 255,
        bits >>> 8 & 255,
        bits & 255);
  }

  /** Whether the fabric made a link of that name in the VPC's namespace. */
  static boolean isOurs(String link) {
    return link.startsWith(BRIDGE)
        || link.startsWith(PORT)
        || link.equals(INTERNET_LINK)
        || link.equals(ON_PREMISES_LINK)
        || link.equals(NOWHERE_LINK);
  }

  /** The end of an id, in which ids that were chosen by hand differ as well as random ones. */
  private static String tail(String id) {
    return id.substring(Math.max(0, id.length() - TAIL));
  }
}
