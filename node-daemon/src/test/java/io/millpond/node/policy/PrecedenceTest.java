package io.millpond.node.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.settings.PoolOverlay;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Which of several policies counts: examples of the rule, and what holds for all of them. */
class PrecedenceTest {
  private static final PoolOverlay OVERLAY =
      new PoolOverlay(
          Optional.of(1),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());

  private static WarmPoolPolicy policy(String name, int priority, int day, String... labels) {
    List<Labels.Requirement> requirements = new ArrayList<>();
    for (String label : labels) {
      String[] parts = label.split("=", -1);
      requirements.add(new Labels.Requirement(parts[0], Labels.Operator.IN, Set.of(parts[1])));
    }
    return new WarmPoolPolicy(
        name,
        "uid-" + name,
        1,
        Instant.parse("2026-05-01T00:00:00Z").plusSeconds(86400L * day),
        priority,
        new Labels(requirements),
        OVERLAY,
        List.of());
  }

  private static List<String> order(WarmPoolPolicy... policies) {
    Precedence.Outcome outcome =
        Precedence.on(Map.of("a", "1", "b", "1", "c", "1"), List.of(policies));
    List<String> names = new ArrayList<>();
    outcome.counts().ifPresent(policy -> names.add(policy.name()));
    outcome.overridden().forEach(policy -> names.add(policy.name()));
    return names;
  }

  @Test
  void theHighestPriorityCountsWhateverElse() {
    assertThat(order(policy("old-and-exact", 0, 1, "a=1", "b=1"), policy("new", 1, 9)))
        .containsExactly("new", "old-and-exact");
  }

  @Test
  void amongEqualPrioritiesTheMostSpecificCountsSoThatAnExceptionWorks() {
    assertThat(
            order(
                policy("all", 0, 1),
                policy("exact", 0, 9, "a=1", "b=1"),
                policy("half", 0, 5, "a=1")))
        .containsExactly("exact", "half", "all");
  }

  @Test
  void amongEquallySpecificTheOldestCountsThenTheFirstByName() {
    assertThat(order(policy("a", 0, 2, "a=1"), policy("z", 0, 1, "b=1"), policy("b", 0, 2, "c=1")))
        .containsExactly("z", "a", "b");
  }

  @Test
  void whatDoesNotSelectTheNodeDoesNotCount() {
    assertThat(order(policy("other", 1000, 1, "a=2"))).isEmpty();
  }

  /** A thousand nodes and sets of policies of a seed that is printed where one fails. */
  @RepeatedTest(20)
  void whatHoldsForEverySetOfPolicies() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 500; i++) {
      List<WarmPoolPolicy> policies = some(random);
      Map<String, String> labels = labels(random);
      Precedence.Outcome outcome = Precedence.on(labels, policies);
      String what = "seed " + seed + ", " + labels + ", " + policies;

      long selecting = policies.stream().filter(p -> p.nodes().match(labels)).count();
      assertThat(outcome.overridden().size() + outcome.counts().stream().count())
          .as(what)
          .isEqualTo(selecting);

      List<WarmPoolPolicy> shuffled = new ArrayList<>(policies);
      Collections.shuffle(shuffled, random);
      assertThat(Precedence.on(labels, shuffled)).as("in any order: " + what).isEqualTo(outcome);

      outcome
          .counts()
          .ifPresent(
              winner -> {
                assertThat(outcome.overridden())
                    .as(what)
                    .allMatch(loser -> loser.priority() <= winner.priority());
                for (WarmPoolPolicy loser : outcome.overridden()) {
                  List<WarmPoolPolicy> without = new ArrayList<>(policies);
                  without.remove(loser);
                  assertThat(Precedence.on(labels, without).counts())
                      .as("without " + loser.name() + ": " + what)
                      .contains(winner);
                  List<WarmPoolPolicy> raised = new ArrayList<>(without);
                  WarmPoolPolicy above =
                      new WarmPoolPolicy(
                          loser.name(),
                          loser.uid(),
                          2,
                          loser.created(),
                          winner.priority() + 1,
                          loser.nodes(),
                          loser.settings(),
                          List.of());
                  raised.add(above);
                  assertThat(Precedence.on(labels, raised).counts())
                      .as("raised " + loser.name() + ": " + what)
                      .contains(above);
                }
              });
    }
  }

  private static List<WarmPoolPolicy> some(Random random) {
    List<WarmPoolPolicy> policies = new ArrayList<>();
    int count = random.nextInt(8);
    for (int i = 0; i < count; i++) {
      List<String> selector = new ArrayList<>();
      for (String key : List.of("a", "b", "c")) {
        if (random.nextInt(3) == 0) {
          selector.add(key + "=" + random.nextInt(2));
        }
      }
      policies.add(
          policy(
              "p" + i, random.nextInt(3) - 1, random.nextInt(3), selector.toArray(String[]::new)));
    }
    return policies;
  }

  private static Map<String, String> labels(Random random) {
    Map<String, String> labels = new TreeMap<>();
    for (String key : List.of("a", "b", "c")) {
      if (random.nextInt(4) > 0) {
        labels.put(key, Integer.toString(random.nextInt(2)));
      }
    }
    return labels;
  }
}
