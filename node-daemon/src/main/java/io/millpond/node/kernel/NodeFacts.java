package io.millpond.node.kernel;

import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.function.Supplier;

/**
 * What every pod of the node has in common.
 *
 * @param address the node's own address, on its primary ENI
 * @param direct what every pod reaches through its ENI: the VPC's prefixes, and those that the node
 *     is configured with
 * @param serviceCidrs prefixes of services, which pods reach through the node, as far as they are
 *     known at the moment
 * @param mtu what links of ENIs are to have, in octets; the primary one's is the node's own affair
 */
public record NodeFacts(
    IpAddress address, List<Prefix> direct, Supplier<List<Prefix>> serviceCidrs, int mtu) {
  /** Copies the lists. */
  public NodeFacts {
    direct = List.copyOf(direct);
  }

  /** With service prefixes that never change. */
  public NodeFacts(IpAddress address, List<Prefix> direct, List<Prefix> serviceCidrs, int mtu) {
    this(address, direct, () -> serviceCidrs, mtu);
  }
}
