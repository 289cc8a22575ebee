package io.millpond.node.kernel;

import io.millpond.linux.datapath.AddressProbe;
import io.millpond.linux.datapath.Alias;
import io.millpond.linux.datapath.EniLink;
import io.millpond.linux.datapath.HostDatapath;
import io.millpond.linux.datapath.KernelLedger;
import io.millpond.linux.datapath.KernelSupport;
import io.millpond.linux.datapath.LinkWatch;
import io.millpond.linux.datapath.PodDatapath;
import io.millpond.linux.datapath.PoolRoutes;
import io.millpond.linux.datapath.Reconciled;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's side on this kernel. */
public final class LinuxHost implements HostNetwork {
  private static final Logger log = LoggerFactory.getLogger(LinuxHost.class);

  private final HostDatapath datapath;
  private final PoolRoutes routes = new PoolRoutes();
  private final LinuxEnis enis;
  private final PodDatapath pods;
  private final LinuxPods port;
  private Set<IpAddress> strays = Set.of();
  private List<String> findings = List.of();

  /**
   * Sets the node up.
   *
   * @throws IOException if the kernel refuses
   */
  public LinuxHost(NodeFacts node) throws IOException {
    this(node, PodDatapath::new);
  }

  LinuxHost(NodeFacts node, Function<PoolRoutes, PodDatapath> datapathOf) throws IOException {
    this.datapath = new HostDatapath(node.address(), routes);
    this.enis = new LinuxEnis(node.mtu());
    this.pods = datapathOf.apply(routes);
    this.port = new LinuxPods(pods, enis, node);
    datapath.install();
    KernelLedger.read(routes);
  }

  /** The pods' side, which shares the pool's routes with this one. */
  public PodNetwork pods() {
    return port;
  }

  @Override
  public Optional<String> rehearse(int times) {
    try {
      return KernelSupport.missing(times);
    } catch (NetlinkException e) {
      return Optional.of("the kernel does not answer: " + e.getMessage());
    }
  }

  @Override
  public Optional<LinkName> bringUp(EniPlace eni) throws IOException {
    return enis.bringUp(eni).map(known -> new LinkName(known.link().name()));
  }

  @Override
  public KernelView look() throws IOException {
    KernelLedger ledger = KernelLedger.look();
    for (String unknown : ledger.unknown()) {
      log.warn(
          "the record of {} is of another version: it is left alone and its address is not ours to give",
          unknown);
    }
    Map<IpAddress, KernelView.RouteSays> says = new HashMap<>();
    ledger
        .routes()
        .forEach(
            (address, remembered) ->
                says.put(
                    address,
                    remembered.inUse()
                        ? new KernelView.InUse()
                        : new KernelView.ReleasedAt(remembered.since())));
    return new KernelView(
        ledger.attachments().stream().map(LinuxHost::seen).toList(),
        ledger.interrupted().stream()
            .map(one -> new KernelView.Interrupted(one.veth(), one.alias().map(Alias::key)))
            .toList(),
        says,
        ledger.enis());
  }

  private static KernelView.Seen seen(KernelLedger.Entry entry) {
    Alias alias = entry.alias();
    return new KernelView.Seen(
        entry.veth(),
        alias.key(),
        alias.address(),
        alias.netnsInode(),
        alias.pod(),
        entry.connected(),
        entry.demands());
  }

  @Override
  public void undo(KernelView.Interrupted interrupted) throws IOException {
    Optional<String> problem =
        pods.undo(new KernelLedger.Interrupted(interrupted.hostLink(), Optional.empty())).problem();
    if (problem.isPresent()) {
      throw new IOException(problem.get());
    }
  }

  @Override
  public void released(IpAddress address, BootTime at) throws IOException {
    routes.released(address, at);
  }

  @Override
  public void inUse(IpAddress address) throws IOException {
    routes.inUse(address);
  }

  @Override
  public synchronized List<Repair> reconcile(
      Map<EniPlace, Map<IpAddress, KernelView.RouteSays>> pool, boolean complete)
      throws IOException {
    List<Repair> repairs = new ArrayList<>();
    List<EniLink> links = new ArrayList<>();
    for (EniPlace place : pool.keySet()) {
      enis.find(place).ifPresent(known -> links.add(known.link()));
    }
    enis.pool(pool.keySet().stream().map(EniPlace::id).collect(Collectors.toSet()));
    Reconciled host = datapath.reconcile(links);
    findings = List.copyOf(host.findings());
    host.repairs().forEach(repair -> repairs.add(new Repair("host", repair)));
    Map<IpAddress, KernelView.RouteSays> ours = new HashMap<>();
    pool.values().forEach(ours::putAll);
    for (Map.Entry<IpAddress, KernelView.RouteSays> one : ours.entrySet()) {
      if (routes.rememberIfMissing(one.getKey(), remembered(one.getValue()))) {
        repairs.add(new Repair("route", "the pool route of " + one.getKey() + " was missing"));
      }
    }
    if (complete) {
      removeStrays(ours.keySet(), repairs);
    }
    return repairs;
  }

  private static PoolRoutes.Remembered remembered(KernelView.RouteSays says) {
    return switch (says) {
      case KernelView.InUse _ -> new PoolRoutes.Remembered(true, BootTime.BOOT);
      case KernelView.ReleasedAt(BootTime at) -> new PoolRoutes.Remembered(false, at);
    };
  }

  /**
   * A route of an address that left would cut the node off from its next owner. Twice seen, so that
   * none in motion goes.
   */
  private void removeStrays(Set<IpAddress> ours, List<Repair> repairs) throws IOException {
    Set<IpAddress> now = new HashSet<>(routes.addresses());
    now.removeAll(ours);
    KernelLedger.look().attachments().forEach(entry -> now.remove(entry.alias().address()));
    Set<IpAddress> gone = new HashSet<>(now);
    gone.retainAll(strays);
    forget(gone);
    gone.forEach(
        address ->
            repairs.add(
                new Repair(
                    "route",
                    "the pool route of " + address + ", not in the pool any more, was removed")));
    strays = now;
  }

  @Override
  public synchronized List<String> findings() {
    return findings;
  }

  @Override
  public void forget(Collection<IpAddress> addresses) throws IOException {
    routes.forget(addresses);
  }

  @Override
  public void removeOtherRoutes() throws IOException {
    routes.removeOthers();
  }

  @Override
  public boolean held(EniPlace eni, IpAddress address) throws IOException {
    LinuxEnis.Known known =
        enis.find(eni).orElseThrow(() -> new IOException("the link of " + eni.id() + " is gone"));
    return AddressProbe.held(known.link(), address);
  }

  @Override
  public boolean lives(long netnsInode) {
    Optional<io.millpond.linux.netns.Netns> found = io.millpond.linux.netns.Netns.find(netnsInode);
    found.ifPresent(io.millpond.linux.netns.Netns::close);
    return found.isPresent();
  }

  @Override
  public AutoCloseable watch(LinkListener listener) throws IOException {
    return LinkWatch.start(
        new LinkWatch.Listener() {
          @Override
          public void vethGone(String veth, Optional<Alias> alias) {
            listener.vethGone(veth);
          }

          @Override
          public void changed() {
            listener.lookAgain();
          }

          @Override
          public void lost(String why) {
            log.warn("kernel events were lost, everything is looked at: {}", why);
            listener.lookAgain();
          }
        });
  }
}
