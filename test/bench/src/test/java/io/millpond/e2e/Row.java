package io.millpond.e2e;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * One figure, beside the better rival's of the same run if one was measured.
 *
 * @param goal the most that the value, or its ratio to the rival's, may be; null: a figure to look
 *     at
 * @param goalIsRatio what the goal is for
 */
record Row(
    String name,
    double value,
    String unit,
    @Nullable String rival,
    @Nullable Double rivalValue,
    @Nullable Double goal,
    boolean goalIsRatio) {

  static Row of(String name, double value, String unit) {
    return new Row(name, value, unit, null, null, null, false);
  }

  /** The same, beside a rival's. */
  Row beside(String who, double what) {
    return new Row(name, value, unit, who, what, goal, goalIsRatio);
  }

  /** The same, with the most that it may be. */
  Row atMost(double most) {
    return new Row(name, value, unit, rival, rivalValue, most, false);
  }

  /** The same, with the most that it may be of the rival's. */
  Row atMostOfRival(double most) {
    return new Row(name, value, unit, rival, rivalValue, most, true);
  }

  @Nullable Double ratio() {
    return rivalValue == null || rivalValue == 0 ? null : value / rivalValue;
  }

  @Nullable Boolean met() {
    if (goal == null) {
      return null;
    }
    Double measured = goalIsRatio ? ratio() : Double.valueOf(value);
    return measured == null ? null : Boolean.valueOf(measured <= goal);
  }

  ObjectNode json(ObjectMapper mapper) {
    ObjectNode node = mapper.createObjectNode();
    node.put("name", name).put("value", value).put("unit", unit);
    node.put("rival", rival).put("rivalValue", rivalValue).put("ratio", ratio());
    node.put("goal", goal == null ? null : (goalIsRatio ? "≤ " + goal + " × rival" : "≤ " + goal));
    return node.put("met", met());
  }
}
