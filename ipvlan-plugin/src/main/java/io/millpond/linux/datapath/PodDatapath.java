package io.millpond.linux.datapath;

import io.millpond.linux.BootClock;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.PodDemands;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Attaches pods, detaches and checks them. Thread-safe for different attachments, those of one pod
 * as well.
 *
 * <p>Attach, in this order: the namespace's settings; the veth (its name is the lock), with a
 * record that says "being built"; what the pod asks for, unless another has a host port of it; the
 * address marked in use; the node's side, so that nobody is told "unreachable" about a pod that can
 * already speak; the IPvlan slave; the limits of bandwidth; the pod's side; the host ports; the
 * record that says "complete". Detach, in this order: the release written down; the host ports; the
 * pod's rules, settings and limits; the slave; the veth. Whoever dies in between leaves a veth, by
 * which the next start finds the rest ({@link KernelLedger#interrupted}).
 */
public final class PodDatapath {
  private final PoolRoutes pool;
  private final Step.Listener listener;
  private final PodTurns turns = new PodTurns();

  /**
   * @param pool the pool routes of the same node
   */
  public PodDatapath(PoolRoutes pool) {
    this(pool, Step.Listener.NONE);
  }

  PodDatapath(PoolRoutes pool, Step.Listener listener) {
    this.pool = pool;
    this.listener = listener;
  }

  /** Why the kernel's record of an attachment cannot hold these demands, if so. Asks nobody. */
  public static Optional<String> excess(PodDemands demands) {
    return DemandRecord.excess(demands);
  }

  /**
   * Builds the pod's network, or leaves nothing.
   *
   * @param netns the pod's namespace; it stays the caller's to close
   */
  public AttachOutcome attach(PodAttachment attachment, Netns netns) {
    try (PodTurns.Turn _ = turns.take(netns.inode());
        Attach attach = new Attach(pool, attachment, netns, listener)) {
      return attach.run();
    } catch (NetlinkException e) {
      return new AttachOutcome.Failed(String.valueOf(e.getMessage()), false);
    }
  }

  /**
   * Takes the pod's network away; what is gone already is fine.
   *
   * @param netns the pod's namespace if it is known; it stays the caller's to close
   */
  public DetachOutcome detach(AttachmentKey key, Optional<Netns> netns) {
    return detach(HostVeth.of(key), netns);
  }

  /** As {@link #detach(AttachmentKey, Optional)}, of an attachment known by its record alone. */
  public DetachOutcome detach(KernelLedger.Entry entry) {
    return detach(new HostVeth(entry.veth()), Optional.empty());
  }

  /** Takes away what an interrupted attach left. */
  public DetachOutcome undo(KernelLedger.Interrupted interrupted) {
    return detach(new HostVeth(interrupted.veth()), Optional.empty());
  }

  private DetachOutcome detach(HostVeth veth, Optional<Netns> netns) {
    try (NetlinkSocket host = NetlinkSocket.open()) {
      return new Detach(pool, veth, host, turns, listener).run(netns);
    } catch (IOException e) {
      return new DetachOutcome(
          Optional.empty(), BootClock.now(), Optional.of(String.valueOf(e.getMessage())));
    }
  }

  /**
   * Puts back what is missing inside a running pod; what else stands there is left alone.
   *
   * @param netns the pod's namespace; it stays the caller's to close
   * @return what was wrong and is right now, one sentence each
   * @throws IOException if the kernel refuses
   */
  public List<String> heal(PodAttachment attachment, Netns netns) throws IOException {
    try (PodTurns.Turn _ = turns.take(netns.inode());
        NetlinkSocket host = NetlinkSocket.open();
        NetlinkSocket pod = netns.inside(NetlinkSocket::open)) {
      return new Heal(pool, attachment, netns, host, pod).run();
    }
  }

  /**
   * What the pod took that was not given to it, one sentence each; changes nothing.
   *
   * @param netns the pod's namespace; it stays the caller's to close
   * @throws IOException if the kernel does not answer
   */
  public List<String> liberties(PodAttachment attachment, Netns netns) throws IOException {
    try (NetlinkSocket pod = netns.inside(NetlinkSocket::open)) {
      return Liberties.look(attachment, netns.inode(), pod);
    }
  }

  /**
   * Compares the pod and the node with what an attach builds. Changes nothing.
   *
   * @param netns the pod's namespace; it stays the caller's to close
   */
  public CheckOutcome check(PodAttachment attachment, Netns netns) {
    try (NetlinkSocket host = NetlinkSocket.open();
        NetlinkSocket pod = netns.inside(NetlinkSocket::open)) {
      return new Check(pool, attachment, netns, host, pod).run();
    } catch (IOException e) {
      return new CheckOutcome.Unknown(
          "checking %s: %s".formatted(attachment.address(), e.getMessage()));
    }
  }
}
