package io.millpond.pool;

import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An ENI of this node that is attached and whose link is up.
 *
 * @param id its identifier
 * @param device where it is attached; null for one that EC2 does not list but a pod stands on
 * @param pool the only one that gives its addresses out
 * @param known when the node learned of it
 * @param leaving whether it is being released
 * @param missing the first of the EC2 answers in a row that lacked it, if the last one did
 * @param addresses its secondary addresses (never its own), ordered
 */
public record PoolEni(
    EniId id,
    @Nullable DeviceIndex device,
    PoolName pool,
    BootTime known,
    boolean leaving,
    @Nullable BootTime missing,
    SortedMap<IpAddress, PoolAddress> addresses) {

  PoolEni with(PoolAddress address) {
    SortedMap<IpAddress, PoolAddress> copy = new TreeMap<>(addresses);
    copy.put(address.ip(), address);
    return withAddresses(copy);
  }

  PoolEni withAddresses(SortedMap<IpAddress, PoolAddress> next) {
    return new PoolEni(
        id, device, pool, known, leaving, missing, Collections.unmodifiableSortedMap(next));
  }

  PoolEni withLeaving(boolean next) {
    return new PoolEni(id, device, pool, known, next, missing, addresses);
  }

  PoolEni withMissing(@Nullable BootTime first) {
    return new PoolEni(id, device, pool, known, leaving, first, addresses);
  }

  PoolEni withPool(PoolName other) {
    return new PoolEni(id, device, other, known, leaving, missing, addresses);
  }

  /** Whether it is the node's own. */
  public boolean isPrimary() {
    return device != null && device.isPrimary();
  }

  /** Whether addresses may be added to it and given out from it. */
  boolean serves(PoolPolicy policy) {
    return !leaving
        && missing == null
        && device != null
        && (policy.firstEniForPods() || !isPrimary());
  }

  /** Addresses that pods have. */
  public int pods() {
    int pods = 0;
    for (PoolAddress address : addresses.values()) {
      if (address.assigned()) {
        pods++;
      }
    }
    return pods;
  }
}
