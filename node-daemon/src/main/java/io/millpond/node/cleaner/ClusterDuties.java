package io.millpond.node.cleaner;

import io.millpond.node.threads.Threads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands for election, and does the cluster's duties while this node has the lease. Two threads:
 * one keeps the lease, one does the duties, so that a slow round does not lose it.
 */
public final class ClusterDuties implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ClusterDuties.class);

  /** How soon a new holder begins, and how often it is looked which duty is due. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** After a bug in a duty. */
  private static final Duration AFTER_A_BUG = Duration.ofMinutes(10);

  private final Election election;
  private final List<Due> duties = new ArrayList<>();
  private final LongSupplier nanos;
  private final Thread elector =
      Thread.ofPlatform().daemon().name("cluster-lease").unstarted(this::elect);
  private final Thread worker =
      Thread.ofPlatform().daemon().name("cluster-duties").unstarted(this::work);

  private static final class Due {
    private final Duty duty;
    private long at;

    Due(Duty duty, long at) {
      this.duty = duty;
      this.at = at;
    }
  }

  /**
   * Ready to stand.
   *
   * @param self names this node and this run of its daemon
   */
  public ClusterDuties(Leases leases, String self, List<Duty> duties) {
    this(leases, self, duties, System::nanoTime, () -> ThreadLocalRandom.current().nextDouble());
  }

  ClusterDuties(
      Leases leases, String self, List<Duty> duties, LongSupplier nanos, DoubleSupplier random) {
    this.election = new Election(leases, self, nanos, random);
    this.nanos = nanos;
    duties.forEach(duty -> this.duties.add(new Due(duty, nanos.getAsLong())));
  }

  /** Begins. */
  public void start() {
    elector.start();
    worker.start();
  }

  /** Whether this node does the duties at this moment. */
  public boolean elected() {
    return election.elected();
  }

  /** What is wrong and only an administrator can put right. */
  public List<String> findings() {
    return Stream.concat(
            election.refusal().stream(),
            election.elected()
                ? duties.stream().flatMap(due -> due.duty.findings().stream())
                : Stream.of())
        .toList();
  }

  private void elect() {
    try {
      Duration pause = election.beforeFirst();
      while (true) {
        Thread.sleep(pause);
        pause = election.turn();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void work() {
    try {
      while (true) {
        Thread.sleep(LOOK);
        if (election.elected()) {
          rounds();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One look at which duties are due. */
  private void rounds() throws InterruptedException {
    for (Due due : duties) {
      if (!election.elected() || nanos.getAsLong() - due.at < 0) {
        continue;
      }
      Duration pause;
      try {
        pause = due.duty.round(election::elected);
      } catch (RuntimeException e) {
        log.error("a bug in a duty of the cluster's", e);
        pause = AFTER_A_BUG;
      }
      due.at = nanos.getAsLong() + pause.toNanos();
    }
  }

  /** Stops, and gives the lease up. */
  @Override
  public void close() {
    Threads.end(worker, elector);
    if (!elector.isAlive()) {
      election.resign();
    }
  }
}
