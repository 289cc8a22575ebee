package io.millpond.simulator.account;

import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import java.util.List;

/**
 * Addresses wanted beside the primary one: certain ones, or so many.
 *
 * @param count so many addresses of EC2's choice
 * @param prefixCount so many /28 prefixes of EC2's choice
 */
public record AddressRequest(
    List<Ipv4> addresses, int count, List<Cidr> prefixes, int prefixCount) {
  /** None. */
  public static final AddressRequest NOTHING = new AddressRequest(List.of(), 0, List.of(), 0);

  /**
   * @throws AwsError InvalidParameterValue if a count is negative or an address is named twice
   */
  public AddressRequest {
    addresses = List.copyOf(addresses);
    prefixes = List.copyOf(prefixes);
    if (count < 0 || prefixCount < 0) {
      throw AwsError.invalidValue(
          "Value (" + Math.min(count, prefixCount) + ") for parameter count is invalid.");
    }
    if (addresses.stream().distinct().count() < addresses.size()
        || prefixes.stream().distinct().count() < prefixes.size()) {
      throw AwsError.invalidValue("Duplicate addresses are not allowed");
    }
  }

  /** So many addresses of EC2's choice. */
  public static AddressRequest some(int count) {
    return new AddressRequest(List.of(), count, List.of(), 0);
  }

  /** How many address slots of the interface are needed. */
  int slots() {
    return Math.addExact(addresses.size() + prefixes.size(), Math.addExact(count, prefixCount));
  }

  boolean wantsPrefixes() {
    return prefixCount > 0 || !prefixes.isEmpty();
  }

  /** What was asked for by kinds, of which EC2 lets only one be used. */
  public int kinds() {
    return (addresses.isEmpty() ? 0 : 1)
        + (count == 0 ? 0 : 1)
        + (prefixes.isEmpty() ? 0 : 1)
        + (prefixCount == 0 ? 0 : 1);
  }
}
