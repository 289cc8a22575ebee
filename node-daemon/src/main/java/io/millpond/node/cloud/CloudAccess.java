package io.millpond.node.cloud;

import io.millpond.pool.PoolLimits;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.util.List;

/** The way from nothing to a {@link Cloud}: who this instance is and what it may have. */
public interface CloudAccess {
  /** Who this instance is; may take as long as the metadata service takes. */
  Cloud.Result<Identity> identify();

  /** What the instance type allows. */
  Cloud.Result<PoolLimits> limits(Identity identity);

  /** The instance's ENIs in EC2. */
  Cloud open(Identity identity, PoolLimits limits);

  /**
   * An instance.
   *
   * @param address its own, on its primary ENI
   * @param vpcCidrs the VPC's IPv4 prefixes
   */
  record Identity(
      String instanceId,
      String instanceType,
      String zone,
      IpAddress address,
      List<Prefix> vpcCidrs) {
    /** Copies the list. */
    public Identity {
      vpcCidrs = List.copyOf(vpcCidrs);
    }
  }
}
