package io.millpond.node.policy;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which of several policies counts on a node. One counts as a whole: of what two people wrote no
 * mix is made that neither of them wrote.
 *
 * <p>The highest priority; among equals the one that selects by most requirements, so that an
 * exception counts before the rule it is an exception to; then the oldest, so that a new object
 * does not change nodes that another one has without somebody saying so by a priority; then the
 * first by name.
 */
final class Precedence {
  /** The one that counts is the least. */
  static final Comparator<WarmPoolPolicy> ORDER =
      Comparator.comparingInt((WarmPoolPolicy policy) -> policy.priority())
          .reversed()
          .thenComparing(
              Comparator.comparingInt((WarmPoolPolicy policy) -> policy.nodes().specificity())
                  .reversed())
          .thenComparing(WarmPoolPolicy::created)
          .thenComparing(WarmPoolPolicy::name);

  private Precedence() {}

  /**
   * What counts on a node.
   *
   * @param counts empty if none selects it
   * @param overridden those that select it too, in order
   */
  record Outcome(Optional<WarmPoolPolicy> counts, List<WarmPoolPolicy> overridden) {
    Outcome {
      overridden = List.copyOf(overridden);
    }
  }

  /** For a node with these labels. */
  static Outcome on(Map<String, String> labels, Collection<WarmPoolPolicy> policies) {
    List<WarmPoolPolicy> selecting =
        policies.stream().filter(policy -> policy.nodes().match(labels)).sorted(ORDER).toList();
    return selecting.isEmpty()
        ? new Outcome(Optional.empty(), List.of())
        : new Outcome(Optional.of(selecting.getFirst()), selecting.subList(1, selecting.size()));
  }
}
