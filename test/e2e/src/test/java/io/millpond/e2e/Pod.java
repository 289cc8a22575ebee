package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A pod: a network namespace that the plugin attaches. */
final class Pod implements AutoCloseable {
  static final String CONFIGURATION =
      "{\"cniVersion\":\"1.0.0\",\"name\":\"millpond\",\"type\":\"millpond\"}";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Node node;
  private final String name;
  private String address = "";

  Pod(Node node, String name) {
    this.node = node;
    this.name = name;
    Shell.run("ip", "netns", "add", name).orThrow();
    Shell.in(name, "ip", "link", "set", "lo", "up").orThrow();
  }

  /** A pod with an address. */
  static Pod added(Node node, String name) {
    Pod pod = new Pod(node, name);
    Shell.Ran ran = pod.add();
    assertThat(ran.status())
        .as("ADD of %s: %s%s%n%s", name, ran.out(), ran.err(), node.log())
        .isZero();
    pod.address = pod.result(ran).at("/ips/0/address").asText().replaceAll("/.*", "");
    return pod;
  }

  Shell.Ran add() {
    return node.plugin("ADD", name, "/run/netns/" + name, CONFIGURATION);
  }

  Shell.Ran del() {
    return node.plugin("DEL", name, "/run/netns/" + name, CONFIGURATION);
  }

  JsonNode result(Shell.Ran ran) {
    try {
      return JSON.readTree(ran.out());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String address() {
    return address;
  }

  String name() {
    return name;
  }

  /** Destroys the namespace without telling anybody. */
  void die() {
    Shell.run("ip", "netns", "del", name);
  }

  @Override
  public void close() {
    del();
    die();
  }
}
