package io.millpond.pool;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.pool.PoolPolicy.Warmth;
import io.millpond.pool.value.PoolName;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The pool's invariants over random histories. -Dmillpond.seed=N repeats a run. */
final class PoolPropertiesTest {
  private static final int LENGTH = 500;
  private static final long SEED = Long.getLong("millpond.seed", System.nanoTime());
  private static final PoolName STORAGE = new PoolName("storage");
  private static final PoolName SUBNET = new PoolName("subnet-0a0b0c0d");
  private static final List<PoolPolicy> POLICIES =
      List.of(
          PoolPolicy.defaults(),
          PoolPolicy.defaults().withWarmIpTarget(2).withMinimumIpTarget(5),
          PoolPolicy.defaults().withWarmIpTarget(1),
          PoolPolicy.defaults().withWarmIpTarget(1).withFirstEniForPods(false),
          PoolPolicy.defaults().withMinimumIpTarget(6),
          PoolPolicy.defaults().withWarmEniTarget(0),
          PoolPolicy.defaults().withWarmIpTarget(3).withMaxPods(6),
          PoolPolicy.defaults().withWarmIpTarget(2).withMaxEni(2),
          PoolPolicy.defaults().withPool(STORAGE, Warmth.NONE),
          PoolPolicy.defaults().withWarmIpTarget(2).withPool(STORAGE, new Warmth(1, 2)),
          PoolPolicy.defaults()
              .withWarmIpTarget(2)
              .withMaxEni(2)
              .withPool(STORAGE, Warmth.NONE)
              .withPool(SUBNET, Warmth.NONE),
          PoolPolicy.defaults()
              .withMinimumIpTarget(9)
              .withPool(STORAGE, new Warmth(0, 1))
              .withPool(SUBNET, Warmth.NONE));

  @Test
  void theInvariantsHoldForAHundredThousandEvents() {
    Map<String, Integer> seen = new TreeMap<>();
    assertThat(failure(100_000, seen)).isEmpty();
    assertThat(seen.keySet()).as("else a rule could not fail").containsAll(allThatCanHappen());
  }

  @Test
  @Tag("long")
  void theInvariantsHoldForAMillionEvents() {
    assertThat(failure(1_000_000, new TreeMap<>())).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void aPlantedBugIsCaught(PlantedBug bug) {
    assertThat(firstFailure(bug, 100_000, new TreeMap<>())).isPresent();
  }

  private static Set<String> allThatCanHappen() {
    Set<String> all = new TreeSet<>();
    for (Class<?> event : PoolEvent.class.getPermittedSubclasses()) {
      all.add(event.getSimpleName());
    }
    for (Class<?> answer : AllocationResult.class.getPermittedSubclasses()) {
      all.add(answer.getSimpleName());
    }
    for (PoolAction.Kind kind : PoolAction.Kind.values()) {
      all.add(kind.toString());
      all.add(kind + " " + PoolEvent.Effect.NONE);
      if (kind != PoolAction.Kind.PROBE) {
        all.add(kind + " " + PoolEvent.Effect.UNKNOWN);
      }
    }
    all.addAll(List.of("free", "owned", "cooling", "quarantined", "frozen", "leaving"));
    all.addAll(List.of("restart", "boot", "an expected pod asks"));
    all.remove("Tick"); // comes with every request and every serving
    return all;
  }

  @SuppressWarnings("ArrayRecordComponent") // made once, read once
  private record Failure(int run, int[] draws) {}

  /** Empty, or the shortest history found that fails. */
  private static Optional<String> failure(int events, Map<String, Integer> seen) {
    return firstFailure(PoolUnderTest.REAL, events, seen)
        .map(f -> "-Dmillpond.seed=" + SEED + "\n" + shrunk(f.run(), f.draws()));
  }

  private static Optional<Failure> firstFailure(
      PoolUnderTest pool, int events, Map<String, Integer> seen) {
    System.out.println("-Dmillpond.seed=" + SEED);
    SplittableRandom random = new SplittableRandom(SEED);
    for (int run = 0; run < events / LENGTH; run++) {
      int[] draws = IntStream.generate(random::nextInt).limit(LENGTH).toArray();
      if (fails(pool, run, draws, seen).isPresent()) {
        return Optional.of(new Failure(run, draws));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> fails(
      PoolUnderTest pool, int run, int[] draws, Map<String, Integer> seen) {
    PoolWorld world =
        new PoolWorld(
            pool, POLICIES.get(run % POLICIES.size()), run / POLICIES.size() % 2 == 0, seen);
    try {
      for (int draw : draws) {
        world.step(draw);
      }
      world.comesToRest();
      world.everyPoolServes();
      return Optional.empty();
    } catch (AssertionError | RuntimeException e) {
      String story = world.story.stream().map(Object::toString).collect(joining("\n"));
      return Optional.of(story + "\n" + e);
    }
  }

  /** Drops ever smaller pieces of the history as long as it still fails. */
  private static String shrunk(int run, int[] draws) {
    int[] least = draws;
    for (int piece = LENGTH / 2; piece > 0; piece /= 2) {
      for (int from = 0; from + piece <= least.length; ) {
        int[] less = Arrays.copyOf(least, least.length - piece);
        System.arraycopy(least, from + piece, less, from, least.length - from - piece);
        if (fails(PoolUnderTest.REAL, run, less, new TreeMap<>()).isPresent()) {
          least = less;
        } else {
          from += piece;
        }
      }
    }
    return fails(PoolUnderTest.REAL, run, least, new TreeMap<>())
        .orElse("it does not fail any more");
  }
}
