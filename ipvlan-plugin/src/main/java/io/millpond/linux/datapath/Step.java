package io.millpond.linux.datapath;

import java.io.IOException;

/** The steps of an attach, in their order. Before each the attach may be made to fail. */
enum Step {
  /** Is the attachment, or an interface of that name, there already? */
  LOOK,
  /** The namespace's settings. */
  SETTINGS,
  /** The veth with its record: the lock. */
  VETH,
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
  /** Links up, neighbours, routes and policy rules in the pod. */
  POD_SIDE,
  /** The record says: complete. */
  RECORD;

  /** Hears of every step before it is taken. */
  @FunctionalInterface
  interface Listener {
    Listener NONE = step -> {};

    /**
     * @throws IOException to make the attach fail here
     */
    void before(Step step) throws IOException;
  }
}
