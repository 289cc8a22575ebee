package io.millpond.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The pool's invariants over random histories. -Dmillpond.seed=N repeats a run. */
final class PoolPropertiesTest {
  private static final int LENGTH = 500;
  private static final long SEED = Long.getLong("millpond.seed", System.nanoTime());
  private static final List<PoolPolicy> POLICIES =
      List.of(
          PoolPolicy.defaults(),
          PoolPolicy.defaults().withWarmIpTarget(2).withMinimumIpTarget(5),
          PoolPolicy.defaults().withWarmIpTarget(1),
          PoolPolicy.defaults().withWarmIpTarget(1).withFirstEniForPods(false));

  @Test
  void theInvariantsHoldForAHundredThousandEvents() {
    assertThat(firstFailure(new PoolUnderTest(), 100_000)).isEmpty();
  }

  @Test
  @Tag("long")
  void theInvariantsHoldForAMillionEvents() {
    assertThat(firstFailure(new PoolUnderTest(), 1_000_000)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void aPlantedBugIsCaught(PoolUnderTest.Mutant mutant) {
    assertThat(firstFailure(mutant.make(), 100_000)).isPresent();
  }

  private static Optional<String> firstFailure(PoolUnderTest pool, int events) {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int run = 0; run < events / LENGTH; run++) {
      int[] draws = IntStream.generate(random::nextInt).limit(LENGTH).toArray();
      if (fails(pool, run, draws).isPresent()) {
        return Optional.of("seed " + SEED + "\n" + shrunk(pool, run, draws));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> fails(PoolUnderTest pool, int run, int[] draws) {
    PoolWorld world =
        new PoolWorld(pool, POLICIES.get(run % POLICIES.size()), run / POLICIES.size() % 2 == 0);
    try {
      for (int draw : draws) {
        world.step(draw);
      }
      world.comesToRest();
      return Optional.empty();
    } catch (AssertionError | RuntimeException e) {
      return Optional.of(String.join("\n", world.story) + "\n" + e);
    }
  }

  /** Drops ever smaller pieces of the history as long as it still fails. */
  private static String shrunk(PoolUnderTest pool, int run, int[] draws) {
    int[] least = draws;
    for (int piece = LENGTH / 2; piece > 0; piece /= 2) {
      for (int from = 0; from + piece <= least.length; ) {
        int[] less = Arrays.copyOf(least, least.length - piece);
        System.arraycopy(least, from + piece, less, from, least.length - from - piece);
        if (fails(pool, run, less).isPresent()) {
          least = less;
        } else {
          from += piece;
        }
      }
    }
    return fails(pool, run, least).orElse("it does not fail any more");
  }
}
