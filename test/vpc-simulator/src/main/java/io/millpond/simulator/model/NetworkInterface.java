package io.millpond.simulator.model;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * An elastic network interface.
 *
 * @param id such as {@code eni-0123456789abcdef0}
 * @param mac lower case, colon-separated
 * @param addresses the primary address first, then the secondary ones in the order of assignment
 * @param prefixes delegated /28 blocks; every address in them is the interface's
 * @param attachment none while the interface is {@code available}
 * @param created when it was made; the order of descriptions
 */
public record NetworkInterface(
    String id,
    String mac,
    String subnetId,
    String vpcId,
    String zone,
    String description,
    List<String> securityGroupIds,
    List<Ipv4> addresses,
    List<Cidr> prefixes,
    boolean sourceDestCheck,
    @Nullable Attachment attachment,
    SortedMap<String, String> tags,
    Instant created) {
  public NetworkInterface {
    securityGroupIds = List.copyOf(securityGroupIds);
    addresses = List.copyOf(addresses);
    prefixes = List.copyOf(prefixes);
    tags = Tags.copy(tags);
    if (addresses.isEmpty()) {
      throw new IllegalArgumentException("an interface has a primary address: " + id);
    }
  }

  public Ipv4 primaryAddress() {
    return addresses.getFirst();
  }

  /** Whether the address is assigned to this interface, singly or within a prefix. */
  public boolean owns(Ipv4 address) {
    return addresses.contains(address) || prefixes.stream().anyMatch(p -> p.contains(address));
  }

  /** How many of the instance type's address slots are used: one for an address or a prefix. */
  public int slotsUsed() {
    return addresses.size() + prefixes.size();
  }

  public boolean isAttachedTo(String instanceId) {
    return attachment != null && attachment.instanceId().equals(instanceId);
  }

  public NetworkInterface withAttachment(@Nullable Attachment newAttachment) {
    return new NetworkInterface(
        id,
        mac,
        subnetId,
        vpcId,
        zone,
        description,
        securityGroupIds,
        addresses,
        prefixes,
        sourceDestCheck,
        newAttachment,
        tags,
        created);
  }

  public NetworkInterface withTags(SortedMap<String, String> newTags) {
    return new NetworkInterface(
        id,
        mac,
        subnetId,
        vpcId,
        zone,
        description,
        securityGroupIds,
        addresses,
        prefixes,
        sourceDestCheck,
        attachment,
        newTags,
        created);
  }

  public NetworkInterface withDescription(String text) {
    return new NetworkInterface(
        id,
        mac,
        subnetId,
        vpcId,
        zone,
        text,
        securityGroupIds,
        addresses,
        prefixes,
        sourceDestCheck,
        attachment,
        tags,
        created);
  }

  public NetworkInterface withSecurityGroups(List<String> groups) {
    return new NetworkInterface(
        id,
        mac,
        subnetId,
        vpcId,
        zone,
        description,
        groups,
        addresses,
        prefixes,
        sourceDestCheck,
        attachment,
        tags,
        created);
  }

  public NetworkInterface withSourceDestCheck(boolean check) {
    return new NetworkInterface(
        id,
        mac,
        subnetId,
        vpcId,
        zone,
        description,
        securityGroupIds,
        addresses,
        prefixes,
        check,
        attachment,
        tags,
        created);
  }

  /** With more addresses and prefixes, after those it has. */
  public NetworkInterface plus(List<Ipv4> moreAddresses, List<Cidr> morePrefixes) {
    List<Ipv4> allAddresses = new ArrayList<>(addresses);
    allAddresses.addAll(moreAddresses);
    List<Cidr> allPrefixes = new ArrayList<>(prefixes);
    allPrefixes.addAll(morePrefixes);
    return withAddresses(allAddresses, allPrefixes);
  }

  /** Without the given addresses and prefixes; those it does not have are no matter. */
  public NetworkInterface minus(List<Ipv4> lessAddresses, List<Cidr> lessPrefixes) {
    return withAddresses(
        addresses.stream().filter(a -> !lessAddresses.contains(a)).toList(),
        prefixes.stream().filter(p -> !lessPrefixes.contains(p)).toList());
  }

  private NetworkInterface withAddresses(List<Ipv4> newAddresses, List<Cidr> newPrefixes) {
    return new NetworkInterface(
        id,
        mac,
        subnetId,
        vpcId,
        zone,
        description,
        securityGroupIds,
        newAddresses,
        newPrefixes,
        sourceDestCheck,
        attachment,
        tags,
        created);
  }
}
