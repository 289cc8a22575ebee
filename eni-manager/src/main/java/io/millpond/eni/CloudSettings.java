package io.millpond.eni;

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
 */
public record CloudSettings(
    Optional<URI> endpoint,
    Optional<URI> metadata,
    String cluster,
    List<String> subnets,
    List<String> securityGroups,
    Map<String, String> tags,
    Duration callTimeout) {
  /** Copies the collections. */
  public CloudSettings {
    subnets = List.copyOf(subnets);
    securityGroups = List.copyOf(securityGroups);
    tags = Map.copyOf(tags);
  }
}
