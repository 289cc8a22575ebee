package io.millpond.node.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallAllowance;
import io.millpond.node.pods.AddOutcome;
import io.millpond.simulator.conditions.Fault;
import io.millpond.simulator.conditions.FaultRule;
import io.millpond.simulator.conditions.Outage;
import io.millpond.simulator.conditions.RateLimit;
import io.millpond.simulator.conditions.Throttle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Bad days of EC2 while a node grows and gives back: nothing is leaked, nothing is destroyed that
 * is in use, EC2 is not called more than the node's budget allows, and whoever waits in vain is
 * told why. Times of EC2 are a tenth of what they stand for.
 */
@Tag("crash")
class WeatherTest {
  private static final List<String> CHANGES =
      List.of(
          "CreateNetworkInterface",
          "AttachNetworkInterface",
          "ModifyNetworkInterfaceAttribute",
          "AssignPrivateIpAddresses",
          "UnassignPrivateIpAddresses",
          "DetachNetworkInterface",
          "DeleteNetworkInterface");
  private static final String[] PODS = {"a", "b", "c", "d", "e"};

  private static final String SILENT = "EC2|ordered";

  /** How much faster than the machine's the node's time runs while a pod waits. */
  private static final int HASTE = 10;

  /** What EC2 does. */
  enum Weather {
    /** Other nodes take nearly every token of the account's buckets, which are EC2's defaults. */
    THROTTLING("45s", "RequestLimitExceeded|budget") {
      @Override
      void comes(CrashWorld world, Neighbours neighbours) {
        neighbours.come();
      }
    },
    /** Every call takes five seconds. */
    SLOWNESS("5s", SILENT) {
      @Override
      void comes(CrashWorld world, Neighbours neighbours) {
        world.aws.conditions().adjust(settings -> settings.withLatencyMillis(500));
      }
    },
    /** Calls take effect and are never answered: of every action the first, the third and so on. */
    LOST_ANSWERS("5s", SILENT) {
      @Override
      void comes(CrashWorld world, Neighbours neighbours) {
        for (String action : CHANGES) {
          for (int i = 0; i < 3; i++) {
            world
                .aws
                .conditions()
                .faults()
                .add(new FaultRule(action, null, i == 0 ? 0 : 1, 1, new Fault.NoAnswer()));
          }
        }
      }
    },
    /** Nobody listens. */
    REFUSAL("5s", "cannot be reached.*Connection refused|Connection refused.*cannot be reached") {
      @Override
      void comes(CrashWorld world, Neighbours neighbours) {
        world.aws.ec2Outage(Outage.REFUSED);
      }
    },
    /** Everything is answered with 503. */
    UNAVAILABILITY("5s", "HTTP status 503") {
      @Override
      void comes(CrashWorld world, Neighbours neighbours) {
        world.aws.ec2Outage(Outage.UNAVAILABLE);
      }
    },
    /** Everybody listens and nobody answers. */
    SILENCE("5s", SILENT) {
      @Override
      void comes(CrashWorld world, Neighbours neighbours) {
        world.aws.ec2Outage(Outage.HANG);
      }
    };

    /** Whoever waits for this long waits in vain. Throttled calls are first tried again. */
    private final String addWait;

    /** What somebody who waits in vain is told. */
    private final String told;

    Weather(String addWait, String told) {
      this.addWait = addWait;
      this.told = told;
    }

    abstract void comes(CrashWorld world, Neighbours neighbours);

    private static void goes(CrashWorld world) {
      world.aws.ec2Outage(Outage.NONE);
      world.aws.conditions().faults().clear();
      world.aws.conditions().throttle().replaceAll(Map.of());
      world.aws.conditions().adjust(settings -> settings.withLatencyMillis(0));
    }
  }

  /** The rest of the region. */
  static final class Neighbours implements AutoCloseable {
    /** At first they are many: a token is there one time in twenty. */
    private static final Duration OFTEN = Duration.ofMillis(10);

    /** A token is there one time in three: five come in a second. */
    private static final Duration SELDOM = Duration.ofMillis(300);

    private final Throttle throttle;
    private final Thread thread =
        Thread.ofPlatform().daemon().name("neighbours").unstarted(this::take);
    private volatile Duration pause = OFTEN;

    Neighbours(CrashWorld world) {
      throttle = world.aws.conditions().throttle();
    }

    /** A burst has emptied the buckets when this returns. */
    void come() {
      throttle.replaceAll(Throttle.aws());
      drain();
      thread.start();
    }

    void becomeFewer() {
      pause = SELDOM;
    }

    private void drain() {
      for (String bucket : Throttle.aws().keySet()) {
        String action = bucket.replace(Throttle.UNFILTERED, "");
        while (throttle.take(action, bucket.endsWith(Throttle.UNFILTERED))) {}
      }
    }

    private void take() {
      try {
        while (true) {
          Thread.sleep(pause);
          drain();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    void leave() {
      thread.interrupt();
    }

    @Override
    public void close() {
      leave();
    }
  }

  private static CrashWorld world(Weather weather) throws InterruptedException {
    CrashWorld world =
        new CrashWorld(
            CrashWorld.Bugs.NONE,
            Map.of("MILLPOND_ADD_WAIT", weather.addWait),
            Duration.ofSeconds(1));
    world.withOnePod();
    world.aws.conditions().calls().clear();
    return world;
  }

  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("weather-", 0).factory());

  @AfterAll
  static void stop() {
    THREADS.shutdownNow();
  }

  /** All at once: they mostly wait. */
  @TestFactory
  Stream<DynamicTest> nodesOutliveIt() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Weather weather : Weather.values()) {
      tests.add(begun("growth under " + weather, () -> growthOutlivesIt(weather)));
      tests.add(begun("giving back under " + weather, () -> givingBackOutlivesIt(weather)));
    }
    return tests.stream();
  }

  private interface Run {
    void run() throws InterruptedException;
  }

  private static DynamicTest begun(String name, Run run) {
    Future<Boolean> done =
        THREADS.submit(
            () -> {
              run.run();
              return true;
            });
    return DynamicTest.dynamicTest(name, () -> assertThat(done.get(3, TimeUnit.MINUTES)).isTrue());
  }

  private static void growthOutlivesIt(Weather weather) throws InterruptedException {
    try (CrashWorld world = world(weather);
        Neighbours neighbours = new Neighbours(world)) {
      long began = world.clock.get().millis();
      weather.comes(world, neighbours);
      List<String> told = new ArrayList<>();
      for (String pod : PODS) {
        if (addedInHaste(world, pod) instanceof AddOutcome.NoAddress none) {
          told.add(none.cause());
          assertThat(none.remedy()).as("what can be done about %s", none.cause()).isNotEmpty();
          world.pods.deleted(pod);
          neighbours.becomeFewer();
        }
        world.invariants.checkOwners();
      }
      assertThat(told).as("somebody waited in vain").isNotEmpty();
      assertThat(told.getFirst()).as("what the pod is told").containsPattern(weather.told);
      passAMinute(world);
      checkCalls(world, began);
      neighbours.leave();
      Weather.goes(world);
      for (String pod : PODS) {
        if (world.kernel.addressOf(PodRuntime.key(pod)).isEmpty()) {
          world.pods.awaitAdded(pod);
        }
      }
      world.comesToRest();
    }
  }

  private static void givingBackOutlivesIt(Weather weather) throws InterruptedException {
    try (CrashWorld world = world(weather);
        Neighbours neighbours = new Neighbours(world)) {
      for (String pod : PODS) {
        world.pods.awaitAdded(pod);
        world.pass(Duration.ofSeconds(1), world::calm);
      }
      world.aws.conditions().calls().clear();
      long began = world.clock.get().millis();
      weather.comes(world, neighbours);
      neighbours.becomeFewer();
      for (String pod : PODS) {
        world.pods.deleted(pod);
      }
      world.invariants.checkOwners();
      for (int i = 0; i < 4; i++) {
        passAMinute(world);
        world.invariants.checkOwners();
      }
      checkCalls(world, began);
      neighbours.leave();
      Weather.goes(world);
      world.comesToRest();
    }
  }

  /** ADD, while EC2's times and the node's go alike. */
  private static AddOutcome addedInHaste(CrashWorld world, String pod) throws InterruptedException {
    Future<AddOutcome> adding = THREADS.submit(() -> world.pods.add(pod));
    long before = System.nanoTime();
    while (true) {
      try {
        return adding.get(10, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        long now = System.nanoTime();
        world.clock.advance(Duration.ofNanos(now - before).multipliedBy(HASTE - 1));
        before = now;
      } catch (ExecutionException e) {
        throw new AssertionError("ADD of " + pod, e.getCause());
      }
    }
  }

  /** In steps, so that whatever is tried again is. */
  private static void passAMinute(CrashWorld world) throws InterruptedException {
    int[] steps = {0};
    world.pass(Duration.ofSeconds(1), () -> steps[0]++ == 60);
  }

  /** What the node may take of the account's: at once, and then every second. */
  private record Share(int atOnce, double everySecond) {
    long most(Duration time) {
      return (long) (atOnce + everySecond * time.toMillis() / 1000);
    }
  }

  /**
   * EC2 grants an account at once and every second (Amazon EC2 API throttling, request token bucket
   * sizes and refill rates) 100 and 20 DescribeNetworkInterfaces, 50 and 5 of
   * AttachNetworkInterface and DetachNetworkInterface, 100 and 5 of the other changes: this is a
   * fifth and a tenth of that or less.
   */
  private static final Map<String, Share> SHARES =
      Map.of(
          "DescribeNetworkInterfaces", new Share(20, 1),
          "CreateNetworkInterface", new Share(10, 0.5),
          "AttachNetworkInterface", new Share(10, 0.5),
          "ModifyNetworkInterfaceAttribute", new Share(10, 0.5),
          "AssignPrivateIpAddresses", new Share(20, 0.5),
          "UnassignPrivateIpAddresses", new Share(10, 0.5),
          "DetachNetworkInterface", new Share(10, 0.5),
          "DeleteNetworkInterface", new Share(10, 0.5));

  @Test
  void theNodesBudgetIsItsShare() {
    Duration time = Duration.ofMinutes(2);
    SHARES.forEach(
        (action, share) -> {
          int most = (int) share.most(time);
          assertThat(CallAllowance.most(action, time)).as(action).isBetween(most - 1, most);
          RateLimit account = Objects.requireNonNull(Throttle.aws().get(action));
          assertThat((double) share.atOnce())
              .as(action)
              .isLessThanOrEqualTo(account.capacity() / 5);
          assertThat(share.everySecond())
              .as(action)
              .isLessThanOrEqualTo(account.refillPerSecond() / 10);
        });
  }

  /** No more than its share, and of looks no more than a sane node needs. */
  private static void checkCalls(CrashWorld world, long began) {
    Duration time = Duration.ofMillis(world.clock.get().millis() - began);
    var calls = world.aws.conditions().calls();
    SHARES.forEach(
        (action, share) ->
            assertThat(calls.count(action)).as(action).isLessThanOrEqualTo(share.most(time)));
    assertThat(calls.count("DescribeNetworkInterfaces"))
        .as("looks in %s", time)
        .isLessThanOrEqualTo(time.toSeconds() / 5 + 5);
  }
}
