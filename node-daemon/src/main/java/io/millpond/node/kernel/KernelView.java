package io.millpond.node.kernel;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.PoolName;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the kernel remembers.
 *
 * @param attachments complete ones
 * @param interrupted ADDs that did not come to an end
 * @param poolRoutes for every pool address with a route of ours, what the route says
 * @param enis whose addresses ENIs have, where it is on record; empty for a record that this
 *     version cannot read
 */
public record KernelView(
    List<Seen> attachments,
    List<Interrupted> interrupted,
    Map<IpAddress, RouteSays> poolRoutes,
    Map<MacAddress, Optional<PoolName>> enis) {
  /** The network of a stand-in; no valid name of a network is so. */
  public static final String UNKNOWN_NETWORK = "?";

  /** Copies the collections. */
  public KernelView {
    attachments = List.copyOf(attachments);
    interrupted = List.copyOf(interrupted);
    poolRoutes = Map.copyOf(poolRoutes);
    enis = Map.copyOf(enis);
  }

  /**
   * An attachment.
   *
   * @param hostLink name of its host veth, which is derived from the key
   * @param key the attachment; where the record had no room for all of it, a stand-in of the
   *     network {@value #UNKNOWN_NETWORK}
   * @param netnsInode the pod's namespace
   * @param pod {@code namespace/name}, perhaps cut
   * @param connected whether both ends of its veth are up
   * @param demands host ports and bandwidth limits on record
   */
  public record Seen(
      String hostLink,
      AttachmentKey key,
      IpAddress address,
      long netnsInode,
      String pod,
      boolean connected,
      PodDemands demands) {}

  /**
   * A host veth without a complete record.
   *
   * @param key what it was to be, if the ADD came that far
   */
  public record Interrupted(String hostLink, Optional<AttachmentKey> key) {}

  /** What a pool route's metric says. */
  public sealed interface RouteSays {}

  /** A pod has the address. */
  public record InUse() implements RouteSays {}

  /** Nobody has had it since. */
  public record ReleasedAt(BootTime at) implements RouteSays {}
}
