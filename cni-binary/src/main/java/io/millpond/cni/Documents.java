package io.millpond.cni;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.pool.value.Prefix;

/** Writes results and errors in the form of each version of the specification. */
public final class Documents {
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
   * @param add the request
   */
  public static String result(CniResult result, CniRequest.Add add) {
    ObjectNode merged = Json.object();
    ArrayNode interfaces = list(merged, "interfaces", add);
    int index = interfaces.size();
    interfaces
        .addObject()
        .put("name", result.ifName())
        .put("mac", result.mac().toString())
        .put("mtu", result.mtu())
        .put("sandbox", result.sandbox());
    list(merged, "ips", add)
        .addObject()
        .put("interface", index)
        .put("address", result.address() + "/" + result.prefixLength())
        .put("gateway", result.gateway().toString());
    routes(list(merged, "routes", add), result);
    add.configuration()
        .dns()
        .or(() -> add.previous().map(previous -> Json.get(previous, "dns")))
        .ifPresent(dns -> merged.set("dns", dns));
    return ResultForms.write(merged, add.version()).orElseThrow() + "\n";
  }

  /** A new list that begins with the previous result's. */
  private static ArrayNode list(ObjectNode out, String key, CniRequest.Add add) {
    ArrayNode list = out.putArray(key);
    add.previous().ifPresent(previous -> previous.path(key).forEach(list::add));
    return list;
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
