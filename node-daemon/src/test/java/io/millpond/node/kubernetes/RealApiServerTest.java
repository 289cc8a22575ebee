package io.millpond.node.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.Caller;
import io.millpond.node.pods.PodRequest;
import io.millpond.node.pods.PoolWish;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.Prefix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * All of what is said to and heard from the API server, with a real one and exactly the rights of
 * docs/kubernetes.md: {@code test/peers/with-kubernetes here mvn …} starts it.
 */
@Tag("apiserver")
class RealApiServerTest {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final Pattern RIGHT =
      Pattern.compile("\\| `(\"\"|[a-z0-9.]+)` \\| `([a-z/]+)` \\| ([a-z`, ]+) \\| .*");

  private final String run = "t" + Long.toString(System.nanoTime(), 36);
  private final String nodeName = "node-" + run;
  private final TestNode node = new TestNode("WARM_IP_TARGET", "1").start();
  private Passage passage;
  private Cluster adminCluster;
  private ApiServer admin;
  private Cluster cluster;

  @BeforeEach
  void setUp() throws Exception {
    String socket = System.getenv("MILLPOND_API_SOCKET");
    Assumptions.assumeTrue(
        socket != null, "needs an API server: test/peers/with-kubernetes here … starts one");
    passage = new Passage(Path.of(socket));
    adminCluster = ScriptedServer.cluster(passage.address(), nodeName);
    admin = new ApiServer(adminCluster);
    create("/api/v1/namespaces", "{\"metadata\":{\"name\":\"%s\"}}".formatted(run));
    create(in("serviceaccounts"), "{\"metadata\":{\"name\":\"default\"}}");
    create(in("serviceaccounts"), "{\"metadata\":{\"name\":\"millpond\"}}");
    create(
        "/api/v1/nodes",
        """
        {"metadata":{"name":"%s"},"spec":{"taints":[
          {"key":"one","effect":"NoSchedule"},{"key":"millpond.io/not-ready","effect":"NoSchedule"},
          {"key":"millpond.io/not-ready","effect":"NoExecute"},{"key":"two","effect":"NoExecute"}]}}\
        """
            .formatted(nodeName));
    create(
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "{\"metadata\":{\"name\":\"%s\"},\"rules\":%s}".formatted(run, rights()));
    create(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        """
        {"metadata":{"name":"%s"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io",
          "kind":"ClusterRole","name":"%s"},
         "subjects":[{"kind":"ServiceAccount","name":"millpond","namespace":"%s"}]}\
        """
            .formatted(run, run, run));
    String token =
        create(in("serviceaccounts/millpond/token"), "{\"spec\":{\"expirationSeconds\":3600}}")
            .path("status")
            .path("token")
            .asText();
    cluster = ScriptedServer.cluster(passage.address(), nodeName, token);
  }

  @AfterEach
  void tearDown() throws Exception {
    node.close();
    if (passage != null) {
      cluster.close();
      adminCluster.close();
      passage.close();
    }
  }

  /** The table of docs/kubernetes.md as rules of a ClusterRole. */
  private static String rights() throws Exception {
    String page = Files.readString(Path.of("../docs/kubernetes.md"));
    String table =
        page.substring(page.indexOf("<!-- rights: begin"), page.indexOf("<!-- rights: end"));
    List<String> rules = new ArrayList<>();
    Matcher row = RIGHT.matcher(table);
    while (row.find()) {
      rules.add(
          "{\"apiGroups\":[\"%s\"],\"resources\":[\"%s\"],\"verbs\":[%s]}"
              .formatted(
                  row.group(1).replace("\"", ""), row.group(2), row.group(3).replace('`', '"')));
    }
    assertThat(rules).hasSizeGreaterThanOrEqualTo(5);
    return rules.toString();
  }

  private String in(String what) {
    return "/api/v1/namespaces/" + run + "/" + what;
  }

  private JsonNode create(String path, String body) throws Exception {
    return done(admin.send("POST", path, "application/json", body));
  }

  private JsonNode read(String path) throws Exception {
    return done(admin.get(path));
  }

  private static JsonNode done(ApiServer.Reply reply) throws Exception {
    JsonNode body = JSON.readTree(reply.body());
    assertThat(reply.successful()).as(body.toString()).isTrue();
    return body;
  }

  /** Binds a pod to the node; its uid. */
  private String bind(String name, String spec) throws Exception {
    return create(
            in("pods"),
            """
            {"metadata":{"name":"%s"},"spec":{"nodeName":"%s","automountServiceAccountToken":false,
             "tolerations":[{"operator":"Exists"}],
             "containers":[{"name":"c","image":"x"}]%s}}\
            """
                .formatted(name, nodeName, spec))
        .path("metadata")
        .path("uid")
        .asText();
  }

  private void status(String pod, String status) throws Exception {
    done(
        admin.send(
            "PATCH",
            in("pods/" + pod + "/status"),
            "application/merge-patch+json",
            "{\"status\":" + status + "}"));
  }

  private void delete(String pod, int grace) throws Exception {
    done(
        admin.send(
            "DELETE",
            in("pods/" + pod),
            "application/json",
            "{\"gracePeriodSeconds\":%d}".formatted(grace)));
  }

  private void awaitExpected(int pods) {
    await()
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(10))
        .until(() -> node.counts().expected() == pods);
  }

  @Test
  void podsAreExpectedFromTheirBindingUntilTheyNeedNoAddress() throws Exception {
    for (String pod : List.of("a", "b", "c", "d")) {
      bind(pod, "");
    }
    try (PodWatch watch = new PodWatch(cluster, node.core().expectedPods())) {
      watch.start();
      awaitExpected(4);
      bind("e", "");
      bind("host", ",\"hostNetwork\":true");
      awaitExpected(5);
      status(
          "a", "{\"phase\":\"Running\",\"podIP\":\"10.0.1.9\",\"podIPs\":[{\"ip\":\"10.0.1.9\"}]}");
      awaitExpected(4);
      status("b", "{\"phase\":\"Failed\"}");
      awaitExpected(3);
      delete("c", 30);
      awaitExpected(2);
      delete("d", 0);
      awaitExpected(1);
      assertThat(watch.finding()).isEmpty();
    }
  }

  @Test
  void aWatchWhoseNetworkDiedSilentlyIsBegunAnew() throws Exception {
    Backoff backoff = new Backoff(Duration.ofMillis(50), Duration.ofSeconds(1), () -> 1);
    try (PodWatch watch =
        new PodWatch(cluster, node.core().expectedPods(), Duration.ofSeconds(2), backoff, "")) {
      bind("a", "");
      watch.start();
      awaitExpected(1);
      passage.block();
      await().atMost(SOON).until(() -> watch.trouble().isPresent());
      node.added("served-meanwhile", 9);
      passage.unblock();
      bind("b", "");
      awaitExpected(2);
    }
  }

  @Test
  void aPlaceThatTheServerHasForgottenMeansANewList() throws Exception {
    Backoff backoff = new Backoff(Duration.ofMillis(50), Duration.ofSeconds(1), () -> 1);
    bind("a", "");
    try (PodWatch watch =
        new PodWatch(cluster, node.core().expectedPods(), PodWatch.SILENCE, backoff, "1")) {
      watch.start();
      awaitExpected(1);
      bind("b", "");
      awaitExpected(2);
    }
  }

  @Test
  void theNodeSaysThatItsNetworkIsReadyAndLosesTheTaintAlone() throws Exception {
    ServiceCidrs cidrs = new ServiceCidrs(List.of(), Map.of());
    try (ClusterCare care = new ClusterCare(cluster, cidrs, () -> Optional.<String>empty())) {
      care.start();
      care.awaitServiceCidrs(SOON);
      assertThat(cidrs.get()).containsExactly(Prefix.parse("10.96.0.0/16"));
      await().atMost(SOON).until(() -> condition("MillpondReady").equals("True"));
      assertThat(taints()).as("not before addresses are usable").contains("millpond.io/not-ready");
      care.serves(node.core().expectedPods(), node.core().notices(), () -> node.core().has(1));
      await().atMost(SOON).until(() -> !taints().contains("millpond.io/not-ready"));
      // The API server adds one of its own.
      assertThat(taints()).contains("one", "two");
      assertThat(condition("NetworkUnavailable")).isEqualTo("False");
      bind("a", "");
      awaitExpected(1);
      assertThat(care.findings()).isEmpty();
    }
  }

  private String condition(String type) throws Exception {
    for (JsonNode one : read("/api/v1/nodes/" + nodeName).path("status").path("conditions")) {
      if (one.path("type").asText().equals(type)) {
        return one.path("status").asText();
      }
    }
    return "";
  }

  private List<String> taints() throws Exception {
    return read("/api/v1/nodes/" + nodeName).path("spec").path("taints").findValuesAsText("key");
  }

  @Test
  void aPodWithoutAnAddressIsToldWhy() throws Exception {
    String uid = bind("unlucky", "");
    try (ClusterCare care =
        new ClusterCare(
            cluster, new ServiceCidrs(List.of(), Map.of()), () -> Optional.<String>empty())) {
      care.start();
      care.serves(node.core().expectedPods(), node.core().notices(), () -> false);
      PodRequest request =
          new PodRequest(
              TestNode.key("unlucky"),
              run + "/unlucky",
              uid,
              OptionalInt.empty(),
              List.of(),
              PodDemands.NONE,
              new PoolWish(
                  Optional.of(new io.millpond.pool.value.PoolName("none")), Optional.empty()));
      for (int i = 0; i < 3; i++) {
        assertThat(node.core().addPod().add(request, ModelKernel.netns(5), Caller.PATIENT))
            .isInstanceOf(AddOutcome.NoSuchPool.class);
      }
      String path = in("events?fieldSelector=involvedObject.uid%3D" + uid);
      await().atMost(SOON).until(() -> read(path).path("items").size() == 1);
      JsonNode event = read(path).path("items").get(0);
      assertThat(event.path("reason").asText()).isEqualTo("NetworkRefused");
      assertThat(event.path("message").asText()).contains("none");
      assertThat(event.path("involvedObject").path("name").asText()).isEqualTo("unlucky");
    }
  }
}
