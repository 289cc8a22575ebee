package io.millpond.node.kernel;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PodDemands;
import java.util.List;
import java.util.Optional;

/**
 * Builds, removes and checks pods. Calls for one key must not overlap; calls for different keys
 * may.
 */
public interface PodNetwork {
  /**
   * Builds the pod, all or nothing: after any other outcome than {@link Attached} nothing of it is
   * left.
   */
  AttachOutcome attach(PodPlan plan, Netns netns);

  /**
   * Why no pod can have these demands, however often it is tried, with what to do; empty if one
   * can. Asks nobody.
   */
  Optional<String> excess(PodDemands demands);

  /**
   * Removes whatever is there of the pod, with or without its namespace. First the address's
   * release is recorded, then the links go. Idempotent.
   */
  DetachOutcome detach(AttachmentKey key, Optional<Netns> netns);

  /** Compares the pod with the plan and changes nothing. */
  CheckOutcome check(PodPlan plan, Netns netns);

  /**
   * Puts back what is missing inside a running pod; what else stands there is left alone.
   *
   * @param netnsInode the pod's namespace, which is looked for and not kept
   */
  HealOutcome heal(PodPlan plan, long netnsInode);

  /** What became of building a pod. */
  sealed interface AttachOutcome {}

  /**
   * It is there.
   *
   * @param hostLink name of the host's end of the veth
   * @param mac hardware address of the pod's interface
   * @param mtu of the pod's interface
   * @param leads whether it is the pod's default network; another one is, and it has only its
   *     subnet and its own network's prefixes, otherwise
   */
  record Attached(String hostLink, MacAddress mac, int mtu, boolean leads)
      implements AttachOutcome {}

  /** A slave that this node's records do not know holds the address. */
  record AddressInUse(String detail) implements AttachOutcome {}

  /**
   * The key has an attachment already, untouched.
   *
   * @param netnsInode the namespace it is in, 0 if unknown
   */
  record AlreadyAttached(long netnsInode) implements AttachOutcome {}

  /** The pod's namespace has an interface of the wanted name already, untouched. */
  record InterfaceExists(String detail) implements AttachOutcome {}

  /** Another pod has a host port that this one asks for. */
  record PortTaken(String detail) implements AttachOutcome {}

  /** The namespace is gone or is none. */
  record NoNamespace(String detail) implements AttachOutcome {}

  /**
   * Something else failed, and all was undone.
   *
   * @param detail what, on what, and why
   * @param exposed whether the address may have been seen on the network
   */
  record AttachFailed(String detail, boolean exposed) implements AttachOutcome {}

  /** What became of removing a pod. */
  sealed interface DetachOutcome {}

  /**
   * Nothing is left of it.
   *
   * @param at the moment of release that the kernel now remembers
   * @param found whether there was anything to remove
   */
  record Detached(BootTime at, boolean found) implements DetachOutcome {}

  /** Something is left. */
  record DetachFailed(String detail) implements DetachOutcome {}

  /** How the pod looks. */
  sealed interface CheckOutcome {}

  /** As planned. */
  record AsPlanned() implements CheckOutcome {}

  /** Not as planned. */
  record Differs(List<String> differences) implements CheckOutcome {}

  /** What became of putting things back. */
  sealed interface HealOutcome {}

  /**
   * It was looked at, and all that can be put back is there.
   *
   * @param repairs what was wrong, one sentence each; empty if nothing was
   * @param liberties what the pod took that was not given to it, one sentence each
   */
  record Healed(List<String> repairs, List<String> liberties) implements HealOutcome {
    /** Copies the lists. */
    public Healed {
      repairs = List.copyOf(repairs);
      liberties = List.copyOf(liberties);
    }

    /** A pod that keeps to what it was given. */
    public Healed(List<String> repairs) {
      this(repairs, List.of());
    }
  }

  /** The pod cannot be looked into, or the kernel refuses. */
  record NotHealed(String detail) implements HealOutcome {}
}
