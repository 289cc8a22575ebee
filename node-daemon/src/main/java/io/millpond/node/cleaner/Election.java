package io.millpond.node.cleaner;

import io.millpond.node.cleaner.Leases.Lease;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node has the lease, and when to look at it again. No clock is compared with another
 * machine's: a lease has ended when this node has seen it unchanged for its whole term.
 *
 * <p>The rate: who has the lease renews it every thirty seconds (two requests). Everybody else
 * looks when it would end if it were not renewed, and up to {@link #SPREAD} later: every four
 * minutes on average, which are eight small requests a second of 2,000 nodes. Watching it would
 * cost each of them an event every thirty seconds, sixty-six a second in all; the usual elections
 * of Kubernetes' clients ask every two seconds.
 *
 * <p>{@link #turn} is for one thread; {@link #elected} for any.
 */
final class Election {
  private static final Logger log = LoggerFactory.getLogger(Election.class);

  /** Without renewal it goes to somebody else after this. */
  static final Duration TERM = Duration.ofMinutes(2);

  static final Duration RENEW = Duration.ofSeconds(30);

  /** Candidates look again within this time after a lease may have ended. */
  static final Duration SPREAD = Duration.ofMinutes(4);

  /** The holder stops so long before the others may think that it has ended. */
  static final Duration MARGIN = Duration.ofSeconds(20);

  /** After a request that failed; the holder has four tries in its term. */
  private static final Duration AGAIN = Duration.ofSeconds(10);

  /** A term that somebody else wrote is believed up to here. */
  private static final Duration LONGEST_TERM = Duration.ofHours(1);

  private final Leases leases;
  private final String self;
  private final LongSupplier nanos;
  private final DoubleSupplier random;

  /** Until when this node may act, by {@link #nanos}; null: not at all. */
  private volatile @Nullable Long until;

  private volatile @Nullable String refusal;
  private boolean failing;

  /** The lease as last read, and since when it has been so. */
  private @Nullable Seen seen;

  private record Seen(Lease lease, long since) {}

  /**
   * A candidate.
   *
   * @param self tells this run of this node from every other, and says which node it is
   * @param nanos a monotonic clock
   * @param random from 0 to 1
   */
  Election(Leases leases, String self, LongSupplier nanos, DoubleSupplier random) {
    this.leases = leases;
    this.self = self;
    this.nanos = nanos;
    this.random = random;
  }

  /** Whether this node may act at this moment. */
  boolean elected() {
    Long end = until;
    return end != null && nanos.getAsLong() - end < 0;
  }

  /** Why this node may not use the lease, if it may not. */
  Optional<String> refusal() {
    return Optional.ofNullable(refusal);
  }

  /** Before the first look: nodes that start together do not ask together. */
  Duration beforeFirst() {
    return part(SPREAD);
  }

  /** Looks, takes or renews. How long to wait before the next time. */
  Duration turn() {
    long asked = nanos.getAsLong();
    try {
      Optional<Lease> lease = leases.read();
      Duration next =
          lease.isEmpty() ? take(leases.create(self), asked) : consider(lease.get(), asked);
      refusal = null;
      failing = false;
      return next;
    } catch (IOException e) {
      if (!failing) {
        log.warn("the lease of the cluster's duties cannot be used: {}", e.getMessage());
      }
      failing = true;
      // A server that is away comes back by itself; every node would report it.
      refusal = e instanceof Leases.RefusedException ? e.getMessage() : null;
      return elected() ? AGAIN : TERM.plus(part(SPREAD));
    }
  }

  private Duration consider(Lease lease, long asked) throws IOException {
    Seen before = seen;
    if (before == null || !before.lease().equals(lease)) {
      before = new Seen(lease, asked);
      seen = before;
    }
    if (lease.holder().equals(self) || lease.holder().isEmpty()) {
      return take(leases.update(lease, self), asked);
    }
    if (until != null) {
      log.warn("the lease of the cluster's duties is {}'s now", lease.holder());
      until = null;
    }
    Duration left = term(lease).minusNanos(asked - before.since());
    if (left.isNegative() || left.isZero()) {
      log.info("{} has not renewed its lease for {} s", lease.holder(), term(lease).toSeconds());
      return take(leases.update(lease, self), asked);
    }
    return left.plus(part(SPREAD));
  }

  private Duration take(boolean taken, long asked) {
    if (!taken) {
      until = null;
      seen = null;
      return TERM.plus(part(SPREAD));
    }
    if (until == null) {
      log.info("this node has the lease of the cluster's duties");
    }
    until = asked + TERM.minus(MARGIN).toNanos();
    return RENEW;
  }

  private static Duration term(Lease lease) {
    Duration term = lease.term().compareTo(LONGEST_TERM) > 0 ? LONGEST_TERM : lease.term();
    return term.compareTo(TERM) < 0 ? TERM : term;
  }

  private Duration part(Duration of) {
    return Duration.ofMillis((long) (of.toMillis() * random.getAsDouble()));
  }

  /** Gives the lease up, so that the next one who looks may have it. */
  void resign() {
    if (!elected()) {
      return;
    }
    until = null;
    try {
      Optional<Lease> lease = leases.read();
      if (lease.isPresent() && lease.get().holder().equals(self)) {
        boolean _ = leases.update(lease.get(), "");
      }
    } catch (IOException e) {
      log.info("the lease of the cluster's duties was not given up, it ends: {}", e.getMessage());
    }
  }
}
