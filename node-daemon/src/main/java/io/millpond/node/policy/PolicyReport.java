package io.millpond.node.policy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;

/**
 * What a node says of its policy, in an annotation of its Node object. It changes only when the
 * policy does: a Node that changes is sent to all who watch nodes.
 *
 * @param policy in force, or refused
 * @param generation of its spec
 * @param overridden others that select the node
 * @param refusal why it is not in force; empty: it is
 */
record PolicyReport(
    String policy, long generation, List<String> overridden, Optional<String> refusal) {
  /** The annotation's key. */
  static final String ANNOTATION = "millpond.io/warm-pool-policy";

  private static final JsonMapper JSON = new JsonMapper();
  private static final int MOST_NAMES = 10;
  private static final int LONGEST = 200;

  PolicyReport {
    overridden = List.copyOf(overridden);
  }

  /** What a node with this in force says; empty: nothing, without a policy. */
  static Optional<PolicyReport> of(NodePolicy.InForce now) {
    return now.policy()
        .map(
            policy ->
                new PolicyReport(
                    policy,
                    now.generation(),
                    now.overridden().stream().limit(MOST_NAMES).toList(),
                    now.refusal()
                        .map(why -> why.length() > LONGEST ? why.substring(0, LONGEST) : why)));
  }

  /** As the annotation's value: JSON, below a kilobyte or a few. */
  String text() {
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    report.put("policy", policy).put("generation", generation);
    if (!overridden.isEmpty()) {
      ArrayNode names = report.putArray("overridden");
      overridden.forEach(names::add);
    }
    refusal.ifPresent(why -> report.put("refused", why));
    return report.toString();
  }

  /** What a node's annotations say; empty: nothing that can be read. */
  static Optional<PolicyReport> in(Map<String, String> annotations) {
    String text = annotations.get(ANNOTATION);
    if (text == null) {
      return Optional.empty();
    }
    try {
      JsonNode report = JSON.readTree(text);
      return Optional.of(
          new PolicyReport(
              report.path("policy").asText(""),
              report.path("generation").asLong(0),
              StreamSupport.stream(report.path("overridden").spliterator(), false)
                  .limit(MOST_NAMES)
                  .map(JsonNode::asText)
                  .toList(),
              report.hasNonNull("refused")
                  ? Optional.of(report.get("refused").asText())
                  : Optional.empty()));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }
}
