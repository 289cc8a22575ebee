package io.millpond.simulator.fabric;

import io.millpond.simulator.fabric.FabricLayout.InternetHost;
import io.millpond.simulator.fabric.FabricLayout.OnPremisesHost;
import io.millpond.simulator.model.Ipv4;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The hosts that are in no subnet, each in a namespace of its own behind a gateway.
 *
 * @param inVpc lines of {@code ip} for the VPC's namespace, to run when the hosts' ones are there
 * @param gateways the links of the gateways
 * @param hosts lines of {@code ip} for the hosts' namespaces, to run after those for the VPC
 */
record OutsideHosts(List<String> inVpc, List<String> gateways, List<Host> hosts) {
  /** The MTU of the way to the internet, and of a virtual private gateway. */
  private static final int MTU = 1500;

  /** What to run in a host's namespace. */
  record Host(String netns, List<String> lines) {}

  static OutsideHosts of(@Nullable InternetHost internet, @Nullable OnPremisesHost onPremises) {
    OutsideHosts all = new OutsideHosts(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    if (internet != null) {
      all.add(internet);
    }
    if (onPremises != null) {
      all.add(onPremises);
    }
    return all;
  }

  private void add(InternetHost host) {
    Ipv4 gateway = FabricAddresses.INTERNET_GATEWAY;
    String link = FabricNames.INTERNET_LINK;
    inVpc.addAll(connection(link, host.name()));
    inVpc.add("addr add %s/32 dev %s".formatted(gateway, link));
    inVpc.add("route add %s/32 dev %s".formatted(host.address(), link));
    gateways.add(link);
    hosts.add(
        new Host(
            host.name(),
            List.of(
                up(FabricNames.FIRST_LINK),
                "addr add %s/32 dev %s".formatted(host.address(), FabricNames.FIRST_LINK),
                "route add %s dev %s scope link".formatted(gateway, FabricNames.FIRST_LINK),
                "route add default via %s".formatted(gateway))));
  }

  private void add(OnPremisesHost host) {
    int length = host.network().length();
    Ipv4 gateway = host.network().network().plus(1);
    if (host.address().equals(gateway)) {
      throw new FabricException(
          "the host on premises cannot have " + gateway + ", which is its gateway's address");
    }
    String link = FabricNames.ON_PREMISES_LINK;
    inVpc.addAll(connection(link, host.name()));
    inVpc.add("addr add %s/%d dev %s".formatted(gateway, length, link));
    gateways.add(link);
    hosts.add(
        new Host(
            host.name(),
            List.of(
                up(FabricNames.FIRST_LINK),
                "addr add %s/%d dev %s".formatted(host.address(), length, FabricNames.FIRST_LINK),
                "route add default via %s".formatted(gateway))));
  }

  private static List<String> connection(String link, String netns) {
    return List.of(
        "link add %s mtu %d type veth peer name %s mtu %d netns %s"
            .formatted(link, MTU, FabricNames.FIRST_LINK, MTU, netns),
        up(link));
  }

  private static String up(String link) {
    return "link set %s up".formatted(link);
  }
}
