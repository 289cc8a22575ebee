package io.millpond.node.pods;

import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.PodPlan;
import io.millpond.node.settings.Settings;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.OptionalInt;

/**
 * A pod as the runtime and the network's configuration describe it.
 *
 * @param pod {@code namespace/name}, empty where the runtime did not say
 * @param podUid of the Kubernetes object, empty where the runtime did not say
 * @param mtu where the configuration overrides the node's
 * @param extraRoutes of the configuration
 * @param demands host ports and bandwidth limits
 * @param pool what the configuration says of it
 */
public record PodRequest(
    AttachmentKey key,
    String pod,
    String podUid,
    OptionalInt mtu,
    List<Prefix> extraRoutes,
    PodDemands demands,
    PoolWish pool) {
  /** Copies the list. */
  public PodRequest {
    extraRoutes = List.copyOf(extraRoutes);
  }

  /** Of a runtime that does not say more of the pod than its name. */
  public PodRequest(
      AttachmentKey key,
      String pod,
      OptionalInt mtu,
      List<Prefix> extraRoutes,
      PodDemands demands,
      PoolWish pool) {
    this(key, pod, "", mtu, extraRoutes, demands, pool);
  }

  /** Without demands, of the default pool. */
  public PodRequest(AttachmentKey key, String pod, OptionalInt mtu, List<Prefix> extraRoutes) {
    this(key, pod, mtu, extraRoutes, PodDemands.NONE, PoolWish.NONE);
  }

  /** What ADD builds and CHECK compares with, once the pod has an address. */
  PodPlan plan(IpAddress address, EniPlace eni, Settings.Network network) {
    return new PodPlan(key, pod, address, eni, mtu.orElse(network.mtu()), extraRoutes, demands);
  }
}
