package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Neighbours;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Routes;
import io.millpond.linux.netlink.Routes.Route;
import io.millpond.linux.netlink.Rt;
import io.millpond.linux.netns.Netns;
import io.millpond.linux.netns.NoNamespaceException;
import io.millpond.linux.netns.Sysctl;
import io.millpond.linux.nft.PodRules;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One attach, from the first look to the last record, or to the undoing of all of it. */
final class Attach implements AutoCloseable {
  /** The kernel resolves them in the pod's namespace, whatever names the node's links have. */
  private static final String ETH_TEMPLATE = "eth%d";

  private static final String OTHER_TEMPLATE = "mpdslave%d";

  private final PoolRoutes pool;
  private final PodAttachment a;
  private final Netns netns;
  private final Step.Listener listener;
  private final HostVeth veth;
  private final NetlinkSocket host;
  private Alias record;
  private @Nullable NetlinkSocket pod;
  private List<Link> before = List.of();
  private List<PodSide.Other> others = List.of();
  private Optional<String> settings = Optional.empty();
  private boolean locked;
  private boolean marked;
  private boolean exposed;
  private Optional<Long> metricBefore = Optional.empty();

  Attach(PoolRoutes pool, PodAttachment a, Netns netns, Step.Listener listener)
      throws NetlinkException {
    this.pool = pool;
    this.a = a;
    this.netns = netns;
    this.listener = listener;
    this.veth = HostVeth.of(a.key());
    this.record = Alias.of(a.key(), a.address(), netns.inode(), a.pod());
    this.host = NetlinkSocket.open();
  }

  AttachOutcome run() {
    try {
      Optional<AttachOutcome> refusal = look();
      return refusal.isPresent() ? refusal.get() : build();
    } catch (NoNamespaceException e) {
      return new AttachOutcome.NoNamespace(message(e) + undo());
    } catch (HostPorts.TakenException e) {
      return new AttachOutcome.PortTaken(message(e) + undo());
    } catch (IOException | RuntimeException e) {
      String detail = "attaching %s: %s%s".formatted(a.address(), message(e), undo());
      return e instanceof NetlinkException refused && refused.errno() == Rt.EADDRINUSE
          ? new AttachOutcome.AddressInUse(detail)
          : new AttachOutcome.Failed(detail, exposed);
    }
  }

  private Optional<AttachOutcome> look() throws IOException {
    listener.before(Step.OfAttach.LOOK);
    if (netns.inode() == Netns.current()) {
      return Optional.of(
          new AttachOutcome.NoNamespace(
              "the namespace is the node's own: a pod on the host network has no attachment"));
    }
    Optional<Link> existing = Detach.find(host, veth.name());
    if (existing.isPresent()) {
      return Optional.of(new AttachOutcome.AlreadyAttached(inodeOf(existing)));
    }
    NetlinkSocket inside = netns.inside(NetlinkSocket::open);
    pod = inside;
    before = PodSide.links(inside);
    if (before.stream().anyMatch(link -> link.name().equals(a.key().ifName()))) {
      return Optional.of(new AttachOutcome.InterfaceExists());
    }
    others = PodSide.others(before, record.hash());
    Optional<Place> place = Place.free(before, PodSide.routes(inside), a.key().ifName());
    if (place.isEmpty()) {
      return Optional.of(
          new AttachOutcome.Failed(
              "the pod has %d attachments already, and can have no more".formatted(Place.MOST),
              false));
    }
    record = record.at(place.get());
    return Optional.empty();
  }

  private static long inodeOf(Optional<Link> veth) {
    return veth.flatMap(Link::alias).flatMap(Alias::parse).map(Alias::netnsInode).orElse(0L);
  }

  private AttachOutcome build() throws IOException {
    listener.before(Step.OfAttach.SETTINGS);
    settings = Optional.of(netns.inside(PodSettings::apply));
    listener.before(Step.OfAttach.VETH);
    if (!lock()) {
      String ignored = undo();
      return new AttachOutcome.AlreadyAttached(inodeOf(Detach.find(host, veth.name())));
    }
    if (!a.demands().isEmpty()) {
      listener.before(Step.OfAttach.DEMANDS);
      HostPorts.reserve(host, veth, a.demands());
    }
    listener.before(Step.OfAttach.IN_USE);
    metricBefore = pool.metric(a.address());
    marked = true;
    pool.set(host, a.address(), PoolRoutes.IN_USE);
    listener.before(Step.OfAttach.NODE_SIDE);
    Link end =
        Detach.find(host, veth.name())
            .orElseThrow(() -> new IOException("the veth " + veth.name() + " vanished"));
    setUp(host, end, a.address(), a.node(), HostVeth.podMac(a.key()));
    listener.before(Step.OfAttach.SLAVE);
    host.require(Links.createIpvlan(slaveName(), a.eni().index(), netns.fd(), a.mtu()));
    listener.before(Step.OfAttach.ADDRESS);
    int slave = PodSide.address(pod(), a, record, originalSettings());
    listener.before(Step.OfAttach.RULES);
    netns.inside(
        () -> {
          PodRules.add(
              new PodRules.Member(record.place().veth(), a.key().ifName(), a.address()),
              PodSide.Other.members(others));
          return true;
        });
    if (!a.demands().bandwidth().isUnlimited()) {
      listener.before(Step.OfAttach.SHAPING);
      new Shaping(pod(), a, record).apply(slave);
    }
    listener.before(Step.OfAttach.POD_SIDE);
    exposed = true;
    PodSide.connect(pod(), a, record.place(), slave);
    if (!a.demands().hostPorts().isEmpty()) {
      listener.before(Step.OfAttach.HOST_PORTS);
      HostPorts.open(host, a);
    }
    listener.before(Step.OfAttach.RECORD);
    host.require(Links.setAlias(veth.name(), record.format()));
    return new AttachOutcome.Attached(veth.name(), a.eni().mac(), a.mtu(), record.place().leads());
  }

  /**
   * The wanted name if it can be had at once: to rename a link is dear, and a name that is only
   * passed through could be in another plugin's way. Older kernels refuse one that the node has.
   */
  private String slaveName() throws IOException {
    String name = a.key().ifName();
    if (name.equals(PodSide.nextEth(before))) {
      return ETH_TEMPLATE;
    }
    return Detach.find(host, name).isEmpty() ? name : OTHER_TEMPLATE;
  }

  /** What the settings were before the pod's first attachment: the last one puts them back. */
  private String originalSettings() {
    return others.stream()
        .map(other -> other.alias().settings())
        .filter(PodSettings::isRecord)
        .findFirst()
        .or(() -> settings)
        .orElse("");
  }

  private NetlinkSocket pod() {
    if (pod == null) {
      throw new IllegalStateException("the pod's namespace was not looked at");
    }
    return pod;
  }

  /**
   * Creates the veth, then gives it its record: in one call, a loser of the race for the name would
   * write his over the winner's.
   *
   * @return whether nobody else has it
   */
  private boolean lock() throws IOException {
    NetlinkSocket.Outcome created =
        host.send(
                List.of(
                    Links.createVeth(
                        veth.name(),
                        HostVeth.hostMac(a.key()),
                        record.place().veth(),
                        HostVeth.podMac(a.key()),
                        netns.fd(),
                        a.mtu())))
            .getFirst();
    if (created.errno() == Rt.EEXIST && Detach.find(host, veth.name()).isPresent()) {
      return false;
    }
    created.orThrow();
    locked = true;
    listener.before(Step.OfAttach.BEGUN);
    host.require(Links.setAlias(veth.name(), record.whileBuilding().format()));
    return true;
  }

  /**
   * The node's end: a pod cannot send with another's address, and the node reaches it with its own.
   */
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

  /** Takes back what was built. */
  private String undo() {
    Problems problems = new Problems();
    if (locked && !a.demands().isEmpty()) {
      problems.during(
          () -> {
            Optional<Link> end = Detach.find(host, veth.name());
            if (end.isPresent()) {
              Detach.closePorts(host, end.get(), Optional.of(a.address()), listener);
            }
          });
    }
    NetlinkSocket inside = pod;
    if (locked && inside != null) {
      problems.during(() -> Detach.clear(inside, netns, record, settings, listener));
    } else if (settings.isPresent()) {
      problems.during(
          () ->
              netns.inside(
                  () -> {
                    PodSettings.restore(settings.get());
                    return true;
                  }));
    }
    if (locked) {
      problems.during(() -> Detach.deleteVeth(host, veth.name(), listener));
    }
    if (marked) {
      problems.during(
          () -> {
            listener.before(Step.OfDetach.PUT_BACK);
            pool.putBack(host, a.address(), metricBefore, exposed);
          });
    }
    return problems.isEmpty() ? "" : "; and could not undo: " + problems;
  }

  static String message(Exception e) {
    return e instanceof IOException ? String.valueOf(e.getMessage()) : e.toString();
  }

  @Override
  public void close() {
    host.close();
    if (pod != null) {
      pod.close();
    }
  }
}
