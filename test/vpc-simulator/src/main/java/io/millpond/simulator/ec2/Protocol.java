package io.millpond.simulator.ec2;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The outer form of a Query request. */
final class Protocol {
  /** Parameters of the protocol itself, which every action takes. */
  static final Set<String> NAMES =
      Set.of(
          "Action",
          "Version",
          "AWSAccessKeyId",
          "Expires",
          "SecurityToken",
          "Signature",
          "SignatureMethod",
          "SignatureVersion",
          "Timestamp",
          "X-Amz-Algorithm",
          "X-Amz-Credential",
          "X-Amz-Date",
          "X-Amz-Expires",
          "X-Amz-Security-Token",
          "X-Amz-Signature",
          "X-Amz-SignedHeaders");

  private static final int MAX_PARAMETERS = 5_000;

  private Protocol() {}

  /**
   * Decodes a form or query string into parameters.
   *
   * @throws IllegalArgumentException if it is not of that form
   */
  static void decode(@Nullable String form, SortedMap<String, String> into) {
    if (form == null || form.isEmpty()) {
      return;
    }
    for (String pair : form.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = equals < 0 ? pair : pair.substring(0, equals);
      String value = equals < 0 ? "" : pair.substring(equals + 1);
      if (!name.isEmpty()) {
        into.put(
            URLDecoder.decode(name, StandardCharsets.UTF_8),
            URLDecoder.decode(value, StandardCharsets.UTF_8));
      }
      if (into.size() > MAX_PARAMETERS) {
        throw new IllegalArgumentException("more than " + MAX_PARAMETERS + " parameters");
      }
    }
  }

  /** What of the parameters is worth remembering: not the protocol's own, and at most 100. */
  static SortedMap<String, String> memorable(SortedMap<String, String> parameters) {
    SortedMap<String, String> kept = new TreeMap<>();
    parameters.forEach(
        (name, value) -> {
          if (kept.size() < 100 && !NAMES.contains(name)) {
            kept.put(name, value);
          }
        });
    return kept;
  }
}
