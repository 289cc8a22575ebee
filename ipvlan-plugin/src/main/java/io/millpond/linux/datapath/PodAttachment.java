package io.millpond.linux.datapath;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.Optional;

/**
 * What a pod gets. IPv4.
 *
 * @param address the pod's VPC address
 * @param subnet of the ENI; it holds the address and the gateway
 * @param gateway of the subnet
 * @param gatewayMac if the node has learned it; then no pod can be lied to about it
 * @param eni whose slave the pod gets
 * @param mtu of both interfaces, 576 to 65535
 * @param node the node's own address
 * @param direct prefixes that are reached through the ENI: those of the VPC, and what the
 *     administrator adds; at most {@link #MAX_PREFIXES}
 * @param extra those of {@code direct} that the attachment's own network asks for: what a further
 *     interface of a pod has in the main table beside its subnet
 * @param services prefixes of services, which go by the node whatever {@code direct} says; at most
 *     {@link #MAX_PREFIXES}
 * @param pod {@code namespace/name}, or empty
 * @param demands host ports and bandwidth limits
 */
public record PodAttachment(
    AttachmentKey key,
    IpAddress address,
    Prefix subnet,
    IpAddress gateway,
    Optional<MacAddress> gatewayMac,
    EniLink eni,
    int mtu,
    IpAddress node,
    List<Prefix> direct,
    List<Prefix> extra,
    List<Prefix> services,
    String pod,
    PodDemands demands) {
  /** A VPC has at most 50 CIDR blocks; a batch of messages must fit one call. */
  public static final int MAX_PREFIXES = 128;

  private static final int MAX_NAME = 15;

  /**
   * Copies the lists.
   *
   * @throws IllegalArgumentException if something is out of range, of IPv6 or does not fit the rest
   */
  public PodAttachment {
    direct = List.copyOf(direct);
    extra = List.copyOf(extra);
    services = List.copyOf(services);
    if (!address.isIpv4() || !gateway.isIpv4() || !node.isIpv4()) {
      throw new IllegalArgumentException("a pod's address, gateway and node are of IPv4");
    }
    if (!subnet.contains(address) || !subnet.contains(gateway)) {
      throw new IllegalArgumentException(
          "%s and its gateway %s are not in the subnet %s".formatted(address, gateway, subnet));
    }
    if (address.equals(node) || address.equals(gateway)) {
      throw new IllegalArgumentException(
          "a pod cannot have the node's or the gateway's address " + address);
    }
    if (mtu < 576 || mtu > 65_535) {
      throw new IllegalArgumentException("an MTU is 576 to 65535: " + mtu);
    }
    if (!direct.containsAll(extra)) {
      throw new IllegalArgumentException(extra + " are not all of " + direct);
    }
    if (direct.size() > MAX_PREFIXES || services.size() > MAX_PREFIXES) {
      throw new IllegalArgumentException("more than " + MAX_PREFIXES + " prefixes");
    }
    for (List<Prefix> prefixes : List.of(direct, services)) {
      if (!prefixes.stream().allMatch(prefix -> prefix.address().isIpv4())) {
        throw new IllegalArgumentException("routes of a pod are of IPv4: " + prefixes);
      }
    }
    String name = key.ifName();
    if (name.getBytes(UTF_8).length > MAX_NAME
        || name.equals(".")
        || name.equals("..")
        || name.chars().anyMatch(c -> c <= ' ' || c == '/' || c == ':' || c == '%' || c == '"')) {
      throw new IllegalArgumentException("the kernel takes no interface name like this: " + name);
    }
    var _ = DemandRecord.names(HostVeth.of(key), demands); // or too many
  }
}
