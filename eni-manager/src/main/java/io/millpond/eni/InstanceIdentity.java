package io.millpond.eni;

import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.util.List;

/**
 * Who this instance is.
 *
 * @param address its own address, on the primary ENI
 * @param mac of the primary ENI
 * @param securityGroups of the primary ENI
 * @param vpcPrefixes all IPv4 prefixes of its VPC
 */
public record InstanceIdentity(
    String instanceId,
    String instanceType,
    String region,
    String zone,
    IpAddress address,
    MacAddress mac,
    String vpcId,
    String subnetId,
    List<String> securityGroups,
    List<Prefix> vpcPrefixes) {
  /** Copies the lists. */
  public InstanceIdentity {
    securityGroups = List.copyOf(securityGroups);
    vpcPrefixes = List.copyOf(vpcPrefixes);
  }
}
