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
 * ADD would be refused for, what runtimes themselves cannot load, and what only the whole list
 * shows, because a plugin does not see the others of its list.
 *
 * <p>Runtimes load it as libcni's {@code NetworkConfFromBytes} (conf.go, 1.3): the list's own keys
 * in their exact spelling and of the right kind, also where they are null; those of a plugin's
 * entry in any capitalisation, where null is as if absent.
 */
public final class ConfigurationList {
  /** The plugin's name, as {@code type}. */
  public static final String TYPE = "millpond";

  /** Plugins that act on a capability of ours, and the capability. */
  private static final Map<String, String> RIVALS =
      Map.of("portmap", DemandsParser.PORTS, "bandwidth", DemandsParser.BANDWIDTH);

  private static final List<String> SWITCHES =
      List.of("disableCheck", "disableGC", "loadOnlyInlinedPlugins");

  private static final List<String> KEYS = List.of("cniVersion", "cniVersions", "name", "plugins");

  private final JsonNode document;
  private final List<String> problems = new ArrayList<>();

  private ConfigurationList(JsonNode document) {
    this.document = document;
  }

  /** What is wrong with it, one sentence each; empty if nothing is. */
  public static List<String> problems(String text) {
    JsonNode document;
    try {
      document = Json.readAsSpelt(text);
    } catch (JsonProcessingException e) {
      return List.of("it is not one JSON document: " + e.getOriginalMessage());
    }
    if (!document.isObject()) {
      return List.of("it is not a JSON object");
    }
    ConfigurationList list = new ConfigurationList(document);
    if (list.isSpeltRight()) {
      list.judge();
    }
    return List.copyOf(list.problems);
  }

  /** What stands under another spelling is absent to runtimes. */
  private boolean isSpeltRight() {
    for (String key : Json.keys(document)) {
      for (String known : KEYS) {
        if (key.equalsIgnoreCase(known) && !key.equals(known)) {
          problems.add("runtimes do not read the key " + Shown.of(key) + ": spell it " + known);
        }
      }
    }
    return problems.isEmpty();
  }

  private void judge() {
    String name = document.path("name").asText("");
    if (!document.path("name").isTextual()
        || !RequestParser.NAME.matcher(name).matches()
        || name.length() > RequestParser.MAX_NAME) {
      problems.add(
          "name "
              + shown("name")
              + " is not a name: letters, digits, '_', '.' and '-', the first a letter or digit");
    }
    CniVersion version = version();
    SWITCHES.forEach(this::judgeSwitch);
    JsonNode plugins = document.path("plugins");
    if (!plugins.isArray() || plugins.isEmpty()) {
      problems.add("plugins is not a list of at least one plugin");
      return;
    }
    List<JsonNode> entries = new ArrayList<>();
    plugins.forEach(plugin -> entries.add(entry(plugin)));
    for (int i = 0; i < entries.size(); i++) {
      judge(entries.get(i), name, version, "plugins[" + i + "]");
    }
    compare(entries);
  }

  private void judgeSwitch(String key) {
    JsonNode value = document.get(key);
    if (value != null
        && !value.isBoolean()
        && !(value.isTextual() && value.textValue().matches("(?i)true|false"))) {
      problems.add(key + " " + shown(key) + " is not true or false");
    }
  }

  /** Again, in any capitalisation, as libcni reads it a second time. */
  private static JsonNode entry(JsonNode plugin) {
    try {
      return Json.read(ByteBuffer.wrap(plugin.toString().getBytes(UTF_8)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("what was read is written and read again", e);
    }
  }

  private void judge(JsonNode plugin, String name, CniVersion version, String where) {
    // A type with a separator would run any program (CVE-2021-20206).
    if (!RequestParser.NAME.matcher(type(plugin)).matches()) {
      problems.add(where + ".type " + Shown.of(type(plugin)) + " is not a plugin's name");
    } else if (!type(plugin).equals(TYPE) || isObeyed((ObjectNode) plugin, name, version, where)) {
      PluginEntry.undecodable(plugin).ifPresent(why -> problems.add(where + "." + why));
    }
  }

  /** As the runtime hands it to the plugin: with the list's name and version. */
  private boolean isObeyed(ObjectNode plugin, String name, CniVersion version, String where) {
    ObjectNode handed = plugin.deepCopy();
    handed.put("name", name);
    handed.put("cniVersion", version.text());
    try {
      var _ = new ConfigurationParser(handed, version).configuration();
      return true;
    } catch (CniException e) {
      problems.add(where + ": " + e.error().msg() + ": " + e.error().details());
      return false;
    }
  }

  /** Two plugins that act on one request would be in each other's way (rule 109). */
  private void compare(List<JsonNode> plugins) {
    List<JsonNode> ours = plugins.stream().filter(one -> type(one).equals(TYPE)).toList();
    if (ours.isEmpty()) {
      problems.add("no plugin of the type " + TYPE + " is among its plugins");
    } else if (ours.size() > 1) {
      problems.add(
          "%d of its plugins are of the type %s, and all would make the same interface: leave one of them"
              .formatted(ours.size(), TYPE));
    } else {
      plugins.forEach(other -> compare(ours.getFirst(), other));
    }
  }

  private void compare(JsonNode ours, JsonNode other) {
    String capability = RIVALS.get(type(other));
    if (capability != null
        && DemandsParser.declares(ours, capability)
        && DemandsParser.declares(other, capability)) {
      problems.add(
          ("the plugins %1$s and %2$s both declare the capability %3$s, and both would act on the"
                  + " same request: remove %2$s, whose work millpond does on IPvlan, or the capability"
                  + " %3$s from one of the two")
              .formatted(TYPE, type(other), capability));
    }
  }

  private static String type(JsonNode plugin) {
    JsonNode type = plugin.isObject() ? Json.get(plugin, "type") : null;
    return type == null || !type.isTextual() ? "" : type.textValue();
  }

  private CniVersion version() {
    JsonNode several = document.get("cniVersions");
    if (several != null) {
      if (!several.isArray()) {
        problems.add("cniVersions is not a list");
      }
      several.forEach(one -> known("cniVersions", one));
    }
    JsonNode one = document.get("cniVersion");
    if (one == null) {
      problems.add("cniVersion is absent: runtimes would take 0.1.0; write 1.0.0");
    }
    return (one == null ? Optional.<CniVersion>empty() : known("cniVersion", one))
        .orElse(CniVersion.V1_0_0);
  }

  private Optional<CniVersion> known(String key, JsonNode value) {
    Optional<CniVersion> known =
        value.isTextual() ? CniVersion.of(value.textValue()) : Optional.empty();
    if (known.isEmpty()) {
      problems.add(key + " " + shown(value) + " is not a version that millpond knows, up to 1.1.0");
    }
    return known;
  }

  private String shown(String key) {
    return shown(document.path(key));
  }

  /** With quotes where it is a text; a number or null without. */
  private static String shown(JsonNode value) {
    return value.isTextual()
        ? Shown.of(value.textValue())
        : value.isMissingNode() ? "(absent)" : "(" + Shown.of(value.toString()) + ", no text)";
  }
}
