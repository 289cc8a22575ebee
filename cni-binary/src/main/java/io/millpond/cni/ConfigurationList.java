package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Judges a configuration list (a {@code .conflist} file) before a runtime reads it: what a pod's
 * ADD would be refused for, and what runtimes themselves stumble over.
 */
public final class ConfigurationList {
  /** The plugin's name, as {@code type}. */
  public static final String TYPE = "millpond";

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
    boolean ours = false;
    for (int i = 0; i < plugins.size(); i++) {
      JsonNode plugin = plugins.get(i);
      String type = plugin.isObject() ? text(plugin, "type") : "";
      // A type with a separator would run any program (CVE-2021-20206).
      if (!RequestParser.NAME.matcher(type).matches()) {
        problems.add("plugins[" + i + "].type " + Shown.of(type) + " is not a plugin's name");
      } else if (type.equals(TYPE)) {
        ours = true;
        judge((ObjectNode) plugin, name, version, "plugins[" + i + "]");
      }
    }
    if (!ours) {
      problems.add("no plugin of the type " + TYPE + " is among its plugins");
    }
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
