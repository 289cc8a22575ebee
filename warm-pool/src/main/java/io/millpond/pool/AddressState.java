package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import org.jspecify.annotations.Nullable;

/** What an address of the pool is doing: exactly one of the six. */
public sealed interface AddressState {
  /** When it began; for a free address, when it was last in use or came to the node. */
  BootTime since();

  /** The attachment that holds it or may still hold it. */
  default @Nullable AttachmentKey key() {
    return null;
  }

  /** Lower-case name for pages and metrics. */
  String label();

  /** Nobody has it, and its cooldown is over. */
  record Free(BootTime since) implements AddressState {
    @Override
    public String label() {
      return "free";
    }
  }

  /** It belongs to an attachment; {@code attached} is false while the pod is being built. */
  record Owned(AttachmentKey key, boolean attached, BootTime since) implements AddressState {
    @Override
    public String label() {
      return "owned";
    }
  }

  /** Released at {@code since}; other nodes may still send the old pod's traffic to it. */
  record Cooling(BootTime since) implements AddressState {
    @Override
    public String label() {
      return "cooling";
    }
  }

  /**
   * Something unknown may hold it. {@code key} is its last owner; {@code probed} is when it was
   * last asked about.
   */
  record Quarantined(@Nullable AttachmentKey key, BootTime probed, BootTime since)
      implements AddressState {
    @Override
    public String label() {
      return "quarantined";
    }
  }

  /** Owned by a pod although EC2 says the node does not have it. Never evicted, reported. */
  record Frozen(AttachmentKey key, BootTime since) implements AddressState {
    @Override
    public String label() {
      return "frozen";
    }
  }

  /** It is being given back, or whether it was is not known; free since {@code unused}. */
  record Leaving(BootTime unused, BootTime since) implements AddressState {
    @Override
    public String label() {
      return "leaving";
    }
  }
}
