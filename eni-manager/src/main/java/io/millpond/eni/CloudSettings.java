package io.millpond.eni;

import io.millpond.pool.value.PoolName;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the administrator says of ENIs.
 *
 * @param endpoint of EC2, if not the region's own
 * @param metadata where the instance metadata service, which gives the role's credentials, is if
 *     not where EC2 has it
 * @param cluster the cluster's name, for tags; empty if unknown
 * @param subnets to choose from; if none is named, those of the zone that are tagged for pods, else
 *     the primary ENI's
 * @param securityGroups of new ENIs; if none is named, those of the primary ENI
 * @param tags of new ENIs, beside our own, which win
 * @param callTimeout of one call
 * @param pools those beside the default one, which is described by the above
 */
public record CloudSettings(
    Optional<URI> endpoint,
    Optional<URI> metadata,
    String cluster,
    List<String> subnets,
    List<String> securityGroups,
    Map<String, String> tags,
    Duration callTimeout,
    Map<PoolName, EniPool> pools) {
  /** Copies the collections. */
  public CloudSettings {
    subnets = List.copyOf(subnets);
    securityGroups = List.copyOf(securityGroups);
    tags = Map.copyOf(tags);
    pools = Map.copyOf(pools);
  }

  /** Without other pools than the default one. */
  public CloudSettings(
      Optional<URI> endpoint,
      Optional<URI> metadata,
      String cluster,
      List<String> subnets,
      List<String> securityGroups,
      Map<String, String> tags,
      Duration callTimeout) {
    this(endpoint, metadata, cluster, subnets, securityGroups, tags, callTimeout, Map.of());
  }

  /** Another pool than the default one: as configured, or of the subnet that its name is. */
  Optional<EniPool> pool(PoolName name) {
    EniPool known = pools.get(name);
    return known == null
        ? name.subnet().map(subnet -> new EniPool(List.of(subnet), List.of()))
        : Optional.of(known);
  }
}
