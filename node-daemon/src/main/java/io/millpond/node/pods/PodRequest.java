package io.millpond.node.pods;

import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.PodPlan;
import io.millpond.node.settings.Settings;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * A pod as the runtime and the network's configuration describe it.
 *
 * @param pod {@code namespace/name}, empty where the runtime did not say
 * @param mtu where the configuration overrides the node's
 * @param extraRoutes of the configuration
 * @param pool what the configuration says of it
 */
public record PodRequest(
    AttachmentKey key, String pod, OptionalInt mtu, List<Prefix> extraRoutes, PoolWish pool) {
  /** One of the default pool. */
  public PodRequest(AttachmentKey key, String pod, OptionalInt mtu, List<Prefix> extraRoutes) {
    this(key, pod, mtu, extraRoutes, PoolWish.NONE);
  }

  /** Copies the list. */
  public PodRequest {
    extraRoutes = List.copyOf(extraRoutes);
  }

  /** What ADD builds and CHECK compares with, once the pod has an address. */
  PodPlan plan(IpAddress address, EniPlace eni, Settings.Network network) {
    return new PodPlan(
        key,
        pod,
        address,
        eni,
        mtu.orElse(network.mtu()),
        Stream.concat(network.extraRoutes().stream(), extraRoutes.stream()).distinct().toList());
  }
}
