package io.millpond.node.cloud;

import io.millpond.node.kernel.EniPlace;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * The node's ENIs in EC2. Methods block until EC2 has answered or a deadline passed; safe for any
 * thread.
 */
public interface Cloud {
  /** What EC2 itself says this instance has. */
  Result<Inventory> ask(Urgency urgency);

  /** What the instance metadata says: a hint that may lag. */
  Result<Inventory> hint();

  /** Create, attach and mark for deletion with the instance. */
  Result<EniSeen> addEni(
      PoolName pool, String intentId, DeviceIndex device, int addresses, Urgency urgency);

  /**
   * Whether ENIs of a pool can be made for this node at all. What is known already costs no call.
   */
  Result<Done> check(PoolName pool);

  /** More addresses for an ENI: the new ones. */
  Result<Set<IpAddress>> assign(EniId eni, int count, Urgency urgency);

  /** Fewer. */
  Result<Done> unassign(EniId eni, Set<IpAddress> addresses);

  /** Detach and delete: a success once it is detached. */
  Result<Released> release(EniId eni);

  /**
   * Delete what an earlier run, or a call that failed, left attached to nothing; pay what is owed.
   */
  Result<Tidied> tidy();

  /** Whether a call failed that {@link #tidy} makes again. */
  boolean owes();

  /**
   * Delete ENIs that other instances of the cluster left behind when they ended: one round.
   *
   * @param allowed whether this node may still do that; asked before each call
   * @throws IllegalStateException if the cluster's name is not known
   */
  Result<Swept> sweep(BooleanSupplier allowed);

  /** Gives back what was opened; nothing is asked afterwards. */
  default void close() {}

  /** How soon an answer is needed. */
  enum Urgency {
    /** A pod is waiting. */
    POD_WAITS,
    /** So that the next pod need not wait. */
    WARM_UP,
    /** Whenever there is time. */
    RELEASE
  }

  /**
   * An ENI of this instance.
   *
   * @param ours whether pods may use it
   * @param addresses its secondary addresses
   */
  record EniSeen(EniPlace place, boolean ours, Set<IpAddress> addresses) {
    /** Copies the set. */
    public EniSeen {
      addresses = Set.copyOf(addresses);
    }
  }

  /**
   * All ENIs of this instance.
   *
   * @param verified true if EC2 said so
   */
  record Inventory(boolean verified, List<EniSeen> enis) {
    /** Copies the list. */
    public Inventory {
      enis = List.copyOf(enis);
    }
  }

  /**
   * What tidying up came to.
   *
   * @param done sentences for the log
   * @param again when something that stays may be deleted too; empty: nothing stays
   */
  record Tidied(List<String> done, Optional<Duration> again) {
    /** Copies the list. */
    public Tidied {
      done = List.copyOf(done);
    }
  }

  /**
   * What a round of sweeping came to.
   *
   * @param deleted ids of ENIs
   * @param left how many more ENIs of ended instances there are, as far as is known
   * @param trouble why some could not be deleted
   */
  record Swept(List<String> deleted, int left, Optional<Failure<Done>> trouble) {
    /** Copies the list. */
    public Swept {
      deleted = List.copyOf(deleted);
    }
  }

  /**
   * An ENI is detached.
   *
   * @param deleted whether it is deleted too; else {@link #tidy} has to
   */
  record Released(boolean deleted) {}

  /** Nothing but success. */
  record Done() {}

  /** An answer. */
  sealed interface Result<T> {}

  /** It worked. */
  record Success<T>(T value) implements Result<T> {}

  /**
   * It did not.
   *
   * @param effectUnknown whether EC2 has to be asked what there is now: it may have taken effect
   *     all the same, or something else has
   * @param reason what failed, on what, and why, for people
   * @param remedy what they can do
   * @param retryAfter when it is worth trying again
   * @param lasting whether trying again is in vain until a person has changed something
   */
  record Failure<T>(
      boolean effectUnknown, String reason, String remedy, Duration retryAfter, boolean lasting)
      implements Result<T> {
    /** One that may pass. */
    public Failure(boolean effectUnknown, String reason, String remedy, Duration retryAfter) {
      this(effectUnknown, reason, remedy, retryAfter, false);
    }

    /** The same failure where another value was asked for. */
    public <U> Failure<U> as() {
      return new Failure<>(effectUnknown, reason, remedy, retryAfter, lasting);
    }
  }
}
