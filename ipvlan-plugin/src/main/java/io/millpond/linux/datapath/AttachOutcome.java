package io.millpond.linux.datapath;

import io.millpond.pool.value.MacAddress;

/** How an attach ended. In every case but {@link Attached} nothing of it is left. */
public sealed interface AttachOutcome {
  /**
   * The pod has its interfaces.
   *
   * @param mac of the IPvlan interface: its ENI's
   */
  record Attached(MacAddress mac, int mtu) implements AttachOutcome {}

  /** Some other interface of the ENI has the address (EADDRINUSE). */
  record AddressInUse(String detail) implements AttachOutcome {}

  /** The namespace has an interface of that name already; it was not touched. */
  record InterfaceExists() implements AttachOutcome {}

  /** This attachment exists, in the namespace with that inode; it was not touched. */
  record AlreadyAttached(long netnsInode) implements AttachOutcome {}

  /** Something else failed; it says what. */
  record Failed(String detail) implements AttachOutcome {}
}
