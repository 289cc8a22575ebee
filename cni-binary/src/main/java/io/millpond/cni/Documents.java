package io.millpond.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.pool.value.Prefix;
import java.util.Optional;

/** Writes results and errors in the form of each version of the specification. */
public final class Documents {
  private Documents() {}

  /** An error. */
  public static String error(CniError error) {
    ObjectNode out = Json.MAPPER.createObjectNode();
    out.put("cniVersion", error.cniVersion());
    out.put("code", error.code());
    out.put("msg", error.msg());
    if (!error.details().isEmpty()) {
      out.put("details", error.details());
    }
    return out + "\n";
  }

  /**
   * A result, with what the plugins before in the chain made.
   *
   * @param previous their result in the same version; a part of it that is not of the expected form
   *     is left out
   */
  public static String result(CniResult result, CniVersion version, Optional<JsonNode> previous) {
    ObjectNode out = Json.MAPPER.createObjectNode();
    out.put("cniVersion", version.text());
    if (version.atLeast(CniVersion.V0_3_0)) {
      modern(out, result, version, previous);
    } else {
      legacy(out, result);
    }
    JsonNode dns = previous.map(p -> Json.get(p, "dns")).filter(JsonNode::isObject).orElse(null);
    out.set("dns", dns == null ? Json.MAPPER.createObjectNode() : dns);
    return out + "\n";
  }

  private static void modern(
      ObjectNode out, CniResult result, CniVersion version, Optional<JsonNode> previous) {
    ArrayNode interfaces = list(out, "interfaces", previous);
    int index = interfaces.size();
    ObjectNode pod = interfaces.addObject();
    pod.put("name", result.ifName()).put("mac", result.mac().toString());
    if (version.atLeast(CniVersion.V1_1_0)) {
      pod.put("mtu", result.mtu());
    }
    pod.put("sandbox", result.sandbox());
    ObjectNode ip = list(out, "ips", previous).addObject();
    if (!version.atLeast(CniVersion.V1_0_0)) {
      ip.put("version", result.address().isIpv4() ? "4" : "6");
    }
    ip.put("interface", index)
        .put("address", result.address() + "/" + result.prefixLength())
        .put("gateway", result.gateway().toString());
    ArrayNode routes = list(out, "routes", previous);
    routes.addObject().put("dst", "0.0.0.0/0").put("gw", result.gateway().toString());
    for (Prefix prefix : result.routes()) {
      routes.addObject().put("dst", prefix.toString());
    }
  }

  private static ArrayNode list(ObjectNode out, String key, Optional<JsonNode> previous) {
    ArrayNode list = out.putArray(key);
    previous
        .map(document -> Json.get(document, key))
        .filter(JsonNode::isArray)
        .ifPresent(entries -> entries.forEach(list::add));
    return list;
  }

  private static void legacy(ObjectNode out, CniResult result) {
    ObjectNode ip = out.putObject(result.address().isIpv4() ? "ip4" : "ip6");
    ip.put("ip", result.address() + "/" + result.prefixLength())
        .put("gateway", result.gateway().toString());
    ArrayNode routes = ip.putArray("routes");
    routes.addObject().put("dst", "0.0.0.0/0").put("gw", result.gateway().toString());
    for (Prefix prefix : result.routes()) {
      routes.addObject().put("dst", prefix.toString());
    }
  }
}
