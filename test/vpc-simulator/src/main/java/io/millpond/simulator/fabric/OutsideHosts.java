package io.millpond.simulator.fabric;

import static io.millpond.simulator.fabric.NetworkCommands.ip;

import io.millpond.simulator.fabric.FabricLayout.InternetHost;
import io.millpond.simulator.fabric.FabricLayout.OnPremisesHost;
import io.millpond.simulator.model.Ipv4;
import java.util.List;

/** The hosts that are in no subnet, each in a namespace of its own behind a gateway. */
final class OutsideHosts {
  /** The MTU of the way to the internet, and of a virtual private gateway. */
  private static final int MTU = 1500;

  private final String vpc;
  private final Namespaces namespaces;

  OutsideHosts(String vpc, Namespaces namespaces) {
    this.vpc = vpc;
    this.namespaces = namespaces;
  }

  void add(InternetHost host) {
    Ipv4 gateway = FabricAddresses.INTERNET_GATEWAY;
    connect(host.name(), FabricNames.INTERNET_LINK);
    ip(
        vpc,
        List.of(
            "addr add %s/32 dev %s".formatted(gateway, FabricNames.INTERNET_LINK),
            "route add %s/32 dev %s".formatted(host.address(), FabricNames.INTERNET_LINK)));
    ip(
        host.name(),
        List.of(
            "addr add %s/32 dev %s".formatted(host.address(), FabricNames.FIRST_LINK),
            "route add %s dev %s scope link".formatted(gateway, FabricNames.FIRST_LINK),
            "route add default via %s".formatted(gateway)));
  }

  void add(OnPremisesHost host) {
    int length = host.network().length();
    Ipv4 gateway = host.network().network().plus(1);
    if (host.address().equals(gateway)) {
      throw new FabricException(
          "the host on premises cannot have " + gateway + ", which is its gateway's address");
    }
    connect(host.name(), FabricNames.ON_PREMISES_LINK);
    ip(
        vpc,
        List.of("addr add %s/%d dev %s".formatted(gateway, length, FabricNames.ON_PREMISES_LINK)));
    ip(
        host.name(),
        List.of(
            "addr add %s/%d dev %s".formatted(host.address(), length, FabricNames.FIRST_LINK),
            "route add default via %s".formatted(gateway)));
  }

  private void connect(String name, String link) {
    namespaces.add(name);
    ip(
        vpc,
        List.of(
            "link add %s mtu %d type veth peer name %s mtu %d netns %s"
                .formatted(link, MTU, FabricNames.FIRST_LINK, MTU, name),
            "link set %s up".formatted(link)));
    ip(name, List.of("link set %s up".formatted(FabricNames.FIRST_LINK)));
    NetworkCommands.sysctl(
        vpc,
        List.of(
            "net.ipv4.conf." + link + ".rp_filter=0",
            "net.ipv4.conf." + link + ".forwarding=1",
            "net.ipv4.conf." + link + ".send_redirects=0"));
  }
}
