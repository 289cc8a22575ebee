package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * More ADDs and DELs at once than a runtime has pods, for some pods both, in random order, while
 * the daemon and plugins are killed. Afterwards everything agrees, and when all pods are gone as
 * much is left of links, addresses, routes, rules, neighbours and nf_tables as was there before.
 */
@ExtendWith(Scenarios.class)
class ConcurrencyTest {
  private static final int ROUNDS = 3;

  /**
   * A call of the plugin.
   *
   * @param pod its number
   */
  private record Call(boolean add, int pod) {}

  @Test
  @Tag("kill")
  void sixtyCallsForFortyPodsAtOnce(Vpc vpc) {
    scenario(vpc, "crowd-a", "t3.xlarge", 56, 40, 60);
  }

  @Test
  @Tag("kill-long")
  void twoHundredCallsForAHundredAndTenPodsAtOnce(Vpc vpc) {
    scenario(vpc, "crowd-b", "m5.4xlarge", 140, 110, 200);
  }

  /** A pool that neither grows nor shrinks, so that everything that differs is a pod's. */
  private static void scenario(Vpc vpc, String name, String type, int size, int pods, int calls) {
    Random random = Crowd.printedSeed();
    try (Node node =
        vpc.launch(
            name,
            type,
            Vpc.SUBNET_1,
            Map.of(
                "WARM_IP_TARGET",
                "1",
                "MINIMUM_IP_TARGET",
                String.valueOf(size),
                "IP_COOLDOWN_PERIOD",
                "1s",
                "MILLPOND_RECONCILE_PERIOD",
                "2s"))) {
      node.start();
      node.awaitPool("a pool of " + size, pool -> pool.at("/counts/free").asInt() == size);
      try (Crowd crowd = new Crowd(vpc, node)) {
        for (int round = 1; round <= ROUNDS; round++) {
          String prefix = name + "-" + round;
          Scenarios.leavingNothing(
              node, () -> round(node, crowd, random, prefix, size, pods, calls));
        }
      }
    }
  }

  private static void round(
      Node node, Crowd crowd, Random random, String prefix, int size, int pods, int calls) {
    List<Pod> both =
        IntStream.range(0, calls - pods).mapToObj(i -> new Pod(node, prefix + "-" + i)).toList();
    List<Call> order = new ArrayList<>();
    IntStream.range(0, pods).forEach(i -> order.add(new Call(true, i)));
    IntStream.range(0, both.size()).forEach(i -> order.add(new Call(false, i)));
    Collections.shuffle(order, random);
    int before = crowd.runtime().answers();
    int moment = random.nextInt(calls);
    List<CompletableFuture<Void>> burst = new ArrayList<>();
    for (Call call : order) {
      burst.add(
          call.pod() >= both.size()
              ? crowd.starting(prefix + "-" + call.pod())
              : call.add()
                  ? crowd.async(() -> crowd.runtime().add(both.get(call.pod())))
                  : crowd.stopping(both.get(call.pod())));
    }
    await("the moment")
        .atMost(Duration.ofMinutes(2))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> crowd.runtime().answers() - before >= moment);
    int killed = crowd.kill(random);
    System.err.printf("killed after %d answers, with %d plugins%n", moment, killed);
    node.launch();
    node.awaitReady();
    Crowd.finish(burst);
    // Whichever of the two came last: the runtime wants none of these.
    crowd.stop(both);
    crowd.agrees();
    crowd.leave();
    node.awaitPool("nobody rests", pool -> pool.at("/counts/free").asInt() == size);
  }
}
