package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Addresses;
import io.millpond.linux.netlink.Connections;
import io.millpond.linux.netlink.Connections.Connection;
import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Message;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Rt;
import io.millpond.linux.netns.Sysctl;
import io.millpond.linux.nft.HostRules;
import io.millpond.linux.nft.PortMapping;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Host ports of the node that the calling thread is in. Which attachment has which is on record in
 * the names of the host veths ({@link DemandRecord}); the node's nf_tables rules follow that.
 *
 * <p>Whoever reads the records in order to act on them, or changes one together with the rules,
 * holds the lock: there is one for the process, which serves one node.
 */
final class HostPorts {
  private static final Object LOCK = new Object();

  private HostPorts() {}

  /** Another attachment has a port; the message says which, and whose it is. */
  static final class TakenException extends IOException {
    private static final long serialVersionUID = 1;

    TakenException(String message) {
      super(message);
    }
  }

  /**
   * Writes down what the attachment asks for, unless another one has a port of it.
   *
   * @throws TakenException if another one has
   */
  static void reserve(NetlinkSocket host, HostVeth veth, PodDemands demands) throws IOException {
    synchronized (LOCK) {
      if (!demands.hostPorts().isEmpty()) {
        for (Link link : links(host)) {
          if (!link.name().equals(veth.name())) {
            refuseConflict(demands, link);
          }
        }
      }
      host.require(Links.addNames(veth.name(), DemandRecord.names(veth, demands)));
    }
  }

  static void refuseConflict(PodDemands demands, Link other) throws TakenException {
    for (HostPort taken : DemandRecord.portsOfAnyVersion(other.alternativeNames())) {
      for (HostPort port : demands.hostPorts()) {
        if (port.conflictsWith(taken)) {
          throw new TakenException(
              "%s is taken: %s has %s. Give one of them another port, or remove the other pod from the node"
                  .formatted(port.words(), whose(other), taken.words()));
        }
      }
    }
  }

  private static String whose(Link link) {
    Optional<Alias> alias = link.alias().flatMap(Alias::parse);
    return alias
        .map(
            one ->
                "the pod %s (%s, container %s)"
                    .formatted(
                        one.pod().isEmpty() ? "without a name" : one.pod(),
                        one.address(),
                        one.containerId()))
        .orElse("the attachment of " + link.name());
  }

  /** Opens the attachment's ports, which are on record. */
  static void open(NetlinkSocket host, PodAttachment a) throws IOException {
    List<PortMapping> ports = mappings(a.demands(), a.address());
    synchronized (LOCK) {
      try {
        HostRules.open(ports);
      } catch (IOException e) {
        // Somebody took the table away, or it has ports of a pod that died: made anew it is right.
        install(a.node(), Records.of(host));
      }
    }
    // Not before the rules that keep pods from the node's loopback address.
    routeLoopback(HostVeth.of(a.key()).name(), a.demands());
    forgetConnections(host, ports);
  }

  private static List<PortMapping> mappings(PodDemands demands, IpAddress pod) {
    return demands.hostPorts().stream().map(port -> new PortMapping(port, pod)).toList();
  }

  /** What the node sends to a port on its loopback address leaves by the pod's veth. */
  static void routeLoopback(String veth, PodDemands demands) throws IOException {
    if (wantsLoopback(demands)) {
      Sysctl.set("ipv4/conf/" + veth + "/route_localnet", "1");
    }
  }

  static boolean wantsLoopback(PodDemands demands) {
    return demands.hostPorts().stream().anyMatch(HostPort::isOnLoopback);
  }

  /**
   * Closes the ports of an attachment, and forgets what it asked for: another one may have them at
   * once.
   *
   * @param end the host end of its veth
   * @param address the pod's
   */
  static void close(NetlinkSocket host, Link end, Optional<IpAddress> address) throws IOException {
    List<String> names = end.alternativeNames().stream().filter(DemandRecord::isRecord).toList();
    List<PortMapping> ports =
        address.map(pod -> mappings(DemandRecord.read(names), pod)).orElseGet(List::of);
    synchronized (LOCK) {
      if (!ports.isEmpty()) {
        HostRules.close(ports);
      }
      // The veth goes by itself with a namespace that dies.
      host.send(List.of(Links.removeNames(end.name(), names))).getFirst().orThrowUnless(Rt.ENODEV);
    }
    forgetConnections(host, ports);
  }

  /** Whether host ports lead to an address. */
  static boolean leadTo(IpAddress pod) throws IOException {
    return HostRules.open().stream().anyMatch(one -> one.pod().equals(pod));
  }

  /** Closes the ports that lead to a pod of which there is no record any more. */
  static void closeTo(NetlinkSocket host, IpAddress pod) throws IOException {
    List<PortMapping> ports;
    synchronized (LOCK) {
      ports = HostRules.open().stream().filter(one -> one.pod().equals(pod)).toList();
      HostRules.close(ports);
    }
    forgetConnections(host, ports);
  }

  /** Whether an attachment asked for anything. */
  static boolean isOnRecord(Link end) {
    return end.alternativeNames().stream().anyMatch(DemandRecord::isRecord);
  }

  /**
   * UDP has no beginning: without this the packets of a known sender would go on where they went
   * before the port opened, or to the pod that had it.
   */
  private static void forgetConnections(NetlinkSocket host, List<PortMapping> ports)
      throws IOException {
    List<PortMapping> udp =
        ports.stream().filter(one -> one.port().protocol() == HostPort.Protocol.UDP).toList();
    if (udp.isEmpty()) {
      return;
    }
    Set<IpAddress> local = new HashSet<>();
    host.dump(Addresses.dump())
        .forEach(reply -> Addresses.read(reply).ifPresent(one -> local.add(one.address())));
    try (NetlinkSocket netfilter = NetlinkSocket.openToNetfilter()) {
      for (PortMapping mapping : udp) {
        List<Message> gone = new ArrayList<>();
        netfilter
            .dump(Connections.dump(HostPort.Protocol.UDP.number(), mapping.port().port()))
            .forEach(
                reply ->
                    Connections.read(reply)
                        .filter(one -> concerns(one, mapping, local))
                        .ifPresent(one -> gone.add(Connections.forget(one))));
        forget(netfilter, gone);
      }
    }
  }

  private static boolean concerns(Connection one, PortMapping mapping, Set<IpAddress> local) {
    return one.protocol() == HostPort.Protocol.UDP.number()
        && one.port() == mapping.port().port()
        && (one.answers().equals(mapping.pod())
            || mapping
                .port()
                .hostIp()
                .map(address -> address.equals(one.to()))
                .orElseGet(() -> local.contains(one.to()) || one.to().low() >>> 24 == 127));
  }

  /** One that ended meanwhile is fine. */
  private static void forget(NetlinkSocket netfilter, List<Message> gone) throws NetlinkException {
    for (int at = 0; at < gone.size(); at += 100) {
      for (NetlinkSocket.Outcome outcome :
          netfilter.send(gone.subList(at, Math.min(gone.size(), at + 100)))) {
        outcome.orThrowUnless(Rt.ENOENT);
      }
    }
  }

  /**
   * The host ports on record.
   *
   * @param complete of attachments that are built
   * @param building of others, whose ports may be open or not
   * @param newer of attachments of a newer release, of which is not known where they lead: whatever
   *     is open of them stays so
   */
  record Records(List<PortMapping> complete, List<PortMapping> building, Set<HostPort> newer) {
    static Records of(NetlinkSocket host) throws NetlinkException {
      return of(links(host));
    }

    static Records of(List<Link> links) {
      List<PortMapping> complete = new ArrayList<>();
      List<PortMapping> building = new ArrayList<>();
      Set<HostPort> newer = new HashSet<>();
      for (Link link : links) {
        Optional<Alias> alias = link.alias().flatMap(Alias::parse);
        if (alias.isPresent()) {
          (alias.get().building() ? building : complete)
              .addAll(mappings(DemandRecord.read(link.alternativeNames()), alias.get().address()));
        } else if (link.alias().filter(text -> !text.isEmpty()).isPresent()) {
          newer.addAll(DemandRecord.portsOfAnyVersion(link.alternativeNames()));
        }
      }
      return new Records(complete, building, newer);
    }

    /** Those open ports that are of a newer release. */
    List<PortMapping> ofNewer(Collection<PortMapping> open) {
      return open.stream().filter(one -> newer.contains(one.port())).toList();
    }

    List<PortMapping> all() {
      List<PortMapping> all = new ArrayList<>(complete);
      all.addAll(building);
      return all;
    }
  }

  private static List<Link> links(NetlinkSocket host) throws NetlinkException {
    return host.dump(Links.dump()).stream()
        .map(Links::read)
        .filter(link -> HostVeth.isName(link.name()))
        .filter(link -> link.alternativeNames().stream().anyMatch(DemandRecord::isOfAnyVersion))
        .toList();
  }

  /**
   * Makes the node's rules as they must be, with the ports on record.
   *
   * @param known what was on record when the rules were last found in order, if nobody changed them
   *     since
   * @return what was wrong
   */
  static Looked putRight(NetlinkSocket host, IpAddress node, Optional<Records> known)
      throws IOException {
    Looked looked;
    synchronized (LOCK) {
      looked = look(host, node, known);
    }
    if (looked.fault().isPresent()) {
      // What came while they were closed went elsewhere, and would go there for ever.
      forgetConnections(host, looked.records().all());
    }
    return looked;
  }

  private static Looked look(NetlinkSocket host, IpAddress node, Optional<Records> known)
      throws IOException {
    Records now = Records.of(host);
    if (known.equals(Optional.of(now))) {
      return new Looked(now, Optional.empty());
    }
    List<PortMapping> comingOrGoing = new ArrayList<>(now.building());
    comingOrGoing.addAll(openOfNewer(now));
    Optional<HostRules.Fault> fault = HostRules.fault(node, now.complete(), comingOrGoing);
    if (fault.isPresent()) {
      install(node, now);
    }
    return new Looked(now, fault);
  }

  private static void install(IpAddress node, Records records) throws IOException {
    List<PortMapping> ports = records.all();
    ports.addAll(openOfNewer(records));
    HostRules.install(node, ports);
  }

  private static List<PortMapping> openOfNewer(Records records) throws IOException {
    return records.newer().isEmpty() ? List.of() : records.ofNewer(HostRules.open());
  }

  /** What was on record, and what was wrong with the rules. */
  record Looked(Records records, Optional<HostRules.Fault> fault) {}
}
