package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Message;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Reply;
import io.millpond.linux.netlink.Rt;
import io.millpond.linux.netlink.TrafficControl;
import io.millpond.linux.netlink.TrafficControl.TokenBucket;
import io.millpond.pool.value.Bandwidth;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The limits of what a pod sends and receives. They are inside the pod, as the node never sees what
 * two pods of an ENI send to each other. For each direction that has a limit there is a queue, an
 * {@code ifb} with a token bucket, through which everything goes that comes in, or goes out, by
 * either of the attachment's interfaces: the limit is the pod's, not that of each way.
 *
 * @param record for the alias of the queues, by which they are told whose they are
 */
record Shaping(NetlinkSocket pod, PodAttachment a, Alias record) {
  /** What may wait beside a burst: that of 50 ms, or two of the largest packets. */
  private static final long WAITING_PART = 20;

  private static final long LEAST_WAITING = 128 * 1024;
  private static final long MOST_WAITING = 0x7FFF_FFFFL;

  /** Frame header, and room for what the kernel counts beside the packet. */
  private static final int FRAME = 64;

  /** A direction: what the name of its queue ends with, and the place of its filters. */
  private record Direction(String end, long parent, String words) {
    static final Direction INGRESS = new Direction("i", Rt.TC_H_MIN_INGRESS, "goes to the pod");
    static final Direction EGRESS = new Direction("e", Rt.TC_H_MIN_EGRESS, "comes from the pod");

    String queue(Place place) {
      return place.veth() + end;
    }
  }

  /** Names of the queues that an attachment at this place can have. */
  static List<String> queues(Place place) {
    return List.of(Direction.INGRESS.queue(place), Direction.EGRESS.queue(place));
  }

  private static Map<Direction, Bandwidth.Limit> limits(Bandwidth bandwidth) {
    Map<Direction, Bandwidth.Limit> limits = new LinkedHashMap<>();
    bandwidth.ingress().ifPresent(limit -> limits.put(Direction.INGRESS, limit));
    bandwidth.egress().ifPresent(limit -> limits.put(Direction.EGRESS, limit));
    return limits;
  }

  /** In octets. A burst below one packet would let none through. */
  static TokenBucket bucket(Bandwidth.Limit limit, int mtu) {
    long rate = limit.rate() / 8;
    long burst = Math.max(limit.burst() / 8, mtu + FRAME);
    long waiting = Math.max(rate / WAITING_PART, LEAST_WAITING);
    return new TokenBucket(rate, burst, Math.min(burst + waiting, MOST_WAITING));
  }

  /**
   * Sets the limits.
   *
   * @throws IOException with the remedy if the kernel cannot limit anything
   */
  void apply(int slave) throws IOException {
    int veth =
        PodSide.veth(pod, a.key(), record.place())
            .orElseThrow(() -> new IOException("the pod's end of the veth vanished"))
            .index();
    try {
      pod.require(TrafficControl.addClsact(slave), TrafficControl.addClsact(veth));
      for (Map.Entry<Direction, Bandwidth.Limit> one : limits(a.demands().bandwidth()).entrySet()) {
        queue(one.getKey(), one.getValue(), slave, veth);
      }
    } catch (NetlinkException e) {
      throw new IOException(
          "the pod's bandwidth cannot be limited (%s)%s".formatted(e.getMessage(), remedy(e)), e);
    }
  }

  /**
   * A queue, filter or action of a kind that the kernel does not know is ENOENT (sch_api.c,
   * cls_api.c, act_api.c), a link of such a kind EOPNOTSUPP (rtnetlink.c). Anything else is no
   * missing module.
   */
  static String remedy(NetlinkException e) {
    return e.errno() == Rt.ENOENT || e.errno() == Rt.EOPNOTSUPP
        ? ": load the kernel's modules ifb, sch_tbf, sch_ingress, cls_u32 and act_mirred, or install the package that has them, or remove the limit from the pod"
        : "";
  }

  private void queue(Direction direction, Bandwidth.Limit limit, int slave, int veth)
      throws NetlinkException {
    String name = direction.queue(record.place());
    // Not in one call: where the name is another attachment's, its queue would get this record.
    pod.require(Links.createIfb(name));
    pod.require(Links.setAlias(name, record.format()));
    int queue =
        PodSide.link(pod, name)
            .map(Link::index)
            .orElseThrow(() -> new NetlinkException("look for " + name, Rt.ENODEV, ""));
    pod.require(
        TrafficControl.add(queue, bucket(limit, a.mtu())),
        Links.up(queue),
        TrafficControl.redirect(slave, direction.parent(), queue),
        TrafficControl.redirect(veth, direction.parent(), queue));
  }

  /** Sets the limits where something is left of them. */
  void applyAgain(int slave) throws IOException {
    List<Message> removal = new ArrayList<>();
    removal.add(TrafficControl.deleteClsact(slave));
    PodSide.veth(pod, a.key(), record.place())
        .ifPresent(veth -> removal.add(TrafficControl.deleteClsact(veth.index())));
    for (String queue : queues(record.place())) {
      if (PodSide.link(pod, queue).filter(link -> link.kind().equals("ifb")).isPresent()) {
        removal.add(Links.delete(queue));
      }
    }
    // What is not there is refused, with one number or another; what stays shows below.
    var _ = pod.send(removal);
    apply(slave);
  }

  /**
   * What of the limits is not as {@link #apply} makes it.
   *
   * @param bandwidth without limits nothing is looked at
   */
  static List<String> differences(
      NetlinkSocket pod, Bandwidth bandwidth, Place place, int slave, int veth)
      throws NetlinkException {
    List<String> differences = new ArrayList<>();
    for (Map.Entry<Direction, Bandwidth.Limit> one : limits(bandwidth).entrySet()) {
      Direction direction = one.getKey();
      Optional<Link> queue =
          PodSide.link(pod, direction.queue(place))
              .filter(link -> link.kind().equals("ifb") && link.isUp());
      if (queue.isEmpty()
          || !rate(pod, queue.get().index()).equals(Optional.of(one.getValue().rate() / 8))
          || !redirects(pod, slave, direction, queue.get().index())
          || !redirects(pod, veth, direction, queue.get().index())) {
        differences.add(
            "what %s is not limited to %d bits a second, or not on both ways"
                .formatted(direction.words(), one.getValue().rate()));
      }
    }
    return differences;
  }

  private static Optional<Long> rate(NetlinkSocket pod, int queue) throws NetlinkException {
    return pod.dump(TrafficControl.dumpQueues()).stream()
        .filter(reply -> TrafficControl.link(reply) == queue)
        .flatMap(reply -> TrafficControl.readBucket(reply).stream())
        .map(TokenBucket::rate)
        .findFirst();
  }

  private static boolean redirects(NetlinkSocket pod, int link, Direction direction, int queue)
      throws NetlinkException {
    List<Reply> filters;
    try {
      filters = pod.dump(TrafficControl.dumpFilters(link, direction.parent()));
    } catch (NetlinkException e) {
      if (e.errno() == Rt.EINVAL) {
        return false; // there is no clsact
      }
      throw e;
    }
    return filters.stream()
        .anyMatch(reply -> TrafficControl.readRedirect(reply).equals(OptionalInt.of(queue)));
  }

  /**
   * Whether a link is a queue of this attachment: by its record; or, in a namespace that has the
   * attachment's veth, by its name if a pod took the record away.
   */
  static boolean isQueueOf(Link link, Alias record, boolean ownNamespace) {
    if (!link.kind().equals("ifb")) {
      return false;
    }
    Optional<Alias> carried = link.alias().flatMap(Alias::parse);
    return carried.isPresent()
        ? carried.get().hash().equals(record.hash())
        : ownNamespace && queues(record.place()).contains(link.name());
  }
}
