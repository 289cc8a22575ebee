package io.millpond.node.cniserver;

import static io.millpond.node.testing.TestNode.key;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.node.cniserver.ServedNode.Ran;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The reference library drives the plugin, as container runtimes that embed it do. */
@Tag("cni-library")
class LibraryTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LIST =
      """
      {"cniVersion":"1.0.0","cniVersions":["0.3.1","0.4.0","1.0.0","1.1.0"],"name":"millpond",
       "plugins":[{"type":"millpond"}]}""";

  @TempDir private Path directory;
  private ServedNode served;

  @SuppressWarnings("NullAway.Init")
  LibraryTest() {}

  @BeforeEach
  void serve() throws IOException {
    served = new ServedNode(Files.createDirectory(directory.resolve("run")));
    Files.createDirectory(directory.resolve("cache"));
  }

  @AfterEach
  void stop() {
    served.close();
  }

  private Ran drive(String verb, String list, String container, String... more) throws Exception {
    Path file = Files.writeString(directory.resolve("10-millpond.conflist"), list);
    Map<String, String> variables = new HashMap<>();
    variables.put("CNI_PATH", String.valueOf(ServedNode.PLUGIN.getParent()));
    variables.put("CNI_CACHE", directory.resolve("cache").toString());
    variables.put("CNI_CONTAINERID", container);
    variables.put("CNI_IFNAME", "eth0");
    variables.put("CNI_NETNS", "/proc/self/ns/net");
    variables.put("CNI_NETNS_OVERRIDE", "1");
    List<String> command =
        new ArrayList<>(List.of(ServedNode.library("drive"), verb, file.toString()));
    command.addAll(List.of(more));
    return served.run(command, variables, "");
  }

  private JsonNode added(String list, String container) throws Exception {
    Ran ran = drive("add", list, container);
    assertThat(ran.status()).as(ran.out() + ran.err()).isZero();
    return JSON.readTree(ran.out());
  }

  private void succeeds(String verb, String container, String... more) throws Exception {
    Ran ran = drive(verb, LIST, container, more);
    assertThat(ran.status()).as(ran.out() + ran.err()).isZero();
    assertThat(ran.out()).isEmpty();
  }

  @Test
  @Tag("cni-45")
  void theLibraryChoosesTheNewestVersionOfTheListAndAddsAndDeletes() throws Exception {
    Ran validated = drive("validate", LIST, "a");
    assertThat(validated.status()).as(validated.out()).isZero();
    assertThat(validated.out()).startsWith("1.1.0");

    JsonNode result = added(LIST, "a");

    assertThat(result.path("cniVersion").asText()).isEqualTo("1.1.0");
    assertThat(result.at("/interfaces/0/mtu").asInt()).isPositive();
    assertThat(served.node.kernel.addressOf(key("a"))).isPresent();
    succeeds("del", "a");
    succeeds("del", "a");
    assertThat(served.node.kernel.vethCount()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"})
  @Tag("cni-42")
  @Tag("cni-44")
  @Tag("cni-48")
  void theLibraryReadsTheResultOfEveryVersion(String version) throws Exception {
    String list =
        "{\"cniVersion\":\"%s\",\"name\":\"millpond\",\"plugins\":[{\"type\":\"millpond\"}]}"
            .formatted(version);

    JsonNode result = added(list, "a");

    assertThat(result.path("cniVersion").asText()).isEqualTo(version);
    String address =
        result.at(version.compareTo("0.3") < 0 ? "/ip4/ip" : "/ips/0/address").asText();
    assertThat(served.node.kernel.addressOf(key("a")).orElseThrow() + "/24").isEqualTo(address);
    assertThat(drive("del", list, "a").status()).isZero();
  }

  @Test
  @Tag("cni-105")
  void statusTells() throws Exception {
    succeeds("status", "a");
    served.node.cloud.outage(false, "EC2 is away");
    for (int i = 0; i < 9; i++) {
      Ran ran = drive("add", LIST, "pod" + i);
      if (ran.status() != 0) {
        break;
      }
    }
    Ran ran = drive("status", LIST, "a");

    assertThat(ran.status()).as(ran.out()).isEqualTo(1);
    assertThat(JSON.readTree(ran.out()).path("code").asInt()).isEqualTo(50);
  }

  @Test
  @Tag("cni-95")
  @Tag("cni-97")
  @Tag("cni-98")
  @Tag("cni-103")
  void gcFreesWhatTheRuntimeDoesNotNameAndWithoutAListNothingThatLives() throws Exception {
    added(LIST, "keep");
    added(LIST, "drop");
    // Not in the library's cache, as after its loss: only GC itself can free them.
    try (var cached = Files.walk(directory.resolve("cache"))) {
      for (Path file : cached.filter(Files::isRegularFile).toList()) {
        Files.delete(file);
      }
    }

    succeeds("gc", "", "all");
    assertThat(served.node.kernel.vethCount()).isEqualTo(2);
    succeeds("gc", "", "keep/eth0");
    assertThat(served.node.kernel.addressOf(key("keep"))).isPresent();
    assertThat(served.node.kernel.addressOf(key("drop"))).isEmpty();
    succeeds("gc", "");
    assertThat(served.node.kernel.vethCount()).isZero();
  }
}
