package io.millpond.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A whole network configuration list, the document in {@code /etc/cni/net.d}. A plugin does not see
 * the others of its list; whoever installs a list does.
 */
public final class NetworkList {
  /** The type of millpond's entry. */
  public static final String MILLPOND = "millpond";

  /** Plugins that act on a capability of ours, and the capability. */
  private static final Map<String, String> RIVALS =
      Map.of("portmap", DemandsParser.PORTS, "bandwidth", DemandsParser.BANDWIDTH);

  private NetworkList() {}

  /**
   * Why a list must not be installed, one sentence each, with the remedy; empty if it may be.
   * Looked at is what only the whole list shows: that millpond is in it once, and that no
   * capability of millpond's is declared by the plugin that is usual for it as well. What is in
   * millpond's own entry is checked with every request.
   */
  public static List<String> refusals(ByteBuffer octets) {
    JsonNode document;
    try {
      document = Json.read(octets);
    } catch (JsonProcessingException e) {
      return List.of("the document is not one JSON object: " + e.getOriginalMessage());
    }
    JsonNode plugins = document.isObject() ? Json.get(document, "plugins") : null;
    if (plugins == null || !plugins.isArray()) {
      return List.of("the document has no list \"plugins\": it is no network configuration list");
    }
    List<JsonNode> ours = new ArrayList<>();
    List<JsonNode> others = new ArrayList<>();
    for (JsonNode plugin : plugins) {
      (MILLPOND.equals(type(plugin)) ? ours : others).add(plugin);
    }
    if (ours.size() != 1) {
      return List.of(
          "the list has %d plugins of the type millpond: one network has one"
              .formatted(ours.size()));
    }
    List<String> refusals = new ArrayList<>();
    for (JsonNode other : others) {
      String capability = RIVALS.get(type(other));
      if (capability != null
          && declares(ours.getFirst(), capability)
          && declares(other, capability)) {
        refusals.add(
            ("the plugins millpond and %1$s both declare the capability %2$s, and both would act on"
                    + " the same request: remove %1$s, which does not know IPvlan, or the"
                    + " capability %2$s from one of the two")
                .formatted(type(other), capability));
      }
    }
    return List.copyOf(refusals);
  }

  private static String type(JsonNode plugin) {
    JsonNode type = plugin.isObject() ? Json.get(plugin, "type") : null;
    return type == null ? "" : type.asText();
  }

  /** As libcni takes it: anything but true does not hand the capability's arguments on. */
  private static boolean declares(JsonNode plugin, String capability) {
    JsonNode capabilities = Json.get(plugin, "capabilities");
    return capabilities != null
        && capabilities.isObject()
        && capabilities.path(capability).asBoolean(false);
  }
}
