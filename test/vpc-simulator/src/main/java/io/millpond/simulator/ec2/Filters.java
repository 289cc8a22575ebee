package io.millpond.simulator.ec2;

import io.millpond.simulator.account.AwsError;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The filters that a kind of thing can be described by.
 *
 * @param attributes by filter name, the values that a thing has for it
 * @param tags the thing's tags, for {@code tag:…} and {@code tag-key}
 */
record Filters<T>(
    Map<String, Function<T, Stream<String>>> attributes, Function<T, Map<String, String>> tags) {
  private static final int MAX_VALUES = 200;

  Filters {
    attributes = Map.copyOf(attributes);
  }

  /** What is wanted: for each filter of the call, one of its values. */
  Predicate<T> read(Parameters call) {
    return call.structures("Filter").stream().map(this::one).reduce(thing -> true, Predicate::and);
  }

  private Predicate<T> one(Parameters filter) {
    String name = filter.required("Name");
    List<String> values = filter.list("Value");
    if (values.isEmpty()) {
      throw new AwsError(
          "InvalidParameterValue", "The filter '" + name + "' needs at least one value");
    }
    if (values.size() > MAX_VALUES) {
      throw new AwsError(
          "FilterLimitExceeded",
          "The maximum number of filter values specified on a single call is 200");
    }
    Function<T, Stream<String>> attribute = attribute(name);
    List<Pattern> patterns = values.stream().map(Wildcard::compile).toList();
    return thing ->
        attribute
            .apply(thing)
            .anyMatch(v -> patterns.stream().anyMatch(p -> p.matcher(v).matches()));
  }

  private Function<T, Stream<String>> attribute(String name) {
    if (name.startsWith("tag:")) {
      String key = name.substring("tag:".length());
      return thing -> Stream.ofNullable(tags.apply(thing).get(key));
    }
    if (name.equals("tag-key")) {
      return thing -> tags.apply(thing).keySet().stream();
    }
    Function<T, Stream<String>> attribute = attributes.get(name);
    if (attribute == null) {
      throw new AwsError("InvalidParameterValue", "The filter '" + name + "' is invalid");
    }
    return attribute;
  }
}
