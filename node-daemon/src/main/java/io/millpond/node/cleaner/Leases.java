package io.millpond.node.cleaner;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** The lease of the cluster's duties, wherever it is kept. Methods block; for one thread. */
public interface Leases {
  /**
   * The lease as it is; empty if there is none.
   *
   * @throws IOException if that cannot be found out; what failed and why
   */
  Optional<Lease> read() throws IOException;

  /**
   * Makes the lease, with this node as its holder.
   *
   * @return false if somebody was quicker
   * @throws IOException if it is not known whether it worked
   */
  boolean create(String holder) throws IOException;

  /**
   * Takes or renews the lease.
   *
   * @param before as it was read: if it is not so any more, nothing happens
   * @param holder who has it from now on; empty gives it up
   * @return false if somebody was quicker
   * @throws IOException if it is not known whether it worked
   */
  boolean update(Lease before, String holder) throws IOException;

  /** This node may not use the lease: only an administrator can put that right. */
  final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
      super(message);
    }
  }

  /**
   * A lease.
   *
   * @param holder empty if nobody has it
   * @param version changes with every change of the object
   * @param term how long it lasts without being renewed, as its holder says
   * @param transitions how often it has gone to somebody else
   */
  record Lease(String holder, String version, Duration term, long transitions) {}
}
