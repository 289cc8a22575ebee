package io.millpond.e2e;

import static io.millpond.e2e.Flows.sees;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Multus, the thin plugin, calls millpond for {@code eth0} and for {@code net1} of a pod. */
@Tag("multus")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class MultusTest {
  /** As docs/chaining.md shows it; one delegate is a plugin, the other a list. */
  private static final String DELEGATES =
      """
      {
        "cniVersion": "1.0.0",
        "name": "multus",
        "type": "multus",
        "cniDir": "CNI_DIR",
        "binDir": "BIN_DIR",
        "delegates": [
          {"cniVersion": "1.0.0", "name": "millpond", "type": "millpond"},
          {"cniVersion": "1.0.0", "name": "second", "plugins": [
            {"type": "millpond", "extraRoutes": ["192.168.50.0/24"]},
            {"type": "tuning", "sysctl": {"net.ipv4.ip_unprivileged_port_start": "80"}}]}
        ]
      }
      """;

  /** What a cluster's administrator writes: the networks, and the pod that wants one. */
  private static final Map<String, String> OBJECTS =
      new TreeMap<>(
          Map.of(
              "1 /apis/apiextensions.k8s.io/v1/customresourcedefinitions",
              """
              {"metadata": {"name": "network-attachment-definitions.k8s.cni.cncf.io"},
               "spec": {"scope": "Namespaced", "group": "k8s.cni.cncf.io",
                "names": {"plural": "network-attachment-definitions",
                 "singular": "network-attachment-definition", "kind": "NetworkAttachmentDefinition"},
                "versions": [{"name": "v1", "served": true, "storage": true,
                 "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec":
                  {"type": "object", "properties": {"config": {"type": "string"}}}}}}}]}}
              """,
              "2 /apis/k8s.cni.cncf.io/v1/namespaces/kube-system/network-attachment-definitions",
              """
              {"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
               "metadata": {"name": "millpond"}, "spec": {"config":
                "{\\"cniVersion\\": \\"1.0.0\\", \\"name\\": \\"millpond\\", \\"type\\": \\"millpond\\"}"}}
              """,
              "3 /apis/k8s.cni.cncf.io/v1/namespaces/default/network-attachment-definitions",
              """
              {"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
               "metadata": {"name": "second"}, "spec": {"config":
                "{\\"cniVersion\\": \\"1.0.0\\", \\"name\\": \\"second\\", \\"type\\": \\"millpond\\"}"}}
              """,
              "4 /api/v1/namespaces/default/serviceaccounts",
              "{\"metadata\": {\"name\": \"multus\"}}",
              "5 /api/v1/namespaces/default/pods",
              """
              {"metadata": {"name": "multus-2", "annotations":
                {"k8s.v1.cni.cncf.io/networks": "second@net7"}},
               "spec": {"nodeName": "multus-a", "serviceAccountName": "multus",
                "automountServiceAccountToken": false,
                "containers": [{"name": "one", "image": "none"}]}}
              """));

  private final Exchange exchange = new Exchange();
  private Node node;
  private Path multus;
  private Path home;

  @SuppressWarnings("NullAway.Init")
  MultusTest() {}

  @BeforeAll
  void build(Vpc vpc) throws IOException {
    multus = Path.of(System.getenv("MILLPOND_MULTUS_PROGRAMS"), "multus");
    home = Files.createTempDirectory(Path.of("/run"), "multus");
    node =
        vpc.launch(
            "multus-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of("WARM_IP_TARGET", "3", "MAX_ENI", "1", "IP_COOLDOWN_PERIOD", "1s"));
    node.start().awaitSize(3, 1);
    for (String host : new String[] {Vpc.HOST, Vpc.INTERNET, Vpc.ON_PREMISES, node.netns()}) {
      exchange.serve(host);
    }
  }

  @AfterAll
  void remove() {
    exchange.close();
    node.close();
  }

  private Shell.Ran multus(String verb, Pod pod, String configuration) {
    Map<String, String> variables = new HashMap<>(Node.variables(verb, pod.name(), pod.path()));
    variables.put("CNI_PATH", node.pluginFile().getParent() + ":/usr/lib/cni");
    variables.put("MILLPOND_RUN_DIR", node.run().toString());
    Shell.Ran ran =
        Shell.run(
            variables,
            configuration,
            "nsenter",
            "--net=/run/netns/" + node.netns(),
            multus.toString());
    assertThat(ran.status()).as("%s: %s%s", verb, ran.out(), ran.err()).isZero();
    return ran;
  }

  @Test
  void aPodsAnnotationAsksForTheFurtherInterface() throws Exception {
    ApiServer server = ApiServer.find();
    Process way = server.reachableIn(node.netns());
    try (Pod pod = new Pod(node, "multus-2")) {
      OBJECTS.forEach((where, what) -> server.awaitCreated(where.substring(2), what));
      String configuration =
          """
          {"cniVersion": "1.0.0", "name": "multus", "type": "multus", "kubeconfig": "%s",
           "clusterNetwork": "millpond", "multusNamespace": "kube-system",
           "cniDir": "%s", "binDir": "%s"}
          """
              .formatted(ApiServer.kubeconfig(), home, node.pluginFile().getParent());
      JsonNode result = Pod.document(multus("ADD", pod, configuration));
      String first = addressOf(pod, "eth0");
      assertThat(result.at("/ips/0/address").asText()).isEqualTo(first + "/24");
      assertThat(addressOf(pod, "net7")).startsWith("10.0.1.").isNotEqualTo(first);
      try (AutoCloseable _ = exchange.serve(pod.name())) {
        sees(pod.name(), Vpc.INTERNET_ADDRESS, node.address());
        assertThat(Exchange.tcp(Vpc.HOST, addressOf(pod, "net7"), Exchange.PORT))
            .isEqualTo(Vpc.HOST_ADDRESS);
      }
      assertThat(multus("DEL", pod, configuration).out()).isEmpty();
      assertThat(pod.in("ip", "-o", "link").out()).doesNotContain("eth0").doesNotContain("net7");
    } finally {
      Shell.stop(way);
    }
  }

  private static String addressOf(Pod pod, String link) {
    return pod.in("ip", "-4", "-o", "addr", "show", link)
        .out()
        .replaceAll("(?s).* inet ([0-9.]*)/.*", "$1");
  }

  @Test
  void millpondIsTheDelegateForBothInterfaces() throws Exception {
    String configuration =
        DELEGATES
            .replace("CNI_DIR", home.toString())
            .replace("BIN_DIR", String.valueOf(node.pluginFile().getParent()));
    try (Pod pod = new Pod(node, "multus-1")) {
      JsonNode result = Pod.document(multus("ADD", pod, configuration));
      String first = addressOf(pod, "eth0");
      String second = addressOf(pod, "net1");
      assertThat(result.at("/ips/0/address").asText()).isEqualTo(first + "/24");
      assertThat(second).isNotEqualTo(first).startsWith("10.0.1.");
      try (AutoCloseable _ = exchange.serve(pod.name())) {
        sees(pod.name(), Vpc.INTERNET_ADDRESS, node.address());
        sees(pod.name(), Vpc.HOST_ADDRESS, first);
        sees(pod.name(), Vpc.ON_PREMISES_ADDRESS, second);
        for (String address : new String[] {first, second}) {
          assertThat(Exchange.tcp(node.netns(), address, Exchange.PORT)).isEqualTo(node.address());
          assertThat(Exchange.tcp(Vpc.HOST, address, Exchange.PORT)).isEqualTo(Vpc.HOST_ADDRESS);
        }
      }
      String checked = configuration.replaceAll("}\\s*$", ", \"prevResult\": " + result + "}");
      assertThat(multus("CHECK", pod, checked).out()).isEmpty();
      assertThat(multus("DEL", pod, configuration).out()).isEmpty();
      assertThat(multus("DEL", pod, configuration).out()).isEmpty();
      assertThat(pod.in("ip", "-o", "link").out()).doesNotContain("eth0").doesNotContain("net1");
      assertThat(node.count("owned")).isZero();
    }
  }
}
