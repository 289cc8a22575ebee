package io.millpond.node.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallAllowance;
import io.millpond.node.pods.AddOutcome;
import io.millpond.simulator.conditions.Fault;
import io.millpond.simulator.conditions.FaultRule;
import io.millpond.simulator.conditions.Outage;
import io.millpond.simulator.conditions.RateLimit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
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
  private static final List<String> CALLS =
      Stream.concat(Stream.of("DescribeNetworkInterfaces"), CHANGES.stream()).toList();
  private static final String[] PODS = {"a", "b", "c", "d", "e"};

  private static final String SILENT =
      "EC2 was asked \\d+ s ago and has not done it: it is slow or does not answer";

  /** What EC2 does. */
  enum Weather {
    /** The account's token buckets are nearly empty. */
    THROTTLING("RequestLimitExceeded") {
      @Override
      void comes(CrashWorld world) {
        Map<String, RateLimit> buckets = new TreeMap<>();
        CHANGES.forEach(action -> buckets.put(action, new RateLimit(1, 2)));
        buckets.put("DescribeNetworkInterfaces", new RateLimit(2, 2));
        world.aws.conditions().throttle().replaceAll(buckets);
      }
    },
    /** Every call takes five seconds. */
    SLOWNESS(SILENT) {
      @Override
      void comes(CrashWorld world) {
        world.aws.conditions().adjust(settings -> settings.withLatencyMillis(500));
      }
    },
    /** Calls take effect and are never answered: of every action the first, the third and so on. */
    LOST_ANSWERS(SILENT) {
      @Override
      void comes(CrashWorld world) {
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
    REFUSAL("cannot be reached.*Connection refused|Connection refused.*cannot be reached") {
      @Override
      void comes(CrashWorld world) {
        world.aws.ec2Outage(Outage.REFUSED);
      }

      @Override
      boolean total() {
        return true;
      }
    },
    /** Everything is answered with 503. */
    UNAVAILABILITY("HTTP status 503") {
      @Override
      void comes(CrashWorld world) {
        world.aws.ec2Outage(Outage.UNAVAILABLE);
      }

      @Override
      boolean total() {
        return true;
      }
    },
    /** Everybody listens and nobody answers. */
    SILENCE(SILENT) {
      @Override
      void comes(CrashWorld world) {
        world.aws.ec2Outage(Outage.HANG);
      }

      @Override
      boolean total() {
        return true;
      }
    };

    /** What somebody who waits in vain is told. */
    private final String told;

    Weather(String told) {
      this.told = told;
    }

    abstract void comes(CrashWorld world);

    /** Whether nothing can grow until it is over. */
    boolean total() {
      return false;
    }

    private static void goes(CrashWorld world) {
      world.aws.ec2Outage(Outage.NONE);
      world.aws.conditions().faults().clear();
      world.aws.conditions().throttle().replaceAll(Map.of());
      world.aws.conditions().adjust(settings -> settings.withLatencyMillis(0));
    }
  }

  private static CrashWorld world() throws InterruptedException {
    CrashWorld world =
        new CrashWorld(
            CrashWorld.Bugs.NONE, Map.of("MILLPOND_ADD_WAIT", "5s"), Duration.ofSeconds(1));
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
    try (CrashWorld world = world()) {
      long began = world.clock.get().millis();
      weather.comes(world);
      boolean refused = false;
      for (String pod : PODS) {
        if (world.pods.add(pod) instanceof AddOutcome.NoAddress none) {
          refused = true;
          assertThat(none.cause()).as("what the pod is told").containsPattern(weather.told);
          assertThat(none.remedy()).as("what can be done about %s", none.cause()).isNotEmpty();
          world.pods.deleted(pod);
        }
        world.invariants.checkOwners();
      }
      assertThat(refused || !weather.total()).as("somebody waited in vain").isTrue();
      passAMinute(world);
      checkCalls(world, began);
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
    try (CrashWorld world = world()) {
      for (String pod : PODS) {
        world.pods.awaitAdded(pod);
        world.pass(Duration.ofSeconds(1), world::calm);
      }
      world.aws.conditions().calls().clear();
      long began = world.clock.get().millis();
      weather.comes(world);
      for (String pod : PODS) {
        world.pods.deleted(pod);
      }
      world.invariants.checkOwners();
      for (int i = 0; i < 4; i++) {
        passAMinute(world);
        world.invariants.checkOwners();
      }
      checkCalls(world, began);
      Weather.goes(world);
      world.comesToRest();
    }
  }

  /** In steps, so that whatever is tried again is. */
  private static void passAMinute(CrashWorld world) throws InterruptedException {
    int[] steps = {0};
    world.pass(Duration.ofSeconds(1), () -> steps[0]++ == 60);
  }

  /** No more than the node's own budget allows. */
  private static void checkCalls(CrashWorld world, long began) {
    Duration time = Duration.ofMillis(world.clock.get().millis() - began);
    var calls = world.aws.conditions().calls();
    for (String action : CALLS) {
      assertThat(calls.count(action))
          .as(action)
          .isLessThanOrEqualTo(CallAllowance.most(action, time));
    }
  }
}
