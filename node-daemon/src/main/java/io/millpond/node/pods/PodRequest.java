package io.millpond.node.pods;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.OptionalInt;

/**
 * A pod as the runtime and the network's configuration describe it.
 *
 * @param pod {@code namespace/name}, empty where the runtime did not say
 * @param mtu where the configuration overrides the node's
 * @param extraRoutes of the configuration
 */
public record PodRequest(AttachmentKey key, String pod, OptionalInt mtu, List<Prefix> extraRoutes) {
  /** Copies the list. */
  public PodRequest {
    extraRoutes = List.copyOf(extraRoutes);
  }
}
