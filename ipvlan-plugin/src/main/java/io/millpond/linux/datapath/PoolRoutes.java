package io.millpond.linux.datapath;

import io.millpond.linux.BootClock;
import io.millpond.linux.netlink.Message;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Routes;
import io.millpond.linux.netlink.Routes.Route;
import io.millpond.linux.netlink.Rt;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The {@code unreachable} route of every address of the pool. It answers who calls an address
 * without a pod, and its metric remembers when the address was last released: {@code 0x80000000} +
 * seconds since boot, or {@link #IN_USE}. The kernel keeps two routes with different metrics apart,
 * so a change adds the new one and then deletes the old; of two, the one that was written last
 * counts.
 *
 * <p>Thread-safe.
 */
public final class PoolRoutes {
  /** The metric of an address that a pod owns. */
  public static final long IN_USE = 0xFFFF_FFFFL;

  private static final long RELEASED = 0x8000_0000L;

  private final Map<IpAddress, Long> metrics = new HashMap<>();

  /** The metric that says when an address was released. */
  public static long releasedAt(BootTime at) {
    return RELEASED + Math.min(at.seconds(), RELEASED - 2);
  }

  /**
   * What the metric says.
   *
   * @param since when it was released; of no meaning while it is in use
   */
  public record Remembered(boolean inUse, BootTime since) {}

  /** Reads a metric. */
  static Remembered remembered(long metric) {
    return metric == IN_USE
        ? new Remembered(true, BootTime.BOOT)
        : new Remembered(false, BootTime.ofSeconds(Math.max(0, metric - RELEASED)));
  }

  /**
   * Reads the routes that the kernel has, and removes the older of two.
   *
   * @throws NetlinkException if the kernel refuses
   */
  synchronized Map<IpAddress, Remembered> load(NetlinkSocket host) throws NetlinkException {
    metrics.clear();
    List<Message> older = new ArrayList<>();
    metrics.putAll(read(host, older));
    host.send(older);
    return remembered(metrics);
  }

  /**
   * What the kernel has now. Changes nothing: of an address whose route is just being changed there
   * are two.
   *
   * @throws NetlinkException if the kernel refuses
   */
  static Map<IpAddress, Remembered> look(NetlinkSocket host) throws NetlinkException {
    return remembered(read(host, new ArrayList<>()));
  }

  /**
   * @param older gets the messages that delete the older of two
   */
  private static Map<IpAddress, Long> read(NetlinkSocket host, List<Message> older)
      throws NetlinkException {
    Map<IpAddress, Long> metrics = new HashMap<>();
    for (Route route : ours(host)) {
      IpAddress address = route.destination().address();
      Long other = metrics.get(address);
      if (other == null) {
        metrics.put(address, route.metric());
      } else {
        // DEL adds the release before it deletes "in use"; ADD adds "in use" before it deletes the
        // release. A pod's veth tells them apart: the release counts, and whoever starts sets "in
        // use" again for every address that has a veth.
        long kept =
            Math.min(other, route.metric()) >= RELEASED && Math.max(other, route.metric()) == IN_USE
                ? Math.min(other, route.metric())
                : Math.max(other, route.metric());
        long old = kept == other ? route.metric() : other;
        older.add(Routes.delete(Route.unreachable(address, old)));
        metrics.put(address, kept);
      }
    }
    return metrics;
  }

  private static Map<IpAddress, Remembered> remembered(Map<IpAddress, Long> metrics) {
    Map<IpAddress, Remembered> all = new HashMap<>();
    metrics.forEach((address, metric) -> all.put(address, remembered(metric)));
    return all;
  }

  private static List<Route> ours(NetlinkSocket host) throws NetlinkException {
    List<Route> routes = new ArrayList<>();
    for (var reply : host.dump(Routes.dump())) {
      Routes.read(reply)
          .filter(route -> route.protocol() == Routes.PROTOCOL)
          .filter(route -> route.type() == Rt.RTN_UNREACHABLE)
          .filter(route -> route.table() == Rt.RT_TABLE_MAIN && route.destination().length() == 32)
          .ifPresent(routes::add);
    }
    return routes;
  }

  /**
   * Removes the pool routes that the kernel has, whoever made them.
   *
   * @return how many there were
   * @throws NetlinkException if the kernel refuses
   */
  static int removeAll(NetlinkSocket host) throws NetlinkException {
    List<Route> routes = ours(host);
    for (Route route : routes) {
      host.send(
              List.of(
                  Routes.delete(Route.unreachable(route.destination().address(), route.metric()))))
          .getFirst()
          .orThrowUnless(Rt.ESRCH);
    }
    return routes.size();
  }

  /**
   * Sets what is remembered of an address.
   *
   * @throws NetlinkException if the kernel refuses
   */
  synchronized void set(NetlinkSocket host, IpAddress address, long metric)
      throws NetlinkException {
    Long old = metrics.get(address);
    List<Message> messages = new ArrayList<>();
    messages.add(Routes.replace(Route.unreachable(address, metric)));
    if (old != null && old != metric) {
      messages.add(Routes.delete(Route.unreachable(address, old)));
    }
    List<NetlinkSocket.Outcome> outcomes = host.send(messages);
    outcomes.getFirst().orThrow();
    metrics.put(address, metric);
    if (outcomes.size() > 1 && outcomes.get(1).errno() != Rt.ESRCH) {
      outcomes.get(1).orThrow();
    }
  }

  /** The metric of an address's route, if it has one. */
  synchronized Optional<Long> metric(IpAddress address) {
    return Optional.ofNullable(metrics.get(address));
  }

  /** The address was released then. */
  void release(NetlinkSocket host, IpAddress address, BootTime at) throws NetlinkException {
    set(host, address, releasedAt(at));
  }

  /** As {@link #release}, of an address of the pool; of no other one a route is made. */
  synchronized void releaseIfKnown(NetlinkSocket host, IpAddress address, BootTime at)
      throws NetlinkException {
    if (metrics.containsKey(address)) {
      release(host, address, at);
    }
  }

  /**
   * Undoes "in use" after an attach that failed.
   *
   * @param before what the metric was
   * @param exposed whether the address may have been seen: then it counts as released now
   */
  void putBack(NetlinkSocket host, IpAddress address, Optional<Long> before, boolean exposed)
      throws NetlinkException {
    // Who was to have it before is not known; that it is nobody now is.
    boolean unclear = before.isPresent() && before.get() == IN_USE;
    if (exposed || unclear) {
      release(host, address, BootClock.now());
    } else if (before.isPresent()) {
      set(host, address, before.get());
    } else {
      remove(host, address);
    }
  }

  /**
   * Records that nobody has had the address since then. An address that joins the pool gets its
   * route by this.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public void released(IpAddress address, BootTime at) throws NetlinkException {
    try (NetlinkSocket host = NetlinkSocket.open()) {
      release(host, address, at);
    }
  }

  /**
   * Records that a pod has the address.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public void inUse(IpAddress address) throws NetlinkException {
    try (NetlinkSocket host = NetlinkSocket.open()) {
      set(host, address, IN_USE);
    }
  }

  /**
   * Records this of an address of which nothing is on record.
   *
   * @return whether nothing was
   * @throws NetlinkException if the kernel refuses
   */
  public synchronized boolean rememberIfMissing(IpAddress address, Remembered what)
      throws NetlinkException {
    if (metrics.containsKey(address)) {
      return false;
    }
    if (what.inUse()) {
      inUse(address);
    } else {
      released(address, what.since());
    }
    return true;
  }

  /**
   * Takes addresses out of the pool: nothing answers for them any more.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public void forget(Collection<IpAddress> addresses) throws NetlinkException {
    try (NetlinkSocket host = NetlinkSocket.open()) {
      for (IpAddress address : addresses) {
        remove(host, address);
      }
    }
  }

  private synchronized void remove(NetlinkSocket host, IpAddress address) throws NetlinkException {
    Long metric = metrics.remove(address);
    if (metric != null) {
      NetlinkSocket.Outcome outcome =
          host.send(List.of(Routes.delete(Route.unreachable(address, metric)))).getFirst();
      if (outcome.errno() != Rt.ESRCH) {
        outcome.orThrow();
      }
    }
  }

  /** Addresses that have a route. */
  public synchronized Set<IpAddress> addresses() {
    return Set.copyOf(metrics.keySet());
  }

  /**
   * Of an address of the pool only the route stays that is on record.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public synchronized void removeOthers() throws NetlinkException {
    try (NetlinkSocket host = NetlinkSocket.open()) {
      for (Route route : ours(host)) {
        Long known = metrics.get(route.destination().address());
        if (known != null && known != route.metric()) {
          NetlinkSocket.Outcome outcome =
              host.send(
                      List.of(
                          Routes.delete(
                              Route.unreachable(route.destination().address(), route.metric()))))
                  .getFirst();
          if (outcome.errno() != Rt.ESRCH) {
            outcome.orThrow();
          }
        }
      }
      List<IpAddress> ignored = restore(host);
    }
  }

  /**
   * Puts back what somebody flushed.
   *
   * @return the addresses whose route was gone
   */
  synchronized List<IpAddress> restore(NetlinkSocket host) throws NetlinkException {
    Map<IpAddress, Long> missing = new HashMap<>(metrics);
    for (Route route : ours(host)) {
      missing.remove(route.destination().address(), route.metric());
    }
    for (Map.Entry<IpAddress, Long> entry : missing.entrySet()) {
      host.require(Routes.replace(Route.unreachable(entry.getKey(), entry.getValue())));
    }
    return List.copyOf(missing.keySet());
  }
}
