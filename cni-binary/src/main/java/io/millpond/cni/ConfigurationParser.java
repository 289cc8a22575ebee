package io.millpond.cni;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads what stdin says beyond version and name: our keys, demands of the pod, prevResult. */
final class ConfigurationParser {
  /** Keys that the specification or runtimes put there, and our own four. */
  private static final Set<String> KNOWN =
      Set.of(
          "cniversion",
          "cniversions",
          "name",
          "type",
          "args",
          "ipmasq",
          "ipam",
          "dns",
          "capabilities",
          "runtimeconfig",
          "prevresult",
          "disablecheck",
          "disablegc",
          "loadonlyinlinedplugins",
          "plugins",
          "keepaddress",
          "pool",
          "subnet",
          "mtu",
          "extraroutes");

  /** Conventions that would change the pod's network; silence would hide that nothing changed. */
  private static final List<String> DEMANDS =
      List.of("ips", "mac", DemandsParser.BANDWIDTH, DemandsParser.PORTS);

  private static final Pattern SUBNET = Pattern.compile("subnet-[0-9a-f]{8,17}");

  private final JsonNode document;
  private final CniVersion version;

  ConfigurationParser(JsonNode document, CniVersion version) {
    this.document = document;
    this.version = version;
  }

  NetworkConfiguration configuration() throws CniException {
    for (String key : Json.keys(document)) {
      if (!KNOWN.contains(key.toLowerCase(Locale.ROOT)) && !key.startsWith("cni.dev/")) {
        throw CniException.of(
            version,
            CniError.UNSUPPORTED_FIELD,
            "unknown key " + Shown.of(key) + " in the network configuration",
            "millpond's own keys are pool, subnet, mtu and extraRoutes; everything else is set on the daemon");
      }
    }
    return new NetworkConfiguration(
        pool(),
        subnet(),
        mtu(),
        extraRoutes(),
        dns(document),
        new DemandsParser(document, version).demands());
  }

  private Optional<PoolName> pool() throws CniException {
    JsonNode node = Json.get(document, "pool");
    if (node == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(new PoolName(node.isTextual() ? node.textValue() : ""));
    } catch (IllegalArgumentException e) {
      throw CniException.unsupported(
          version,
          "pool",
          node,
          "the name of a pool: a letter or digit, then at most 62 letters, digits, '.', '-' and"
              + " '_', or a subnet's id");
    }
  }

  private Optional<String> subnet() throws CniException {
    JsonNode node = Json.get(document, "subnet");
    if (node == null) {
      return Optional.empty();
    }
    if (!node.isTextual() || !SUBNET.matcher(node.textValue()).matches()) {
      throw CniException.unsupported(
          version, "subnet", node, "a subnet's id such as subnet-0a1b2c3d4e5f60718");
    }
    return Optional.of(node.textValue());
  }

  private OptionalInt mtu() throws CniException {
    JsonNode node = Json.get(document, "mtu");
    if (node == null) {
      return OptionalInt.empty();
    }
    if (!node.isInt() || node.intValue() < 1280 || node.intValue() > 9001) {
      throw CniException.unsupported(version, "mtu", node, "a number from 1280 to 9001");
    }
    return OptionalInt.of(node.intValue());
  }

  private List<Prefix> extraRoutes() throws CniException {
    JsonNode node = Json.get(document, "extraRoutes");
    List<Prefix> routes = new ArrayList<>();
    if (node == null) {
      return routes;
    }
    if (!node.isArray() || node.size() > 100) {
      throw CniException.unsupported(
          version, "extraRoutes", node, "a list of at most 100 IPv4 prefixes");
    }
    for (JsonNode entry : node) {
      try {
        Prefix prefix = Prefix.parse(entry.asText());
        if (prefix.address().family() != IpAddress.Family.IPV4) {
          throw new IllegalArgumentException("not IPv4");
        }
        routes.add(prefix);
      } catch (IllegalArgumentException e) {
        throw CniException.unsupported(
            version, "extraRoutes", entry, "IPv4 prefixes such as 10.1.0.0/16");
      }
    }
    return routes;
  }

  /** Runtimes parse name servers as addresses and fail on anything else. */
  private Optional<JsonNode> dns(JsonNode parent) throws CniException {
    JsonNode dns = Json.get(parent, "dns");
    if (dns == null || (dns.isObject() && dns.isEmpty())) {
      return Optional.empty();
    }
    if (!dns.isObject()) {
      throw CniException.undecodable(version, "dns is not an object", "it is a " + kind(dns));
    }
    for (JsonNode server : texts(dns, "nameservers")) {
      try {
        var _ = IpAddress.parse(server.asText());
      } catch (IllegalArgumentException e) {
        throw CniException.unsupported(version, "dns.nameservers", server, "IP addresses");
      }
    }
    return Optional.of(dns);
  }

  /** Refuses what the pod asks for and would not get. */
  void refuseDemands(CniArguments arguments) throws CniException {
    JsonNode runtime = Json.get(document, "runtimeConfig");
    JsonNode args = Json.get(document, "args");
    JsonNode cni = args == null ? null : Json.get(args, "cni");
    for (String key : DEMANDS) {
      refuseDemand(runtime, key, isObeyed(key));
      refuseDemand(cni, key, false);
    }
    for (String demand : arguments.demands()) {
      throw refusal("CNI_ARGS", demand);
    }
  }

  private void refuseDemand(@Nullable JsonNode where, String key, boolean obeyed)
      throws CniException {
    JsonNode value = where == null ? null : Json.get(where, key);
    if (value != null && !obeyed && demandsSomething(value)) {
      throw refusal(key, value.toString());
    }
  }

  /** What {@link DemandsParser} reads. */
  private boolean isObeyed(String key) {
    return (key.equals(DemandsParser.PORTS) || key.equals(DemandsParser.BANDWIDTH))
        && DemandsParser.declares(document, key);
  }

  private CniException refusal(String key, String value) {
    return CniException.of(
        version,
        CniError.UNSUPPORTED_FIELD,
        "the pod asks for " + key + " " + Shown.of(value),
        "millpond gives addresses from its pool with the ENI's MAC address, and host ports and"
            + " bandwidth limits only where its entry in the network's configuration declares the"
            + " capabilities portMappings and bandwidth: remove the request or declare the"
            + " capability");
  }

  private static boolean demandsSomething(JsonNode value) {
    if (value.isContainerNode()) {
      for (JsonNode part : value) {
        if (demandsSomething(part)) {
          return true;
        }
      }
      return false;
    }
    return !value.isNull() && !value.asText().isEmpty() && !value.asText().equals("0");
  }

  /** The result of the plugins before this one in the form of 1.1.0, to be copied into ours. */
  Optional<JsonNode> previous() throws CniException {
    Optional<JsonNode> previous = previousObject();
    if (previous.isEmpty()) {
      return previous;
    }
    dns(previous.get());
    return Optional.of(ResultForms.read(previous.get(), version));
  }

  /** The previous result as CHECK gets it: the whole chain's, and not ours to judge. */
  Optional<JsonNode> previousObject() throws CniException {
    JsonNode previous = Json.get(document, "prevResult");
    if (previous != null && !previous.isObject()) {
      throw CniException.undecodable(
          version, "prevResult is not an object", "it is a " + kind(previous));
    }
    return Optional.ofNullable(previous);
  }

  /** The list of texts of that key; an absent one is empty. */
  private List<JsonNode> texts(JsonNode parent, String key) throws CniException {
    JsonNode node = Json.get(parent, key);
    List<JsonNode> entries = new ArrayList<>();
    if (node == null) {
      return entries;
    }
    node.forEach(entries::add);
    if (!node.isArray() || !entries.stream().allMatch(JsonNode::isTextual)) {
      throw CniException.undecodable(
          version, key + " is not a list of texts", Shown.of(node.toString()));
    }
    return entries;
  }

  private static String kind(JsonNode node) {
    return node.getNodeType().name().toLowerCase(Locale.ROOT);
  }
}
