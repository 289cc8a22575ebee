package io.millpond.node.life;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.eni.EniPlacement;
import io.millpond.node.kubernetes.Cluster;
import io.millpond.node.kubernetes.ControlPlane;
import io.millpond.node.kubernetes.Requests;
import io.millpond.node.policy.NodePlacement;
import io.millpond.node.policy.PolicyStatuses;
import io.millpond.node.settings.InvalidSettingsException;
import io.millpond.node.settings.Settings;
import io.millpond.node.settings.SettingsReader;
import io.millpond.node.testing.TestNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Policies and ENIConfigs on a real API server, and what they do to a node. */
@Tag("apiserver")
class ClusterSettingsApiTest {
  private static final String POLICIES = "/apis/millpond.io/v1alpha1/warmpoolpolicies";
  private static final String CONFIGS = "/apis/crd.k8s.amazonaws.com/v1alpha1/eniconfigs";
  private static final String ANNOTATION = "millpond.io/warm-pool-policy";
  private static final Duration SOON = Duration.ofSeconds(20);

  /** As EKS has it; amazon-vpc-cni-k8s, crds/customresourcedefinition.yaml. */
  private static final String ENI_CONFIG_DEFINITION =
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: eniconfigs.crd.k8s.amazonaws.com}
      spec:
        scope: Cluster
        group: crd.k8s.amazonaws.com
        names: {plural: eniconfigs, singular: eniconfig, kind: ENIConfig}
        versions:
        - name: v1alpha1
          served: true
          storage: true
          schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
      """;

  @TempDir static Path directory;
  private static ControlPlane server;

  private final TestNode node = new TestNode("WARM_IP_TARGET", "2");

  @BeforeAll
  static void start() throws IOException {
    server = new ControlPlane(directory);
    server.define(Path.of("..", "deploy", "chart", "crds", "warmpoolpolicies.yaml"));
    assertThat(
            server
                .post(
                    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                    ENI_CONFIG_DEFINITION)
                .status())
        .isEqualTo(201);
    await()
        .atMost(SOON)
        .until(() -> server.get(POLICIES).status() == 200 && server.get(CONFIGS).status() == 200);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void clear() {
    node.close();
    for (JsonNode item : server.get(POLICIES).body().path("items")) {
      server.delete(POLICIES + "/" + item.path("metadata").path("name").asText());
    }
    for (JsonNode item : server.get("/api/v1/nodes").body().path("items")) {
      server.delete("/api/v1/nodes/" + item.path("metadata").path("name").asText());
    }
  }

  private static void node(String name, String labels) {
    assertThat(
            server
                .post(
                    "/api/v1/nodes",
                    "{apiVersion: v1, kind: Node, metadata: {name: %s, labels: %s}}"
                        .formatted(name, labels))
                .status())
        .isEqualTo(201);
  }

  private static ControlPlane.Said policy(String name, String spec) {
    return server.post(
        POLICIES + "?fieldValidation=Strict",
        "{apiVersion: millpond.io/v1alpha1, kind: WarmPoolPolicy, metadata: {name: %s}, spec: %s}"
            .formatted(name, spec));
  }

  private static Settings settings(String... namesAndValues) {
    Map<String, String> environment = new java.util.HashMap<>(Map.of("WARM_IP_TARGET", "2"));
    for (int i = 0; i < namesAndValues.length; i += 2) {
      environment.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    try {
      return SettingsReader.read(Path.of("/nonexistent/millpond.yaml"), environment);
    } catch (InvalidSettingsException e) {
      throw new AssertionError(e);
    }
  }

  private static String annotation(String node) {
    return server
        .get("/api/v1/nodes/" + node)
        .body()
        .path("metadata")
        .path("annotations")
        .path(ANNOTATION)
        .asText("");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}                                   | a policy without a setting would do nothing",
        "{warmEniTarget: 1, warmIpTarget: 5}  | warmEniTarget has no effect beside warmIpTarget or minimumIpTarget; leave one or the other out",
        "{warmEniTarget: 3, maxEni: 2}        | warmEniTarget cannot be higher than maxEni",
        "{warmIpTarget: 9999}                 | spec.warmIpTarget in body should be less than or equal to 8192",
        "{warmIpTarget: -1}                   | should be greater than or equal to 0",
        "{maxEni: 129}                        | should be less than or equal to 128",
        "{WARM_IP_TARGET: 5}                  | unknown field",
        "{ipCooldownPeriod: 3601}             | ipCooldownPeriod is 0 to 3600 seconds: a number, or a text such as 500ms",
        "{ipCooldownPeriod: 2h}               | ipCooldownPeriod is 0 to 3600 seconds",
        "{ipCooldownPeriod: soon}             | ipCooldownPeriod is 0 to 3600 seconds",
        "{releaseDelay: 25h}                  | releaseDelay is 0 to 86400 seconds",
        "{maxEni: 1, priority: 1001}          | should be less than or equal to 1000",
        "{maxEni: 1, nodeSelector: {matchLabels: {'a b': c}}} | the keys are those of labels",
        "{maxEni: 1, nodeSelector: {matchExpressions: [{key: a, operator: In}]}} | In and NotIn need one value or more",
        "{maxEni: 1, nodeSelector: {matchExpressions: [{key: a, operator: Is}]}} | Unsupported value: \"Is\"",
      })
  void theServerRefusesWhatCannotBeMeantAndSaysWhy(String spec, String why) {
    ControlPlane.Said said = policy("wrong", spec);
    assertThat(said.status()).isBetween(400, 422);
    assertThat(said.message()).contains(why);
  }

  /** Two ways of writing each, and a status that is another resource. */
  @Test
  void theServerAcceptsWhatIsMeantAndKeepsStatusApart() {
    assertThat(policy("one", "{warmEniTarget: 1, warmIpTarget: 0, maxEni: 2}").status())
        .isEqualTo(201);
    assertThat(policy("two", "{warmIpTarget: 1, ipCooldownPeriod: 45, releaseDelay: 5m}").status())
        .isEqualTo(201);
    server.patch(POLICIES + "/one", "status: {nodes: {selected: 7}}");
    assertThat(server.get(POLICIES + "/one").body().has("status")).isFalse();
    server.patch(POLICIES + "/one/status", "{status: {nodes: {selected: 7}}, spec: {maxEni: 5}}");
    JsonNode now = server.get(POLICIES + "/one").body();
    assertThat(now.path("status").path("nodes").path("selected").asInt()).isEqualTo(7);
    assertThat(now.path("spec").path("maxEni").asInt()).isEqualTo(2);
    assertThat(now.path("metadata").path("generation").asInt()).isEqualTo(1);
  }

  @Test
  void aPolicyChangesThePoolOfARunningNodeAndItsEndGivesTheNodeItsOwnSettingsBack()
      throws Exception {
    node("big", "{size: big}");
    NodePlacement placement = new NodePlacement(settings().cloud(), Optional.empty());
    try (Cluster cluster = server.cluster("big");
        ClusterWork work = new ClusterWork(settings(), cluster, placement, Duration.ZERO)) {
      work.start();
      work.steer(node.core());
      node.warm();
      node.awaitPool(sum -> sum.total() == 2);

      policy("all", "{warmIpTarget: 1, minimumIpTarget: 5}");
      node.awaitPool(sum -> sum.total() == 5);
      policy("exact", "{nodeSelector: {matchLabels: {size: big}}, minimumIpTarget: 7}");
      node.awaitPool(sum -> sum.total() == 7);
      await()
          .atMost(SOON)
          .until(
              () -> annotation("big"),
              "{\"policy\":\"exact\",\"generation\":1,\"overridden\":[\"all\"]}"::equals);
      server.patch(POLICIES + "/exact", "spec: {minimumIpTarget: 8}");
      node.awaitPool(sum -> sum.total() == 8);
      await().atMost(SOON).until(() -> annotation("big").contains("\"generation\":2"));

      server.patch("/api/v1/nodes/big", "metadata: {labels: {size: small}}");
      await().atMost(SOON).until(() -> work.policy().policy().equals(Optional.of("all")));
      server.delete(POLICIES + "/all");
      server.delete(POLICIES + "/exact");
      await().atMost(SOON).until(() -> node.core().pool().policy().minimumIpTarget().isEmpty());
      assertThat(node.core().pool().policy().warmIpTarget()).hasValue(2);
      await().atMost(SOON).until(() -> annotation("big").isEmpty());
    }
  }

  @Test
  void aNodeThatStartsBeginsWithThePolicyThatIsThere() throws Exception {
    node("big", "{size: big}");
    policy("all", "{minimumIpTarget: 6}");
    NodePlacement placement = new NodePlacement(settings().cloud(), Optional.empty());
    try (Cluster cluster = server.cluster("big");
        ClusterWork work = new ClusterWork(settings(), cluster, placement, Duration.ZERO)) {
      work.start();
      work.steer(node.core());
      node.start();
      await()
          .atMost(SOON)
          .until(() -> node.core().pool().policy().minimumIpTarget().orElse(0) == 6);
    }
  }

  @Test
  void withoutAnApiServerANodeBeginsWithItsOwnSettingsAfterAMoment() throws Exception {
    NodePlacement placement = new NodePlacement(settings().cloud(), Optional.empty());
    try (Cluster cluster = server.cluster("nobody");
        ClusterWork work = new ClusterWork(settings(), cluster, placement, Duration.ZERO)) {
      long began = System.nanoTime();
      work.start();
      work.steer(node.core());
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
      node.warm();
      assertThat(node.core().pool().policy().warmIpTarget()).hasValue(2);
    }
  }

  @Test
  void newEnisFollowTheEniConfigThatTheNodesAnnotationNames() throws Exception {
    node("zoned", "{topology.kubernetes.io/zone: eu-central-1a}");
    Settings custom =
        settings(
            "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
            "true",
            "ENI_CONFIG_LABEL_DEF",
            "topology.kubernetes.io/zone");
    NodePlacement placement = new NodePlacement(custom.cloud(), Optional.empty());
    try (Cluster cluster = server.cluster("zoned");
        ClusterWork work = new ClusterWork(custom, cluster, placement, Duration.ZERO)) {
      work.start();
      await()
          .atMost(SOON)
          .until(
              () ->
                  placement.get() instanceof EniPlacement.Nowhere(String why)
                      && why.contains("there is no ENIConfig \"eu-central-1a\""));
      assertThat(work.findings()).hasSize(1);
      eniConfig("eu-central-1a", "subnet-0a1b2c3d4e5f60718");
      eniConfig("other", "subnet-0a1b2c3d4e5f60719");
      await().atMost(SOON).until(() -> subnet(placement), "subnet-0a1b2c3d4e5f60718"::equals);
      assertThat(work.findings()).isEmpty();
      server.patch(
          "/api/v1/nodes/zoned", "metadata: {annotations: {k8s.amazonaws.com/eniConfig: other}}");
      await().atMost(SOON).until(() -> subnet(placement), "subnet-0a1b2c3d4e5f60719"::equals);
      server.patch(CONFIGS + "/other", "spec: {subnet: subnet-0a1b2c3d4e5f60720}");
      await().atMost(SOON).until(() -> subnet(placement), "subnet-0a1b2c3d4e5f60720"::equals);
      server.delete(CONFIGS + "/other");
      await()
          .atMost(SOON)
          .until(
              () ->
                  placement.get() instanceof EniPlacement.Nowhere(String why)
                      && why.contains("there is no ENIConfig \"other\""));
    }
  }

  private static void eniConfig(String name, String subnet) {
    assertThat(
            server
                .post(
                    CONFIGS,
                    "{apiVersion: crd.k8s.amazonaws.com/v1alpha1, kind: ENIConfig, metadata: {name: %s}, spec: {subnet: %s, securityGroups: [sg-0a1b2c3d4e5f60718]}}"
                        .formatted(name, subnet))
                .status())
        .isEqualTo(201);
  }

  private static String subnet(NodePlacement placement) {
    return placement.get() instanceof EniPlacement.In in ? in.place().subnets().getFirst() : "";
  }

  @Test
  void theStatusCountsNodesAndIsWrittenOnlyWhenSomethingHasChanged() throws Exception {
    for (int i = 0; i < 130; i++) {
      node("n%03d".formatted(i), i < 30 ? "{size: big}" : "{}");
    }
    policy("all", "{minimumIpTarget: 6}");
    policy("big", "{nodeSelector: {matchLabels: {size: big}}, warmIpTarget: 3}");
    server.patch(
        "/api/v1/nodes/n000",
        "metadata: {annotations: {%s: '{\"policy\":\"big\",\"generation\":1}'}}"
            .formatted(ANNOTATION));
    server.patch(
        "/api/v1/nodes/n001",
        "metadata: {annotations: {%s: '{\"policy\":\"big\",\"generation\":1,\"refused\":\"no ENI is left\"}'}}"
            .formatted(ANNOTATION));
    server.patch(
        "/api/v1/nodes/n002",
        "metadata: {annotations: {%s: '{\"policy\":\"all\",\"generation\":1}'}}"
            .formatted(ANNOTATION));
    try (Cluster cluster = server.cluster("n000")) {
      PolicyStatuses duty = new PolicyStatuses(new Requests(cluster), Clock.systemUTC());
      assertThat(duty.round(() -> true)).isEqualTo(Duration.ofMinutes(1));
      assertThat(duty.findings()).isEmpty();

      JsonNode big = server.get(POLICIES + "/big").body();
      assertThat(big.path("status").path("nodes").toString())
          .isEqualTo(
              "{\"inForce\":1,\"overridden\":0,\"pending\":28,\"refused\":1,\"selected\":30}");
      assertThat(condition(big, "InForce")).contains("False", "Refused");
      assertThat(condition(big, "Accepted")).contains("True");
      assertThat(condition(big, "Conflict")).contains("False");
      assertThat(big.path("status").path("sample").path(0).toString())
          .contains("\"n001\"", "Refused", "no ENI is left");
      JsonNode all = server.get(POLICIES + "/all").body();
      assertThat(all.path("status").path("nodes").toString())
          .isEqualTo(
              "{\"inForce\":0,\"overridden\":30,\"pending\":100,\"refused\":0,\"selected\":130}");
      assertThat(condition(all, "Conflict"))
          .contains("True", "on 30 of 130 nodes another policy counts (big on 30)");
      assertThat(all.path("status").path("sample")).hasSize(10);

      duty.round(() -> true);
      assertThat(version(server.get(POLICIES + "/big").body())).isEqualTo(version(big));

      server.patch(
          "/api/v1/nodes/n001",
          "metadata: {annotations: {%s: '{\"policy\":\"big\",\"generation\":1}'}}"
              .formatted(ANNOTATION));
      duty.round(() -> true);
      assertThat(
              server
                  .get(POLICIES + "/big")
                  .body()
                  .path("status")
                  .path("nodes")
                  .path("inForce")
                  .asInt())
          .isEqualTo(2);
    }
  }

  private static String version(JsonNode object) {
    return object.path("metadata").path("resourceVersion").asText();
  }

  private static String condition(JsonNode policy, String type) {
    return StreamSupport.stream(policy.path("status").path("conditions").spliterator(), false)
        .filter(condition -> condition.path("type").asText().equals(type))
        .flatMap(
            condition ->
                java.util.stream.Stream.of("status", "reason", "message")
                    .map(field -> condition.path(field).asText()))
        .collect(joining(" "));
  }
}
