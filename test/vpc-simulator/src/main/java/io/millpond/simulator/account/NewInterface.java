package io.millpond.simulator.account;

import io.millpond.simulator.model.Ipv4;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * An interface to create.
 *
 * @param primary none: of EC2's choice
 * @param securityGroups none: the account's first
 */
public record NewInterface(
    String subnetId,
    String description,
    @Nullable Ipv4 primary,
    AddressRequest more,
    List<String> securityGroups,
    SortedMap<String, String> tags) {
  public NewInterface {
    securityGroups = List.copyOf(securityGroups);
  }
}
