package io.millpond.linux.datapath;

import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A small VPC: a router with a bridge that drops what EC2's source check drops, two nodes with a
 * primary ENI {@code eth0} and pod ENIs {@code eth1}, {@code eth2}, a plain host, and an internet
 * host behind the router. Addresses 10.0.1.20 to .29 belong to node 1's {@code eth1}, .30 to .39 to
 * its {@code eth2}, .40 to .49 to node 2's {@code eth1}.
 */
final class Fabric implements AutoCloseable {
  static final IpAddress NODE1 = IpAddress.parse("10.0.1.5");
  static final IpAddress NODE2 = IpAddress.parse("10.0.1.6");
  static final IpAddress HOST = IpAddress.parse("10.0.1.9");
  static final IpAddress INTERNET = IpAddress.parse("203.0.113.9");
  static final IpAddress GATEWAY = IpAddress.parse("10.0.1.1");
  static final Prefix SUBNET = Prefix.parse("10.0.1.0/24");
  static final Prefix VPC = Prefix.parse("10.0.0.0/16");
  static final Prefix SERVICES = Prefix.parse("172.20.0.0/16");
  static final MacAddress ROUTER = MacAddress.parse("02:00:00:00:00:01");

  private static final String BUILD =
      """
      for n in vpc n1 n2 host ext; do ip netns add lx-$n; ip -n lx-$n link set lo up; done
      ip -n lx-vpc link add br0 address 02:00:00:00:00:01 type bridge
      ip -n lx-vpc link set br0 up
      ip -n lx-vpc addr add 10.0.1.1/24 dev br0
      ip netns exec lx-vpc sysctl -qw net.ipv4.ip_forward=1
      plug() {
        ip link add lxt0 address $3 type veth peer name lxt1
        ip link set lxt0 netns lx-$1 name $2 up
        ip link set lxt1 netns lx-vpc name p-$1-$2
        ip -n lx-vpc link set p-$1-$2 master br0 up
      }
      plug n1 eth0 02:00:00:00:01:00
      plug n1 eth1 02:00:00:00:01:01
      plug n1 eth2 02:00:00:00:01:02
      plug n2 eth0 02:00:00:00:02:00
      plug n2 eth1 02:00:00:00:02:01
      plug host eth0 02:00:00:00:03:00
      ip -n lx-n1 addr add 10.0.1.5/24 dev eth0
      ip -n lx-n2 addr add 10.0.1.6/24 dev eth0
      ip -n lx-host addr add 10.0.1.9/24 dev eth0
      for n in n1 n2 host; do ip -n lx-$n route add default via 10.0.1.1; done
      # As a node with kube-proxy in IPVS mode, which is the hardest on ARP.
      for n in n1 n2; do ip netns exec lx-$n sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2; done
      ip link add lxt0 type veth peer name lxt1
      ip link set lxt0 netns lx-ext name eth0 up
      ip link set lxt1 netns lx-vpc name pext up
      ip -n lx-vpc addr add 203.0.113.1/24 dev pext
      ip -n lx-ext addr add 203.0.113.9/24 dev eth0
      ip -n lx-ext route add default via 203.0.113.1
      ip netns exec lx-vpc nft -f - <<'N'
      table bridge sg {
        chain check {
          iifname "p-n1-eth0" ether type ip ip saddr != 10.0.1.5 counter drop
          iifname "p-n1-eth1" ether type ip ip saddr != 10.0.1.20-10.0.1.29 counter drop
          iifname "p-n1-eth2" ether type ip ip saddr != 10.0.1.30-10.0.1.39 counter drop
          iifname "p-n2-eth0" ether type ip ip saddr != 10.0.1.6 counter drop
          iifname "p-n2-eth1" ether type ip ip saddr != 10.0.1.40-10.0.1.49 counter drop
        }
        chain f { type filter hook forward priority 0; jump check; }
        chain i { type filter hook input priority 0; jump check; }
      }
      N
      """;

  final Netns node1;
  final Netns node2;
  final Netns host;
  final Netns internet;

  /** Builds it; what an earlier run left is removed first. */
  Fabric() throws IOException {
    remove();
    Shell.run(BUILD);
    node1 = named("n1");
    node2 = named("n2");
    host = named("host");
    internet = named("ext");
  }

  static Netns named(String name) throws IOException {
    return Netns.open(Path.of("/run/netns/lx-" + name));
  }

  /** A namespace for a pod. */
  static Netns pod(String name) throws IOException {
    Shell.run("ip netns add lx-%s; ip -n lx-%s link set lo up".formatted(name, name));
    return named(name);
  }

  static AttachmentKey key(String container) {
    return new AttachmentKey("millpond", container, "eth0");
  }

  /** An attachment on node 1 by default, on the given link of the node that the thread is in. */
  static PodAttachment attachment(AttachmentKey key, String address, String eni, IpAddress node)
      throws IOException {
    EniLink link =
        EniLinks.find(
                MacAddress.parse(
                    "02:00:00:00:0" + (node.equals(NODE1) ? 1 : 2) + ":0" + eni.charAt(3)))
            .orElseThrow();
    EniLinks.prepare(link);
    return new PodAttachment(
        key,
        IpAddress.parse(address),
        SUBNET,
        GATEWAY,
        Optional.of(ROUTER),
        link,
        link.mtu(),
        node,
        List.of(VPC),
        List.of(),
        List.of(SERVICES),
        "default/" + key.containerId(),
        PodDemands.NONE);
  }

  /** The same pod, which asks for something. */
  static PodAttachment asking(PodAttachment a, PodDemands demands) {
    return new PodAttachment(
        a.key(),
        a.address(),
        a.subnet(),
        a.gateway(),
        a.gatewayMac(),
        a.eni(),
        a.mtu(),
        a.node(),
        a.direct(),
        a.extra(),
        a.services(),
        a.pod(),
        demands);
  }

  /** Detaches a pod from node 1, which forgets its pool. */
  void detach(AttachmentKey key, Netns pod, PoolRoutes routes) throws IOException {
    node1.inside(
        () -> {
          DetachOutcome ignored = new PodDatapath(routes).detach(key, Optional.of(pod));
          routes.forget(routes.addresses());
          return true;
        });
  }

  /** Everything in a namespace that an attachment could change, as text. */
  static String snapshot(String name) {
    return Shell.run(
        """
        printf '%s\\n' link addr 'route show table all' rule |
          ip -n lx-NAME -d -o -4 -batch - |
          sed 's/^[0-9]*: \\([^ ]\\)/\\1/; s/@if[0-9]*//'
        ip -n lx-NAME -4 neigh show nud permanent | sort
        ip netns exec lx-NAME nft list ruleset | sed 's/counter packets [0-9]* bytes [0-9]*/counter/'
        ip netns exec lx-NAME bash -c 'cd /proc/sys/net; for f in ipv4/conf/{all,default}/{rp_filter,accept_redirects} ipv4/{tcp_fwmark_accept,fwmark_reflect} ipv6/conf/{all,default}/{accept_ra,autoconf}; do read v < $f; echo $f=$v; done'
        """
            .replace("NAME", name));
  }

  /** Frames that the source check dropped. */
  static long dropped() {
    return Shell.run("ip netns exec lx-vpc nft list chain bridge sg check")
        .lines()
        .filter(line -> line.contains("counter packets"))
        .mapToLong(line -> Long.parseLong(line.replaceAll(".*packets (\\d+) .*", "$1")))
        .sum();
  }

  /** Removes every namespace of ours. */
  static void remove() {
    Shell.run("for n in $(ip netns | awk '/^lx-/{print $1}'); do ip netns del $n; done");
  }

  @Override
  public void close() {
    for (Netns netns : List.of(node1, node2, host, internet)) {
      netns.close();
    }
    remove();
  }
}
