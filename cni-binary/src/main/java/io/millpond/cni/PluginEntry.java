package io.millpond.cni;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What libcni decodes of every plugin's entry in a list, whichever plugin's it is (types.go, {@code
 * PluginConf}): a value of another kind in one entry, and runtimes do not load the whole list.
 */
final class PluginEntry {
  private static final Predicate<JsonNode> TEXT = JsonNode::isTextual;

  private static final Map<String, Predicate<JsonNode>> ATTACHMENT =
      Map.of("containerID", TEXT, "ifname", TEXT);

  private static final Map<String, Predicate<JsonNode>> DNS =
      Map.of(
          "nameservers", list(TEXT), "domain", TEXT, "search", list(TEXT), "options", list(TEXT));

  private static final Map<String, Predicate<JsonNode>> ENTRY =
      Map.of(
          "cniVersion",
          TEXT,
          "name",
          TEXT,
          "capabilities",
          PluginEntry::areBooleans,
          "ipam",
          object(Map.of("type", TEXT)),
          "dns",
          object(DNS),
          "prevResult",
          JsonNode::isObject,
          "cni.dev/valid-attachments",
          list(object(ATTACHMENT)));

  private PluginEntry() {}

  /**
   * The key that libcni could not decode, and what it holds; an entry read in any capitalisation.
   */
  static Optional<String> undecodable(JsonNode entry) {
    return ENTRY.entrySet().stream()
        .filter(one -> !orNull(one.getValue()).test(entry.path(one.getKey())))
        .map(Map.Entry::getKey)
        .min(Comparator.naturalOrder())
        .map(
            key ->
                key
                    + " "
                    + Shown.of(entry.path(key).toString())
                    + " is not of its kind: runtimes cannot load the list");
  }

  private static boolean areBooleans(JsonNode value) {
    return value.isObject()
        && value.properties().stream()
            .allMatch(one -> orNull(JsonNode::isBoolean).test(one.getValue()));
  }

  private static Predicate<JsonNode> object(Map<String, Predicate<JsonNode>> keys) {
    return value ->
        value.isObject()
            && keys.entrySet().stream()
                .allMatch(one -> orNull(one.getValue()).test(value.path(one.getKey())));
  }

  private static Predicate<JsonNode> list(Predicate<JsonNode> of) {
    return value -> {
      boolean all = value.isArray();
      for (JsonNode one : value) {
        all &= orNull(of).test(one);
      }
      return all;
    };
  }

  private static Predicate<JsonNode> orNull(Predicate<JsonNode> kind) {
    return value -> value.isMissingNode() || value.isNull() || kind.test(value);
  }
}
