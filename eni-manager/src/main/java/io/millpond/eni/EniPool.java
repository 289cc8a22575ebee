package io.millpond.eni;

import java.util.List;

/**
 * Where the ENIs of one pool are made.
 *
 * @param subnets one or more; those in other zones than the node's are passed over
 * @param securityGroups of its ENIs; if none is named, those that other ENIs of the node get
 */
public record EniPool(List<String> subnets, List<String> securityGroups) {
  /**
   * Copies the lists.
   *
   * @throws IllegalArgumentException if there is no subnet
   */
  public EniPool {
    subnets = List.copyOf(subnets);
    securityGroups = List.copyOf(securityGroups);
    if (subnets.isEmpty()) {
      throw new IllegalArgumentException("a pool needs a subnet");
    }
  }
}
