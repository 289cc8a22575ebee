package io.millpond.node.kernel;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.stream.Stream;

/**
 * A pod as it is to be built, or as it should look.
 *
 * @param pod {@code namespace/name}, empty where the runtime did not say
 * @param address the pod's address
 * @param eni the ENI that has the address
 * @param mtu of both of its links
 * @param extraRoutes prefixes of its network's configuration that it reaches through its ENI beside
 *     those of the node
 * @param demands its host ports and bandwidth limits
 */
public record PodPlan(
    AttachmentKey key,
    String pod,
    IpAddress address,
    EniPlace eni,
    int mtu,
    List<Prefix> extraRoutes,
    PodDemands demands) {
  /** Copies the list. */
  public PodPlan {
    extraRoutes = List.copyOf(extraRoutes);
  }

  /** All prefixes that the pod reaches through its ENI: the node's and its own, each once. */
  public List<Prefix> direct(List<Prefix> nodes) {
    return Stream.concat(nodes.stream(), extraRoutes.stream()).distinct().toList();
  }
}
