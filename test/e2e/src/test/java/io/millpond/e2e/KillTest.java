package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * kill -9 of the daemon and of plugins in the middle of their work, and standbys that take over.
 * What each round took is printed as it goes.
 */
@Tag("kill")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class KillTest {
  private static final int WARM = 12;
  private static final int ROUNDS = 10;
  private static final int ADDS = 20;
  private static final int DELS = 10;

  /** Of a stream: what the node has room for. */
  private static final int MOST = 24;

  /** Of the moments that are times: the burst lasts longer. */
  private static final int BURST_MILLIS = 1500;

  /** A JVM's work in an emulated machine; 1 s on a node. */
  private static final Duration TAKEN_OVER = Duration.ofSeconds(45);

  private final List<Stream> streams = new ArrayList<>();
  private Node node;
  private Crowd crowd;

  @SuppressWarnings("NullAway.Init")
  KillTest() {}

  @BeforeAll
  void start(Vpc vpc) {
    node =
        vpc.launch(
            "kill-a",
            "t3.xlarge",
            Vpc.SUBNET_1,
            Map.of(
                "WARM_IP_TARGET",
                String.valueOf(WARM),
                "IP_COOLDOWN_PERIOD",
                "1s",
                "MILLPOND_RELEASE_DELAY",
                "2s",
                "MILLPOND_RECONCILE_PERIOD",
                "2s"));
    node.start().awaitSize(WARM, 1);
    crowd = new Crowd(vpc, node);
  }

  @AfterAll
  void stop() {
    crowd.close();
    node.close();
  }

  @AfterEach
  void removePods() {
    streams.forEach(Stream::finish);
    streams.clear();
    crowd.leave();
    node.awaitSize(WARM, 1);
    node.awaitPool("nobody rests", pool -> pool.at("/counts/free").asInt() == WARM);
  }

  @Test
  void killedAtTenMomentsOfABurstNothingIsLostAndNothingIsLeft() {
    Random random = Crowd.printedSeed();
    Crowd.finish(IntStream.range(0, DELS).mapToObj(i -> crowd.starting("kill-0-" + i)).toList());
    for (int round = 1; round <= ROUNDS; round++) {
      boolean standby = random.nextBoolean();
      if (standby) {
        node.launchStandby();
      }
      int before = crowd.runtime().answers();
      long began = System.nanoTime();
      List<CompletableFuture<Void>> burst = burst(round);
      boolean byAnswers = random.nextBoolean();
      int moment = random.nextInt(byAnswers ? ADDS + DELS : BURST_MILLIS);
      await("the moment")
          .atMost(Duration.ofMinutes(1))
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(1))
          .until(
              () ->
                  byAnswers
                      ? crowd.runtime().answers() - before >= moment
                      : System.nanoTime() - began >= moment * 1_000_000L);
      int plugins = crowd.kill(random);
      System.err.printf(
          "round %d: killed after %d %s, %d answers, with %d plugins; %s%n",
          round,
          moment,
          byAnswers ? "answers" : "ms",
          crowd.runtime().answers() - before,
          plugins,
          standby ? "a standby takes over" : "started again");
      if (!standby) {
        node.launch();
      }
      node.awaitReady();
      String served = seconds(began);
      Crowd.finish(burst);
      String ended = seconds(began);
      crowd.agrees();
      String agreed = seconds(began);
      crowd.stop(crowd.allBut(DELS));
      System.err.printf(
          "round %d: served again at %s s, all answered at %s, agreed at %s, over at %s%n",
          round, served, ended, agreed, seconds(began));
    }
  }

  private static String seconds(long began) {
    return "%.1f".formatted((System.nanoTime() - began) / 1e9);
  }

  private List<CompletableFuture<Void>> burst(int round) {
    List<CompletableFuture<Void>> burst = new ArrayList<>();
    List<Pod> leaving = crowd.some(DELS);
    for (int i = 0; i < ADDS; i++) {
      burst.add(crowd.starting("kill-%d-%d".formatted(round, i)));
      if (i < leaving.size()) {
        burst.add(crowd.stopping(leaving.get(i)));
      }
    }
    return burst;
  }

  /** An ADD a second. */
  private final class Stream {
    private final List<CompletableFuture<Void>> adds = new CopyOnWriteArrayList<>();
    private final AtomicBoolean over = new AtomicBoolean();
    private final CompletableFuture<Void> feeder;

    Stream(String prefix) {
      streams.add(this);
      feeder =
          crowd.async(
              () -> {
                while (!over.get() && adds.size() < MOST) {
                  adds.add(crowd.starting(prefix + "-" + adds.size()));
                  LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
                }
              });
    }

    /** Waits until so many ADDs have succeeded. */
    void await(int succeeded) {
      Awaitility.await("ADDs succeed")
          .atMost(Duration.ofMinutes(1))
          .until(() -> adds.stream().filter(CompletableFuture::isDone).count() >= succeeded);
    }

    /** Waits until so many more ADDs have begun. */
    void goOn(int more) {
      int enough = Math.min(MOST, adds.size() + more);
      Awaitility.await("ADDs begin")
          .atMost(Duration.ofMinutes(1))
          .until(() -> adds.size() >= enough);
    }

    /** No further ADD, and the end of all. */
    void finish() {
      over.set(true);
      feeder.join();
      Crowd.finish(adds);
    }
  }

  @Test
  void aStandbyTakesOverFromAKilledDaemonAndNoAddIsLost() {
    node.launchStandby();
    List<CompletableFuture<Void>> dels = new ArrayList<>();
    Stream stream = new Stream("taken");
    stream.await(10);
    List<Pod> leaving = crowd.some(3);

    node.kill();

    long killed = System.nanoTime();
    leaving.forEach(pod -> dels.add(crowd.stopping(pod)));
    node.awaitReady();
    assertThat(Duration.ofNanos(System.nanoTime() - killed))
        .as("from the kill to the standby's service")
        .isLessThan(TAKEN_OVER);
    stream.goOn(3);
    stream.finish();
    Crowd.finish(dels);
    assertThat(crowd.runtime().takeRefused())
        .as("ADDs that were to be tried again, and said so")
        .allSatisfy(
            ran -> assertThat(Pod.document(ran).at("/code").asInt()).as("%s", ran).isEqualTo(11));
    crowd.agrees();
  }

  @Test
  void anOrderlyHandOverFailsNoAddAndNoDel() {
    node.launchStandby();
    Stream stream = new Stream("handed");
    stream.await(10);

    node.stop();

    node.awaitReady();
    stream.goOn(3);
    stream.finish();
    assertThat(crowd.runtime().takeRefused()).as("ADDs that failed").isEmpty();
    crowd.agrees();
  }
}
