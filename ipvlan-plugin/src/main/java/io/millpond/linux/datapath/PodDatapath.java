package io.millpond.linux.datapath;

import io.millpond.linux.BootClock;
import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Neighbours;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Routes;
import io.millpond.linux.netlink.Routes.Route;
import io.millpond.linux.netlink.Rt;
import io.millpond.linux.netns.Netns;
import io.millpond.linux.netns.Sysctl;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Attaches pods and detaches them. Thread-safe for different attachments.
 *
 * <p>Attach, in this order: the veth with its alias (its name is the lock; from now on the
 * attachment is on record); the address marked in use; the IPvlan slave; the pod's side; the node's
 * side. Detach, in this order: the release written down; the slave; the veth. Whoever dies in
 * between leaves a veth, by which the next start finds the rest.
 */
public final class PodDatapath {
  private final PoolRoutes pool;

  public PodDatapath(PoolRoutes pool) {
    this.pool = pool;
  }

  /** Builds the pod's network, or leaves nothing. */
  public AttachOutcome attach(PodAttachment a, Netns netns) {
    HostVeth veth = HostVeth.of(a.key());
    try (NetlinkSocket host = NetlinkSocket.open()) {
      boolean taken =
          netns.inside(
              () -> {
                try (NetlinkSocket pod = NetlinkSocket.open()) {
                  return PodSide.has(pod, a.key().ifName());
                }
              });
      Optional<Link> existing = find(host, veth.name());
      if (existing.isPresent()) {
        return new AttachOutcome.AlreadyAttached(
            existing.get().alias().flatMap(Alias::parse).map(Alias::netnsInode).orElse(0L));
      }
      if (taken) {
        return new AttachOutcome.InterfaceExists();
      }
      return build(host, a, netns, veth);
    } catch (IOException e) {
      return new AttachOutcome.Failed(String.valueOf(e.getMessage()));
    }
  }

  private AttachOutcome build(NetlinkSocket host, PodAttachment a, Netns netns, HostVeth veth) {
    try {
      List<NetlinkSocket.Outcome> locked =
          host.send(
              List.of(
                  Links.createVeth(
                      veth.name(),
                      HostVeth.hostMac(a.key()),
                      PodSide.VETH_TEMPLATE,
                      HostVeth.podMac(a.key()),
                      netns.fd(),
                      a.mtu()),
                  Links.setAlias(
                      veth.name(),
                      Alias.of(a.key(), a.address(), netns.inode(), a.pod()).format())));
      if (locked.getFirst().errno() == Rt.EEXIST) {
        return new AttachOutcome.AlreadyAttached(0);
      }
      for (NetlinkSocket.Outcome outcome : locked) {
        outcome.orThrow();
      }
      pool.set(host, a.address(), PoolRoutes.IN_USE);
      // The namespace's settings come before the links are up, and a slave's settings are copied at
      // its creation.
      netns.inside(
          () -> {
            PodSide.prepare();
            return true;
          });
      host.require(Links.createIpvlan("eth%d", a.eni().index(), netns.fd(), a.mtu()));
      netns.inside(
          () -> {
            try (NetlinkSocket pod = NetlinkSocket.open()) {
              PodSide.configure(pod, a, HostVeth.hostMac(a.key()));
              return true;
            }
          });
      nodeSide(host, a, veth);
      return new AttachOutcome.Attached(a.eni().mac(), a.mtu());
    } catch (IOException | RuntimeException e) {
      String undone = undo(host, a, netns, veth);
      if (e instanceof NetlinkException refused && refused.errno() == Rt.EADDRINUSE) {
        return new AttachOutcome.AddressInUse(String.valueOf(e.getMessage()) + undone);
      }
      return new AttachOutcome.Failed(String.valueOf(e.getMessage()) + undone);
    }
  }

  /**
   * The node's end: a pod cannot send with another's address, and the node reaches it with its own.
   */
  private static void nodeSide(NetlinkSocket host, PodAttachment a, HostVeth veth)
      throws IOException {
    Link link =
        find(host, veth.name())
            .orElseThrow(() -> new IOException("the veth " + veth.name() + " vanished"));
    setUp(host, link, a.address(), a.node(), HostVeth.podMac(a.key()));
  }

  static void setUp(NetlinkSocket host, Link veth, IpAddress pod, IpAddress node, MacAddress podMac)
      throws IOException {
    Sysctl.set("ipv4/conf/" + veth.name() + "/rp_filter", "1");
    host.require(
        Links.up(veth.index()),
        Neighbours.permanent(veth.index(), pod, podMac),
        Routes.replace(podRoute(pod, veth.index(), node)));
  }

  static Route podRoute(IpAddress pod, int veth, IpAddress node) {
    return Route.direct(new Prefix(pod, 32), Rt.RT_TABLE_MAIN, veth).from(node);
  }

  private static String undo(NetlinkSocket host, PodAttachment a, Netns netns, HostVeth veth) {
    List<String> problems = new ArrayList<>();
    try {
      netns.inside(
          () -> {
            try (NetlinkSocket pod = NetlinkSocket.open()) {
              PodSide.clear(pod, a.key().ifName(), HostVeth.podMac(a.key()));
              for (Link link : PodSide.links(pod)) {
                // A slave that did not get its name yet: ours are the only ones that are down.
                if (link.kind().equals("ipvlan") && !link.isUp()) {
                  pod.require(Links.delete(link.index()));
                }
              }
              return true;
            }
          });
    } catch (IOException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
    deleteVeth(host, veth.name()).ifPresent(problems::add);
    return problems.isEmpty() ? "" : "; and could not undo: " + String.join("; ", problems);
  }

  /**
   * Takes the pod's network away; what is gone already is fine.
   *
   * @param netns the pod's namespace if it is known and lives
   */
  public DetachOutcome detach(AttachmentKey key, Optional<Netns> netns) {
    return detach(HostVeth.of(key).name(), key.ifName(), Optional.of(key), netns);
  }

  /**
   * As {@link #detach(AttachmentKey, Optional)}, of an attachment that is known by its record
   * alone.
   */
  public DetachOutcome detach(KernelLedger.Entry entry) {
    Optional<Netns> netns = Netns.find(entry.alias().netnsInode());
    try {
      return detach(entry.veth(), entry.alias().ifName(), Optional.empty(), netns);
    } finally {
      netns.ifPresent(Netns::close);
    }
  }

  private DetachOutcome detach(
      String veth, String ifName, Optional<AttachmentKey> key, Optional<Netns> netns) {
    Optional<IpAddress> address = Optional.empty();
    List<String> problems = new ArrayList<>();
    try (NetlinkSocket host = NetlinkSocket.open()) {
      Optional<Link> link = find(host, veth);
      address = link.flatMap(Link::alias).flatMap(Alias::parse).map(Alias::address);
      if (address.isPresent()) {
        pool.release(host, address.get(), BootClock.now());
      }
      try {
        podSideAway(host, link, ifName, key.map(HostVeth::podMac), netns);
      } catch (IOException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
      deleteVeth(host, veth).ifPresent(problems::add);
    } catch (IOException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
    return new DetachOutcome(
        address, problems.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", problems)));
  }

  private static void podSideAway(
      NetlinkSocket host,
      Optional<Link> veth,
      String ifName,
      Optional<MacAddress> podMac,
      Optional<Netns> netns)
      throws IOException {
    if (netns.isPresent() && podMac.isPresent()) {
      netns
          .get()
          .inside(
              () -> {
                try (NetlinkSocket pod = NetlinkSocket.open()) {
                  PodSide.clear(pod, ifName, podMac.get());
                  return true;
                }
              });
    } else if (veth.isPresent() && veth.get().linkNetns().isPresent()) {
      int id = veth.get().linkNetns().getAsInt();
      boolean slave =
          host.dump(Links.dumpIn(id)).stream()
              .map(Links::read)
              .anyMatch(link -> link.name().equals(ifName) && link.kind().equals("ipvlan"));
      if (slave) {
        NetlinkSocket.Outcome deleted = host.send(List.of(Links.deleteIn(id, ifName))).getFirst();
        if (deleted.errno() != Rt.ENODEV) {
          deleted.orThrow();
        }
      }
    }
  }

  static Optional<Link> find(NetlinkSocket host, String name) throws NetlinkException {
    return host.get(Links.get(name)).reply().stream().findFirst().map(Links::read);
  }

  private static Optional<String> deleteVeth(NetlinkSocket host, String name) {
    try {
      NetlinkSocket.Outcome outcome = host.send(List.of(Links.delete(name))).getFirst();
      if (outcome.errno() != Rt.ENODEV) {
        outcome.orThrow();
      }
      return Optional.empty();
    } catch (NetlinkException e) {
      return Optional.ofNullable(e.getMessage());
    }
  }
}
