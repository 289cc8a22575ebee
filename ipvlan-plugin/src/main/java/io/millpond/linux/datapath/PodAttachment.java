package io.millpond.linux.datapath;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.Optional;

/**
 * What a pod gets.
 *
 * @param address the pod's VPC address
 * @param subnet of the ENI
 * @param gateway of the subnet
 * @param gatewayMac if the node has learned it; then no pod can be lied to about it
 * @param eni whose slave the pod gets
 * @param mtu of both interfaces
 * @param node the node's own address
 * @param direct prefixes that are reached through the ENI: those of the VPC, and what the
 *     administrator adds
 * @param services prefixes of services, which go by the node whatever {@code direct} says
 * @param pod {@code namespace/name}, or empty
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
    List<Prefix> services,
    String pod) {
  /** Copies the lists. */
  public PodAttachment {
    direct = List.copyOf(direct);
    services = List.copyOf(services);
  }
}
