package io.millpond.node.warm;

import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;
import java.util.Optional;

/** The end of a request for an address. */
public sealed interface PoolAnswer {
  /** The address is the attachment's. */
  record Granted(IpAddress address, EniId eni) implements PoolAnswer {}

  /**
   * None, for now.
   *
   * @param cause why, with figures
   * @param remedy what a person can do, never empty
   * @param expectedIn when one is expected, if anything leads to one
   */
  record None(String cause, String remedy, Optional<Duration> expectedIn) implements PoolAnswer {}

  /** The request was withdrawn, by a DEL or because the asker went away. */
  record Withdrawn() implements PoolAnswer {}
}
