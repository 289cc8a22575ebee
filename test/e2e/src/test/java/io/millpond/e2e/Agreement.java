package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** That the pool, the kernel, EC2 and the pods themselves say the same of a node. */
record Agreement(Vpc vpc, Node node) {
  private static final Duration SOON = Duration.ofSeconds(60);

  /** One that EC2 knows and no instance has is left alone for two minutes. */
  private static final Duration UNTIL_TIDY = Duration.ofMinutes(4);

  private static final List<String> STATES =
      List.of("owned", "free", "cooling", "quarantined", "frozen", "leaving");

  /** What a pod that works says: its name, its address, and that the host of the VPC answered. */
  private static final String POD =
      """
      cd /run/netns
      for pod in "$@"; do
        {
          addresses=$(nsenter --net=$pod ip -4 -br addr show eth0 | awk '{for (i = 3; i <= NF; i++) print $i}')
          nsenter --net=$pod ping -c 3 -i 0.2 -W 5 -q %s > /dev/null && heard=yes || heard=no
          echo $pod $addresses $heard
        } &
      done
      wait
      """
          .formatted(Vpc.HOST_ADDRESS);

  /** What there is in a namespace. */
  private static final String NAMESPACE =
      """
      cd /run/netns
      for pod in "$@"; do
        nsenter --net=$pod bash -c '
          printf "%s\\n" link addr rule "route show table all" | ip -o -batch -
          nft list ruleset
        ' | sed "s/^/$pod: /" &
      done
      wait
      """;

  /** Waits until nothing is under way, then compares. */
  void holds(Collection<Pod> living) {
    await("the DELs that were kept took effect").atMost(SOON).until(() -> spool().isEmpty());
    node.awaitPool(
        living.size() + " pods, and nothing under way",
        pool ->
            pool.at("/counts/owned").asInt() == living.size()
                && pool.at("/counts/waiting").asInt() == 0
                && pool.at("/counts/quarantined").asInt() == 0
                && pool.at("/counts/leaving").asInt() == 0);
    await("the pool is what EC2 says")
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(300))
        .untilAsserted(() -> assertThat(ofPool(node.pool())).isEqualTo(ofEc2()));
    JsonNode pool = node.pool();
    int sum = STATES.stream().mapToInt(state -> pool.at("/counts/" + state).asInt()).sum();
    assertThat(sum).as("sum of the states").isEqualTo(pool.at("/counts/total").asInt());
    Map<String, String> results = new TreeMap<>();
    living.forEach(pod -> results.put(pod.name(), pod.address()));
    assertThat(new TreeSet<>(results.values())).as("one owner each").hasSize(living.size());
    assertThat(owners(pool)).as("owners, by the pool").isEqualTo(results);
    assertThat(recorded()).as("attachments, by the veths").isEqualTo(results);
    podsWork(results);
  }

  /** DELs that the plugin kept; not what a killed plugin began to write. */
  private List<Path> spool() throws IOException {
    Path spool = node.run().resolve("spool");
    if (!Files.exists(spool)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(spool)) {
      return files.filter(file -> !file.getFileName().toString().startsWith(".")).toList();
    }
  }

  private static Map<String, Set<String>> ofPool(JsonNode pool) {
    Map<String, Set<String>> enis = new TreeMap<>();
    for (JsonNode eni : pool.at("/enis")) {
      Set<String> addresses = new TreeSet<>();
      eni.at("/addresses").forEach(address -> addresses.add(address.at("/ip").asText()));
      enis.put(eni.at("/id").asText(), addresses);
    }
    return enis;
  }

  private Map<String, Set<String>> ofEc2() {
    Map<String, Set<String>> enis = new TreeMap<>();
    for (JsonNode eni : vpc.get("/v1/state").at("/interfaces")) {
      if (eni.at("/attachment/instanceId").asText().equals(node.instanceId())) {
        Set<String> addresses = new TreeSet<>();
        eni.at("/addresses").forEach(address -> addresses.add(address.asText()));
        addresses.remove(eni.at("/addresses/0").asText());
        enis.put(eni.at("/id").asText(), addresses);
      }
    }
    return enis;
  }

  /** Whether every ENI that was made for this node is attached, and ends with the instance. */
  void noEniIsLeft() {
    await("no ENI of " + node.netns() + " is left behind")
        .atMost(UNTIL_TIDY)
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(
            () -> {
              for (JsonNode eni : ours()) {
                assertThat(eni.at("/attachment/instanceId").asText())
                    .as(eni.toString())
                    .isEqualTo(node.instanceId());
                assertThat(eni.at("/attachment/deleteOnTermination").asBoolean())
                    .as(eni.toString())
                    .isTrue();
              }
            });
  }

  /** The ENIs that a daemon of this node made. */
  private List<JsonNode> ours() {
    return vpc.get("/v1/state")
        .at("/interfaces")
        .valueStream()
        .filter(eni -> eni.at("/description").asText().equals("millpond-" + node.instanceId()))
        .toList();
  }

  private static Map<String, String> owners(JsonNode pool) {
    Map<String, String> owners = new TreeMap<>();
    for (JsonNode eni : pool.at("/enis")) {
      for (JsonNode address : eni.at("/addresses")) {
        if (address.at("/state").asText().equals("owned")) {
          owners.put(address.at("/container").asText(), address.at("/ip").asText());
        }
      }
    }
    return owners;
  }

  private Map<String, String> recorded() {
    Map<String, String> recorded = new TreeMap<>();
    for (JsonNode link : json(node.in("ip", "-j", "link").orThrow())) {
      if (link.at("/ifname").asText().startsWith("mpd")) {
        Map<String, String> record = new HashMap<>();
        for (String field : link.at("/ifalias").asText().split(" ", -1)) {
          record.put(field.replaceAll("=.*", ""), field.replaceAll("^[^=]*=", ""));
        }
        recorded.put(
            record.getOrDefault("c", link.toString()), record.getOrDefault("4", "no address"));
      }
    }
    return recorded;
  }

  private static JsonNode json(String text) {
    return Pod.document(new Shell.Ran(0, text, ""));
  }

  private static void podsWork(Map<String, String> results) {
    String said = script(POD, results.keySet());
    List<String> expected =
        results.entrySet().stream()
            .map(pod -> "%s %s/24 yes".formatted(pod.getKey(), pod.getValue()))
            .sorted()
            .toList();
    assertThat(said.lines().sorted().toList())
        .as("pod, its addresses, whether the VPC answers it")
        .isEqualTo(expected);
  }

  /** Compares namespaces whose DEL succeeded with one that never had an attachment; they end. */
  void nothingIsLeftIn(List<Pod> stopped) {
    Pod untouched = new Pod(node, "untouched");
    try {
      String expected = script(NAMESPACE, Set.of(untouched.name())).replace("untouched: ", "");
      Map<String, List<String>> found =
          script(NAMESPACE, stopped.stream().map(Pod::name).toList())
              .lines()
              .collect(
                  Collectors.groupingBy(
                      line -> line.replaceAll(": .*", ""),
                      TreeMap::new,
                      Collectors.mapping(
                          line -> line.replaceAll("^[^:]*: ?", ""), Collectors.toList())));
      for (Pod pod : stopped) {
        assertThat(found.get(pod.name()))
            .as("what is in %s after its DEL", pod.name())
            .isEqualTo(expected.lines().toList());
      }
    } finally {
      untouched.die();
    }
    stopped.forEach(Pod::die);
  }

  private static String script(String script, Collection<String> arguments) {
    List<String> command = new ArrayList<>(List.of("bash", "-c", script, "bash"));
    command.addAll(arguments);
    return Shell.run(command.toArray(String[]::new)).orThrow();
  }
}
