package io.millpond.simulator.fabric;

import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;

/** Addresses of the fabric's own, the same in every VPC. */
public final class FabricAddresses {
  /** The instance metadata service, local to the VPC's namespace. */
  public static final Ipv4 INSTANCE_METADATA = Ipv4.parse("169.254.169.254");

  /** The EC2 endpoint, local to the VPC's namespace. */
  public static final Ipv4 EC2_ENDPOINT = Ipv4.parse("169.254.169.1");

  /** Of the first management link that one namespace has; the next ones take the next /30s. */
  static final Cidr MANAGEMENT = Cidr.parse("169.254.171.0/24");

  /** The internet gateway's end of the link to the public host. */
  static final Ipv4 INTERNET_GATEWAY = Ipv4.parse("169.254.172.1");

  private FabricAddresses() {}
}
