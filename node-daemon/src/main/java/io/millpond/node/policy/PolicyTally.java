package io.millpond.node.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the nodes of a cluster say of its policies, counted node by node: only counts and a few
 * examples are kept. For one thread, once.
 */
final class PolicyTally {
  private static final int SAMPLE = 10;

  /** Those that people look for come first. */
  enum State {
    REFUSED("Refused"),
    OVERRIDDEN("Overridden"),
    PENDING("Pending"),
    IN_FORCE("InForce");

    private final String word;

    State(String word) {
      this.word = word;
    }
  }

  /** An example. */
  private record Example(String node, State state, String message) {
    static final Comparator<Example> ORDER =
        Comparator.comparing(Example::state).thenComparing(Example::node);
  }

  private static final class Count {
    private final Map<State, Integer> nodes = new EnumMap<>(State.class);
    private final List<Example> examples = new ArrayList<>();

    /** By which others, on how many nodes. */
    private final SortedMap<String, Integer> overriding = new TreeMap<>();

    void add(Example example) {
      nodes.merge(example.state(), 1, Integer::sum);
      examples.add(example);
      if (examples.size() > SAMPLE) {
        examples.sort(Example.ORDER);
        examples.removeLast();
      }
    }

    int of(State state) {
      return nodes.getOrDefault(state, 0);
    }

    int selected() {
      return nodes.values().stream().mapToInt(Integer::intValue).sum();
    }
  }

  private final List<WarmPoolPolicy> policies;
  private final Map<String, Count> counts = new LinkedHashMap<>();

  PolicyTally(List<WarmPoolPolicy> policies) {
    this.policies = List.copyOf(policies);
    policies.forEach(policy -> counts.put(policy.name(), new Count()));
  }

  /** One node. */
  void add(String node, Map<String, String> labels, Map<String, String> annotations) {
    Precedence.Outcome outcome = Precedence.on(labels, policies);
    if (outcome.counts().isEmpty()) {
      return;
    }
    WarmPoolPolicy winner = outcome.counts().get();
    Optional<PolicyReport> report = PolicyReport.in(annotations);
    count(winner).add(example(node, winner, report));
    for (WarmPoolPolicy loser : outcome.overridden()) {
      count(loser).overriding.merge(winner.name(), 1, Integer::sum);
      count(loser)
          .add(
              new Example(
                  node,
                  State.OVERRIDDEN,
                  "WarmPoolPolicy %s counts (priority %d)"
                      .formatted(winner.name(), winner.priority())));
    }
  }

  private Count count(WarmPoolPolicy policy) {
    return java.util.Objects.requireNonNull(counts.get(policy.name()), "every policy has a count");
  }

  private static Example example(
      String node, WarmPoolPolicy policy, Optional<PolicyReport> report) {
    boolean current =
        report
            .filter(said -> said.policy().equals(policy.name()))
            .filter(said -> said.generation() == policy.generation())
            .isPresent();
    if (!current) {
      return new Example(node, State.PENDING, "");
    }
    return report
        .flatMap(PolicyReport::refusal)
        .map(why -> new Example(node, State.REFUSED, why))
        .orElseGet(() -> new Example(node, State.IN_FORCE, ""));
  }

  /**
   * A policy's status.
   *
   * @param before as it is now: what has not changed keeps its time
   * @param generation of the object's spec as it is now
   * @param refusal why the object cannot be used, if so
   */
  ObjectNode status(
      String name, long generation, JsonNode before, Optional<String> refusal, Instant now) {
    Count count = counts.get(name);
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    put(status, "observedGeneration", generation);
    ObjectNode nodes = status.putObject("nodes");
    nodes.put("selected", count == null ? 0 : count.selected());
    nodes.put("inForce", count == null ? 0 : count.of(State.IN_FORCE));
    nodes.put("pending", count == null ? 0 : count.of(State.PENDING));
    nodes.put("refused", count == null ? 0 : count.of(State.REFUSED));
    nodes.put("overridden", count == null ? 0 : count.of(State.OVERRIDDEN));
    ArrayNode sample = status.putArray("sample");
    if (count != null) {
      count.examples.sort(Example.ORDER);
      for (Example example : count.examples) {
        ObjectNode one =
            sample.addObject().put("node", example.node()).put("state", example.state().word);
        if (!example.message().isEmpty()) {
          one.put("message", cut(example.message(), 300));
        }
      }
    }
    ArrayNode conditions = status.putArray("conditions");
    Conditions all = new Conditions(conditions, before.path("conditions"), generation, now);
    all.add(
        "Accepted",
        refusal.isEmpty(),
        refusal.isEmpty() ? "Usable" : "Invalid",
        refusal.orElse("every field can be used"));
    inForce(all, count);
    conflict(all, count);
    return status;
  }

  private static void inForce(Conditions all, @org.jspecify.annotations.Nullable Count count) {
    if (count == null || count.selected() == 0) {
      all.add("InForce", false, "NoNodes", "it selects no node");
    } else if (count.of(State.REFUSED) > 0) {
      all.add(
          "InForce",
          false,
          "Refused",
          count.of(State.REFUSED) + " nodes cannot use it, see sample and their annotations");
    } else if (count.of(State.PENDING) > 0) {
      all.add(
          "InForce",
          false,
          "Pending",
          count.of(State.PENDING) + " nodes have not said yet that it is in force");
    } else if (count.of(State.IN_FORCE) == 0) {
      all.add("InForce", false, "Overridden", "on every node that it selects another one counts");
    } else {
      all.add("InForce", true, "InForce", "in force on every node on which it counts");
    }
  }

  private static void conflict(Conditions all, @org.jspecify.annotations.Nullable Count count) {
    if (count == null || count.overriding.isEmpty()) {
      all.add("Conflict", false, "NoConflict", "no other policy counts on a node that it selects");
      return;
    }
    StringBuilder others = new StringBuilder();
    count.overriding.entrySet().stream()
        .limit(5)
        .forEach(
            one ->
                others
                    .append(others.isEmpty() ? "" : ", ")
                    .append(one.getKey())
                    .append(" on ")
                    .append(one.getValue()));
    all.add(
        "Conflict",
        true,
        "Overridden",
        "on %d of %d nodes another policy counts (%s): give one of them a higher priority, or selectors that do not overlap"
            .formatted(count.of(State.OVERRIDDEN), count.selected(), others));
  }

  /** As it is read again, so that what has not changed is equal. */
  private static void put(ObjectNode to, String field, long number) {
    if (number == (int) number) {
      to.put(field, (int) number);
    } else {
      to.put(field, number);
    }
  }

  private static String cut(String text, int most) {
    return text.length() > most ? text.substring(0, most - 1) + "…" : text;
  }

  /** Conditions in the form of meta/v1. */
  private record Conditions(ArrayNode to, JsonNode before, long generation, Instant now) {
    void add(String type, boolean holds, String reason, String message) {
      String status = holds ? "True" : "False";
      String since = now.truncatedTo(ChronoUnit.SECONDS).toString();
      for (JsonNode old : before) {
        if (old.path("type").asText("").equals(type)
            && old.path("status").asText("").equals(status)) {
          since = old.path("lastTransitionTime").asText(since);
        }
      }
      ObjectNode condition = to.addObject().put("type", type).put("status", status);
      put(condition, "observedGeneration", generation);
      condition
          .put("lastTransitionTime", since)
          .put("reason", reason)
          .put("message", cut(message, 1024));
    }
  }
}
