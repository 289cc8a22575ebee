package io.millpond.eni;

import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * An ENI of this instance.
 *
 * @param primaryAddress its own
 * @param subnet the prefix of its subnet
 * @param pool whose addresses it has; empty if that is not known, as the instance metadata is, or
 *     cannot be read
 * @param managed false if it is tagged {@code node.k8s.amazonaws.com/no_manage}, or of a kind that
 *     pods cannot use: hands off. The instance metadata does not know and says true
 * @param secondaryAddresses the others
 */
public record CloudEni(
    EniId id,
    DeviceIndex device,
    MacAddress mac,
    IpAddress primaryAddress,
    Prefix subnet,
    Optional<PoolName> pool,
    boolean managed,
    SortedSet<IpAddress> secondaryAddresses) {
  /** Copies the set. */
  public CloudEni {
    secondaryAddresses = Collections.unmodifiableSortedSet(new TreeSet<>(secondaryAddresses));
  }
}
