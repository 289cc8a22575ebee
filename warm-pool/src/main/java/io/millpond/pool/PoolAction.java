package io.millpond.pool;

import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.util.Set;

/**
 * Something to be done outside. It is in flight from {@link PoolEvent.Ordered} until the event that
 * says how it ended, and is counted meanwhile.
 */
public sealed interface PoolAction {
  /** Unique within a state's history. */
  long id();

  /** Whose ENI it is about, or for whom. */
  PoolName pool();

  /** What kind of call it is; a failure holds back all of its kind in its pool. */
  Kind kind();

  /** Kinds of calls. */
  enum Kind {
    CREATE_ENI,
    ASSIGN,
    UNASSIGN,
    RELEASE_ENI,
    PROBE
  }

  /**
   * Create, attach and bring up an ENI; ends with {@link PoolEvent.EniAdded}. {@code intentId} is
   * client token and tag; {@code addressCount} counts pod addresses only, at least 1.
   */
  record CreateEni(long id, PoolName pool, String intentId, DeviceIndex device, int addressCount)
      implements PoolAction {
    @Override
    public Kind kind() {
      return Kind.CREATE_ENI;
    }
  }

  /** Add addresses to an ENI; ends with {@link PoolEvent.AddressesAssigned}. */
  record AssignAddresses(long id, PoolName pool, EniId eni, int count) implements PoolAction {
    @Override
    public Kind kind() {
      return Kind.ASSIGN;
    }
  }

  /**
   * Give addresses back, their routes removed first; ends with {@link
   * PoolEvent.AddressesUnassigned}.
   */
  record UnassignAddresses(long id, PoolName pool, EniId eni, Set<IpAddress> addresses)
      implements PoolAction {
    public UnassignAddresses {
      addresses = Set.copyOf(addresses);
    }

    @Override
    public Kind kind() {
      return Kind.UNASSIGN;
    }
  }

  /** Detach and delete an ENI; ends with {@link PoolEvent.EniReleased}. */
  record ReleaseEni(long id, PoolName pool, EniId eni) implements PoolAction {
    @Override
    public Kind kind() {
      return Kind.RELEASE_ENI;
    }
  }

  /**
   * Find out whether a slave of the ENI still holds a quarantined address; ends with {@link
   * PoolEvent.HolderGone} or {@link PoolEvent.StillHeld}.
   */
  record Probe(long id, PoolName pool, EniId eni, IpAddress address) implements PoolAction {
    @Override
    public Kind kind() {
      return Kind.PROBE;
    }
  }

  /** Whether it takes something away. */
  default boolean destructive() {
    return kind() == Kind.UNASSIGN || kind() == Kind.RELEASE_ENI;
  }

  /** Addresses that it will add. */
  default int incoming() {
    return switch (this) {
      case CreateEni create -> create.addressCount();
      case AssignAddresses assign -> assign.count();
      case UnassignAddresses _, ReleaseEni _, Probe _ -> 0;
    };
  }
}
