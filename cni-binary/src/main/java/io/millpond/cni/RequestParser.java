package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.pool.value.AttachmentKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Turns a frame into a request, or says what is wrong with it. */
public final class RequestParser {
  /**
   * Specification, "Network configuration format": also the rule for container IDs. Matched as a
   * whole.
   */
  static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.\\-]*");

  /** The longest name of a network, in characters. */
  static final int MAX_NAME = 1024;

  /** The plugin's rule; a file in the spool may have been written by anything. */
  private static final Pattern IFNAME = Pattern.compile("(?!\\.{1,2}$)[!-~&&[^/:%]]{1,15}");

  /** What the reference library can compare: up to three numbers. */
  private static final Pattern COMPARABLE =
      Pattern.compile("[+-]?[0-9]{1,18}(\\.[+-]?[0-9]{1,18}){0,2}");

  private RequestParser() {}

  /**
   * Parses.
   *
   * @throws CniException with the error for the runtime
   */
  public static CniRequest parse(CniFrame frame) throws CniException {
    String verb = frame.variables().getOrDefault("CNI_COMMAND", "");
    JsonNode document = document(frame);
    // The reference library's order: a configuration without a name has no version to speak of.
    String network = network(document, reported(document));
    CniVersion version = version(document, verb);
    return switch (verb) {
      case "ADD" -> add(frame, document, network, version);
      case "DEL" ->
          new CniRequest.Del(
              version, key(frame, network, version), arguments(frame, version).pod());
      case "CHECK" -> check(frame, document, network, version);
      case "GC" -> {
        since(version, CniVersion.V1_1_0, verb);
        yield new CniRequest.Gc(version, network, valid(document, version));
      }
      case "STATUS" -> {
        since(version, CniVersion.V1_1_0, verb);
        yield status(document, network, version);
      }
      default ->
          throw CniException.of(
              version, CniError.ENVIRONMENT, "unknown CNI_COMMAND", Shown.of(verb));
    };
  }

  private static CniRequest.Add add(
      CniFrame frame, JsonNode document, String network, CniVersion version) throws CniException {
    AttachmentKey key = key(frame, network, version);
    String netns = required(frame, "CNI_NETNS", version);
    CniArguments arguments = arguments(frame, version);
    ConfigurationParser parser = new ConfigurationParser(document, version);
    NetworkConfiguration configuration = parser.configuration();
    parser.refuseDemands(arguments);
    return new CniRequest.Add(
        version, key, netns, arguments.pod(), configuration, parser.previous());
  }

  /** What ADD would refuse is refused here too. */
  private static CniRequest.Status status(JsonNode document, String network, CniVersion version)
      throws CniException {
    ConfigurationParser parser = new ConfigurationParser(document, version);
    NetworkConfiguration configuration = parser.configuration();
    parser.refuseDemands(CniArguments.parse("", version));
    return new CniRequest.Status(version, network, configuration);
  }

  private static CniRequest.Check check(
      CniFrame frame, JsonNode document, String network, CniVersion version) throws CniException {
    since(version, CniVersion.V0_4_0, "CHECK");
    AttachmentKey key = key(frame, network, version);
    PodName pod = arguments(frame, version).pod();
    ConfigurationParser parser = new ConfigurationParser(document, version);
    NetworkConfiguration configuration = parser.configuration();
    Optional<JsonNode> previous = parser.previousObject();
    if (previous.isEmpty()) {
      throw CniException.invalid(version, "prevResult", "absent", "CHECK needs the result of ADD");
    }
    return new CniRequest.Check(version, key, pod, configuration, previous.get());
  }

  private static JsonNode document(CniFrame frame) throws CniException {
    JsonNode document;
    try {
      document = Json.read(frame.stdin());
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      throw CniException.undecodable(
          CniVersion.V1_0_0,
          "stdin is not one JSON object",
          at == null
              ? "it is empty"
              : "line %d, column %d".formatted(at.getLineNr(), at.getColumnNr()));
    }
    if (document.isNull()) {
      throw CniException.invalid(CniVersion.V1_0_0, "name", "absent", "give the network a name");
    }
    if (!document.isObject()) {
      throw CniException.undecodable(
          CniVersion.V1_0_0,
          "stdin is not a JSON object",
          "it is a " + document.getNodeType().name().toLowerCase(Locale.ROOT));
    }
    return document;
  }

  /** The version in which an error is told before the version itself is looked at. */
  private static CniVersion reported(JsonNode document) {
    JsonNode node = Json.get(document, "cniVersion");
    return node == null || !node.isTextual()
        ? CniVersion.V1_0_0
        : CniVersion.of(node.textValue()).orElse(CniVersion.V1_0_0);
  }

  private static CniVersion version(JsonNode document, String verb) throws CniException {
    JsonNode node = Json.get(document, "cniVersion");
    if (node == null || (node.isTextual() && node.textValue().isEmpty())) {
      return CniVersion.V0_1_0; // the reference library's reading of an absent version
    }
    if (!node.isTextual()) {
      throw CniException.undecodable(CniVersion.V1_0_0, "cniVersion is not a string", "");
    }
    Optional<CniVersion> version = CniVersion.of(node.textValue());
    if (version.isEmpty()) {
      boolean compared = !verb.equals("ADD") && !verb.equals("DEL");
      throw CniException.of(
          CniVersion.V1_0_0,
          compared && !COMPARABLE.matcher(node.textValue()).matches()
              ? CniError.UNDECODABLE
              : CniError.INCOMPATIBLE_VERSION,
          "unsupported cniVersion " + Shown.of(node.textValue()),
          "supported are 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0 and 1.1.0");
    }
    return version.get();
  }

  private static void since(CniVersion version, CniVersion first, String verb) throws CniException {
    if (!version.atLeast(first)) {
      throw CniException.of(
          version,
          CniError.INCOMPATIBLE_VERSION,
          verb + " needs cniVersion " + first.text() + " or newer",
          "the configuration says " + version.text());
    }
  }

  private static String network(JsonNode document, CniVersion version) throws CniException {
    JsonNode name = Json.get(document, "name");
    if (name == null || (name.isTextual() && name.textValue().isEmpty())) {
      throw CniException.invalid(version, "name", "absent", "give the network a name");
    }
    if (!name.isTextual()) {
      throw CniException.undecodable(version, "the network's name is not a string", "");
    }
    if (!NAME.matcher(name.textValue()).matches() || name.textValue().length() > MAX_NAME) {
      throw CniException.invalid(
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
      throw CniException.of(
          version, CniError.ENVIRONMENT, "invalid CNI_CONTAINERID " + Shown.of(containerId), "");
    }
    if (!IFNAME.matcher(ifName).matches()) {
      throw CniException.of(
          version, CniError.ENVIRONMENT, "invalid CNI_IFNAME " + Shown.of(ifName), "");
    }
    return new AttachmentKey(network, containerId, ifName);
  }

  private static String required(CniFrame frame, String name, CniVersion version)
      throws CniException {
    String value = frame.variables().getOrDefault(name, "");
    if (value.isEmpty()) {
      throw CniException.of(
          version, CniError.ENVIRONMENT, "required environment variables are missing", name);
    }
    return value;
  }

  private static CniArguments arguments(CniFrame frame, CniVersion version) throws CniException {
    return CniArguments.parse(frame.variables().getOrDefault("CNI_ARGS", ""), version);
  }

  /**
   * The valid attachments, from the final key and from the one that the specification had when it
   * was tagged; what either lists is valid.
   */
  private static Optional<List<CniRequest.Attachment>> valid(JsonNode document, CniVersion version)
      throws CniException {
    Optional<List<CniRequest.Attachment>> valid = Optional.empty();
    for (String key : List.of("cni.dev/valid-attachments", "cni.dev/attachments")) {
      if (document.has(key)) {
        List<CniRequest.Attachment> all = valid.orElseGet(ArrayList::new);
        // Go marshals an empty set to null.
        JsonNode list = Json.get(document, key);
        if (list != null) {
          all.addAll(attachments(list, key, version));
        }
        valid = Optional.of(all);
      }
    }
    return valid;
  }

  private static List<CniRequest.Attachment> attachments(
      JsonNode list, String key, CniVersion version) throws CniException {
    if (!list.isArray()) {
      throw CniException.invalid(version, key, "not a list", "send a list");
    }
    List<CniRequest.Attachment> attachments = new ArrayList<>();
    for (JsonNode entry : list) {
      JsonNode id = Json.get(entry, "containerID");
      JsonNode name = Json.get(entry, "ifname");
      if (id == null || name == null || !isPart(id) || !isPart(name)) {
        throw CniException.invalid(
            version, key, "an entry", "give each a containerID and an ifname");
      }
      attachments.add(new CniRequest.Attachment(id.textValue(), name.textValue()));
    }
    return attachments;
  }

  /** Whether it can be part of an attachment's key. */
  private static boolean isPart(JsonNode node) {
    return node.isTextual()
        && !node.textValue().isEmpty()
        && node.textValue().getBytes(UTF_8).length <= AttachmentKey.MAX_PART;
  }
}
