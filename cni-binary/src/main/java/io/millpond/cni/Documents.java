package io.millpond.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.pool.value.Prefix;
import java.util.Locale;
import java.util.Set;

/** Writes results and errors in the form of each version of the specification. */
public final class Documents {
  /** Keys of interfaces and routes that are new in 1.1.0. */
  private static final Set<String> SINCE_1_1 =
      Set.of("mtu", "socketpath", "pciid", "advmss", "priority", "table", "scope");

  private Documents() {}

  /** An error. */
  public static String error(CniError error) {
    ObjectNode out = Json.object();
    out.put("cniVersion", error.cniVersion());
    out.put("code", error.code());
    out.put("msg", error.msg());
    if (!error.details().isEmpty()) {
      out.put("details", error.details());
    }
    return out + "\n";
  }

  /**
   * A result in the request's version, with what the plugins before in the chain made.
   *
   * @param add the request; its previous result is of the same version
   */
  public static String result(CniResult result, CniRequest.Add add) {
    ObjectNode out = Json.object();
    out.put("cniVersion", add.version().text());
    if (add.version().atLeast(CniVersion.V0_3_0)) {
      modern(out, result, add);
    } else {
      legacy(out, result);
    }
    out.set(
        "dns",
        add.configuration()
            .dns()
            .or(() -> add.previous().map(previous -> Json.get(previous, "dns")))
            .orElseGet(Json::object));
    return out + "\n";
  }

  private static void modern(ObjectNode out, CniResult result, CniRequest.Add add) {
    CniVersion version = add.version();
    ArrayNode interfaces = list(out, "interfaces", add);
    int index = interfaces.size();
    ObjectNode pod = interfaces.addObject();
    pod.put("name", result.ifName()).put("mac", result.mac().toString());
    if (version.atLeast(CniVersion.V1_1_0)) {
      pod.put("mtu", result.mtu());
    }
    pod.put("sandbox", result.sandbox());
    ObjectNode ip = list(out, "ips", add).addObject();
    if (!version.atLeast(CniVersion.V1_0_0)) {
      ip.put("version", result.address().isIpv4() ? "4" : "6");
    }
    ip.put("interface", index)
        .put("address", result.address() + "/" + result.prefixLength())
        .put("gateway", result.gateway().toString());
    routes(list(out, "routes", add), result);
  }

  /** A new list that begins with the previous result's. */
  private static ArrayNode list(ObjectNode out, String key, CniRequest.Add add) {
    ArrayNode list = out.putArray(key);
    JsonNode before = add.previous().map(document -> Json.get(document, key)).orElse(null);
    if (before != null) {
      before.forEach(entry -> copy(entry, key, add.version(), list.addObject()));
    }
    return list;
  }

  /** Copies what the version has: the reference library leaks keys of newer ones. */
  private static void copy(JsonNode entry, String list, CniVersion version, ObjectNode out) {
    for (String key : Json.keys(entry)) {
      boolean unknown =
          list.equals("ips")
              ? version.atLeast(CniVersion.V1_0_0) && key.equalsIgnoreCase("version")
              : !version.atLeast(CniVersion.V1_1_0)
                  && SINCE_1_1.contains(key.toLowerCase(Locale.ROOT));
      if (!unknown) {
        out.set(key, entry.get(key));
      }
    }
  }

  private static void legacy(ObjectNode out, CniResult result) {
    ObjectNode ip = out.putObject(result.address().isIpv4() ? "ip4" : "ip6");
    ip.put("ip", result.address() + "/" + result.prefixLength())
        .put("gateway", result.gateway().toString());
    routes(ip.putArray("routes"), result);
  }

  private static void routes(ArrayNode routes, CniResult result) {
    if (result.leads()) {
      routes
          .addObject()
          .put("dst", result.address().isIpv4() ? "0.0.0.0/0" : "::/0")
          .put("gw", result.gateway().toString());
    }
    for (Prefix prefix : result.routes()) {
      routes.addObject().put("dst", prefix.toString());
    }
  }
}
