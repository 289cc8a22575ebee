package io.millpond.node.kernel;

import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;

/**
 * What has to be known of an ENI to build pods on it.
 *
 * @param mac finds its link
 * @param primary its own address, never a pod's
 * @param subnet the subnet it stands in; its first address is the router's
 */
public record EniPlace(
    EniId id, DeviceIndex device, MacAddress mac, IpAddress primary, Prefix subnet) {
  /** The subnet's router. */
  public IpAddress gateway() {
    return subnet.address().plus(1);
  }
}
