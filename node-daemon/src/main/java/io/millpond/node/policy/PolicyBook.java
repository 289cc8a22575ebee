package io.millpond.node.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All policies as the API server last told. Of an object that cannot be used, what it was when it
 * could be stays; one that never could is passed over. For one thread at a time.
 */
final class PolicyBook {
  /** Far more than people can oversee; what is beyond is passed over and said. */
  private static final int MOST = 1000;

  private final SortedMap<String, Entry> byName = new TreeMap<>();
  private boolean tooMany;

  /** An object; of one that cannot be used, why, and what it was before. */
  private record Entry(String uid, Optional<WarmPoolPolicy> usable, Optional<String> refusal) {}

  /** These are all there are. */
  void replace(Collection<JsonNode> objects) {
    Set<String> names = new HashSet<>();
    tooMany = false;
    for (JsonNode object : objects) {
      names.add(name(object));
      put(object);
    }
    byName.keySet().retainAll(names);
  }

  /** This one is new or has changed. */
  void put(JsonNode object) {
    String name = name(object);
    String uid = object.path("metadata").path("uid").asText("");
    Entry before = byName.get(name);
    if (before == null && byName.size() == MOST) {
      tooMany = true;
      return;
    }
    try {
      byName.put(name, new Entry(uid, Optional.of(WarmPoolPolicy.read(object)), Optional.empty()));
    } catch (UnusableException e) {
      Optional<WarmPoolPolicy> last =
          before != null && Objects.equals(before.uid(), uid) ? before.usable() : Optional.empty();
      byName.put(
          name,
          new Entry(
              uid,
              last,
              Optional.of(
                  "WarmPoolPolicy \"%s\" cannot be used: %s; %s"
                      .formatted(
                          name,
                          e.getMessage(),
                          last.isPresent()
                              ? "what it said before stays in force (generation "
                                  + last.get().generation()
                                  + ")"
                              : "it counts on no node until then"))));
    }
  }

  /** This one is gone. */
  void remove(String name) {
    byName.remove(name);
  }

  private static String name(JsonNode object) {
    return object.path("metadata").path("name").asText("");
  }

  /** Those that can be used. */
  List<WarmPoolPolicy> usable() {
    return byName.values().stream().flatMap(entry -> entry.usable().stream()).toList();
  }

  /** Why an object cannot be used, by its name. */
  Optional<String> refusal(String name) {
    Entry entry = byName.get(name);
    return entry == null ? Optional.empty() : entry.refusal();
  }

  /** What is wrong with objects, for people. */
  List<String> findings() {
    List<String> findings = new ArrayList<>();
    byName
        .values()
        .forEach(
            entry -> {
              entry.refusal().ifPresent(findings::add);
              entry
                  .usable()
                  .filter(policy -> !policy.unknown().isEmpty())
                  .ifPresent(
                      policy ->
                          findings.add(
                              "WarmPoolPolicy \"%s\": this version does not know spec.%s, the rest is in force: correct the name, or bring millpond up to date"
                                  .formatted(
                                      policy.name(), String.join(", spec.", policy.unknown()))));
            });
    if (tooMany) {
      findings.add(
          "there are more than " + MOST + " WarmPoolPolicies: delete some, the rest is not read");
    }
    return findings;
  }
}
