package io.millpond.linux.datapath;

import java.io.IOException;

/**
 * A step that changes the kernel, or looks at it first. Before each the work may be made to fail.
 */
sealed interface Step {
  /** The steps of an attach, in their order. */
  enum OfAttach implements Step {
    /** Is the attachment, or an interface of that name, there already? */
    LOOK,
    /** The namespace's settings. */
    SETTINGS,
    /** The veth: the lock. */
    VETH,
    /** The veth's record says: being built. */
    BEGUN,
    /** Its host ports and limits, if it asks for any, are on record, and nobody else has them. */
    DEMANDS,
    /** The pool route says: in use. */
    IN_USE,
    /** The node's end: up, neighbour, route. */
    NODE_SIDE,
    /** The IPvlan slave. */
    SLAVE,
    /** The slave's name, record and address. */
    ADDRESS,
    /** The pod's nf_tables rules. */
    RULES,
    /** The limits of its bandwidth, if it has any. */
    SHAPING,
    /** Links up, neighbours, routes and policy rules in the pod. */
    POD_SIDE,
    /** Its host ports, if it has any, are open. */
    HOST_PORTS,
    /** The record says: complete. */
    RECORD
  }

  /** The steps of a detach, and of undoing an attach, in their order. */
  enum OfDetach implements Step {
    /** The pool route says: released. */
    RELEASED,
    /** Its host ports are closed, and what it asked for is forgotten. */
    HOST_PORTS,
    /** The policy rules, the nf_tables rules and the settings of the pod's namespace. */
    RULES,
    /** The queues that limit its bandwidth. */
    SHAPING,
    /** The IPvlan slave, from inside. */
    SLAVE,
    /** The IPvlan slave, if the namespace cannot be entered. */
    SLAVE_FROM_OUTSIDE,
    /** The veth. */
    VETH,
    /** After an attach: the pool route says again what it said before. */
    PUT_BACK
  }

  /** Hears of every step before it is taken. */
  @FunctionalInterface
  interface Listener {
    Listener NONE = step -> {};

    /**
     * @throws IOException to make the step fail
     */
    void before(Step step) throws IOException;
  }
}
