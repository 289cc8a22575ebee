package io.millpond.node.policy;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.node.settings.InvalidSettingsException;
import io.millpond.node.settings.PoolOverlay;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A {@code WarmPoolPolicy} object (millpond.io/v1alpha1) that can be used.
 *
 * @param uid tells an object from one of the same name that was made after it was deleted
 * @param generation of its spec; rises with each change
 * @param created when, as the API server says
 * @param priority −1000 to 1000; the higher counts where several select a node
 * @param nodes which it selects
 * @param settings what is laid over theirs
 * @param unknown fields of its spec that this version does not know, and ignores
 */
record WarmPoolPolicy(
    String name,
    String uid,
    long generation,
    Instant created,
    int priority,
    Labels nodes,
    PoolOverlay settings,
    List<String> unknown) {
  static final int MOST_PRIORITY = 1000;

  private static final List<String> OWN_FIELDS = List.of("nodeSelector", "priority");

  WarmPoolPolicy {
    unknown = List.copyOf(unknown);
  }

  /**
   * Reads an object.
   *
   * @throws UnusableException naming the field, its value and what helps
   */
  static WarmPoolPolicy read(JsonNode object) throws UnusableException {
    JsonNode metadata = object.path("metadata");
    JsonNode spec = object.path("spec");
    if (!spec.isObject()) {
      throw new UnusableException("", spec.toString(), "give the policy a spec");
    }
    Map<String, String> texts = new TreeMap<>();
    List<String> unknown = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : spec.properties()) {
      if (PoolOverlay.fields().contains(field.getKey())) {
        if (!field.getValue().isNull()) {
          texts.put(
              field.getKey(),
              field.getValue().isValueNode()
                  ? field.getValue().asText()
                  : field.getValue().toString());
        }
      } else if (!OWN_FIELDS.contains(field.getKey())) {
        unknown.add(UnusableException.shown(field.getKey()));
      }
    }
    return new WarmPoolPolicy(
        metadata.path("name").asText(""),
        metadata.path("uid").asText(""),
        metadata.path("generation").asLong(0),
        created(metadata),
        priority(spec.path("priority")),
        Labels.read(spec.path("nodeSelector")),
        overlay(texts),
        unknown);
  }

  private static PoolOverlay overlay(Map<String, String> texts) throws UnusableException {
    try {
      return PoolOverlay.read(texts);
    } catch (InvalidSettingsException e) {
      String first = e.errors().getFirst();
      int at = first.indexOf('=');
      String rest = first.substring(at + 1);
      int end = rest.indexOf(": ");
      throw new UnusableException(
          first.substring(0, at), rest.substring(0, end), rest.substring(end + 2));
    }
  }

  private static int priority(JsonNode priority) throws UnusableException {
    if (priority.isMissingNode() || priority.isNull()) {
      return 0;
    }
    if (!priority.isIntegralNumber()
        || !priority.canConvertToInt()
        || Math.abs((long) priority.intValue()) > MOST_PRIORITY) {
      throw new UnusableException(
          "priority",
          priority.toString(),
          "expected: number -" + MOST_PRIORITY + " to " + MOST_PRIORITY);
    }
    return priority.intValue();
  }

  private static Instant created(JsonNode metadata) {
    try {
      return Instant.parse(metadata.path("creationTimestamp").asText(""));
    } catch (DateTimeParseException e) {
      return Instant.MAX; // every server writes it; one that does not makes the youngest
    }
  }
}
