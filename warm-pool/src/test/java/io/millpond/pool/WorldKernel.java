package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Slaves, host veths and pool routes: what a restarted daemon finds. */
final class WorldKernel {
  /** Who has an address; no key: somebody unknown to this node's records. */
  record Slave(EniId eni, Optional<AttachmentKey> key) {}

  private final Map<IpAddress, Slave> slaves = new TreeMap<>();
  private final Map<AttachmentKey, IpAddress> veths = new LinkedHashMap<>();
  private final Map<IpAddress, BootTime> released = new TreeMap<>();
  private final Set<IpAddress> inUse = new HashSet<>();

  /** Builds the pod; false if another slave has the address (EADDRINUSE). */
  boolean attach(AllocationResult.Granted g) {
    if (slaves.containsKey(g.address())) {
      return false;
    }
    slaves.put(g.address(), new Slave(g.eni(), Optional.of(g.key())));
    veths.put(g.key(), g.address());
    inUse.add(g.address());
    return true;
  }

  /** DEL, or the namespace's death: the veth and every slave of the pod go. */
  void detach(AttachmentKey key, BootTime now) {
    IpAddress ip = veths.remove(key);
    if (ip != null) {
      rests(ip, now);
    }
    slaves.values().removeIf(slave -> slave.key().equals(Optional.of(key)));
  }

  void rests(IpAddress ip, BootTime now) {
    inUse.remove(ip);
    released.put(ip, now);
  }

  boolean attached(AttachmentKey key) {
    return veths.containsKey(key);
  }

  void vethVanishes(AttachmentKey key) {
    veths.remove(key);
  }

  /** A slave that no record of the node names takes the address. */
  void alien(EniId eni, IpAddress ip) {
    slaves.putIfAbsent(ip, new Slave(eni, Optional.empty()));
  }

  /** Slaves that no veth names any more, or never did, go without a sound. */
  void unknownSlavesDie() {
    slaves
        .entrySet()
        .removeIf(e -> e.getValue().key().filter(k -> e.getKey().equals(veths.get(k))).isEmpty());
  }

  boolean held(IpAddress ip) {
    return slaves.containsKey(ip);
  }

  /** The route goes before the address is given back. */
  void forget(Set<IpAddress> ips) {
    released.keySet().removeAll(ips);
    inUse.removeAll(ips);
  }

  /** What the pool knows has a route. */
  void reconcile(Iterable<IpAddress> known) {
    known.forEach(ip -> released.putIfAbsent(ip, BootTime.BOOT));
  }

  void reboot() {
    slaves.clear();
    veths.clear();
    released.clear();
    inUse.clear();
  }

  List<PoolEvent.Held> pods() {
    List<PoolEvent.Held> held = new ArrayList<>();
    veths.forEach(
        (key, ip) -> {
          Slave slave = slaves.get(ip);
          if (slave != null) {
            held.add(new PoolEvent.Held(key, ip, slave.eni()));
          }
        });
    return held;
  }

  /** Addresses that are marked as in use though no veth names them: released now. */
  Set<IpAddress> orphaned() {
    Set<IpAddress> left = new HashSet<>(inUse);
    left.removeAll(veths.values());
    return left;
  }

  /** When what no pod has was last released, as far as routes tell. */
  Map<IpAddress, BootTime> releases(BootTime now) {
    Map<IpAddress, BootTime> all = new TreeMap<>(released);
    orphaned().forEach(ip -> all.put(ip, now));
    all.keySet().removeAll(Set.copyOf(veths.values()));
    return all;
  }
}
