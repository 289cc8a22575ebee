package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The plugins of a network, run one behind the other as the reference library does: each ADD gets
 * the result of the one before, CHECK and DEL that of the whole chain, DEL in reverse order.
 */
final class Chain {
  /** Where Debian has the CNI project's plugins. */
  private static final String PLUGINS = "/usr/lib/cni";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Node node;
  private final String name;
  private final String ifName;
  private final List<String> plugins;
  private @Nullable JsonNode result;

  /**
   * @param plugins the objects of a configuration list, with what the runtime adds
   */
  Chain(Node node, String name, String ifName, String... plugins) {
    this.node = node;
    this.name = name;
    this.ifName = ifName;
    this.plugins = List.of(plugins);
  }

  /** ADD of the whole chain; its result. */
  JsonNode add(Pod pod) {
    JsonNode previous = null;
    for (String plugin : plugins) {
      previous = read(run("ADD", pod, plugin, previous));
    }
    result = previous;
    return read(String.valueOf(previous));
  }

  /** CHECK of the whole chain but of plugins of this type, which must succeed. */
  void checkBut(String type, Pod pod) {
    for (String plugin : plugins) {
      if (!read(plugin).path("type").asText().equals(type)) {
        assertThat(run("CHECK", pod, plugin, result)).isEmpty();
      }
    }
  }

  /** CHECK of the whole chain, which must succeed. */
  void check(Pod pod) {
    checkBut("", pod);
  }

  /** DEL of the whole chain. */
  void del(Pod pod) {
    for (String plugin : plugins.reversed()) {
      String ignored = run("DEL", pod, plugin, result);
    }
  }

  /** The address of its interface. */
  String address() {
    if (result == null) {
      throw new AssertionError("nothing was added");
    }
    for (JsonNode ip : result.path("ips")) {
      JsonNode of = result.path("interfaces").path(ip.path("interface").asInt());
      if (of.path("name").asText().equals(ifName) && !of.path("sandbox").asText().isEmpty()) {
        return ip.path("address").asText().replaceAll("/.*", "");
      }
    }
    throw new AssertionError("no address of " + ifName + " in " + result);
  }

  private static JsonNode read(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(text, e);
    }
  }

  private String run(String verb, Pod pod, String plugin, @Nullable JsonNode previous) {
    ObjectNode configuration = (ObjectNode) read(plugin);
    configuration.put("cniVersion", "1.0.0").put("name", name);
    if (previous != null) {
      configuration.set("prevResult", previous);
    }
    Map<String, String> variables = new HashMap<>(Node.variables(verb, pod.name(), pod.path()));
    variables.put("CNI_IFNAME", ifName);
    variables.put("CNI_PATH", PLUGINS);
    String type = configuration.path("type").asText();
    Shell.Ran ran =
        type.equals("millpond")
            ? node.plugin(variables, configuration.toString())
            : Shell.run(
                variables,
                configuration.toString(),
                "nsenter",
                "--net=/run/netns/" + node.netns(),
                PLUGINS + "/" + type);
    assertThat(ran.status()).as("%s of %s: %s%s", verb, type, ran.out(), ran.err()).isZero();
    return ran.out();
  }
}
