package io.millpond.pool.value;

import java.util.List;

/**
 * What a pod asks for beside its address.
 *
 * @param hostPorts ports of the node that lead to it, in the order of the request
 * @param bandwidth what it may send and receive
 */
public record PodDemands(List<HostPort> hostPorts, Bandwidth bandwidth) {
  /** Nothing, as most pods. */
  public static final PodDemands NONE = new PodDemands(List.of(), Bandwidth.UNLIMITED);

  /** Copies the list. */
  public PodDemands {
    hostPorts = List.copyOf(hostPorts);
  }

  /** Whether it asks for nothing. */
  public boolean isEmpty() {
    return hostPorts.isEmpty() && bandwidth.isUnlimited();
  }
}
