package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The chart, by Helm itself and beside a real API server; no node runs its pods here. */
@Tag("chart")
class ChartTest {
  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
  private static final String CHART = ROOT.resolve("deploy/chart").toString();
  private static final String NAMESPACE = "kube-system";
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String FULL =
      """
      image: {repository: registry.example/millpond, digest: "sha256:%s"}
      imagePullSecrets: [{name: registry}]
      env:
        WARM_IP_TARGET: 3
        MINIMUM_IP_TARGET: "10"
        CLUSTER_NAME: prod
        AWS_ENDPOINT_URL_EC2: http://10.0.0.2:8080
        IP_COOLDOWN_PERIOD: 60s
        MILLPOND_LOG_LEVEL: debug
      extraEnv:
        - {name: AWS_ACCESS_KEY_ID, valueFrom: {secretKeyRef: {name: aws, key: id}}}
        - {name: HTTPS_PROXY, value: "http://proxy:3128"}
      config: {pools: {storage: {subnets: [subnet-0a0b0c0d]}}}
      conflist: '{"name": "millpond", "plugins": [{"type": "millpond"}]}'
      hostPaths: {cniBin: /var/lib/cni/bin, cniConf: /var/lib/cni/conf, netns: /var/run/netns}
      serviceAccount: {annotations: {example.com/team: network}}
      hostPID: false
      nodeSelector: {pool: a}
      podSecurityContext: {seLinuxOptions: {type: spc_t}}
      resources: {requests: {cpu: 50m, memory: 128Mi}, limits: {memory: 256Mi}}
      updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: "10%%", maxUnavailable: 0}}
      """
          .formatted("0123456789abcdef".repeat(4));

  @TempDir private Path directory;
  private String helm = "";
  private String kubectl = "";
  private Path kubeconfig = Path.of("/nonexistent");

  @BeforeEach
  void findPrograms() throws IOException {
    String programs = System.getenv("MILLPOND_HELM");
    String kubernetes = System.getenv("MILLPOND_KUBECTL");
    String url = System.getenv("MILLPOND_API_URL");
    assumeTrue(
        programs != null && kubernetes != null && url != null,
        "needs Helm, kubectl and an API server: ./verify --only chart has them and runs this");
    helm = programs + "/helm";
    kubectl = kubernetes + "/kubectl";
    kubeconfig =
        Files.writeString(
            directory.resolve("kubeconfig"), ApiServer.kubeconfigFor(String.valueOf(url)));
  }

  @AfterEach
  void leaveNothing() {
    helm("uninstall", "mp", "-n", NAMESPACE, "--ignore-not-found", "--no-hooks");
    kubectl("-n", NAMESPACE, "delete", "daemonset", "--all", "--wait=false");
    kubectl("delete", "-f", CHART + "/crds", "--ignore-not-found");
  }

  private Shell.Ran run(String program, String... arguments) {
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(Arrays.asList(arguments));
    // Nothing of this machine's Helm is read, and nothing is left in its home.
    Map<String, String> environment =
        Map.of("KUBECONFIG", kubeconfig.toString(), "HOME", directory.toString());
    return Shell.run(environment, "", command.toArray(String[]::new));
  }

  private Shell.Ran helm(String... arguments) {
    return run(helm, arguments);
  }

  private Shell.Ran kubectl(String... arguments) {
    return run(kubectl, arguments);
  }

  private Shell.Ran template(String... arguments) {
    List<String> all = new ArrayList<>(List.of("template", "mp", CHART, "-n", NAMESPACE));
    all.addAll(List.of("--kube-version", "1.34.2"));
    all.addAll(Arrays.asList(arguments));
    return helm(all.toArray(String[]::new));
  }

  private Path file(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  /** The rendered objects, as kubectl reads them. */
  private List<JsonNode> objects(String values, String... more) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("-f", file("values.yaml", values).toString()));
    arguments.addAll(Arrays.asList(more));
    Path rendered = file("rendered.yaml", template(arguments.toArray(String[]::new)).orThrow());
    String json =
        kubectl(
                "create",
                "--dry-run=client",
                "--validate=false",
                "-o",
                "json",
                "-f",
                rendered.toString())
            .orThrow();
    List<JsonNode> found = new ArrayList<>();
    try (var parser = JSON.getFactory().createParser(json)) {
      for (JsonNode one : (Iterable<JsonNode>) () -> values(parser)) {
        found.add(one);
      }
    }
    return found;
  }

  private static java.util.Iterator<JsonNode> values(com.fasterxml.jackson.core.JsonParser parser) {
    try {
      return JSON.readValues(parser, JsonNode.class);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private JsonNode daemonSet(String values) throws IOException {
    return objects(values, "--show-only", "templates/daemonset.yaml").getFirst();
  }

  private static JsonNode container(JsonNode daemonSet) {
    return daemonSet.at("/spec/template/spec/containers/0");
  }

  private static List<String> texts(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", FULL_MARK})
  void helmFindsNothingToSayOfIt(String values) throws IOException {
    String text = values.equals(FULL_MARK) ? FULL : values;
    Shell.Ran lint =
        helm(
            "lint",
            "--strict",
            CHART,
            "--kube-version",
            "1.34.2",
            "-f",
            file("lint.yaml", text).toString());
    assertThat(lint.orThrow())
        .contains("1 chart(s) linted, 0 chart(s) failed")
        .doesNotContain("WARNING");
  }

  private static final String FULL_MARK = "full";

  /** The server checks what no schema of ours knows, every field of every object. */
  @ParameterizedTest
  @ValueSource(strings = {"{}", FULL_MARK})
  void aRealApiServerTakesEveryObject(String values) throws IOException {
    String text = values.equals(FULL_MARK) ? FULL : values;
    Path rendered =
        file(
            "all.yaml",
            template("-f", file("values.yaml", text).toString(), "--include-crds").orThrow());
    Shell.Ran applied =
        kubectl("apply", "--dry-run=server", "--validate=strict", "-f", rendered.toString());
    assertThat(applied.orThrow())
        .contains(
            "daemonset.apps/mp-millpond created", "daemonset.apps/mp-millpond-cleanup created")
        .contains("clusterrole.rbac.authorization.k8s.io/mp-millpond created");
    assertThat(applied.err()).as("warnings of the server").isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "colour=red | additional properties 'colour' not allowed",
        "env.WARM_IP_TARGT=3 | additional properties 'WARM_IP_TARGT' not allowed",
        "env.WARM_IP_TARGET=9000 | '/env/WARM_IP_TARGET': maximum: got 9,000, want 8,192",
        "env.WARM_IP_TARGET=few | '/env/WARM_IP_TARGET': 'few' does not match pattern",
        "env.MILLPOND_LOG_LEVEL=loud | '/env/MILLPOND_LOG_LEVEL': value must be one of 'error'",
        "env.MILLPOND_RUN_DIR=/x | additional properties 'MILLPOND_RUN_DIR' not allowed",
        "env.IP_COOLDOWN_PERIOD=soon | '/env/IP_COOLDOWN_PERIOD': 'soon' does not match pattern",
        "config.warmIps=3 | additional properties 'warmIps' not allowed",
        "image.pullPolicy=Sometimes | value must be one of 'Always', 'IfNotPresent', 'Never'",
        "image.digest=sha256:12 | '/image/digest': 'sha256:12' does not match pattern",
        "hostPaths.cniBin=opt | '/hostPaths/cniBin': 'opt' does not match pattern",
        "terminationGracePeriodSeconds=5 | minimum: got 5, want 25",
        "monitoring.kind=Prometheus | value must be one of 'None', 'PodMonitor', 'ServiceMonitor'",
        "tolerations=all | '/tolerations': got string, want array",
      })
  void aWrongValueIsRefusedWithItsPathAndWhy(String value, String why) {
    Shell.Ran refused = template("--set", value.strip());
    assertThat(refused.status()).isNotZero();
    assertThat(refused.err()).contains(why.strip());
  }

  @Test
  void theSchemaHasTheSettingsThatAreDocumented() {
    Shell.run(ROOT.resolve("scripts/chart-schema").toString(), "check").orThrow();
  }

  @Test
  void theDaemonHasFourCapabilitiesAndAReadOnlyRoot() throws IOException {
    JsonNode daemonSet = daemonSet("{}");
    JsonNode may = container(daemonSet).path("securityContext");
    assertThat(texts(may.at("/capabilities/drop"))).containsExactly("ALL");
    assertThat(texts(may.at("/capabilities/add")))
        .containsExactlyInAnyOrder("NET_ADMIN", "NET_RAW", "SYS_ADMIN", "SYS_PTRACE");
    assertThat(may.path("privileged").asBoolean(true)).isFalse();
    assertThat(may.path("readOnlyRootFilesystem").asBoolean()).isTrue();
    assertThat(daemonSet.at("/spec/template/spec/securityContext/seccompProfile/type").asText())
        .isEqualTo("RuntimeDefault");
  }

  /** What the daemon is tested with is what it gets: tables whose first columns are these. */
  @Test
  void theAccountHasTheRightsThatAreDocumented() throws IOException {
    Set<String> documented = new TreeSet<>();
    Pattern row =
        Pattern.compile(
            "\\| (?:(ClusterRole|Role) \\| )?`([^`]*)` \\| `([^`]*)` \\|(?: (?:`([^`]*)` )?\\|)? ((?:`[a-z]+`(?:, )?)+) \\| .*");
    for (String line : Files.readAllLines(ROOT.resolve("docs/kubernetes.md"))) {
      Matcher match = row.matcher(line);
      if (match.matches()) {
        String role = match.group(1) == null ? "ClusterRole" : match.group(1);
        String group = match.group(2).replace("\"", "");
        String names = match.group(4) == null ? "" : match.group(4);
        for (String verb : match.group(5).replace("`", "").split(", ", -1)) {
          documented.add(String.join(" ", role, group, match.group(3), names, verb));
        }
      }
    }
    Set<String> given = new TreeSet<>();
    for (JsonNode role : objects("{}", "--show-only", "templates/rbac.yaml")) {
      for (JsonNode rule : role.path("rules")) {
        for (String verb : texts(rule.path("verbs"))) {
          given.add(
              String.join(
                  " ",
                  role.path("kind").asText(),
                  String.join(",", texts(rule.path("apiGroups"))),
                  String.join(",", texts(rule.path("resources"))),
                  String.join(",", texts(rule.path("resourceNames"))),
                  verb));
        }
      }
    }
    assertThat(documented).hasSizeGreaterThan(6);
    assertThat(given).isEqualTo(documented);
  }

  /** Ports would keep two pods with the node's network from running side by side. */
  @Test
  void anUpdateStartsTheNewDaemonBesideTheOldOne() throws IOException {
    JsonNode daemonSet = daemonSet("{}");
    JsonNode update = daemonSet.at("/spec/updateStrategy/rollingUpdate");
    assertThat(update.path("maxSurge").asInt()).isEqualTo(1);
    assertThat(update.path("maxUnavailable").asInt(9)).isZero();
    assertThat(container(daemonSet).has("ports")).isFalse();
    JsonNode pod = daemonSet.at("/spec/template/spec");
    assertThat(pod.path("hostNetwork").asBoolean()).isTrue();
    assertThat(pod.path("priorityClassName").asText()).isEqualTo("system-node-critical");
    assertThat(pod.at("/tolerations/0/operator").asText()).isEqualTo("Exists");
    assertThat(pod.path("terminationGracePeriodSeconds").asInt()).isGreaterThanOrEqualTo(25);
    for (String probe : List.of("livenessProbe", "readinessProbe")) {
      assertThat(container(daemonSet).at("/" + probe + "/exec/command/0").asText())
          .isEqualTo("/opt/millpond/bin/millpond-probe");
    }
  }

  @Test
  void valuesArriveWhereTheyBelong() throws IOException {
    JsonNode daemonSet = daemonSet(FULL);
    JsonNode container = container(daemonSet);
    assertThat(container.path("image").asText())
        .startsWith("registry.example/millpond@sha256:0123");
    Map<String, String> environment = new java.util.HashMap<>();
    container
        .path("env")
        .forEach(one -> environment.put(one.path("name").asText(), one.path("value").asText()));
    assertThat(environment)
        .containsEntry("WARM_IP_TARGET", "3")
        .containsEntry("MINIMUM_IP_TARGET", "10")
        .containsEntry("AWS_ENDPOINT_URL_EC2", "http://10.0.0.2:8080")
        .containsEntry("HTTPS_PROXY", "http://proxy:3128")
        .containsEntry("MILLPOND_CNI_BIN_DIR", "/var/lib/cni/bin")
        .containsEntry("MILLPOND_CNI_CONF_DIR", "/var/lib/cni/conf");
    Map<String, String> volumes = new java.util.HashMap<>();
    daemonSet
        .at("/spec/template/spec/volumes")
        .forEach(one -> volumes.put(one.path("name").asText(), one.at("/hostPath/path").asText()));
    assertThat(volumes)
        .containsEntry("netns", "/var/run/netns")
        .containsEntry("cni-bin", "/var/lib/cni/bin")
        .containsEntry("sysctl-net", "/proc/sys/net");
    JsonNode config = objects(FULL, "--show-only", "templates/configmap.yaml").getFirst();
    assertThat(config.at("/data/config.yaml").asText()).contains("subnet-0a0b0c0d");
    assertThat(config.path("data").path("10-millpond.conflist").asText()).contains("\"millpond\"");
    assertThat(
            objects(FULL, "--show-only", "templates/serviceaccount.yaml")
                .getFirst()
                .at("/metadata/annotations")
                .toString())
        .contains("\"example.com/team\":\"network\"");
  }

  @Test
  void anotherSettingsFileMakesOtherPods() throws IOException {
    String one = daemonSet("config: {warmIpTarget: 1}").at("/spec/template").toString();
    assertThat(daemonSet("config: {warmIpTarget: 2}").at("/spec/template").toString())
        .isNotEqualTo(one);
  }

  /** Their kinds are the Prometheus operator's, which this server does not know. */
  @Test
  void monitorsAskThePortOfTheMetrics() {
    String pods =
        template(
                "--set", "monitoring.kind=PodMonitor",
                "--set-string", "env.MILLPOND_METRICS_ADDRESS=:9000",
                "--show-only", "templates/monitor.yaml")
            .orThrow();
    assertThat(pods)
        .contains("kind: PodMonitor", "replacement: \"$1:9000\"")
        .doesNotContain("Service");
    String service =
        template("--set", "monitoring.kind=ServiceMonitor", "--show-only", "templates/monitor.yaml")
            .orThrow();
    assertThat(service).contains("kind: ServiceMonitor", "kind: Service\n", "port: 61680");
    assertThat(template().orThrow()).doesNotContain("monitoring.coreos.com");
  }

  @Test
  void uninstallLeavesTheCleanupAloneAndAnInstallationWaitsUntilThatIsGone() {
    helm("install", "mp", CHART, "-n", NAMESPACE).orThrow();
    assertThat(names("daemonset")).containsExactly("mp-millpond");
    helm("upgrade", "mp", CHART, "-n", NAMESPACE, "--set", "env.WARM_IP_TARGET=3").orThrow();
    helm("rollback", "mp", "1", "-n", NAMESPACE).orThrow();
    assertThat(names("daemonset"))
        .as("no update or rollback cleans")
        .containsExactly("mp-millpond");
    helm("uninstall", "mp", "-n", NAMESPACE).orThrow();
    assertThat(names("daemonset")).containsExactly("mp-millpond-cleanup");
    assertThat(names("serviceaccount")).doesNotContain("mp-millpond");
    assertThat(names("clusterrole")).doesNotContain("mp-millpond");
    Shell.Ran refused = helm("install", "mp", CHART, "-n", NAMESPACE);
    assertThat(refused.status()).isNotZero();
    assertThat(refused.err())
        .contains("kubectl -n kube-system delete daemonset mp-millpond-cleanup");
    kubectl("-n", NAMESPACE, "delete", "daemonset", "mp-millpond-cleanup", "--wait=false")
        .orThrow();
    helm("install", "mp", CHART, "-n", NAMESPACE).orThrow();
  }

  private List<String> names(String kind) {
    return kubectl(
            "-n",
            NAMESPACE,
            "get",
            kind,
            "-o",
            "jsonpath={range .items[*]}{.metadata.name}{\"\\n\"}{end}")
        .orThrow()
        .lines()
        .filter(name -> name.startsWith("mp-") || !kind.equals("daemonset"))
        .toList();
  }

  @Test
  void theNotesWarnOfTheAwsPluginThatIsThereToo() throws IOException {
    Path other =
        file(
            "aws-node.yaml",
            """
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: aws-node, namespace: kube-system}
            spec:
              selector: {matchLabels: {a: b}}
              template:
                metadata: {labels: {a: b}}
                spec: {containers: [{name: c, image: i}]}
            """);
    kubectl("apply", "-f", other.toString()).orThrow();
    assertThat(helm("install", "mp", CHART, "-n", NAMESPACE).orThrow())
        .contains("ATTENTION", "kube-system/aws-node", "env.CLUSTER_NAME is not set");
  }
}
