package io.millpond.node.crash;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.slf4j.LoggerFactory;

/**
 * A fault at every step of ADD, DEL, growth, release and start. Each scenario runs once to record
 * its steps, and then once for each step and each kind of fault.
 */
@Tag("crash")
class EveryStepTest {
  /** They mostly wait. */
  private static final int AT_ONCE = 16;

  /** Work that runs side by side may take another order than when it was recorded. */
  private static final int TRIES = 10;

  /** Those without which the scenarios would not be what their names say. */
  private static final List<String> KINDS =
      List.of(
          "EC2: CreateNetworkInterface",
          "EC2: AttachNetworkInterface",
          "EC2: ModifyNetworkInterfaceAttribute",
          "EC2: AssignPrivateIpAddresses",
          "EC2: UnassignPrivateIpAddresses",
          "EC2: DetachNetworkInterface",
          "EC2: DeleteNetworkInterface",
          "attach: demands",
          "attach: shaping",
          "attach: host ports",
          "attach: record",
          "detach: host ports",
          "detach: shaping",
          "detach: veth",
          "undo: route",
          "care: pod",
          "EC2: DescribeSubnets",
          "host: ENI marked",
          "host: routes forgotten");

  private static final ExecutorService THREADS =
      Executors.newFixedThreadPool(
          AT_ONCE, Thread.ofPlatform().daemon().name("case-", 0).factory());

  /** They wait for those. */
  private static final ExecutorService SEEKERS =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("seeker-", 0).factory());

  private static final Map<Scenario, List<String>> RECORDED = new EnumMap<>(Scenario.class);
  private static final Logger LOG = (Logger) LoggerFactory.getLogger("io.millpond");
  private static @Nullable Level before;
  private static Thread.@Nullable UncaughtExceptionHandler handler;

  private static void quiet() {
    System.setProperty("aws.accessKeyId", "AKIDTEST");
    System.setProperty("aws.secretAccessKey", "secret");
    before = LOG.getLevel();
    LOG.setLevel(Level.OFF);
    handler = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, e) -> {
          if (!(e instanceof Life.Death)) {
            e.printStackTrace();
          }
        });
  }

  /** While nothing else runs: on a busy machine work that runs side by side takes other orders. */
  @BeforeAll
  static void recordAll() throws Exception {
    quiet();
    Map<Scenario, Future<List<String>>> recordings = new EnumMap<>(Scenario.class);
    for (Scenario scenario : Scenario.values()) {
      recordings.put(scenario, THREADS.submit(() -> CrashCase.record(scenario)));
    }
    for (Map.Entry<Scenario, Future<List<String>>> recording : recordings.entrySet()) {
      RECORDED.put(recording.getKey(), recording.getValue().get());
    }
  }

  private static List<String> recorded(Scenario scenario) {
    return Objects.requireNonNull(RECORDED.get(scenario), "every scenario is recorded");
  }

  @AfterAll
  static void restore() {
    SEEKERS.shutdownNow();
    THREADS.shutdownNow();
    LOG.setLevel(before);
    Thread.setDefaultUncaughtExceptionHandler(handler);
    System.clearProperty("aws.accessKeyId");
    System.clearProperty("aws.secretAccessKey");
  }

  @TestFactory
  Stream<DynamicTest> nothingIsLostWhateverFails() {
    List<DynamicTest> tests = new ArrayList<>();
    Set<String> steps = new TreeSet<>();
    for (Scenario scenario : Scenario.values()) {
      steps.addAll(recorded(scenario));
      for (Fault fault : faults(recorded(scenario))) {
        Future<Boolean> run = THREADS.submit(() -> untilTaken(scenario, fault));
        tests.add(DynamicTest.dynamicTest(scenario + ": " + fault, () -> result(run)));
      }
    }
    tests.add(
        DynamicTest.dynamicTest(
            "every kind of step was recorded", () -> assertThat(steps).containsAll(KINDS)));
    return tests.stream();
  }

  @TestFactory
  Stream<DynamicTest> everyPlantedBugIsFound() {
    List<DynamicTest> tests = new ArrayList<>();
    for (PlantedBug bug : PlantedBug.values()) {
      Future<Boolean> found = SEEKERS.submit(() -> found(bug));
      tests.add(
          DynamicTest.dynamicTest(
              bug.name(),
              () ->
                  assertThat(found.get(5, TimeUnit.MINUTES))
                      .as("a run failed with: %s", bug.caughtBy)
                      .isTrue()));
    }
    return tests.stream();
  }

  private static boolean found(PlantedBug bug) throws InterruptedException {
    List<Future<Boolean>> runs = new ArrayList<>();
    for (Fault fault : faults(recorded(bug.scenario))) {
      if (fault.step().startsWith(bug.step)) {
        runs.add(THREADS.submit(() -> CrashCase.run(bug.scenario, fault, bug)));
      }
    }
    boolean found = false;
    for (Future<Boolean> run : runs) {
      found = found || failedBy(bug, run);
      run.cancel(true);
    }
    return found;
  }

  /** A machine that is too slow fails runs as well. */
  private static boolean failedBy(PlantedBug bug, Future<Boolean> run) throws InterruptedException {
    try {
      boolean _ = run.get();
      return false;
    } catch (ExecutionException e) {
      return bug.explains(e);
    }
  }

  private static List<Fault> faults(List<String> steps) {
    List<Fault> faults = new ArrayList<>();
    Map<String, Integer> counts = new HashMap<>();
    for (String step : steps) {
      int occurrence = counts.merge(step, 1, Integer::sum);
      for (Fault.Kind kind : Fault.Kind.values()) {
        faults.add(new Fault(step, occurrence, kind));
      }
    }
    return faults;
  }

  private static boolean untilTaken(Scenario scenario, Fault fault) throws InterruptedException {
    for (int i = 0; i < TRIES; i++) {
      if (CrashCase.run(scenario, fault, CrashWorld.Bugs.NONE)) {
        return true;
      }
    }
    return false;
  }

  private static void result(Future<Boolean> run) throws Throwable {
    try {
      assertThat(run.get(5, TimeUnit.MINUTES)).as("the step was taken").isTrue();
    } catch (ExecutionException e) {
      throw e.getCause();
    }
  }
}
