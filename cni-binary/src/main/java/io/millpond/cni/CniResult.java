package io.millpond.cni;

import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.util.List;

/**
 * What an ADD made, independent of versions.
 *
 * @param ifName the pod's interface
 * @param mac its MAC address: the ENI's
 * @param mtu in octets
 * @param sandbox {@code CNI_NETNS} as it was sent
 * @param address the pod's
 * @param prefixLength of the subnet
 * @param gateway of the subnet
 * @param routes prefixes that the pod reaches through the interface
 * @param leads whether the pod's default route is the attachment's
 */
public record CniResult(
    String ifName,
    MacAddress mac,
    int mtu,
    String sandbox,
    IpAddress address,
    int prefixLength,
    IpAddress gateway,
    List<Prefix> routes,
    boolean leads) {
  /** Copies the list. */
  public CniResult {
    routes = List.copyOf(routes);
  }
}
