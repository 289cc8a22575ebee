package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Something that happened. An event about something unknown (a key, an action that ended already)
 * changes nothing: events may come late or twice.
 */
public sealed interface PoolEvent {
  /** When; for an answer of EC2, when it was asked for. */
  BootTime at();

  /**
   * The daemon's start: replaces whatever the state knew of ENIs and addresses.
   *
   * @param held what the kernel says pods have
   * @param released when the others were last released, as far as their routes tell
   * @param releasedOtherwise the same for those without a route: the boot after a reboot or on a
   *     new node, else {@code at}
   */
  record Started(
      CloudView view,
      List<Held> held,
      Map<IpAddress, BootTime> released,
      BootTime releasedOtherwise,
      BootTime at)
      implements PoolEvent {
    public Started {
      held = List.copyOf(held);
      released = Map.copyOf(released);
    }
  }

  /** An attachment found in the kernel, on the ENI whose link is its master. */
  record Held(AttachmentKey key, IpAddress address, EniId eni) {}

  /** What a failed action did. */
  enum Effect {
    /** Certainly nothing. */
    NONE,
    /** Nobody knows (a timeout): two verified answers of EC2 will tell. */
    UNKNOWN
  }

  /** An answer of EC2 or IMDS; {@code at} is when the question was sent. */
  record CloudObserved(CloudView view, BootTime at) implements PoolEvent {}

  /** A planned action was started. */
  record Ordered(PoolAction action, BootTime at) implements PoolEvent {}

  /** A new ENI is attached with its addresses, and its link is up. */
  record EniAdded(
      long actionId,
      EniId eni,
      DeviceIndex device,
      PoolName pool,
      Set<IpAddress> addresses,
      BootTime at)
      implements PoolEvent {
    public EniAdded {
      addresses = Set.copyOf(addresses);
    }
  }

  /** EC2 assigned these addresses, perhaps fewer than asked for. */
  record AddressesAssigned(long actionId, EniId eni, Set<IpAddress> addresses, BootTime at)
      implements PoolEvent {
    public AddressesAssigned {
      addresses = Set.copyOf(addresses);
    }
  }

  /** EC2 confirmed that the addresses are gone. */
  record AddressesUnassigned(long actionId, BootTime at) implements PoolEvent {}

  /** The ENI is detached; whether it is deleted too is not the pool's concern. */
  record EniReleased(long actionId, BootTime at) implements PoolEvent {}

  /**
   * An action failed; {@code reason} is for people, no action of its kind is planned in its pool
   * before {@code notBefore}.
   */
  record ActionFailed(long actionId, Effect effect, String reason, BootTime notBefore, BootTime at)
      implements PoolEvent {}

  /** What a pool's growth failed for may be put right: it is tried again at once. */
  record GrowthReconsidered(PoolName pool, BootTime at) implements PoolEvent {}

  /** A waiting request is given up. An address already granted is not touched. */
  record Cancelled(AttachmentKey key, BootTime at) implements PoolEvent {}

  /** The pod is built on the address it was granted. */
  record Attached(AttachmentKey key, BootTime at) implements PoolEvent {}

  /**
   * The pod could not be built and all was undone; an {@code exposed} address may have been seen on
   * the network and has to cool down.
   */
  record AttachFailed(AttachmentKey key, boolean exposed, BootTime at) implements PoolEvent {}

  /** The kernel says that another slave holds the address granted to the key (EADDRINUSE). */
  record AddressInUse(AttachmentKey key, IpAddress address, BootTime at) implements PoolEvent {}

  /** DEL took effect, at the moment written into the address's route. */
  record Detached(AttachmentKey key, BootTime at) implements PoolEvent {}

  /** The host veth disappeared without DEL: no proof that the pod is gone. */
  record VethVanished(AttachmentKey key, BootTime at) implements PoolEvent {}

  /** The pod's network namespace is gone, and with it every holder of its address. */
  record NamespaceDied(AttachmentKey key, BootTime at) implements PoolEvent {}

  /** A probe found that nothing holds the quarantined address. */
  record HolderGone(IpAddress address, BootTime at) implements PoolEvent {}

  /** A probe found that something holds the quarantined address. */
  record StillHeld(IpAddress address, BootTime at) implements PoolEvent {}

  /**
   * Pods bound to this node that need an address of the default pool and have not asked for it; 0
   * or more.
   */
  record DemandExpected(int pods, BootTime at) implements PoolEvent {}

  /** Time passed, under this policy: cooled addresses become free, a surplus gets its start. */
  record Tick(PoolPolicy policy, BootTime at) implements PoolEvent {}
}
