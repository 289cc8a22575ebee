package io.millpond.simulator.fabric;

import io.millpond.simulator.fabric.FabricLayout.InternetHost;
import io.millpond.simulator.fabric.FabricLayout.OnPremisesHost;
import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.InstanceState;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.Subnet;
import io.millpond.simulator.model.Vpc;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A small VPC on this machine's kernel: subnets 10.0.1.0/24 and 10.0.2.0/24, a public host and one
 * on premises; namespaces named {@code sfab-*}, gone after {@link #close}. Needs root.
 */
final class TestVpc implements AutoCloseable {
  static final String VPC = "sfab-vpc";
  static final String INTERNET = "sfab-inet";
  static final String ON_PREMISES = "sfab-onp";
  static final String PUBLIC_HOST = "203.0.113.9";
  static final String ON_PREMISES_HOST = "192.168.50.9";
  static final Subnet SUBNET_1 = subnet("subnet-0a1", "10.0.1.0/24");
  static final Subnet SUBNET_2 = subnet("subnet-0a2", "10.0.2.0/24");

  private static final Pattern MAC = Pattern.compile("\\[([0-9A-Fa-f:]{17})]");
  private static final Pattern PACKETS = Pattern.compile("counter packets ([0-9]+)");

  final LinuxFabric fabric;
  private final Namespaces namespaces = new Namespaces(VPC);
  private final List<String> pods = new ArrayList<>();

  TestVpc() {
    namespaces.deleteAll();
    namespaces.add(VPC);
    try {
      fabric = newFabric();
    } catch (FabricException e) {
      namespaces.deleteAll();
      throw e;
    }
  }

  /** A fabric over the same namespace, as a later run would make it. */
  static LinuxFabric newFabric() {
    return new LinuxFabric(
        new FabricLayout(
            VPC,
            new Vpc("vpc-0a1", Cidr.parse("10.0.0.0/16"), new TreeMap<>()),
            List.of(SUBNET_1, SUBNET_2),
            new InternetHost(INTERNET, Ipv4.parse(PUBLIC_HOST)),
            new OnPremisesHost(
                ON_PREMISES, Ipv4.parse(ON_PREMISES_HOST), Cidr.parse("192.168.50.0/24"))));
  }

  /** An instance with a primary interface, attached. */
  Node start(String name, Subnet subnet, String address) {
    Instance instance = instance(name, subnet);
    NetworkInterface eni = eni("eni-0" + name, subnet, address);
    fabric.instanceStarted(instance);
    fabric.attach(instance, eni, 0);
    return new Node(instance, eni);
  }

  /** Another interface of the instance, given to a pod: a namespace that has just this link. */
  Node pod(Node node, String name, Subnet subnet, String... addresses) {
    NetworkInterface eni = eni("eni-0" + name, subnet, addresses);
    fabric.attach(node.instance(), eni, 1);
    String pod = "sfab-" + name;
    run("ip", "netns", "add", pod);
    pods.add(pod);
    run("ip", "-n", node.netns(), "link", "set", link(node.netns(), eni), "netns", pod);
    String link = link(pod, eni);
    run("ip", "-n", pod, "link", "set", link, "mtu", "9001", "up");
    String length = "/" + subnet.cidr().length();
    for (String address : addresses) {
      run("ip", "-n", pod, "addr", "add", address + length, "dev", link);
    }
    run("ip", "-n", pod, "route", "add", "default", "via", subnet.router().toString());
    return new Node(node.instance(), eni, pod);
  }

  /** One host of the network, by the namespace to act in. */
  record Node(Instance instance, NetworkInterface eni, String netns) {
    Node(Instance instance, NetworkInterface eni) {
      this(instance, eni, instance.netns());
    }

    String address() {
      return eni.primaryAddress().toString();
    }

    boolean reaches(String address) {
      return reachesFrom(address(), address);
    }

    boolean reachesFrom(String source, String address) {
      return ping(netns, "-I", source, address);
    }

    /** The MAC that answers for an address, asked by broadcast. */
    Optional<String> whoHas(String address, String... options) {
      List<String> command = new ArrayList<>(List.of("arping", "-c", "1", "-w", "1", "-I"));
      command.add(link(netns, eni));
      command.addAll(List.of(options));
      command.add(address);
      Matcher answer = MAC.matcher(TestVpc.exec(netns, command.toArray(String[]::new)).output());
      return answer.find()
          ? Optional.of(answer.group(1).toLowerCase(Locale.ROOT))
          : Optional.empty();
    }
  }

  /** One echo, answered within a second. */
  static boolean ping(String netns, String... options) {
    List<String> command = new ArrayList<>(List.of("ping", "-n", "-q", "-c", "1", "-W", "1"));
    command.addAll(List.of(options));
    return exec(netns, command.toArray(String[]::new)).status() == 0;
  }

  long count(Node node, String counter) {
    return count(node.eni().id(), counter);
  }

  long count(String owner, String counter) {
    Long counted = fabric.counters().getOrDefault(owner, new TreeMap<>()).get(counter);
    if (counted == null) {
      throw new AssertionError("no counter " + counter + " of " + owner + fabric.counters());
    }
    return counted;
  }

  /** Counts from now on what arrives in a namespace's first link and meets the match. */
  static void watch(String netns, String link, String match) {
    NetworkCommands.nft(
        netns,
        """
        table netdev watch
        delete table netdev watch
        table netdev watch {
          chain in {
            type filter hook ingress device "%s" priority 0;
            %s counter
          }
        }
        """
            .formatted(link, match));
  }

  static long watched(String netns) {
    Matcher packets =
        PACKETS.matcher(exec(netns, "nft", "list", "table", "netdev", "watch").output());
    if (!packets.find()) {
      throw new AssertionError("nothing is watched in " + netns);
    }
    return Long.parseLong(packets.group(1));
  }

  /** The name under which an interface is seen in a namespace. */
  static String link(String netns, NetworkInterface eni) {
    return links(netns)
        .filter(line -> line.contains(eni.mac()))
        .map(line -> line.split("[ @]", 2)[0])
        .findFirst()
        .orElseThrow(() -> new AssertionError(eni.id() + " has no link in " + netns));
  }

  static Stream<String> links(String netns) {
    return run("ip", "-n", netns, "-br", "link", "show").lines();
  }

  static NetworkCommands.Outcome exec(String netns, String... command) {
    return NetworkCommands.tryRun(NetworkCommands.inside(netns, command), "");
  }

  static String run(String... command) {
    return NetworkCommands.run(List.of(command), "");
  }

  static Instance instance(String name, Subnet subnet) {
    return new Instance(
        "i-0" + name,
        name,
        "t3.medium",
        subnet.id(),
        subnet.zone(),
        "sfab-" + name,
        "AKIA" + name,
        InstanceState.RUNNING,
        Instant.EPOCH,
        new TreeMap<>());
  }

  /** An interface, with a MAC made of its first address. */
  static NetworkInterface eni(String id, Subnet subnet, String... addresses) {
    List<Ipv4> parsed = Stream.of(addresses).map(Ipv4::parse).toList();
    int bits = parsed.getFirst().bits();
    return new NetworkInterface(
        id,
        String.format(Locale.ROOT, "02:00:00:00:%02x:%02x", bits >>> 8 & 255, bits & 255),
        subnet.id(),
        "vpc-0a1",
        subnet.zone(),
        "",
        List.of(),
        parsed,
        List.of(),
        true,
        null,
        new TreeMap<>(),
        Instant.EPOCH);
  }

  private static Subnet subnet(String id, String cidr) {
    return new Subnet(id, "vpc-0a1", "eu-central-1a", Cidr.parse(cidr), new TreeMap<>());
  }

  @Override
  public void close() {
    for (String pod : pods) {
      run("ip", "netns", "del", pod);
    }
    fabric.close();
    namespaces.deleteAll();
  }
}
