package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import org.jspecify.annotations.Nullable;

/**
 * An address of the pool.
 *
 * @param ip the address
 * @param state what it is doing
 * @param known when the node learned of it; EC2 answers asked for earlier say nothing about it
 * @param missing the first of the EC2 answers in a row that lacked it, if the last one did
 * @param gone whether its absence counts: two answers at least 10 s apart lacked it
 */
public record PoolAddress(
    IpAddress ip, AddressState state, BootTime known, @Nullable BootTime missing, boolean gone) {

  static PoolAddress of(IpAddress ip, AddressState state, BootTime known) {
    return new PoolAddress(ip, state, known, null, false);
  }

  PoolAddress with(AddressState next) {
    return new PoolAddress(ip, next, known, missing, gone);
  }

  PoolAddress missingSince(@Nullable BootTime first, boolean counts) {
    return new PoolAddress(ip, state, known, first, counts);
  }

  /** Whether a pod could have it now. */
  public boolean usable() {
    return state instanceof AddressState.Free && missing == null;
  }

  /** Whether a pod has it, present in EC2 or not. */
  public boolean assigned() {
    return state instanceof AddressState.Owned || state instanceof AddressState.Frozen;
  }

  boolean heldBy(AttachmentKey key) {
    return key.equals(state.key());
  }
}
