package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Judges a configuration list (a {@code .conflist} file) before a runtime reads it: what a pod's
 * ADD would be refused for, what runtimes themselves stumble over, and what only the whole list
 * shows, because a plugin does not see the others of its list.
 */
public final class ConfigurationList {
  /** The plugin's name, as {@code type}. */
  public static final String TYPE = "millpond";

  /** Plugins that act on a capability of ours, and the capability. */
  private static final Map<String, String> RIVALS =
      Map.of("portmap", DemandsParser.PORTS, "bandwidth", DemandsParser.BANDWIDTH);

  private final JsonNode document;
  private final List<String> problems = new ArrayList<>();

  private ConfigurationList(JsonNode document) {
    this.document = document;
  }

  /** What is wrong with it, one sentence each; empty if nothing is. */
  public static List<String> problems(String text) {
    JsonNode document;
    try {
      document = Json.read(ByteBuffer.wrap(text.getBytes(UTF_8)));
    } catch (JsonProcessingException e) {
      return List.of("it is not one JSON document: " + e.getOriginalMessage());
    }
    if (!document.isObject()) {
      return List.of("it is not a JSON object");
    }
    ConfigurationList list = new ConfigurationList(document);
    list.judge();
    return List.copyOf(list.problems);
  }

  private void judge() {
    String name = text(document, "name");
    if (!RequestParser.NAME.matcher(name).matches()) {
      problems.add(
          "name "
              + Shown.of(name)
              + " is not a name: letters, digits, '_', '.' and '-', the first a letter or digit");
    }
    CniVersion version = version();
    JsonNode plugins = Json.get(document, "plugins");
    if (plugins == null || !plugins.isArray() || plugins.isEmpty()) {
      problems.add("plugins is not a list of at least one plugin");
      return;
    }
    List<JsonNode> ours = new ArrayList<>();
    for (int i = 0; i < plugins.size(); i++) {
      JsonNode plugin = plugins.get(i);
      String type = plugin.isObject() ? text(plugin, "type") : "";
      // A type with a separator would run any program (CVE-2021-20206).
      if (!RequestParser.NAME.matcher(type).matches()) {
        problems.add("plugins[" + i + "].type " + Shown.of(type) + " is not a plugin's name");
      } else if (type.equals(TYPE)) {
        ours.add(plugin);
        judge((ObjectNode) plugin, name, version, "plugins[" + i + "]");
      }
    }
    if (ours.isEmpty()) {
      problems.add("no plugin of the type " + TYPE + " is among its plugins");
    } else if (ours.size() > 1) {
      problems.add(
          "%d of its plugins are of the type %s, and all would make the same interface: leave one of them"
              .formatted(ours.size(), TYPE));
    } else {
      compare(ours.getFirst(), plugins);
    }
  }

  /** Two plugins that act on one request would be in each other's way (rule 109). */
  private void compare(JsonNode ours, JsonNode plugins) {
    for (JsonNode plugin : plugins) {
      String type = plugin.isObject() ? text(plugin, "type") : "";
      String capability = RIVALS.get(type);
      if (capability != null && declares(ours, capability) && declares(plugin, capability)) {
        problems.add(
            ("the plugins %1$s and %2$s both declare the capability %3$s, and both would act on the"
                    + " same request: remove %2$s, which does not know IPvlan, or the capability"
                    + " %3$s from one of the two")
                .formatted(TYPE, type, capability));
      }
    }
  }

  /** As libcni takes it: it hands the capability's arguments on where this is true. */
  private static boolean declares(JsonNode plugin, String capability) {
    JsonNode capabilities = Json.get(plugin, "capabilities");
    return capabilities != null && capabilities.path(capability).booleanValue();
  }

  /** As the runtime hands it to the plugin: with the list's name and version. */
  private void judge(ObjectNode plugin, String name, CniVersion version, String where) {
    ObjectNode handed = plugin.deepCopy();
    handed.put("name", name);
    handed.put("cniVersion", version.text());
    try {
      var _ = new ConfigurationParser(handed, version).configuration();
    } catch (CniException e) {
      problems.add(where + ": " + e.error().msg() + ": " + e.error().details());
    }
  }

  private CniVersion version() {
    JsonNode several = Json.get(document, "cniVersions");
    if (several != null) {
      if (!several.isArray()) {
        problems.add("cniVersions is not a list");
      }
      several.forEach(one -> known("cniVersions", one));
    }
    JsonNode one = Json.get(document, "cniVersion");
    if (one == null) {
      problems.add("cniVersion is absent: runtimes would take 0.1.0; write 1.0.0");
    }
    return (one == null ? Optional.<CniVersion>empty() : known("cniVersion", one))
        .orElse(CniVersion.V1_0_0);
  }

  private Optional<CniVersion> known(String key, JsonNode value) {
    Optional<CniVersion> known = CniVersion.of(value.asText());
    if (known.isEmpty()) {
      problems.add(
          key
              + " "
              + Shown.of(value.asText())
              + " is not a version that millpond knows, up to 1.1.0");
    }
    return known;
  }

  private static String text(JsonNode object, String key) {
    JsonNode value = Json.get(object, key);
    return value == null ? "" : value.asText();
  }
}
