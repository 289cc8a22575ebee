package io.millpond.e2e;

import java.util.ArrayList;
import java.util.List;

/** Rules on a node as kube-proxy lays them, in one of its two forms, for TCP and UDP. */
final class KubeProxy implements AutoCloseable {
  private static final List<String> PROTOCOLS = List.of("tcp", "udp");

  /** How it tells the kernel. */
  enum Form {
    NFTABLES,
    IPTABLES
  }

  /**
   * A translation.
   *
   * @param masquerade whether the backend is to see the node, as with externalTrafficPolicy Cluster
   */
  record Service(String address, int port, String backend, boolean masquerade) {}

  private final String netns;
  private final Form form;

  /**
   * Lays the rules.
   *
   * @param hairpins pods that reach themselves through a service
   */
  KubeProxy(String netns, Form form, List<Service> services, List<String> hairpins) {
    this.netns = netns;
    this.form = form;
    switch (form) {
      case NFTABLES ->
          Shell.in(netns, "sh", "-c", "nft -f - <<'R'\n" + nftables(services, hairpins) + "R")
              .orThrow();
      case IPTABLES -> iptables(services, hairpins);
    }
  }

  private static String nftables(List<Service> services, List<String> hairpins) {
    StringBuilder rules =
        new StringBuilder(
            """
            table ip kp {
              chain pre { type nat hook prerouting priority -100; jump services; }
              chain out { type nat hook output priority -100; jump services; }
              chain services {
            """);
    for (Service s : services) {
      for (String protocol : PROTOCOLS) {
        rules.append(
            "ip daddr %s %s dport %d %s dnat to %s:%d\n"
                .formatted(
                    s.address(),
                    protocol,
                    s.port(),
                    s.masquerade() ? "meta mark set mark or 0x4000" : "",
                    s.backend(),
                    Exchange.PORT));
      }
    }
    rules.append("}\nchain post {\ntype nat hook postrouting priority 100;\n");
    rules.append("meta mark & 0x4000 == 0x4000 masquerade\n");
    hairpins.forEach(
        pod -> rules.append("ip saddr %s ip daddr %s masquerade\n".formatted(pod, pod)));
    return rules.append("}\n}\n").toString();
  }

  private void iptables(List<Service> services, List<String> hairpins) {
    List<String> rules = new ArrayList<>();
    for (String chain : List.of("PREROUTING", "OUTPUT")) {
      for (Service s : services) {
        for (String protocol : PROTOCOLS) {
          String match =
              "-A %s -p %s -d %s --dport %d".formatted(chain, protocol, s.address(), s.port());
          if (s.masquerade()) {
            rules.add(match + " -j MARK --or-mark 0x4000");
          }
          rules.add(match + " -j DNAT --to-destination " + s.backend() + ":" + Exchange.PORT);
        }
      }
    }
    rules.add("-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE");
    hairpins.forEach(
        pod -> rules.add("-A POSTROUTING -s %s -d %s -j MASQUERADE".formatted(pod, pod)));
    Shell.in(
            netns,
            "sh",
            "-c",
            "iptables-restore <<'R'\n*nat\n" + String.join("\n", rules) + "\nCOMMIT\nR")
        .orThrow();
  }

  /** Takes them away, and the kernel's memory of translated flows. */
  @Override
  public void close() {
    switch (form) {
      case NFTABLES -> Shell.in(netns, "nft", "delete table ip kp").orThrow();
      case IPTABLES ->
          Shell.in(netns, "sh", "-c", "nft delete table ip nat; nft delete table ip filter || true")
              .orThrow();
    }
  }
}
