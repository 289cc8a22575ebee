package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The CNI reference library drives the plugin of a node whose daemon builds real pods. */
@Tag("cni")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class LibraryVmTest {
  private static final String LIST =
      """
      {"cniVersion":"1.0.0","cniVersions":["0.3.1","0.4.0","1.0.0","1.1.0"],"name":"millpond",
       "plugins":[{"type":"millpond"}]}""";

  /** What the metric of a pool route says of an address that a pod has. */
  private static final String IN_USE = "4294967295";

  private Node node;
  private Pods pods;
  private Path home;

  @SuppressWarnings("NullAway.Init")
  LibraryVmTest() {}

  @BeforeAll
  void start(Vpc vpc) throws IOException {
    node = Pods.nodeOfThree(vpc, "cni-a", Map.of("IP_COOLDOWN_PERIOD", "1s"));
    pods = new Pods(node);
    home = Files.createTempDirectory("cni-library");
    Files.writeString(home.resolve("10-millpond.conflist"), LIST);
  }

  @AfterAll
  void stop() {
    node.close();
  }

  @AfterEach
  void removePods() {
    pods.closeAndRest(3);
  }

  private Shell.Ran drive(String verb, String container, String... more) {
    Map<String, String> variables = new HashMap<>();
    variables.put("CNI_PATH", String.valueOf(node.pluginFile().getParent()));
    variables.put("CNI_CACHE", home.resolve("cache").toString());
    variables.put("CNI_CONTAINERID", container);
    variables.put("CNI_IFNAME", "eth0");
    variables.put("CNI_NETNS", container.isEmpty() ? "" : "/run/netns/" + container);
    variables.put("MILLPOND_RUN_DIR", node.run().toString());
    List<String> command =
        new ArrayList<>(
            List.of(
                "nsenter",
                "--net=/run/netns/" + node.netns(),
                Path.of(
                        Objects.requireNonNull(
                            System.getenv("MILLPOND_CNI_LIBRARY"),
                            "MILLPOND_CNI_LIBRARY names what test/peers/cni-library prints"))
                    .resolve("drive")
                    .toString(),
                verb,
                home.resolve("10-millpond.conflist").toString()));
    command.addAll(List.of(more));
    return Shell.run(variables, "", command.toArray(String[]::new));
  }

  private void succeeds(String verb, String container, String... more) {
    Shell.Ran ran = drive(verb, container, more);
    assertThat(ran.status()).as(ran.out() + ran.err()).isZero();
    assertThat(ran.out()).isEmpty();
  }

  private String added(Pod pod) {
    Shell.Ran ran = drive("add", pod.name());
    assertThat(ran.status()).as(ran.out() + ran.err() + node.log()).isZero();
    return pod.attached(ran);
  }

  private String metric(String address) {
    return node.in("ip", "-4", "route", "show", "type", "unreachable", address)
        .out()
        .replaceAll("(?s).* metric (\\d+).*", "$1");
  }

  @Test
  @Tag("cni-57")
  @Tag("cni-63")
  @Tag("cni-72")
  @Tag("cni-89")
  @Tag("cni-93")
  @Tag("cni-78")
  void addCheckAndDelOfARealPod() {
    Pod pod = pods.namespace("lib-1");
    String address = added(pod);

    assertThat(pod.in("ip", "-4", "-o", "addr", "show", "eth0").out()).contains(address + "/");
    assertThat(pod.in("ping", "-c1", "-W5", node.address()).status()).as("it works").isZero();
    succeeds("check", pod.name());
    pod.in("ip", "addr", "flush", "dev", "eth0").orThrow();
    Shell.Ran checked = drive("check", pod.name());
    assertThat(checked.status()).as(checked.out()).isEqualTo(1);
    assertThat(checked.out()).contains(address);

    succeeds("del", pod.name());
    assertThat(pod.in("ip", "-o", "link", "show", "eth0").status()).isEqualTo(1);
    succeeds("del", pod.name());
  }

  @Test
  @Tag("cni-64")
  void anInterfaceOfSomebodyElseIsLeftAsItIs() {
    Pod pod = pods.namespace("lib-1");
    pod.in("ip", "link", "add", "eth0", "address", "02:00:00:00:77:01", "type", "bridge").orThrow();

    assertThat(drive("add", pod.name()).status()).isEqualTo(1);

    assertThat(pod.in("ip", "-o", "link", "show", "eth0").out()).contains("02:00:00:00:77:01");
    assertThat(node.count("owned")).isZero();
    pod.in("ip", "link", "del", "eth0").orThrow();
  }

  @Test
  @Tag("cni-80")
  void anEmptyNamespaceDoesNotMeanAnInterfaceOfTheNode() {
    node.in("ip", "link", "add", "net7", "type", "bridge").orThrow();
    Map<String, String> variables = new HashMap<>(Node.variables("DEL", "lib-none", ""));
    variables.put("CNI_IFNAME", "net7");

    assertThat(node.plugin(variables, Pod.CONFIGURATION).status()).isZero();

    assertThat(node.in("ip", "link", "show", "net7").status()).isZero();
    node.in("ip", "link", "del", "net7").orThrow();
  }

  @Test
  @Tag("cni-95")
  @Tag("cni-98")
  @Tag("cni-99")
  void gcFreesWhatTheListDoesNotNameAndWithoutOneWhatIsDead() throws IOException {
    Pod keep = pods.namespace("lib-1");
    Pod drop = pods.namespace("lib-2");
    String kept = added(keep);
    String dropped = added(drop);
    forgetCache();

    succeeds("gc", "", "all");
    assertThat(node.count("owned")).as("both namespaces live").isEqualTo(2);
    succeeds("gc", "", "lib-1/eth0");

    assertThat(node.state(kept)).isEqualTo("owned");
    assertThat(drop.in("ip", "-o", "link").out()).as("its links").doesNotContain("eth0", "mpd0");
    assertThat(node.in("ip", "-o", "-4", "route").out()).doesNotContain(dropped + " dev mpd");
    assertThat(metric(dropped)).isNotEqualTo(IN_USE);
    assertThat(node.state(dropped)).isIn("cooling", "free");
    assertThat(keep.in("ping", "-c1", "-W5", node.address()).status()).isZero();
    assertThat(metric(kept)).isEqualTo(IN_USE);
  }

  /** As after the loss of /var/lib/cni: the library would send a DEL for each of it. */
  private void forgetCache() throws IOException {
    Shell.run("rm", "-rf", home.resolve("cache").toString()).orThrow();
    assertThat(home.resolve("cache")).doesNotExist();
  }

  @Test
  @Tag("cni-100")
  @Tag("cni-101")
  void gcFreesStraysOnEveryLevelButNoAddressThatALivingInterfaceHas() throws IOException {
    Pod cut = pods.namespace("lib-1");
    String held = added(cut);
    forgetCache();
    String stray = free();
    node.in("ip", "route", "add", "unreachable", stray, "metric", IN_USE, "proto", "109").orThrow();
    node.in("ip", "route", "del", "unreachable", stray, "metric", older(stray)).orThrow();
    String veth =
        node.in("ip", "-o", "route", "show", held)
            .out()
            .lines()
            .filter(line -> line.contains(" dev mpd"))
            .map(line -> line.replaceAll(".* dev (mpd\\S+) .*", "$1"))
            .findFirst()
            .orElseThrow();
    node.in("ip", "link", "del", veth).orThrow();

    succeeds("gc", "");

    assertThat(metric(stray)).as("a route in use of nobody's address").isNotEqualTo(IN_USE);
    node.awaitState(held, "quarantined");
    cut.die();
    await().atMost(Duration.ofSeconds(60)).until(() -> !node.state(held).equals("quarantined"));
  }

  private String free() {
    for (JsonNode address : node.pool().at("/enis/0/addresses")) {
      if (address.at("/state").asText().equals("free")) {
        return address.at("/ip").asText();
      }
    }
    throw new AssertionError("no address is free");
  }

  /** The metric of the address's other route. */
  private String older(String address) {
    return node.in("ip", "-4", "route", "show", "type", "unreachable", address)
        .out()
        .lines()
        .map(line -> line.replaceAll(".* metric (\\d+).*", "$1"))
        .filter(metric -> !metric.equals(IN_USE))
        .findFirst()
        .orElseThrow();
  }

  @Test
  @Tag("cni-105")
  @Tag("cni-106")
  void statusTellsWhetherAnAddCanBeServed() {
    succeeds("status", "");
    for (int i = 1; i <= 3; i++) {
      String ignored = added(pods.namespace("lib-" + i));
    }
    Shell.Ran full = drive("status", "");

    assertThat(full.status()).isEqualTo(1);
    assertThat(Pod.document(full).at("/code").asInt()).as(full.out()).isEqualTo(50);
    succeeds("check", "lib-1");
    succeeds("del", "lib-1");
    succeeds("status", "");
  }
}
