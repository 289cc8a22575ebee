package io.millpond.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.pool.value.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Results in the form of every version: each is read into that of 1.1.0, and written from it. Keys
 * that no version has are dropped, as the reference library does.
 */
final class ResultForms {
  private static final List<String> INTERFACE =
      List.of("name", "mac", "mtu", "sandbox", "socketPath", "pciID");
  private static final List<String> IP = List.of("interface", "address", "gateway");
  private static final List<String> ROUTE =
      List.of("dst", "gw", "mtu", "advmss", "priority", "table", "scope");

  /** Keys of interfaces and routes that are new in 1.1.0. */
  private static final Set<String> SINCE_1_1 =
      Set.of("mtu", "socketPath", "pciID", "advmss", "priority", "table", "scope");

  private ResultForms() {}

  /**
   * A result of another plugin in the form of 1.1.0.
   *
   * @param request the request's version: for errors, and of a result that names none
   * @throws CniException if its parts cannot be copied into another result
   */
  static ObjectNode read(JsonNode result, CniVersion request) throws CniException {
    ObjectNode out = Json.object();
    ArrayNode interfaces = out.putArray("interfaces");
    ArrayNode ips = out.putArray("ips");
    ArrayNode routes = out.putArray("routes");
    if (version(result, request).atLeast(CniVersion.V0_3_0)) {
      for (JsonNode one : objects(result, "interfaces", request)) {
        copy(one, INTERFACE, interfaces.addObject());
      }
      for (JsonNode one : objects(result, "ips", request)) {
        copy(one, IP, ips.addObject());
      }
      routes(result, routes, request);
    } else {
      for (String family : List.of("ip4", "ip6")) {
        legacy(result, family, ips, routes, request);
      }
    }
    JsonNode dns = Json.get(result, "dns");
    if (dns != null) {
      out.set("dns", dns);
    }
    check(out, request);
    return out;
  }

  private static CniVersion version(JsonNode result, CniVersion request) throws CniException {
    JsonNode node = Json.get(result, "cniVersion");
    if (node == null || (node.isTextual() && node.textValue().isEmpty())) {
      return request;
    }
    if (!node.isTextual()) {
      throw CniException.undecodable(request, "cniVersion of prevResult is not a string", "");
    }
    Optional<CniVersion> version = CniVersion.of(node.textValue());
    if (version.isEmpty()) {
      throw invalid(request, "its cniVersion " + Shown.of(node.textValue()));
    }
    return version.get();
  }

  private static void legacy(
      JsonNode result, String family, ArrayNode ips, ArrayNode routes, CniVersion request)
      throws CniException {
    JsonNode one = Json.get(result, family);
    if (one == null) {
      return;
    }
    if (!one.isObject()) {
      throw CniException.undecodable(request, family + " of prevResult is not an object", "");
    }
    ObjectNode ip = ips.addObject();
    ip.set("address", one.path("ip"));
    copy(one, List.of("gateway"), ip);
    routes(one, routes, request);
  }

  private static void routes(JsonNode from, ArrayNode to, CniVersion request) throws CniException {
    for (JsonNode one : objects(from, "routes", request)) {
      copy(one, ROUTE, to.addObject());
    }
  }

  private static void copy(JsonNode from, List<String> keys, ObjectNode to) {
    for (String key : keys) {
      JsonNode value = Json.get(from, key);
      if (value != null) {
        to.set(key, value);
      }
    }
  }

  /** The list of that key; an absent one is empty. */
  private static List<JsonNode> objects(JsonNode parent, String key, CniVersion request)
      throws CniException {
    JsonNode node = Json.get(parent, key);
    List<JsonNode> entries = new ArrayList<>();
    if (node == null) {
      return entries;
    }
    node.forEach(entries::add);
    if (!node.isArray() || !entries.stream().allMatch(JsonNode::isObject)) {
      throw CniException.undecodable(
          request, key + " is not a list of objects", Shown.of(node.toString()));
    }
    return entries;
  }

  private static void check(ObjectNode result, CniVersion request) throws CniException {
    int interfaces = result.path("interfaces").size();
    for (JsonNode ip : result.path("ips")) {
      JsonNode index = Json.get(ip, "interface");
      if (index != null
          && (!index.isInt() || index.intValue() < 0 || index.intValue() >= interfaces)) {
        throw invalid(
            request,
            "an address of interface "
                + Shown.of(index.toString())
                + ", and it lists "
                + interfaces);
      }
      prefix(ip.path("address"), request);
      address(ip, "gateway", request);
    }
    for (JsonNode route : result.path("routes")) {
      prefix(route.path("dst"), request);
      address(route, "gw", request);
    }
  }

  private static CniException invalid(CniVersion request, String what) {
    return CniException.invalid(
        request, "prevResult", what, "look at the plugin before in the chain");
  }

  private static void address(JsonNode parent, String key, CniVersion request) throws CniException {
    JsonNode value = Json.get(parent, key);
    if (value != null && !value.asText().isEmpty() && parsed(value.asText()).isEmpty()) {
      throw CniException.undecodable(
          request, key + " in prevResult is not an address", Shown.of(value.toString()));
    }
  }

  /** An address with a prefix length; host bits may be set. */
  private static void prefix(JsonNode value, CniVersion request) throws CniException {
    String[] parts = value.asText().split("/", -1);
    Optional<IpAddress> address = parts.length == 2 ? parsed(parts[0]) : Optional.empty();
    boolean good =
        address.isPresent()
            && parts[1].matches("[0-9]{1,3}")
            && Integer.parseInt(parts[1]) <= (address.get().isIpv4() ? 32 : 128);
    if (!good) {
      throw CniException.undecodable(
          request, "prevResult holds something that is no prefix", Shown.of(value.toString()));
    }
  }

  private static Optional<IpAddress> parsed(String text) {
    try {
      return Optional.of(IpAddress.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /**
   * A result in the form of a version.
   *
   * @param current in the form of 1.1.0
   * @return empty if the version cannot say it: before 0.3.0 there must be an address
   */
  static Optional<ObjectNode> write(JsonNode current, CniVersion version) {
    ObjectNode out = Json.object();
    out.put("cniVersion", version.text());
    if (version.atLeast(CniVersion.V0_3_0)) {
      ArrayNode interfaces = out.putArray("interfaces");
      for (JsonNode one : current.path("interfaces")) {
        copy(one, keys(INTERFACE, version), interfaces.addObject());
      }
      ArrayNode ips = out.putArray("ips");
      for (JsonNode one : current.path("ips")) {
        ObjectNode ip = ips.addObject();
        if (!version.atLeast(CniVersion.V1_0_0)) {
          ip.put("version", isIpv4(one.path("address")) ? "4" : "6");
        }
        copy(one, IP, ip);
      }
      ArrayNode routes = out.putArray("routes");
      for (JsonNode one : current.path("routes")) {
        copy(one, keys(ROUTE, version), routes.addObject());
      }
    } else {
      family(current, true).ifPresent(ip4 -> out.set("ip4", ip4));
      family(current, false).ifPresent(ip6 -> out.set("ip6", ip6));
      if (!out.has("ip4") && !out.has("ip6")) {
        return Optional.empty();
      }
    }
    JsonNode dns = Json.get(current, "dns");
    out.set("dns", dns == null ? Json.object() : dns);
    return Optional.of(out);
  }

  /** The reference library leaks keys of newer versions into older results. */
  private static List<String> keys(List<String> all, CniVersion version) {
    return version.atLeast(CniVersion.V1_1_0)
        ? all
        : all.stream().filter(key -> !SINCE_1_1.contains(key)).toList();
  }

  /** The first address of the family, with the family's routes. */
  private static Optional<ObjectNode> family(JsonNode current, boolean ipv4) {
    for (JsonNode one : current.path("ips")) {
      if (isIpv4(one.path("address")) == ipv4) {
        ObjectNode ip = Json.object();
        ip.set("ip", one.path("address"));
        copy(one, List.of("gateway"), ip);
        ArrayNode routes = ip.putArray("routes");
        for (JsonNode route : current.path("routes")) {
          if (isIpv4(route.path("dst")) == ipv4) {
            copy(route, List.of("dst", "gw"), routes.addObject());
          }
        }
        return Optional.of(ip);
      }
    }
    return Optional.empty();
  }

  private static boolean isIpv4(JsonNode prefix) {
    return !prefix.asText().contains(":");
  }
}
