package io.millpond.cni;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The keys of a network's configuration that are millpond's own, and the one that is only handed
 * on; everything else is the node's configuration.
 *
 * @param pool name of the pool that the addresses come from, if not the default one
 * @param subnet a subnet's id, if the addresses must come from exactly it
 * @param mtu of the pod's interfaces, 1280 to 9001
 * @param extraRoutes prefixes beside those of the VPC that the pod reaches through its ENI
 * @param dns for the result: name servers and search domains, if any are configured
 * @param demands host ports and bandwidth limits of this pod, where the capabilities are declared
 */
public record NetworkConfiguration(
    Optional<PoolName> pool,
    Optional<String> subnet,
    OptionalInt mtu,
    List<Prefix> extraRoutes,
    Optional<JsonNode> dns,
    PodDemands demands) {
  /** Copies the list. */
  public NetworkConfiguration {
    extraRoutes = List.copyOf(extraRoutes);
  }
}
