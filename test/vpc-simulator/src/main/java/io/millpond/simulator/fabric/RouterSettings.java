package io.millpond.simulator.fabric;

import java.util.ArrayList;
import java.util.List;

/** What makes the VPC's namespace a router that adds nothing of its own. */
final class RouterSettings {
  private RouterSettings() {}

  /**
   * Kernel settings as for {@code sysctl -w}.
   *
   * @param links the bridges and gateways it routes between
   */
  static List<String> of(List<String> links) {
    List<String> settings = new ArrayList<>();
    settings.add("net.ipv4.ip_forward=1");
    settings.addAll(link("all"));
    settings.add("net.ipv6.conf.all.disable_ipv6=1");
    settings.add("net.ipv6.conf.default.disable_ipv6=1");
    // Where the module is loaded, the firewall for IP would see bridged frames as well.
    settings.add("net.bridge.bridge-nf-call-iptables=0");
    settings.add("net.bridge.bridge-nf-call-arptables=0");
    for (String link : links) {
      settings.addAll(link(link));
      // Each link answers ARP for its own addresses alone, not for those of the other subnets.
      settings.add("net.ipv4.conf." + link + ".arp_ignore=1");
    }
    return settings;
  }

  private static List<String> link(String link) {
    String conf = "net.ipv4.conf." + link;
    return List.of(
        conf + ".rp_filter=0",
        conf + ".send_redirects=0",
        conf + ".accept_redirects=0",
        conf + ".forwarding=1");
  }
}
