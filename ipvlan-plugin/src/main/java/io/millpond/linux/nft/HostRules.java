package io.millpond.linux.nft;

import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The table {@code inet millpond} of the node. */
public final class HostRules {
  /** nft prints a priority as the distance from the nearest one that has a name. */
  private static final List<Pattern> CHAINS =
      List.of(
          Pattern.compile("hook postrouting priority (110|srcnat \\+ 10);"),
          Pattern.compile("hook prerouting priority (-90|dstnat \\+ 10);"),
          Pattern.compile("hook output priority -90;"),
          Pattern.compile("hook prerouting priority (-300|raw);"),
          Pattern.compile("hook forward priority (0|filter);"),
          Pattern.compile("iifname \"mpd\\*\" ip daddr 127\\.0\\.0\\.0/8 .*drop"),
          Pattern.compile("map @host_ports\\n"),
          Pattern.compile("map @host_ports_everywhere\\n"));

  private static final String ADDRESS = "(\\d{1,3}(?:\\.\\d{1,3}){3})";

  /** An element of either map: {@code 10.0.1.5 . tcp . 8080 : 10.0.1.21 . 80}. */
  private static final Pattern ELEMENT =
      Pattern.compile("(?:" + ADDRESS + " \\. )?(\\w+) \\. (\\d+) : " + ADDRESS + " \\. (\\d+)");

  private HostRules() {}

  /**
   * The commands that make the table anew.
   *
   * <p>What pods send by their veth and what leaves the node by another link than a pod's veth was
   * translated by the node or goes to the internet: it leaves with the node's address. Ports are
   * chosen at random, after kube-proxy's own translation (priority 100).
   *
   * <p>A host port is an element of one of two maps, so that a packet costs the same whatever their
   * number. Only what goes to an address of the node itself is looked up: by port alone a pod could
   * take what others send through the node. The client's address stays, as the pod answers by its
   * veth, with two exceptions: a pod that calls itself would answer itself, and what the node sends
   * from its loopback address must come back to it. That address is the node's own: what arrives
   * for it from a pod is dropped, since links with such ports route it ({@code route_localnet}),
   * and from elsewhere it opens no port (CVE-2020-8558).
   */
  private static String commands(IpAddress node, Collection<PortMapping> ports) {
    return """
        table inet millpond
        delete table inet millpond
        table inet millpond {
          map host_ports {
            type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
          }
          map host_ports_everywhere {
            type inet_proto . inet_service : ipv4_addr . inet_service
          }
          set to_themselves {
            type ipv4_addr . ipv4_addr
          }
          chain loopback {
            type filter hook prerouting priority -300; policy accept;
            iifname "mpd*" ip saddr 127.0.0.0/8 counter drop comment "millpond: nobody else has the node's loopback address"
            iifname "mpd*" ip daddr 127.0.0.0/8 counter drop comment "millpond: the node's loopback address is its own"
          }
          chain prerouting {
            type nat hook prerouting priority -90; policy accept;
            ip daddr 127.0.0.0/8 return
            fib daddr type local goto host_port
          }
          chain output {
            type nat hook output priority -90; policy accept;
            fib daddr type local goto host_port
          }
          chain host_port {
            meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @host_ports
            meta nfproto ipv4 dnat ip to meta l4proto . th dport map @host_ports_everywhere
          }
          chain postrouting {
            type nat hook postrouting priority 110; policy accept;
            iifname "mpd*" oifname != "mpd*" meta nfproto ipv4 counter snat ip to %1$s fully-random comment "millpond: pods leave the node with its address"
            oifname "mpd*" ip saddr . ip daddr @to_themselves counter snat ip to %1$s fully-random comment "millpond: pods that call their own host port"
            oifname "mpd*" ip saddr 127.0.0.0/8 counter snat ip to %1$s fully-random comment "millpond: the node calls a host port"
          }
          chain forward {
            type filter hook forward priority 0; policy accept;
            iifname "mpd*" ct state invalid counter drop comment "millpond: replies that lost their connection"
          }
        }
        """
            .formatted(node)
        + added(ports);
  }

  /** Makes the table as it must be, with these host ports. */
  public static void install(IpAddress node, Collection<PortMapping> ports) throws IOException {
    Nft.run(commands(node, ports));
  }

  private static String added(Collection<PortMapping> ports) {
    StringBuilder commands = new StringBuilder();
    elements(commands, "add", "host_ports", ports, true);
    elements(commands, "add", "host_ports_everywhere", ports, true);
    pods(commands, "add", ports.stream().map(PortMapping::pod));
    return commands.toString();
  }

  private static void elements(
      StringBuilder commands,
      String verb,
      String map,
      Collection<PortMapping> ports,
      boolean withPod) {
    boolean everywhere = map.equals("host_ports_everywhere");
    String elements =
        ports.stream()
            .filter(one -> one.port().hostIp().isEmpty() == everywhere)
            .map(one -> withPod ? key(one.port()) + " : " + target(one) : key(one.port()))
            .collect(Collectors.joining(", "));
    if (!elements.isEmpty()) {
      commands.append("%s element inet millpond %s { %s }\n".formatted(verb, map, elements));
    }
  }

  /** Protocols as numbers: their names need /etc/protocols. */
  private static String key(HostPort port) {
    return port.hostIp().map(address -> address + " . ").orElse("")
        + "%d . %d".formatted(port.protocol().number(), port.port());
  }

  private static String target(PortMapping mapping) {
    return "%s . %d".formatted(mapping.pod(), mapping.port().podPort());
  }

  private static void pods(StringBuilder commands, String verb, Stream<IpAddress> pods) {
    String elements = pods.distinct().map(HostRules::pair).collect(Collectors.joining(", "));
    if (!elements.isEmpty()) {
      commands.append("%s element inet millpond to_themselves { %s }\n".formatted(verb, elements));
    }
  }

  /**
   * Opens host ports.
   *
   * @throws IOException if one of them leads elsewhere, or the table is not there; then none opens
   */
  public static void open(Collection<PortMapping> ports) throws IOException {
    Nft.run(added(ports));
  }

  /** Closes host ports; those that are not open are fine. */
  public static void close(Collection<PortMapping> ports) throws IOException {
    try {
      Nft.run(removed(ports, ports.stream().map(PortMapping::pod)));
    } catch (IOException e) {
      // Of a transaction all takes effect or nothing: somebody took some away.
      String table = table().orElse("");
      Set<PortMapping> open = open(table);
      Nft.run(
          removed(
              ports.stream().filter(open::contains).toList(),
              ports.stream().map(PortMapping::pod).filter(pod -> table.contains(pair(pod)))));
    }
  }

  private static String removed(Collection<PortMapping> ports, Stream<IpAddress> pods) {
    StringBuilder commands = new StringBuilder();
    elements(commands, "delete", "host_ports", ports, false);
    elements(commands, "delete", "host_ports_everywhere", ports, false);
    pods(commands, "delete", pods);
    return commands.toString();
  }

  private static String pair(IpAddress pod) {
    return pod + " . " + pod;
  }

  /** The host ports that are open; none if there is no table. */
  public static Set<PortMapping> open() throws IOException {
    return table().map(HostRules::open).orElseGet(Set::of);
  }

  private static Set<PortMapping> open(String table) {
    Set<PortMapping> open = new HashSet<>();
    Matcher element = ELEMENT.matcher(table);
    while (element.find()) {
      for (HostPort.Protocol protocol : HostPort.Protocol.values()) {
        if (element.group(2).equals(protocol.toString())
            || element.group(2).equals(Integer.toString(protocol.number()))) {
          open.add(
              new PortMapping(
                  new HostPort(
                      Optional.ofNullable(element.group(1)).map(IpAddress::parse),
                      protocol,
                      Integer.parseInt(element.group(3)),
                      Integer.parseInt(element.group(5))),
                  IpAddress.parse(element.group(4))));
        }
      }
    }
    return open;
  }

  /** What of the table is not as it must be. */
  public enum Fault {
    /** It is gone, of another address, or a chain or a rule is not there. */
    RULES,
    /** The open host ports are not those of the pods. */
    HOST_PORTS
  }

  /**
   * Compares the table with what it must be.
   *
   * @param ports that must be open
   * @param comingOrGoing that may be
   */
  public static Optional<Fault> fault(
      IpAddress node, Collection<PortMapping> ports, Collection<PortMapping> comingOrGoing)
      throws IOException {
    Optional<String> listed = table();
    if (listed.isEmpty() || !complete(listed.get(), node)) {
      return Optional.of(Fault.RULES);
    }
    Set<PortMapping> open = open(listed.get());
    Set<PortMapping> surplus = new HashSet<>(open);
    surplus.removeAll(new HashSet<>(ports));
    surplus.removeAll(new HashSet<>(comingOrGoing));
    boolean pods =
        ports.stream()
            .map(PortMapping::pod)
            .distinct()
            .allMatch(pod -> listed.get().contains(pair(pod)));
    return open.containsAll(ports) && surplus.isEmpty() && pods
        ? Optional.empty()
        : Optional.of(Fault.HOST_PORTS);
  }

  private static boolean complete(String table, IpAddress node) {
    return CHAINS.stream().allMatch(chain -> chain.matcher(table).find())
        && table.split("snat ip to " + node + " fully-random", -1).length == 4
        && table.split("fib daddr type local goto host_port", -1).length == 3
        && table.contains("ct state invalid");
  }

  private static Optional<String> table() throws IOException {
    return Nft.run("list tables inet")
            .lines()
            .anyMatch(line -> line.trim().equals("table inet millpond"))
        ? Optional.of(Nft.run("list table inet millpond"))
        : Optional.empty();
  }

  /**
   * Removes the table.
   *
   * @return whether it was there
   */
  public static boolean remove() throws IOException {
    boolean there = table().isPresent();
    Nft.run("add table inet millpond\ndelete table inet millpond\n");
    return there;
  }
}
