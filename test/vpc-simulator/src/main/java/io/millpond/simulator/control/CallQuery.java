package io.millpond.simulator.control;

import io.millpond.simulator.conditions.CallLog;
import io.millpond.simulator.conditions.CallRecord;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which calls a reader of the log wants: {@code ?action=…&instance=…&limit=…}. */
final class CallQuery {
  private static final Set<String> KNOWN =
      Set.of("action", "instance", "caller", "outcome", "after", "limit");

  private final Map<String, String> wanted = new HashMap<>();

  /**
   * @throws IllegalArgumentException if the query has what is not known
   */
  CallQuery(@Nullable String query) {
    if (query == null || query.isEmpty()) {
      return;
    }
    for (String pair : query.split("&", -1)) {
      String[] sides = pair.split("=", 2);
      if (sides.length != 2 || !KNOWN.contains(sides[0])) {
        throw new IllegalArgumentException(
            "calls are chosen by " + String.join(", ", KNOWN.stream().sorted().toList()));
      }
      wanted.put(sides[0], URLDecoder.decode(sides[1], StandardCharsets.UTF_8));
    }
    number("after", 0);
    number("limit", 0);
  }

  /** The calls, oldest first; with a limit, the newest so many. */
  List<CallRecord> of(CallLog log) {
    List<CallRecord> found = log.matching(this::matches);
    int limit = (int) Math.min(Integer.MAX_VALUE, number("limit", Integer.MAX_VALUE));
    return found.subList(Math.max(0, found.size() - limit), found.size());
  }

  /** How many calls there were, by action and outcome. */
  SortedMap<String, SortedMap<String, Long>> counts(CallLog log) {
    SortedMap<String, SortedMap<String, Long>> counts = new TreeMap<>();
    of(log)
        .forEach(
            call ->
                counts
                    .computeIfAbsent(call.action(), a -> new TreeMap<>())
                    .merge(call.outcome(), 1L, Long::sum));
    return counts;
  }

  private boolean matches(CallRecord call) {
    return is("action", call.action())
        && is("instance", call.instanceId() == null ? "" : call.instanceId())
        && is("caller", call.caller())
        && is("outcome", call.outcome())
        && call.sequence() > number("after", 0);
  }

  private boolean is(String name, String value) {
    String want = wanted.get(name);
    return want == null || want.equals(value);
  }

  private long number(String name, long absent) {
    String text = wanted.get(name);
    if (text == null) {
      return absent;
    }
    if (!text.matches("[0-9]{1,18}")) {
      throw new IllegalArgumentException(name + " is a number, not " + text);
    }
    return Long.parseLong(text);
  }
}
