package io.millpond.node.policy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

/** Objects as the API server tells of them, from their YAML. */
final class Policies {
  private static final YAMLMapper YAML = new YAMLMapper();

  private Policies() {}

  static JsonNode yaml(String text) {
    try {
      return YAML.readTree(text);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  /** A policy made on the day of May that its name ends with, if it does. */
  static JsonNode policy(String name, String spec) {
    return policy(name, "uid-of-" + name, 1, spec);
  }

  static JsonNode policy(String name, String uid, int generation, String spec) {
    return yaml(
        """
        metadata: {name: %s, uid: %s, generation: %d, creationTimestamp: "2026-05-01T00:00:00Z"}
        spec: %s
        """
            .formatted(name, uid, generation, spec));
  }

  static WarmPoolPolicy read(String name, String spec) {
    try {
      return WarmPoolPolicy.read(policy(name, spec));
    } catch (UnusableException e) {
      throw new AssertionError(e);
    }
  }
}
