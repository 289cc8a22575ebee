package io.millpond.node.cleaner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.node.cloud.Cloud;
import io.millpond.node.http.Metrics;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** What a round of sweeping leads to, and that only the elected does rounds. */
class EniSweepTest {
  private static final Cloud.Failure<Cloud.Done> FORBIDDEN =
      new Cloud.Failure<>(
          false,
          "the node's role may not do ec2:DeleteNetworkInterface",
          "allow it",
          Duration.ofMinutes(1));

  private final Metrics metrics = new Metrics();

  /** A cloud of which only {@code sweep} is asked, and which answers as told. */
  private static final class Rounds {
    private final Queue<Cloud.Result<Cloud.Swept>> answers = new ArrayDeque<>();

    Cloud cloud() {
      return (Cloud)
          Proxy.newProxyInstance(
              Rounds.class.getClassLoader(),
              new Class<?>[] {Cloud.class},
              (_, method, _) -> {
                assertThat(method.getName()).isEqualTo("sweep");
                return answers.remove();
              });
    }
  }

  private static Cloud.Result<Cloud.Swept> swept(int left, String... deleted) {
    return new Cloud.Success<>(new Cloud.Swept(List.of(deleted), left, Optional.empty()));
  }

  @Test
  void whatHasToBeSeenAgainIsLookedAtSoonAndTheRestLater() {
    Rounds cloud = new Rounds();
    EniSweep sweep = new EniSweep(cloud.cloud(), metrics);
    cloud.answers.add(swept(2));
    cloud.answers.add(swept(0, "eni-1", "eni-2"));
    assertThat(sweep.round(() -> true)).isEqualTo(EniSweep.SOON);
    assertThat(metrics.scrape()).contains("millpond_left_enis 2.0");
    assertThat(sweep.round(() -> true)).isEqualTo(EniSweep.USUAL);
    assertThat(metrics.scrape())
        .contains("millpond_left_enis_deleted_total 2.0", "millpond_left_enis 0.0");
  }

  @Test
  void aRefusalIsAFindingUntilItIsOver() {
    Rounds cloud = new Rounds();
    EniSweep sweep = new EniSweep(cloud.cloud(), metrics);
    cloud.answers.add(new Cloud.Success<>(new Cloud.Swept(List.of(), 3, Optional.of(FORBIDDEN))));
    cloud.answers.add(FORBIDDEN.as());
    cloud.answers.add(swept(0));
    for (int round = 0; round < 2; round++) {
      assertThat(sweep.round(() -> true)).isEqualTo(EniSweep.USUAL);
      assertThat(sweep.findings())
          .singleElement()
          .asString()
          .contains("ec2:DeleteNetworkInterface", "allow it");
    }
    assertThat(sweep.round(() -> true)).isEqualTo(EniSweep.USUAL);
    assertThat(sweep.findings()).isEmpty();
  }

  /** A lease that a test gives and takes. */
  private static final class GivenLease implements Leases {
    private final AtomicBoolean others = new AtomicBoolean();
    private volatile Optional<Lease> lease = Optional.empty();
    private int version;

    @Override
    public synchronized Optional<Lease> read() {
      return others.get()
          ? Optional.of(new Lease("other", "o" + version++, Election.TERM, 1))
          : lease;
    }

    @Override
    public synchronized boolean create(String holder) {
      lease = Optional.of(new Lease(holder, "v" + version++, Election.TERM, 0));
      return true;
    }

    @Override
    public synchronized boolean update(Lease before, String holder) throws IOException {
      lease = Optional.of(new Lease(holder, "v" + version++, Election.TERM, 0));
      return true;
    }
  }

  @Test
  void onlyWhoIsElectedDoesRoundsAndWhatRunsHearsThatTheLeaseIsOver() throws Exception {
    GivenLease lease = new GivenLease();
    AtomicInteger rounds = new AtomicInteger();
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch over = new CountDownLatch(1);
    Duty duty =
        new Duty() {
          @Override
          public Duration round(BooleanSupplier allowed) throws InterruptedException {
            rounds.incrementAndGet();
            running.countDown();
            while (allowed.getAsBoolean()) {
              Thread.sleep(5);
            }
            over.countDown();
            return Duration.ZERO;
          }

          @Override
          public List<String> findings() {
            return List.of("something");
          }
        };
    // The lease's time is twenty times as fast.
    long began = System.nanoTime();
    try (ClusterDuties duties =
        new ClusterDuties(
            lease, "me", List.of(duty), () -> began + (System.nanoTime() - began) * 20, () -> 0)) {
      assertThat(duties.findings()).isEmpty();
      duties.start();
      assertThat(running.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(duties.elected()).isTrue();
      assertThat(duties.findings()).containsExactly("something");
      lease.others.set(true);
      assertThat(over.await(20, TimeUnit.SECONDS)).as("the round ends").isTrue();
      await().atMost(Duration.ofSeconds(10)).until(() -> !duties.elected());
      int before = rounds.get();
      await().during(Duration.ofSeconds(2)).until(() -> rounds.get() == before);
      assertThat(duties.findings()).isEmpty();
    }
    assertThat(lease.lease).map(Leases.Lease::holder).contains("me");
  }
}
