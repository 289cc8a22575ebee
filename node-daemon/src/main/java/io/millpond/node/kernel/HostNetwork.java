package io.millpond.node.kernel;

import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The node's side: ENI links, rules, pool routes, and what the kernel remembers of attachments. */
public interface HostNetwork {
  /**
   * Attaches and detaches a pod that does not exist, where nobody sees it.
   *
   * @param times how often, at least once
   * @return why no pod can be built on this kernel at all, if so
   */
  Optional<String> rehearse(int times);

  /**
   * Finds the ENI's link by its MAC, brings it up and sets it for pods; whose addresses it has is
   * on record before it returns.
   *
   * @return empty while there is no such link (it appears some seconds after the attachment)
   * @throws IOException if the kernel refuses
   */
  Optional<LinkName> bringUp(EniPlace eni) throws IOException;

  /** A link's name. */
  record LinkName(String value) {}

  /**
   * One look at all attachments and pool routes.
   *
   * @throws IOException if the kernel does not answer
   */
  KernelView look() throws IOException;

  /**
   * Removes what an interrupted ADD left.
   *
   * @throws IOException if something stays
   */
  void undo(KernelView.Interrupted interrupted) throws IOException;

  /**
   * Records that nobody has had the address since then.
   *
   * @throws IOException if the kernel refuses
   */
  void released(IpAddress address, BootTime at) throws IOException;

  /**
   * Records that a pod has the address.
   *
   * @throws IOException if the kernel refuses
   */
  void inUse(IpAddress address) throws IOException;

  /**
   * Brings back what is missing of ours and leaves all else alone.
   *
   * @param pool the addresses that are in the pool, by ENI, and what is to be recorded of one of
   *     which nothing is
   * @param complete whether EC2 has confirmed that there are no others: then routes of other
   *     addresses go
   * @return what had to be put right, one sentence each
   * @throws IOException if the kernel refuses; another call may succeed
   */
  List<Repair> reconcile(Map<EniPlace, Map<IpAddress, KernelView.RouteSays>> pool, boolean complete)
      throws IOException;

  /**
   * What the last {@link #reconcile} found wrong and could not put right, one sentence each, with
   * its remedy.
   */
  List<String> findings();

  /**
   * Something that was put right.
   *
   * @param kind a short word for the metric: host, route
   * @param detail what it was
   */
  record Repair(String kind, String detail) {}

  /**
   * Removes the pool routes of addresses that are about to leave the node.
   *
   * @throws IOException if the kernel refuses
   */
  void forget(Collection<IpAddress> addresses) throws IOException;

  /**
   * Removes routes of pool addresses that say something else than what is on record.
   *
   * @throws IOException if the kernel refuses
   */
  void removeOtherRoutes() throws IOException;

  /**
   * Whether any slave of the ENI holds the address.
   *
   * @throws IOException if it cannot be found out now
   */
  boolean held(EniPlace eni, IpAddress address) throws IOException;

  /** Whether a network namespace with this inode can be found: by a name, or as a process's. */
  boolean lives(long netnsInode);

  /**
   * Reports what happens to our links until closed.
   *
   * @throws IOException if the kernel refuses
   */
  AutoCloseable watch(LinkListener listener) throws IOException;

  /** Hears of links, on a thread of the watch; must not block. */
  interface LinkListener {
    /** A host veth of ours is gone, with the alias's key hash if it was seen. */
    void vethGone(String hostLink);

    /** Something else changed, or events were lost: look again. */
    void lookAgain();
  }
}
