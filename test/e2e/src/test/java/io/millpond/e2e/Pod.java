package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A pod: a network namespace that the plugin attaches. */
final class Pod implements AutoCloseable {
  static final String CONFIGURATION =
      "{\"cniVersion\":\"1.0.0\",\"name\":\"millpond\",\"type\":\"millpond\"}";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Node node;
  private final String name;
  private final String configuration;
  private String address = "";

  /** A namespace without an address yet. */
  Pod(Node node, String name) {
    this(node, name, CONFIGURATION);
  }

  /** A namespace for a network of this configuration, without an address yet. */
  Pod(Node node, String name, String configuration) {
    this.node = node;
    this.name = name;
    this.configuration = configuration;
    Shell.run("ip", "netns", "add", name).orThrow();
    Shell.in(name, "ip", "link", "set", "lo", "up").orThrow();
  }

  /** A pod with an address. */
  static Pod added(Node node, String name) {
    Pod pod = new Pod(node, name);
    try {
      pod.mustAdd();
    } catch (RuntimeException | Error e) {
      pod.close();
      throw e;
    }
    return pod;
  }

  /** ADD, which must succeed. */
  String mustAdd() {
    Shell.Ran ran = add();
    assertThat(ran.status())
        .as("ADD of %s: %s%s%n%s", name, ran.out(), ran.err(), node.log())
        .isZero();
    return attached(ran);
  }

  /** Its address, by the result of an ADD that succeeded. */
  String attached(Shell.Ran ran) {
    address = document(ran).at("/ips/0/address").asText().replaceAll("/.*", "");
    return address;
  }

  Shell.Ran add() {
    return node.plugin("ADD", name, path(), configuration);
  }

  Shell.Ran del() {
    return node.plugin("DEL", name, path(), configuration);
  }

  /** DEL, which must succeed without a word. */
  void mustDel() {
    Shell.Ran ran = del();
    assertThat(ran.status()).as("DEL of %s: %s%s", name, ran.out(), ran.err()).isZero();
    assertThat(ran.out()).as("a DEL that succeeds says nothing").isEmpty();
  }

  static JsonNode document(Shell.Ran ran) {
    try {
      return JSON.readTree(ran.out());
    } catch (IOException e) {
      throw new UncheckedIOException(ran.out() + ran.err(), e);
    }
  }

  String address() {
    return address;
  }

  String name() {
    return name;
  }

  String path() {
    return "/run/netns/" + name;
  }

  Shell.Ran in(String... command) {
    return Shell.in(name, command);
  }

  /** Destroys the namespace without telling anybody. */
  void die() {
    if (Files.exists(Path.of(path()))) {
      Shell.run("ip", "netns", "del", name).orThrow();
    }
  }

  /** DEL, and the namespace goes. */
  @Override
  public void close() {
    Shell.Ran ignored = del();
    die();
  }
}
