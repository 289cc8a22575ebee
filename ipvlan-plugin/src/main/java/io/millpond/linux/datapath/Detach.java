package io.millpond.linux.datapath;

import io.millpond.linux.BootClock;
import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Message;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Reply;
import io.millpond.linux.netlink.Rt;
import io.millpond.linux.netlink.Rules;
import io.millpond.linux.netlink.SlaveKind;
import io.millpond.linux.netns.Netns;
import io.millpond.linux.nft.PodRules;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One detach. Nothing is removed that does not carry this attachment's record: a namespace that
 * comes with the request may by now, or always, have been another attachment's.
 */
final class Detach {
  private static final Duration A_SECOND = Duration.ofSeconds(1);

  private final PoolRoutes pool;
  private final HostVeth veth;
  private final NetlinkSocket host;
  private final PodTurns turns;
  private final Step.Listener listener;
  private final Problems problems = new Problems();

  Detach(
      PoolRoutes pool, HostVeth veth, NetlinkSocket host, PodTurns turns, Step.Listener listener) {
    this.pool = pool;
    this.turns = turns;
    this.veth = veth;
    this.host = host;
    this.listener = listener;
  }

  static Optional<Link> find(NetlinkSocket host, String name) throws NetlinkException {
    return host.get(Links.get(name)).reply().stream().findFirst().map(Links::read);
  }

  DetachOutcome run(Optional<Netns> given) throws IOException {
    Optional<Link> end = find(host, veth.name());
    Optional<Alias> record = end.flatMap(Link::alias).flatMap(Alias::parse);
    Optional<Netns> found =
        given.isPresent() ? Optional.empty() : record.flatMap(r -> Netns.find(r.netnsInode()));
    Optional<Netns> netns = given.or(() -> found);
    try (PodTurns.Turn _ = turns.take(netns.map(Netns::inode).orElse(0L))) {
      return run(end, record, netns);
    } finally {
      found.ifPresent(Netns::close);
    }
  }

  private DetachOutcome run(Optional<Link> end, Optional<Alias> record, Optional<Netns> netns) {
    Optional<NetlinkSocket> inside = netns.flatMap(Detach::enter);
    BootTime at = BootClock.now();
    try {
      Optional<Alias> known =
          record.or(() -> inside.flatMap(this::recordInside)); // the veth may be gone already
      Optional<IpAddress> address =
          known.map(Alias::address).filter(a -> record.isPresent() || believed(a));
      // Before any link goes: who dies in between leaves an address that cools down.
      address.ifPresent(a -> problems.during(() -> release(a, at)));
      if (end.isPresent()) {
        problems.during(() -> closePorts(host, end.get(), record.map(Alias::address), listener));
      } else {
        address.ifPresent(a -> problems.during(() -> closePortsTo(a)));
      }
      boolean cleared =
          inside.isPresent()
              && known.isPresent()
              && clearInside(inside.get(), netns.orElseThrow(), known.get());
      if (!cleared && end.isPresent() && end.get().linkNetns().isPresent()) {
        problems.during(() -> slaveFromOutside(end.get().linkNetns().getAsInt(), known));
      }
      if (end.isPresent()) {
        problems.during(() -> deleteVeth(host, veth.name(), listener));
      }
      return new DetachOutcome(address, gone(address, at), problems.text());
    } finally {
      inside.ifPresent(NetlinkSocket::close);
    }
  }

  /**
   * When the last of the pod was gone: a node that was slow has its address rest as much longer,
   * also after a restart, which knows whole seconds.
   */
  private BootTime gone(Optional<IpAddress> address, BootTime began) {
    BootTime now = BootClock.now();
    if (now.since(began).compareTo(A_SECOND) >= 0) {
      address.ifPresent(a -> problems.during(() -> pool.releaseIfKnown(host, a, now)));
    }
    return now;
  }

  private void release(IpAddress address, BootTime at) throws IOException {
    listener.before(Step.OfDetach.RELEASED);
    pool.releaseIfKnown(host, address, at);
  }

  /**
   * Whether an address from a record inside the pod, which the pod can have written, may be
   * released: it is in use, and no veth's record on the node has it.
   */
  private boolean believed(IpAddress address) {
    if (!pool.metric(address).equals(Optional.of(PoolRoutes.IN_USE))) {
      return false;
    }
    boolean[] free = {false};
    problems.during(
        () ->
            free[0] =
                host.dump(Links.dump()).stream()
                    .map(Links::read)
                    .filter(link -> HostVeth.isName(link.name()))
                    .flatMap(link -> link.alias().flatMap(Alias::parse).stream())
                    .noneMatch(alias -> alias.address().equals(address)));
    return free[0];
  }

  /** A namespace that cannot be entered is as good as none. */
  private static Optional<NetlinkSocket> enter(Netns netns) {
    try {
      return netns.inode() == Netns.current()
          ? Optional.empty()
          : Optional.of(netns.inside(NetlinkSocket::open));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private Optional<Alias> recordInside(NetlinkSocket pod) {
    try {
      return PodSide.links(pod).stream()
          .filter(link -> link.kind().equals(SlaveKind.name()))
          .flatMap(link -> link.alias().flatMap(Alias::parse).stream())
          .filter(veth::isOf)
          .findFirst();
    } catch (NetlinkException e) {
      problems.during(
          () -> {
            throw e;
          });
      return Optional.empty();
    }
  }

  private boolean clearInside(NetlinkSocket pod, Netns netns, Alias record) {
    boolean[] cleared = {false};
    problems.during(() -> cleared[0] = clear(pod, netns, record, Optional.empty(), listener));
    return cleared[0];
  }

  /**
   * Removes from the pod's namespace what the attachment brought: the rules, its part of the table,
   * the slave; and if it was the pod's last, the table and the settings. The slave is the last,
   * because its record knows the settings and may be the only trace of the attachment: who dies in
   * between leaves it to the next detach. Without any trace nothing is touched.
   *
   * @param settings what an attach that is undone found, which it puts back in any case
   * @return whether the namespace was the attachment's
   */
  static boolean clear(
      NetlinkSocket pod,
      Netns netns,
      Alias record,
      Optional<String> settings,
      Step.Listener listener)
      throws IOException {
    List<Link> links = PodSide.links(pod);
    boolean end =
        links.stream()
            .anyMatch(link -> link.mac().equals(Optional.of(HostVeth.podMac(record.hash()))));
    List<Link> slaves = links.stream().filter(link -> isSlaveOf(link, record, end)).toList();
    if (slaves.isEmpty() && !end) {
      return false;
    }
    List<PodSide.Other> others = PodSide.others(links, record.hash());
    Optional<String> before =
        settings.or(
            () ->
                slaves.stream()
                    .filter(_ -> others.isEmpty())
                    .flatMap(link -> link.alias().flatMap(Alias::parse).stream())
                    .map(Alias::settings)
                    .findFirst());
    Problems problems = new Problems();
    problems.during(
        () -> {
          listener.before(Step.OfDetach.RULES);
          PodRules.Member member =
              new PodRules.Member(
                  record.place().veth(),
                  slaves.stream()
                      .map(Link::name)
                      .filter(PodRules::isName)
                      .findFirst()
                      .orElse(record.ifName()),
                  record.address());
          removeRules(pod, record.place());
          netns.inside(
              () -> {
                PodRules.remove(member, PodSide.Other.members(others));
                PodSettings.restore(before.orElse(""));
                return true;
              });
        });
    List<Link> queues =
        links.stream().filter(link -> Shaping.isQueueOf(link, record, end)).toList();
    if (!queues.isEmpty()) {
      problems.during(
          () -> {
            listener.before(Step.OfDetach.SHAPING);
            remove(pod, netns, queues);
          });
    }
    problems.during(
        () -> {
          listener.before(Step.OfDetach.SLAVE);
          remove(pod, netns, slaves);
        });
    if (!problems.isEmpty()) {
      throw new IOException(problems.toString());
    }
    return true;
  }

  private static void remove(NetlinkSocket pod, Netns netns, List<Link> links) throws IOException {
    for (Link link : links) {
      LinkRemoval.run(
          pod,
          netns.inside(NetlinkSocket::open),
          Links.get(link.index()),
          Links.delete(link.index()));
    }
  }

  private static void removeRules(NetlinkSocket pod, Place place) throws IOException {
    List<Message> deletions = new ArrayList<>();
    for (int table : List.of(place.vethTable(), place.eniTable())) {
      deletions.add(Rules.delete(table, table));
    }
    for (NetlinkSocket.Outcome outcome : pod.send(deletions)) {
      outcome.orThrowUnless(Rt.ENOENT);
    }
  }

  /**
   * Whether a link is this attachment's slave: by its record; or, in a namespace that has the
   * attachment's veth, by its name if a pod took the record away, or because an attach did not come
   * to record it. (No other attach is under way in the namespace.)
   */
  private static boolean isSlaveOf(Link link, Alias record, boolean ownNamespace) {
    if (!link.kind().equals(SlaveKind.name())) {
      return false;
    }
    Optional<Alias> carried = link.alias().flatMap(Alias::parse);
    return carried.isPresent()
        ? carried.get().hash().equals(record.hash())
        : ownNamespace && (link.name().equals(record.ifName()) || PodSide.isUnfinished(link));
  }

  /**
   * The namespace has no name any more, but may live: its slave can be deleted from outside. One
   * that dies has no id any more (rtnetlink.c, rtnl_fill_link_netnsid), and takes its slave with
   * it.
   */
  private void slaveFromOutside(int netnsId, Optional<Alias> record) throws IOException {
    listener.before(Step.OfDetach.SLAVE_FROM_OUTSIDE);
    for (Reply reply : linksIn(netnsId)) {
      Link link = Links.read(reply);
      boolean ours =
          record.isPresent()
              ? isSlaveOf(link, record.get(), true) || Shaping.isQueueOf(link, record.get(), true)
              : PodSide.isUnfinished(link);
      if (ours) {
        LinkRemoval.run(
            host,
            NetlinkSocket.open(),
            Links.getIn(netnsId, link.index()),
            Links.deleteIn(netnsId, link.index()));
      }
    }
  }

  private List<Reply> linksIn(int netnsId) throws NetlinkException {
    if (netnsId < 0) {
      return List.of();
    }
    try {
      return host.dump(Links.dumpIn(netnsId));
    } catch (NetlinkException e) {
      if (e.errno() == Rt.EINVAL) {
        return List.of(); // "Invalid target network namespace id": it died since
      }
      throw e;
    }
  }

  /** The veth took the record of its ports along. */
  private void closePortsTo(IpAddress pod) throws IOException {
    if (HostPorts.leadTo(pod)) {
      listener.before(Step.OfDetach.HOST_PORTS);
      HostPorts.closeTo(host, pod);
    }
  }

  /** Before any link goes; the veth's names say which. */
  static void closePorts(
      NetlinkSocket host, Link end, Optional<IpAddress> address, Step.Listener listener)
      throws IOException {
    if (HostPorts.isOnRecord(end)) {
      listener.before(Step.OfDetach.HOST_PORTS);
      HostPorts.close(host, end, address);
    }
  }

  static void deleteVeth(NetlinkSocket host, String name, Step.Listener listener)
      throws IOException {
    listener.before(Step.OfDetach.VETH);
    LinkRemoval.run(host, NetlinkSocket.open(), Links.get(name), Links.delete(name));
  }
}
