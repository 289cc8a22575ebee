package io.millpond.node.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A label selector of Kubernetes (LabelSelector, meta/v1): all of its requirements hold. One
 * without requirements selects everything. Immutable.
 */
record Labels(List<Requirement> requirements) {
  /** More than any selector that people write. */
  private static final int MOST_REQUIREMENTS = 64;

  private static final int MOST_VALUES = 256;

  /** A label's key: a prefix of at most 253 characters, a slash, a name of at most 63. */
  private static final Pattern KEY =
      Pattern.compile(
          "([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?");

  private static final Pattern VALUE =
      Pattern.compile("([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?");

  Labels {
    requirements = List.copyOf(requirements);
  }

  /** How a label has to be. */
  enum Operator {
    IN("In"),
    NOT_IN("NotIn"),
    EXISTS("Exists"),
    DOES_NOT_EXIST("DoesNotExist");

    private final String word;

    Operator(String word) {
      this.word = word;
    }

    static Operator of(String word) throws UnusableException {
      for (Operator operator : values()) {
        if (operator.word.equals(word)) {
          return operator;
        }
      }
      throw new UnusableException("operator", word, "use In, NotIn, Exists or DoesNotExist");
    }
  }

  /** One condition on one label. */
  record Requirement(String key, Operator operator, Set<String> values) {
    Requirement {
      values = Set.copyOf(values);
    }

    boolean matches(Map<String, String> labels) {
      String value = labels.get(key);
      return switch (operator) {
        case IN -> value != null && values.contains(value);
        // As Kubernetes: a node without the label is not in.
        case NOT_IN -> value == null || !values.contains(value);
        case EXISTS -> value != null;
        case DOES_NOT_EXIST -> value == null;
      };
    }
  }

  boolean match(Map<String, String> labels) {
    return requirements.stream().allMatch(one -> one.matches(labels));
  }

  /** How many conditions there are: the more, the more specific. */
  int specificity() {
    return requirements.size();
  }

  /**
   * Reads a LabelSelector; what is absent selects everything.
   *
   * @throws UnusableException naming the field, its value and what helps
   */
  static Labels read(JsonNode selector) throws UnusableException {
    List<Requirement> requirements = new ArrayList<>();
    for (Map.Entry<String, String> label :
        texts(selector.path("matchLabels"), "nodeSelector.matchLabels").entrySet()) {
      requirements.add(new Requirement(label.getKey(), Operator.IN, Set.of(label.getValue())));
    }
    JsonNode expressions = selector.path("matchExpressions");
    if (!expressions.isMissingNode() && !expressions.isNull() && !expressions.isArray()) {
      throw new UnusableException(
          "nodeSelector.matchExpressions", expressions.toString(), "make it a list");
    }
    for (JsonNode expression : expressions) {
      requirements.add(requirement(expression));
      if (requirements.size() > MOST_REQUIREMENTS) {
        throw new UnusableException(
            "nodeSelector",
            "more than " + MOST_REQUIREMENTS + " requirements",
            "select by fewer labels");
      }
    }
    return new Labels(requirements);
  }

  private static Requirement requirement(JsonNode expression) throws UnusableException {
    String at = "nodeSelector.matchExpressions";
    String key = expression.path("key").asText("");
    if (!KEY.matcher(key).matches()) {
      throw new UnusableException(at + ".key", key, "name a label");
    }
    Operator operator;
    try {
      operator = Operator.of(expression.path("operator").asText(""));
    } catch (UnusableException e) {
      throw e.under(at);
    }
    JsonNode values = expression.path("values");
    if (values.size() > MOST_VALUES) {
      throw new UnusableException(
          at + ".values", values.size() + " values", "name at most " + MOST_VALUES);
    }
    Set<String> texts = new java.util.TreeSet<>();
    for (JsonNode value : values) {
      if (!value.isTextual() || !VALUE.matcher(value.textValue()).matches()) {
        throw new UnusableException(at + ".values", value.toString(), "name values of labels");
      }
      texts.add(value.textValue());
    }
    boolean needsValues = operator == Operator.IN || operator == Operator.NOT_IN;
    if (needsValues == texts.isEmpty()) {
      throw new UnusableException(
          at + ".values",
          texts.isEmpty() ? "none" : texts.toString(),
          needsValues
              ? "In and NotIn need one value or more"
              : "Exists and DoesNotExist have no values");
    }
    return new Requirement(key, operator, texts);
  }

  /** A map of labels or annotations, with what is not one refused. */
  static Map<String, String> texts(JsonNode map, String field) throws UnusableException {
    Map<String, String> texts = new TreeMap<>();
    if (map.isMissingNode() || map.isNull()) {
      return texts;
    }
    if (!map.isObject() || map.size() > MOST_REQUIREMENTS) {
      throw new UnusableException(
          field, map.toString(), "make it a map of at most " + MOST_REQUIREMENTS + " labels");
    }
    for (Map.Entry<String, JsonNode> one : map.properties()) {
      if (!KEY.matcher(one.getKey()).matches()
          || !one.getValue().isTextual()
          || !VALUE.matcher(one.getValue().textValue()).matches()) {
        throw new UnusableException(
            field, one.getKey() + ": " + one.getValue(), "name labels and their values");
      }
      texts.put(one.getKey(), one.getValue().textValue());
    }
    return texts;
  }
}
