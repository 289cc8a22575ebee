package io.millpond.linux.datapath;

import io.millpond.pool.value.MacAddress;

/** How an attach ended. In every case but {@link Attached} nothing of it is left. */
public sealed interface AttachOutcome {
  /**
   * The pod has its interfaces.
   *
   * @param hostLink name of the node's end of the veth
   * @param mac of the IPvlan interface: its ENI's
   * @param leads whether the pod's default route, and with it those to the VPC, are the
   *     attachment's; it has its subnet and its own network's prefixes otherwise
   */
  record Attached(String hostLink, MacAddress mac, int mtu, boolean leads)
      implements AttachOutcome {}

  /** Some other interface of the ENI has the address (EADDRINUSE). */
  record AddressInUse(String detail) implements AttachOutcome {}

  /** The namespace has an interface of that name already; it was not touched. */
  record InterfaceExists() implements AttachOutcome {}

  /**
   * This attachment exists, or is being built; it was not touched.
   *
   * @param netnsInode of the namespace it is in, 0 if unknown
   */
  record AlreadyAttached(long netnsInode) implements AttachOutcome {}

  /** Another attachment has a host port that this one asks for; it says which, and whose it is. */
  record PortTaken(String detail) implements AttachOutcome {}

  /** The pod's namespace is gone, or is none that a pod can have. */
  record NoNamespace(String detail) implements AttachOutcome {}

  /**
   * Something else failed; it says what.
   *
   * @param exposed whether the address may have been seen on the network, so that it must cool down
   */
  record Failed(String detail, boolean exposed) implements AttachOutcome {}
}
