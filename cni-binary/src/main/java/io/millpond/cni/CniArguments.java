package io.millpond.cni;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * {@code CNI_ARGS}: pairs {@code K=V} between semicolons, read as the reference library does. A key
 * that nobody knows is an error unless {@code IgnoreUnknown} is true.
 *
 * @param pod as far as the runtime says
 * @param demands what the pod would like to have: {@code IP=…}, {@code MAC=…}
 */
record CniArguments(PodName pod, List<String> demands) {
  private static final Set<String> DEMANDS = Set.of("IP", "MAC");
  private static final Set<String> KNOWN =
      Set.of(
          "IgnoreUnknown",
          "K8S_POD_NAMESPACE",
          "K8S_POD_NAME",
          "K8S_POD_INFRA_CONTAINER_ID",
          "K8S_POD_UID",
          "IP",
          "MAC");

  static CniArguments parse(String text, CniVersion version) throws CniException {
    Map<String, String> pairs = new TreeMap<>();
    for (String pair : text.isEmpty() ? new String[0] : text.split(";", -1)) {
      int equals = pair.indexOf('=');
      if (equals < 0 || pair.indexOf('=', equals + 1) >= 0) {
        throw wrong(version, "CNI_ARGS holds something that is not K=V", pair);
      }
      pairs.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    boolean ignored = isTrue(pairs.getOrDefault("IgnoreUnknown", "0"), version);
    for (String key : pairs.keySet()) {
      if (!ignored && !KNOWN.contains(key)) {
        throw wrong(version, "CNI_ARGS holds an unknown key, and IgnoreUnknown is not 1", key);
      }
    }
    return new CniArguments(
        new PodName(
            printable(pairs.getOrDefault("K8S_POD_NAMESPACE", "")),
            printable(pairs.getOrDefault("K8S_POD_NAME", "")),
            printable(pairs.getOrDefault("K8S_POD_UID", ""))),
        pairs.entrySet().stream()
            .filter(pair -> DEMANDS.contains(pair.getKey()) && !pair.getValue().isEmpty())
            .map(pair -> pair.getKey() + "=" + pair.getValue())
            .toList());
  }

  private static boolean isTrue(String text, CniVersion version) throws CniException {
    if (text.equals("1") || text.equalsIgnoreCase("true")) {
      return true;
    }
    if (text.equals("0") || text.equalsIgnoreCase("false")) {
      return false;
    }
    throw wrong(version, "IgnoreUnknown in CNI_ARGS is neither true nor false", text);
  }

  private static String printable(String text) {
    String clean = text.replaceAll("[^0-9A-Za-z._-]", "?");
    return clean.length() > 253 ? clean.substring(0, 253) : clean;
  }

  private static CniException wrong(CniVersion version, String msg, String value) {
    return CniException.of(version, CniError.ENVIRONMENT, msg, Shown.of(value));
  }
}
