package io.millpond.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;

/** Turns a frame into a request, or says what is wrong with it. */
public final class RequestParser {
  /**
   * Specification, "Network configuration format": also the rule for container IDs. Matched as a
   * whole.
   */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.\\-]*");

  private static final Pattern VERSION_FORM = Pattern.compile("\\d+\\.\\d+\\.\\d+.*");

  /**
   * Keys that the specification or runtimes put beside the plugin's own; they are not ours to
   * judge.
   */
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

  private RequestParser() {}

  /**
   * Parses.
   *
   * @throws CniException with the error for the runtime
   */
  public static CniRequest parse(CniFrame frame) throws CniException {
    String verb = frame.variables().getOrDefault("CNI_COMMAND", "");
    JsonNode document = document(frame);
    CniVersion version = version(document, verb);
    String network = network(document, version);
    return switch (verb) {
      case "ADD" ->
          new CniRequest.Add(
              version,
              key(frame, network, version),
              required(frame, "CNI_NETNS", version),
              pod(frame, version),
              configuration(document, version),
              Optional.ofNullable(Json.get(document, "prevResult")).filter(JsonNode::isObject));
      case "DEL" -> new CniRequest.Del(version, key(frame, network, version), pod(frame, version));
      case "CHECK" -> {
        since(version, CniVersion.V0_4_0, verb);
        JsonNode previous = Json.get(document, "prevResult");
        if (previous == null || !previous.isObject()) {
          throw invalid(version, "prevResult", "absent", "CHECK needs the result of ADD");
        }
        yield new CniRequest.Check(
            version,
            key(frame, network, version),
            pod(frame, version),
            configuration(document, version),
            previous);
      }
      case "GC" -> {
        since(version, CniVersion.V1_1_0, verb);
        yield new CniRequest.Gc(version, network, valid(document, version));
      }
      case "STATUS" -> {
        since(version, CniVersion.V1_1_0, verb);
        yield new CniRequest.Status(version, network);
      }
      default -> throw error(version, CniError.ENVIRONMENT, "unknown CNI_COMMAND", Shown.of(verb));
    };
  }

  private static JsonNode document(CniFrame frame) throws CniException {
    JsonNode document;
    try {
      document = Json.read(frame.stdin());
    } catch (JsonProcessingException e) {
      throw error(
          CniVersion.V1_0_0,
          CniError.UNDECODABLE,
          "stdin is not one JSON object",
          "line %d, column %d"
              .formatted(
                  e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                  e.getLocation() == null ? 0 : e.getLocation().getColumnNr()));
    }
    if (document.isNull()) {
      throw invalid(CniVersion.V1_0_0, "name", "absent", "give the network a name");
    }
    if (!document.isObject()) {
      throw error(
          CniVersion.V1_0_0,
          CniError.UNDECODABLE,
          "stdin is not a JSON object",
          "it is a " + document.getNodeType());
    }
    return document;
  }

  private static CniVersion version(JsonNode document, String verb) throws CniException {
    JsonNode node = Json.get(document, "cniVersion");
    if (node == null || node.isNull() || (node.isTextual() && node.textValue().isEmpty())) {
      return CniVersion.V0_1_0; // the reference library's reading of an absent version
    }
    if (!node.isTextual()) {
      throw error(CniVersion.V1_0_0, CniError.UNDECODABLE, "cniVersion is not a string", "");
    }
    Optional<CniVersion> version = CniVersion.of(node.textValue());
    if (version.isEmpty()) {
      boolean compared = !verb.equals("ADD") && !verb.equals("DEL");
      boolean form = VERSION_FORM.matcher(node.textValue()).matches();
      throw error(
          CniVersion.V1_0_0,
          compared && !form ? CniError.UNDECODABLE : CniError.INCOMPATIBLE_VERSION,
          "unsupported cniVersion " + Shown.of(node.textValue()),
          "supported are 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0 and 1.1.0");
    }
    return version.get();
  }

  private static void since(CniVersion version, CniVersion first, String verb) throws CniException {
    if (!version.atLeast(first)) {
      throw error(
          version,
          CniError.INCOMPATIBLE_VERSION,
          verb + " needs cniVersion " + first.text() + " or newer",
          "the configuration says " + version.text());
    }
  }

  private static String network(JsonNode document, CniVersion version) throws CniException {
    JsonNode name = Json.get(document, "name");
    if (name == null || name.isNull() || (name.isTextual() && name.textValue().isEmpty())) {
      throw invalid(version, "name", "absent", "give the network a name");
    }
    if (!name.isTextual()) {
      throw error(version, CniError.UNDECODABLE, "the network's name is not a string", "");
    }
    if (!NAME.matcher(name.textValue()).matches() || name.textValue().length() > 1024) {
      throw invalid(
          version,
          "name",
          Shown.of(name.textValue()),
          "begin with a letter or digit and use only letters, digits, '_', '.' and '-'");
    }
    return name.textValue();
  }

  private static AttachmentKey key(CniFrame frame, String network, CniVersion version)
      throws CniException {
    String containerId = required(frame, "CNI_CONTAINERID", version);
    String ifName = required(frame, "CNI_IFNAME", version);
    if (!NAME.matcher(containerId).matches() || containerId.length() > AttachmentKey.MAX_PART) {
      throw error(
          version, CniError.ENVIRONMENT, "invalid CNI_CONTAINERID " + Shown.of(containerId), "");
    }
    // The plugin has checked the characters; a spool file may have been written by anything.
    if (ifName.length() > 15 || ifName.contains("/") || ifName.equals(".") || ifName.equals("..")) {
      throw error(version, CniError.ENVIRONMENT, "invalid CNI_IFNAME " + Shown.of(ifName), "");
    }
    return new AttachmentKey(network, containerId, ifName);
  }

  private static String required(CniFrame frame, String name, CniVersion version)
      throws CniException {
    String value = frame.variables().getOrDefault(name, "");
    if (value.isEmpty()) {
      throw error(
          version, CniError.ENVIRONMENT, "required environment variables are missing", name);
    }
    return value;
  }

  /**
   * {@code CNI_ARGS}: pairs {@code K=V} with semicolons; Kubernetes' own all have the prefix {@code
   * K8S_}.
   */
  private static PodName pod(CniFrame frame, CniVersion version) throws CniException {
    Map<String, String> arguments = new java.util.TreeMap<>();
    String text = frame.variables().getOrDefault("CNI_ARGS", "");
    for (String pair : text.isEmpty() ? new String[0] : text.split(";", -1)) {
      int equals = pair.indexOf('=');
      if (equals <= 0) {
        throw error(
            version, CniError.ENVIRONMENT, "CNI_ARGS holds a pair without '='", Shown.of(pair));
      }
      arguments.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return new PodName(
        printable(arguments.getOrDefault("K8S_POD_NAMESPACE", "")),
        printable(arguments.getOrDefault("K8S_POD_NAME", "")));
  }

  private static String printable(String text) {
    String clean = text.replaceAll("[^0-9A-Za-z._-]", "?");
    return clean.length() > 253 ? clean.substring(0, 253) : clean;
  }

  private static NetworkConfiguration configuration(JsonNode document, CniVersion version)
      throws CniException {
    for (String key : Json.keys(document)) {
      if (!KNOWN.contains(key.toLowerCase(java.util.Locale.ROOT)) && !key.startsWith("cni.dev/")) {
        throw error(
            version,
            CniError.UNSUPPORTED_FIELD,
            "unknown key " + Shown.of(key) + " in the network configuration",
            "millpond's own keys are pool, subnet, mtu and extraRoutes; everything else is set on the daemon");
      }
    }
    return new NetworkConfiguration(
        text(document, "pool", version),
        text(document, "subnet", version),
        mtu(document, version),
        extraRoutes(document, version));
  }

  private static Optional<String> text(JsonNode document, String key, CniVersion version)
      throws CniException {
    JsonNode node = Json.get(document, key);
    if (node == null || node.isNull()) {
      return Optional.empty();
    }
    if (!node.isTextual() || !NAME.matcher(node.textValue()).matches()) {
      throw unsupported(version, key, node, "a name");
    }
    return Optional.of(node.textValue());
  }

  private static OptionalInt mtu(JsonNode document, CniVersion version) throws CniException {
    JsonNode node = Json.get(document, "mtu");
    if (node == null || node.isNull()) {
      return OptionalInt.empty();
    }
    if (!node.isInt() || node.intValue() < 1280 || node.intValue() > 9001) {
      throw unsupported(version, "mtu", node, "a number from 1280 to 9001");
    }
    return OptionalInt.of(node.intValue());
  }

  private static List<Prefix> extraRoutes(JsonNode document, CniVersion version)
      throws CniException {
    JsonNode node = Json.get(document, "extraRoutes");
    List<Prefix> routes = new ArrayList<>();
    if (node == null || node.isNull()) {
      return routes;
    }
    if (!node.isArray() || node.size() > 100) {
      throw unsupported(version, "extraRoutes", node, "a list of at most 100 IPv4 prefixes");
    }
    for (JsonNode entry : node) {
      try {
        Prefix prefix = Prefix.parse(entry.asText());
        if (prefix.address().family() != IpAddress.Family.IPV4) {
          throw new IllegalArgumentException("not IPv4");
        }
        routes.add(prefix);
      } catch (IllegalArgumentException e) {
        throw unsupported(version, "extraRoutes", entry, "IPv4 prefixes such as 10.1.0.0/16");
      }
    }
    return routes;
  }

  private static Optional<List<CniRequest.Attachment>> valid(JsonNode document, CniVersion version)
      throws CniException {
    JsonNode list = Json.get(document, "cni.dev/valid-attachments");
    if (list == null) {
      list = Json.get(document, "cni.dev/attachments");
    }
    if (list == null) {
      return Optional.empty();
    }
    if (list.isNull()) {
      return Optional.of(List.of()); // an empty set that was marshalled by Go
    }
    if (!list.isArray()) {
      throw invalid(version, "cni.dev/valid-attachments", "not a list", "send a list");
    }
    List<CniRequest.Attachment> valid = new ArrayList<>();
    for (JsonNode entry : list) {
      JsonNode id = Json.get(entry, "containerID");
      JsonNode name = Json.get(entry, "ifname");
      if (id == null || name == null || !id.isTextual() || !name.isTextual()) {
        throw invalid(
            version,
            "cni.dev/valid-attachments",
            "an entry",
            "give each a containerID and an ifname");
      }
      valid.add(new CniRequest.Attachment(id.textValue(), name.textValue()));
    }
    return Optional.of(valid);
  }

  private static CniException unsupported(
      CniVersion version, String key, JsonNode value, String expected) {
    return error(
        version,
        CniError.UNSUPPORTED_FIELD,
        "invalid " + key + " in the network configuration: " + Shown.of(value.toString()),
        key + " takes " + expected);
  }

  private static CniException invalid(CniVersion version, String key, String value, String remedy) {
    return error(
        version,
        CniError.INVALID_CONFIGURATION,
        "invalid " + key + " in the network configuration: " + value,
        remedy);
  }

  private static CniException error(CniVersion version, int code, String msg, String details) {
    return new CniException(CniError.of(version, code, msg, details));
  }
}
