package io.millpond.simulator.fabric;

import static io.millpond.simulator.fabric.FabricNames.INTERNET_LINK;
import static io.millpond.simulator.fabric.FabricNames.NOWHERE_LINK;
import static io.millpond.simulator.fabric.FabricNames.TABLE;

import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The nftables rules of the VPC, as text. A bridge table checks every frame at its port: on the way
 * in what the interface may send, on the way out whether it is for that interface. An IPv4 table
 * holds the internet gateway's rule and sees what is sent to addresses that nobody has.
 *
 * <p>Counters are named {@code owner.counter} and never removed while the fabric lives, so that an
 * interface keeps its counts when it is detached.
 */
final class FabricRules {
  private static final String NO_PUBLIC = "internet-gateway.no_public_address_dropped";
  private static final String UNASSIGNED = "router.unassigned_address_dropped";

  private FabricRules() {}

  /** The tables without any port; replaces what was there. */
  static String base() {
    return none()
        + """
        table bridge %1$s {
          map from_port { type ifname : verdict; }
          map to_port { type ifname : verdict; }
          chain prerouting {
            type filter hook prerouting priority -300; policy drop;
            iifname vmap @from_port
          }
          chain forward {
            type filter hook forward priority 0; policy accept;
            ether type arp drop comment "only the VPC itself answers"
          }
          chain postrouting {
            type filter hook postrouting priority 300; policy drop;
            oifname vmap @to_port
          }
        }
        table ip %1$s {
          counter %3$s { }
          counter %4$s { }
          set public { type ipv4_addr; }
          chain forward {
            type filter hook forward priority 0; policy accept;
            oifname "%5$s" counter name %4$s drop
            oifname "%2$s" ct state != { established, related } ip saddr != @public counter name %3$s drop
          }
        }
        """
            .formatted(TABLE, INTERNET_LINK, NO_PUBLIC, UNASSIGNED, NOWHERE_LINK);
  }

  /** Removes the tables, if they are there. */
  static String none() {
    return """
        table bridge %1$s
        delete table bridge %1$s
        table ip %1$s
        delete table ip %1$s
        """
        .formatted(TABLE);
  }

  /** What an interface's port lets pass, anew or instead of what it let pass before. */
  static String port(NetworkInterface eni) {
    String port = FabricNames.port(eni);
    String script =
        """
        add counter bridge T ENI.source_check_dropped
        add counter bridge T ENI.arp_check_dropped
        add counter bridge T ENI.broadcast_dropped
        add counter bridge T ENI.not_ipv4_dropped
        add counter bridge T ENI.delivery_dropped
        add set bridge T own-PORT { type ipv4_addr; flags interval; }
        flush set bridge T own-PORT
        add element bridge T own-PORT { OWN }
        add chain bridge T from-PORT
        flush chain bridge T from-PORT
        add rule bridge T from-PORT ether saddr != MAC counter name ENI.source_check_dropped drop
        add rule bridge T from-PORT ether type arp arp saddr ether != MAC counter name ENI.arp_check_dropped drop
        add rule bridge T from-PORT ether type arp arp saddr ip != 0.0.0.0 arp saddr ip != @own-PORT counter name ENI.arp_check_dropped drop
        add rule bridge T from-PORT ether type arp accept
        add rule bridge T from-PORT ether type != ip counter name ENI.not_ipv4_dropped drop
        add rule bridge T from-PORT ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 counter name ENI.broadcast_dropped drop
        CHECK add rule bridge T from-PORT ip saddr != @own-PORT counter name ENI.source_check_dropped drop
        add rule bridge T from-PORT accept
        add chain bridge T to-PORT
        flush chain bridge T to-PORT
        add rule bridge T to-PORT ether daddr != MAC drop
        add rule bridge T to-PORT ether type arp accept
        CHECK add rule bridge T to-PORT ip daddr != @own-PORT counter name ENI.delivery_dropped drop
        add rule bridge T to-PORT ether type ip accept
        add element bridge T from_port { "PORT" : jump from-PORT }
        add element bridge T to_port { "PORT" : jump to-PORT }
        """;
    return script
        .replace("CHECK ", eni.sourceDestCheck() ? "" : "# no source/destination check: ")
        .replace("OWN", own(eni))
        .replace("PORT", port)
        .replace("MAC", eni.mac())
        .replace("ENI", eni.id())
        .replace("bridge T ", "bridge " + TABLE + " ");
  }

  /** Forgets the port of an interface whose link is gone; the counters stay. */
  static String withoutPort(NetworkInterface eni) {
    return """
        delete element bridge T from_port { "PORT" }
        delete element bridge T to_port { "PORT" }
        delete chain bridge T from-PORT
        delete chain bridge T to-PORT
        delete set bridge T own-PORT
        """
        .replace("PORT", FabricNames.port(eni))
        .replace("bridge T ", "bridge " + TABLE + " ");
  }

  /** The internet gateway lets the address out: an instance's primary one. */
  static String publicAddress(Ipv4 address) {
    return "add element ip %s public { %s }\n".formatted(TABLE, address);
  }

  static String withoutPublicAddress(Ipv4 address) {
    return "delete element ip %s public { %s }\n".formatted(TABLE, address);
  }

  private static String own(NetworkInterface eni) {
    return Stream.concat(eni.addresses().stream(), eni.prefixes().stream())
        .map(Object::toString)
        .collect(Collectors.joining(", "));
  }
}
