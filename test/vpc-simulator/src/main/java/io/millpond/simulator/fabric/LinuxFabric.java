package io.millpond.simulator.fabric;

import static io.millpond.simulator.fabric.NetworkCommands.bridge;
import static io.millpond.simulator.fabric.NetworkCommands.ip;
import static io.millpond.simulator.fabric.NetworkCommands.ipWhateverFails;
import static io.millpond.simulator.fabric.NetworkCommands.nft;
import static io.millpond.simulator.fabric.NetworkCommands.sysctl;

import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.Subnet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Collectors;

/**
 * The VPC as Linux namespaces, bridges and veth pairs. Needs root, and the VPC's namespace, which
 * {@link VpcNamespace} makes; in which namespace this process itself runs is no matter.
 *
 * <p>How it differs from the VPC of AWS: an instance's primary address reaches the internet
 * untranslated, and the public host reaches every assigned address, as through a load balancer that
 * keeps the client's address; security groups let everything pass; there is no IPv6.
 */
public final class LinuxFabric implements Fabric {
  private final String vpc;
  private final Namespaces namespaces;
  private final Map<String, Subnet> subnets;
  private final Map<String, Plugged> plugged = new HashMap<>();

  /** Who has a block; an address that moved to another interface is not taken from that one. */
  private final Map<Cidr, String> owners = new HashMap<>();

  /** An interface whose link is there, with the addresses the network knows. */
  private record Plugged(NetworkInterface eni, boolean primary) {}

  /**
   * Builds what is there before any instance, after removing what an earlier run left behind.
   *
   * @throws FabricException if that fails; nothing is left then
   */
  public LinuxFabric(FabricLayout layout) {
    this.vpc = layout.namespace();
    this.namespaces = new Namespaces(vpc);
    this.subnets =
        layout.subnets().stream().collect(Collectors.toUnmodifiableMap(Subnet::id, s -> s));
    close();
    try {
      build(layout);
    } catch (FabricException e) {
      close();
      throw e;
    }
  }

  private void build(FabricLayout layout) {
    OutsideHosts outside = OutsideHosts.of(layout.internet(), layout.onPremises());
    nft(vpc, FabricRules.base());
    List<String> lines = new ArrayList<>();
    List<String> links = new ArrayList<>(outside.gateways());
    lines.add("link set lo up");
    lines.add("link add %s type bridge".formatted(FabricNames.NOWHERE_LINK));
    lines.add("link set %s up".formatted(FabricNames.NOWHERE_LINK));
    lines.add("route add %s dev %s".formatted(layout.vpc().cidr(), FabricNames.NOWHERE_LINK));
    for (Subnet subnet : layout.subnets()) {
      lines.addAll(Segment.create(subnet));
      links.add(FabricNames.bridge(subnet));
    }
    lines.addAll(outside.inVpc());
    outside.hosts().forEach(host -> namespaces.add(host.netns()));
    ip(vpc, lines);
    sysctl(vpc, RouterSettings.of(links));
    outside.hosts().forEach(host -> ip(host.netns(), host.lines()));
  }

  @Override
  public void instanceStarted(Instance instance) {
    namespaces.add(instance.netns());
  }

  @Override
  public void instanceTerminated(Instance instance) {
    namespaces.delete(instance.netns());
  }

  @Override
  public void attach(Instance instance, NetworkInterface eni, int deviceIndex) {
    if (plugged.containsKey(eni.id())) {
      addressesChanged(eni);
      return;
    }
    Subnet subnet = subnet(eni);
    boolean primary = deviceIndex == 0;
    plugged.put(eni.id(), new Plugged(eni, primary));
    try {
      // The rules come first: the port never carries an unchecked frame.
      nft(
          vpc,
          FabricRules.port(eni) + (primary ? FabricRules.publicAddress(eni.primaryAddress()) : ""));
      List<String> lines = new ArrayList<>();
      for (Cidr block : blocks(eni)) {
        lines.addAll(Segment.assign(subnet, eni, block));
        owners.put(block, eni.id());
      }
      lines.addAll(
          Segment.plug(subnet, eni, instance.netns(), primary ? FabricNames.FIRST_LINK : "eth%d"));
      ip(vpc, lines);
      bridge(vpc, List.of(Segment.forwarding(eni)));
      if (primary) {
        ip(instance.netns(), Segment.lease(subnet, eni));
      }
    } catch (FabricException e) {
      try {
        unplug(eni.id());
      } catch (FabricException undo) {
        e.addSuppressed(undo);
      }
      throw e;
    }
  }

  @Override
  public void detach(Instance instance, NetworkInterface eni) {
    unplug(eni.id());
  }

  @Override
  public void addressesChanged(NetworkInterface eni) {
    Plugged before = plugged.get(eni.id());
    if (before == null) {
      return;
    }
    Subnet subnet = subnet(eni);
    nft(vpc, FabricRules.port(eni));
    plugged.put(eni.id(), new Plugged(eni, before.primary()));
    Set<Cidr> had = blocks(before.eni());
    Set<Cidr> has = blocks(eni);
    List<String> lost = new ArrayList<>();
    for (Cidr block : had) {
      if (!has.contains(block) && owners.remove(block, eni.id())) {
        lost.addAll(Segment.unassign(subnet, block));
      }
    }
    ipWhateverFails(vpc, lost);
    List<String> gained = new ArrayList<>();
    for (Cidr block : has) {
      if (!eni.id().equals(owners.put(block, eni.id()))) {
        gained.addAll(Segment.assign(subnet, eni, block));
      }
    }
    ip(vpc, gained);
  }

  @Override
  public SortedMap<String, SortedMap<String, Long>> counters() {
    return FabricCounters.parse(NetworkCommands.nftJson(vpc, "list", "counters"));
  }

  @Override
  public void close() {
    plugged.clear();
    owners.clear();
    List<String> lines = new ArrayList<>();
    // A namespace may outlive its name when something still runs there; its links must not.
    for (String link : links()) {
      lines.add("link del " + link);
    }
    ipWhateverFails(vpc, lines);
    nft(vpc, FabricRules.none());
    for (String name : namespaces.ours()) {
      if (!name.equals(vpc)) {
        namespaces.delete(name);
      }
    }
  }

  /** The VPC's own links that this class makes. */
  private List<String> links() {
    return NetworkCommands.run(List.of("ip", "-n", vpc, "-br", "link", "show"), "")
        .lines()
        .map(line -> line.split("[ @]", 2)[0])
        .filter(FabricNames::isOurs)
        .toList();
  }

  private void unplug(String eniId) {
    Plugged gone = plugged.remove(eniId);
    if (gone == null) {
      return;
    }
    NetworkInterface eni = gone.eni();
    Subnet subnet = subnet(eni);
    List<String> lines = new ArrayList<>();
    lines.add(Segment.unplug(eni));
    for (Cidr block : blocks(eni)) {
      if (owners.remove(block, eniId)) {
        lines.addAll(Segment.unassign(subnet, block));
      }
    }
    ipWhateverFails(vpc, lines);
    nft(
        vpc,
        FabricRules.withoutPort(eni)
            + (gone.primary() ? FabricRules.withoutPublicAddress(eni.primaryAddress()) : ""));
  }

  private Subnet subnet(NetworkInterface eni) {
    Subnet subnet = subnets.get(eni.subnetId());
    if (subnet == null) {
      throw new FabricException(eni.id() + " is in " + eni.subnetId() + ", which has no bridge");
    }
    return subnet;
  }

  private static Set<Cidr> blocks(NetworkInterface eni) {
    Set<Cidr> blocks = new LinkedHashSet<>();
    for (Ipv4 address : eni.addresses()) {
      blocks.add(new Cidr(address, 32));
    }
    blocks.addAll(eni.prefixes());
    return blocks;
  }
}
