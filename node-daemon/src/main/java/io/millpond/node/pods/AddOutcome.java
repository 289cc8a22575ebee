package io.millpond.node.pods;

import io.millpond.node.kernel.PodPlan;
import io.millpond.pool.value.MacAddress;
import java.time.Duration;
import java.util.Optional;

/** The end of an ADD. */
public sealed interface AddOutcome {
  /**
   * The pod is there.
   *
   * @param mtu that it has, which may be less than planned
   * @param leads whether it is the pod's default network
   */
  record Added(PodPlan plan, String hostLink, MacAddress mac, int mtu, boolean leads)
      implements AddOutcome {}

  /** No address now; asking again later can help. */
  record NoAddress(String cause, String remedy, Optional<Duration> expectedIn)
      implements AddOutcome {}

  /** The pool that it should come from does not exist here; asking again is in vain. */
  record NoSuchPool(String what, String remedy) implements AddOutcome {}

  /** It asks for more host ports than can be recorded; nothing was begun, and never will be. */
  record TooManyPorts(String detail) implements AddOutcome {}

  /** A DEL came, or the caller hung up; all is undone. */
  record Abandoned(String why) implements AddOutcome {}

  /** The attachment exists in another namespace. */
  record ExistsElsewhere(String detail) implements AddOutcome {}

  /** Another pod has a host port that this one asks for; nothing of this one is left. */
  record PortTaken(String detail) implements AddOutcome {}

  /** The pod's namespace is gone or is none. */
  record BadNamespace(String detail) implements AddOutcome {}

  /** Anything else; all is undone. */
  record Failed(String detail) implements AddOutcome {}
}
