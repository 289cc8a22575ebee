package io.millpond.simulator.account;

import io.millpond.simulator.model.Ipv4;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * An instance to launch.
 *
 * @param id none: a random one
 * @param primary its primary private address; none: the next free one
 * @param securityGroups none: the account's first
 */
public record NewInstance(
    @Nullable String id,
    String name,
    String type,
    String subnetId,
    @Nullable Ipv4 primary,
    List<String> securityGroups,
    String netns,
    SortedMap<String, String> tags) {
  public NewInstance {
    securityGroups = List.copyOf(securityGroups);
  }
}
