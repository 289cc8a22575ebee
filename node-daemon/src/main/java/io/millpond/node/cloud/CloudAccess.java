package io.millpond.node.cloud;

import io.millpond.pool.PoolLimits;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.util.List;

/** The way from nothing to a {@link Cloud}: who this instance is and what it may have. */
@FunctionalInterface
public interface CloudAccess {
  /** Asks once; a failure may be asked again. */
  Cloud.Result<Opened> open();

  /**
   * An instance and its ENIs.
   *
   * @param limits what its type allows
   */
  record Opened(Identity identity, PoolLimits limits, Cloud cloud) {}

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
