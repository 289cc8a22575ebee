package io.millpond.cni.mutants;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Consumer;

/** Mutants of results and errors as they are written. */
final class ResultMutants {
  private static final ObjectMapper JSON = new ObjectMapper();

  static final List<Mutant> ALL =
      List.of(
          of("ERRORS_WITHOUT_DETAILS", error -> remove(error, "details"), 5),
          of(
              "ALWAYS_THE_NEWEST_VERSION",
              result -> {
                if (!result.has("code")) {
                  result.put("cniVersion", "1.1.0");
                }
              },
              42,
              44),
          of("NO_VERSION_IN_RESULTS", result -> remove(result, "cniVersion"), 44),
          of("NO_OLD_SHAPE", ResultMutants::withoutOldShape, 48, 49),
          of("NO_ROUTES_IN_THE_OLD_SHAPE", ResultMutants::withoutOldRoutes, 48, 49),
          of("KEYS_AS_IN_THE_TEXT_OF_0_3_0", ResultMutants::ipInsteadOfIps, 50),
          of("VERSIONS_ARE_NUMBERS", result -> eachIp(result, ResultMutants::numbered), 51),
          of("NO_VERSION_OF_ADDRESSES", result -> eachIp(result, ip -> remove(ip, "version")), 51),
          of("NEW_FIELDS_LEAK", ResultMutants::leak, 52),
          of("NO_INDEX_ZERO", result -> eachIp(result, ResultMutants::withoutZero), 53),
          of("INDEX_FROM_ONE", result -> eachIp(result, ResultMutants::oneMore), 53),
          of("NETWORK_ADDRESSES", result -> eachIp(result, ResultMutants::withoutHostBits), 54),
          of("ZEROS_ARE_ABSENT", result -> each(result, "routes", ResultMutants::withoutZeros), 56),
          of("NO_MAC", result -> each(result, "interfaces", one -> remove(one, "mac")), 57),
          of(
              "ANOTHER_SANDBOX",
              result -> each(result, "interfaces", one -> one.put("sandbox", "/proc/1/ns/net")),
              58),
          of("THE_ENI_IS_LISTED", result -> add(result, "interfaces", "name", "ens5"), 59),
          of(
              "THE_NODES_ADDRESS_IS_LISTED",
              result -> add(result, "ips", "address", "10.0.1.2/24"),
              60),
          of("NO_DNS", result -> remove(result, "dns"), 61),
          of("THE_PREVIOUS_RESULT_IS_DROPPED", ResultMutants::lastAlone, 66));

  private ResultMutants() {}

  private static Mutant of(String name, Consumer<ObjectNode> change, int... rules) {
    return new Mutant(name, rules).documents(text -> changed(text, change));
  }

  private static String changed(String text, Consumer<ObjectNode> change) {
    try {
      if (JSON.readTree(text) instanceof ObjectNode document) {
        change.accept(document);
        return document + "\n";
      }
      return text;
    } catch (JsonProcessingException e) {
      return text;
    }
  }

  private static void remove(ObjectNode from, String key) {
    JsonNode _ = from.remove(key);
  }

  private static void each(ObjectNode result, String list, Consumer<ObjectNode> change) {
    for (JsonNode one : result.path(list)) {
      if (one instanceof ObjectNode object) {
        change.accept(object);
      }
    }
  }

  private static void eachIp(ObjectNode result, Consumer<ObjectNode> change) {
    each(result, "ips", change);
  }

  private static void withoutOldShape(ObjectNode result) {
    if (result.remove("ip4") instanceof ObjectNode ip) {
      result.putArray("ips").add(ip);
    }
  }

  private static void withoutOldRoutes(ObjectNode result) {
    if (result.path("ip4") instanceof ObjectNode ip) {
      remove(ip, "routes");
    }
  }

  private static void ipInsteadOfIps(ObjectNode result) {
    if (result.path("cniVersion").asText().equals("0.3.0") && result.has("ips")) {
      result.set("ip", result.remove("ips"));
    }
  }

  private static void numbered(ObjectNode ip) {
    if (ip.has("version")) {
      ip.set("version", IntNode.valueOf(ip.path("version").asInt()));
    }
  }

  private static void leak(ObjectNode result) {
    each(result, "interfaces", one -> one.put("mtu", 9001));
  }

  private static void withoutZero(ObjectNode ip) {
    if (ip.path("interface").asInt(-1) == 0) {
      remove(ip, "interface");
    }
  }

  private static void oneMore(ObjectNode ip) {
    ip.put("interface", ip.path("interface").asInt() + 1);
  }

  private static void withoutHostBits(ObjectNode ip) {
    ip.put("address", ip.path("address").asText().replaceAll("\\.\\d+/", ".0/"));
  }

  private static void withoutZeros(ObjectNode route) {
    for (String key : List.of("table", "scope")) {
      if (route.path(key).asInt(-1) == 0) {
        remove(route, key);
      }
    }
  }

  private static void add(ObjectNode result, String list, String key, String value) {
    if (result.path(list) instanceof ArrayNode all) {
      all.addObject().put(key, value);
    }
  }

  private static void lastAlone(ObjectNode result) {
    for (String list : List.of("interfaces", "ips")) {
      if (result.path(list) instanceof ArrayNode all && all.size() > 1) {
        JsonNode last = all.get(all.size() - 1);
        all.removeAll();
        all.add(last);
      }
    }
  }
}
