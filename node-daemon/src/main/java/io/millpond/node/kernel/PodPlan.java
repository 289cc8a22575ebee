package io.millpond.node.kernel;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.util.List;

/**
 * A pod as it is to be built, or as it should look.
 *
 * @param pod {@code namespace/name}, empty where the runtime did not say
 * @param address the pod's address
 * @param eni the ENI that has the address
 * @param mtu of both of its links
 * @param extraRoutes prefixes beside the VPC's own that it reaches through its ENI
 */
public record PodPlan(
    AttachmentKey key,
    String pod,
    IpAddress address,
    EniPlace eni,
    int mtu,
    List<Prefix> extraRoutes) {
  /** Copies the list. */
  public PodPlan {
    extraRoutes = List.copyOf(extraRoutes);
  }
}
