package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;

/** The answer to a request for an address. */
public sealed interface AllocationResult {
  /** The address belongs to the attachment from now on. */
  record Granted(AttachmentKey key, IpAddress address, EniId eni) implements AllocationResult {}

  /** The request is in the queue; {@code expectedIn} is an estimate, not negative. */
  record Wait(String reason, Duration expectedIn) implements AllocationResult {}

  /** Waiting cannot help; the request is not in the queue. */
  record Refused(String reason, String remedy) implements AllocationResult {}
}
