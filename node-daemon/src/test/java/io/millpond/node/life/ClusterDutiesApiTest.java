package io.millpond.node.life;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millpond.node.cleaner.LeaseObject;
import io.millpond.node.cleaner.Leases;
import io.millpond.node.kubernetes.Cluster;
import io.millpond.node.kubernetes.ControlPlane;
import io.millpond.node.kubernetes.Requests;
import io.millpond.node.policy.NodePlacement;
import io.millpond.node.policy.PolicyStatuses;
import io.millpond.node.settings.Settings;
import io.millpond.node.settings.SettingsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lease on a real API server, and all of it with the rights of docs/kubernetes.md alone. */
@Tag("apiserver")
class ClusterDutiesApiTest {
  private static final String POLICIES = "/apis/millpond.io/v1alpha1/warmpoolpolicies";
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir static Path directory;
  private static ControlPlane server;

  @BeforeAll
  static void start() throws IOException {
    server = new ControlPlane(directory);
    server.define(Path.of("..", "deploy", "chart", "crds", "warmpoolpolicies.yaml"));
    allow("ClusterRole", RBAC + "/clusterroles", RBAC + "/clusterrolebindings", "");
    allow(
        "Role",
        RBAC + "/namespaces/kube-system/roles",
        RBAC + "/namespaces/kube-system/rolebindings",
        ", namespace: kube-system");
    await().atMost(SOON).until(() -> server.get(POLICIES).status() == 200);
    await().atMost(SOON).until(() -> server.get("/api/v1/namespaces/kube-system").status() == 200);
    made("/api/v1/nodes", "{apiVersion: v1, kind: Node, metadata: {name: one, labels: {a: b}}}");
    made(
        POLICIES,
        "{apiVersion: millpond.io/v1alpha1, kind: WarmPoolPolicy, metadata: {name: all}, spec: {minimumIpTarget: 4}}");
  }

  /** Gives the user millpond what docs/kubernetes.md lists, and nothing else. */
  private static void allow(String kind, String roles, String bindings, String namespace)
      throws IOException {
    String page = Files.readString(Path.of("..", "docs", "kubernetes.md"));
    String table =
        page.substring(
            page.indexOf("<!-- rights of settings: begin"),
            page.indexOf("<!-- rights of settings: end"));
    StringBuilder rules = new StringBuilder();
    for (String row : table.lines().filter(line -> line.startsWith("| " + kind + " |")).toList()) {
      String[] cells = row.replace("`", "").split("\\s*\\|\\s*", -1);
      rules.append(
          "- {apiGroups: [%s], resources: [%s]%s, verbs: [%s]}\n"
              .formatted(
                  cells[2],
                  cells[3],
                  cells[4].isEmpty() ? "" : ", resourceNames: [" + cells[4] + "]",
                  cells[5]));
    }
    made(
        roles,
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata: {name: millpond%s}\nrules:\n%s"
            .formatted(kind, namespace, rules));
    made(
        bindings,
        """
        {apiVersion: rbac.authorization.k8s.io/v1, kind: %sBinding, metadata: {name: millpond%s},
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s, name: millpond},
         subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: millpond}]}
        """
            .formatted(kind, namespace, kind));
  }

  private static void made(String path, String yaml) {
    ControlPlane.Said said = server.post(path, yaml);
    assertThat(said.status()).as(said.message()).isEqualTo(201);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Settings settings() throws Exception {
    return SettingsReader.read(Path.of("/nonexistent/millpond.yaml"), Map.of());
  }

  @Test
  void theRightsThatAreListedAreEnough() throws Exception {
    NodePlacement placement = new NodePlacement(settings().cloud(), Optional.empty());
    try (Cluster cluster = server.cluster("one", "millpond");
        ClusterWork work = new ClusterWork(settings(), cluster, placement, Duration.ZERO)) {
      work.start();
      await().atMost(SOON).until(() -> work.policy().policy().equals(Optional.of("all")));
      await()
          .atMost(SOON)
          .until(
              () ->
                  server
                      .get("/api/v1/nodes/one")
                      .body()
                      .path("metadata")
                      .path("annotations")
                      .has("millpond.io/warm-pool-policy"));
      PolicyStatuses statuses = new PolicyStatuses(new Requests(cluster), Clock.systemUTC());
      statuses.round(() -> true);
      assertThat(statuses.findings()).isEmpty();
      assertThat(
              server
                  .get(POLICIES + "/all")
                  .body()
                  .path("status")
                  .path("nodes")
                  .path("inForce")
                  .asInt())
          .isEqualTo(1);
      assertThat(work.findings()).isEmpty();
    }
  }

  @Test
  void theLeaseIsTakenByOneAndAChangeThatSomebodyElseMadeIsNotOverwritten() throws Exception {
    try (Cluster cluster = server.cluster("one", "millpond")) {
      Leases one = new LeaseObject(new Requests(cluster), Clock.systemUTC());
      Leases other = new LeaseObject(new Requests(cluster), Clock.systemUTC());
      assertThat(one.read()).isEmpty();
      assertThat(one.create("one_1")).isTrue();
      assertThat(other.create("two_1")).isFalse();
      Leases.Lease seen = other.read().orElseThrow();
      assertThat(seen.holder()).isEqualTo("one_1");
      assertThat(seen.term()).isEqualTo(Duration.ofMinutes(2));
      assertThat(one.update(one.read().orElseThrow(), "one_1")).isTrue();
      assertThat(other.update(seen, "two_1")).as("it was renewed meanwhile").isFalse();
      assertThat(other.update(other.read().orElseThrow(), "two_1")).isTrue();
      Leases.Lease now = one.read().orElseThrow();
      assertThat(now.holder()).isEqualTo("two_1");
      assertThat(now.transitions()).isEqualTo(1);
      assertThat(now.version()).isNotEqualTo(seen.version());
    }
  }

  @Test
  void whatIsNotAllowedIsNamedWithTheRightThatIsMissing() throws Exception {
    NodePlacement placement = new NodePlacement(settings().cloud(), Optional.empty());
    try (Cluster cluster = server.cluster("one", "nobody");
        ClusterWork work = new ClusterWork(settings(), cluster, placement, Duration.ZERO)) {
      work.start();
      await().atMost(SOON).until(() -> work.findings().size() == 2);
      assertThat(work.findings())
          .anySatisfy(one -> assertThat(one).contains("warmpoolpolicies.millpond.io", "403"))
          .anySatisfy(one -> assertThat(one).contains("get, list and watch of nodes", "403"));
      PolicyStatuses statuses = new PolicyStatuses(new Requests(cluster), Clock.systemUTC());
      statuses.round(() -> true);
      assertThat(statuses.findings())
          .singleElement()
          .asString()
          .contains("status of WarmPoolPolicies is not written", "403");
      assertThatThrownBy(() -> new LeaseObject(new Requests(cluster), Clock.systemUTC()).read())
          .isInstanceOf(Leases.RefusedException.class)
          .hasMessageContaining("Lease kube-system/millpond-eni-cleaner")
          .hasMessageContaining("allow get, create and update");
    }
  }

  @Test
  void whoIsNotElectedAnyLongerWritesNothing() throws Exception {
    try (Cluster cluster = server.cluster("one", "millpond")) {
      PolicyStatuses statuses = new PolicyStatuses(new Requests(cluster), Clock.systemUTC());
      made(
          POLICIES,
          "{apiVersion: millpond.io/v1alpha1, kind: WarmPoolPolicy, metadata: {name: late}, spec: {nodeSelector: {matchLabels: {a: none}}, minimumIpTarget: 4}}");
      statuses.round(() -> false);
      assertThat(server.get(POLICIES + "/late").body().has("status")).isFalse();
      statuses.round(() -> true);
      assertThat(
              List.of(
                  server
                      .get(POLICIES + "/late")
                      .body()
                      .path("status")
                      .path("nodes")
                      .path("selected")
                      .asInt(-1)))
          .containsExactly(0);
      server.delete(POLICIES + "/late");
    }
  }
}
