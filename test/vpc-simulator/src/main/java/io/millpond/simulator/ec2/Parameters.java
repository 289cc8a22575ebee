package io.millpond.simulator.ec2;

import io.millpond.simulator.account.AwsError;
import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The parameters of one call, or those under a common prefix. Whoever reads one makes it known; one
 * that nobody knows is refused by {@link #rejectUnknown}. Not thread-safe.
 */
final class Parameters {
  private static final Pattern INDEX = Pattern.compile("([0-9]{1,4})(\\..*)?");

  private final SortedMap<String, String> all;
  private final String prefix;
  private final Set<String> known;

  Parameters(SortedMap<String, String> all) {
    this(all, "", new HashSet<>());
  }

  private Parameters(SortedMap<String, String> all, String prefix, Set<String> known) {
    this.all = all;
    this.prefix = prefix;
    this.known = known;
  }

  Optional<String> text(String name) {
    known.add(prefix + name);
    return Optional.ofNullable(all.get(prefix + name));
  }

  /**
   * @throws AwsError MissingParameter
   */
  String required(String name) {
    return text(name).filter(value -> !value.isEmpty()).orElseThrow(() -> missing(prefix + name));
  }

  AwsError missing(String name) {
    return new AwsError(
        "MissingParameter",
        "The request must contain the parameter "
            + name.substring(0, 1).toLowerCase(Locale.ROOT)
            + name.substring(1));
  }

  Optional<Integer> integer(String name) {
    return text(name).map(value -> parsed(name, value, Integer::valueOf));
  }

  Optional<Boolean> flag(String name) {
    return text(name)
        .map(
            value ->
                switch (value.toLowerCase(Locale.ROOT)) {
                  case "true" -> true;
                  case "false" -> false;
                  default -> throw invalid(name, value);
                });
  }

  Optional<Ipv4> address(String name) {
    return text(name).map(value -> parsed(name, value, Ipv4::parse));
  }

  Optional<Cidr> prefix(String name) {
    return text(name).map(value -> parsed(name, value, Cidr::parse));
  }

  List<Ipv4> addresses(String name) {
    return list(name).stream().map(value -> parsed(name, value, Ipv4::parse)).toList();
  }

  List<Cidr> prefixes(String name) {
    return list(name).stream().map(value -> parsed(name, value, Cidr::parse)).toList();
  }

  /** The values of {@code name.1}, {@code name.2}, … in the order of their numbers. */
  List<String> list(String name) {
    return indexes(name).stream().flatMap(i -> text(name + "." + i).stream()).toList();
  }

  /** The parameters under {@code name.1.}, {@code name.2.}, … in the order of their numbers. */
  List<Parameters> structures(String name) {
    return indexes(name).stream().map(i -> structure(name + "." + i)).toList();
  }

  /** The parameters under {@code name.}. */
  Parameters structure(String name) {
    return new Parameters(all, prefix + name + ".", known);
  }

  boolean isEmpty() {
    return all.tailMap(prefix).keySet().stream().limit(1).noneMatch(k -> k.startsWith(prefix));
  }

  /**
   * @throws AwsError UnknownParameter
   */
  void rejectUnknown() {
    for (String name : all.keySet()) {
      if (!known.contains(name)) {
        throw new AwsError("UnknownParameter", "The parameter " + name + " is not recognized");
      }
    }
  }

  AwsError invalid(String name, String value) {
    return new AwsError(
        "InvalidParameterValue", "Value (" + value + ") for parameter " + name + " is invalid.");
  }

  private <T> T parsed(String name, String value, Function<String, T> parser) {
    try {
      return parser.apply(value);
    } catch (IllegalArgumentException e) {
      throw invalid(name, value);
    }
  }

  private Set<Integer> indexes(String name) {
    String start = prefix + name + ".";
    Set<Integer> indexes = new TreeSet<>();
    for (Map.Entry<String, String> entry : all.tailMap(start).entrySet()) {
      if (!entry.getKey().startsWith(start)) {
        break;
      }
      Matcher matcher = INDEX.matcher(entry.getKey().substring(start.length()));
      if (matcher.matches()) {
        indexes.add(Integer.valueOf(matcher.group(1)));
      }
    }
    return indexes;
  }
}
