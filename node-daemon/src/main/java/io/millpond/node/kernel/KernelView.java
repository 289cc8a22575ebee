package io.millpond.node.kernel;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the kernel remembers.
 *
 * @param attachments complete ones
 * @param interrupted ADDs that did not come to an end
 * @param poolRoutes for every pool address with a route of ours, what the route says
 */
public record KernelView(
    List<Seen> attachments, List<Interrupted> interrupted, Map<IpAddress, RouteSays> poolRoutes) {
  /** Copies the collections. */
  public KernelView {
    attachments = List.copyOf(attachments);
    interrupted = List.copyOf(interrupted);
    poolRoutes = Map.copyOf(poolRoutes);
  }

  /**
   * An attachment.
   *
   * @param hostLink name of its host veth, which is derived from the key
   * @param containerId as far as the alias had room
   * @param ifName the interface's name in the pod
   * @param netnsInode the pod's namespace
   * @param pod {@code namespace/name}, perhaps cut
   */
  public record Seen(
      String hostLink,
      String containerId,
      String ifName,
      IpAddress address,
      long netnsInode,
      String pod) {
    /**
     * The key, if it belongs to this network. The alias does not hold the network's name, but the
     * link's name is a hash over all three parts and proves a guess.
     *
     * @param linkName gives the link's name for a key
     */
    public Optional<AttachmentKey> keyIn(String network, Function<AttachmentKey, String> linkName) {
      AttachmentKey guess = new AttachmentKey(network, containerId, ifName);
      return linkName.apply(guess).equals(hostLink) ? Optional.of(guess) : Optional.empty();
    }
  }

  /** A host veth without its alias. */
  public record Interrupted(String hostLink) {}

  /** What a pool route's metric says. */
  public sealed interface RouteSays {}

  /** A pod has the address. */
  public record InUse() implements RouteSays {}

  /** Nobody has had it since. */
  public record ReleasedAt(BootTime at) implements RouteSays {}
}
