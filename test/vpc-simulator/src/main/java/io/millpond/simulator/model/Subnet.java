package io.millpond.simulator.model;

import java.util.SortedMap;

/**
 * A subnet. Its first four addresses and its last are reserved, as in EC2: network, router, two for
 * the provider, broadcast.
 */
public record Subnet(
    String id, String vpcId, String zone, Cidr cidr, SortedMap<String, String> tags) {
  public Subnet {
    if (cidr.length() < 16 || cidr.length() > 28) {
      throw new IllegalArgumentException("a subnet is a /16 to a /28, not " + cidr);
    }
    tags = Tags.copy(tags);
  }

  /** The address of the subnet's router: the first after the network's own. */
  public Ipv4 router() {
    return cidr.network().plus(1);
  }

  /** Whether the address is one of the five that no interface can have. */
  public boolean isReserved(Ipv4 address) {
    return address.compareTo(cidr.network().plus(4)) < 0 || address.equals(cidr.last());
  }

  public Subnet withTags(SortedMap<String, String> newTags) {
    return new Subnet(id, vpcId, zone, cidr, newTags);
  }
}
