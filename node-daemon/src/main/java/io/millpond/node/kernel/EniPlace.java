package io.millpond.node.kernel;

import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;

/**
 * What has to be known of an ENI to build pods on it.
 *
 * @param mac finds its link
 * @param primary its own address, never a pod's
 * @param subnet the subnet it stands in; its first address is the router's
 * @param pool whose addresses it has
 */
public record EniPlace(
    EniId id, DeviceIndex device, MacAddress mac, IpAddress primary, Prefix subnet, PoolName pool) {
  /** One of the default pool. */
  public EniPlace(EniId id, DeviceIndex device, MacAddress mac, IpAddress primary, Prefix subnet) {
    this(id, device, mac, primary, subnet, PoolName.DEFAULT);
  }

  /** The same in another pool. */
  public EniPlace in(PoolName other) {
    return new EniPlace(id, device, mac, primary, subnet, other);
  }

  /** The subnet's router. */
  public IpAddress gateway() {
    return subnet.address().plus(1);
  }
}
