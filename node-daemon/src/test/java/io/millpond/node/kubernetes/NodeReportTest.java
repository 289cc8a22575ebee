package io.millpond.node.kubernetes;

import static io.millpond.node.kubernetes.ScriptedServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millpond.node.kubernetes.NodeReport.State;
import io.millpond.node.kubernetes.ScriptedServer.Request;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NodeReportTest {
  private static final State READY = new State(Optional.empty(), true);
  private static final State NOT_READY = new State(Optional.of("the subnet is full"), false);
  private static final String MINE =
      "{\"key\":\"millpond.io/not-ready\",\"effect\":\"NoSchedule\",\"timeAdded\":\"2026-01-01T00:00:00Z\"}";
  private static final String OTHER = "{\"key\":\"other\",\"effect\":\"NoExecute\"}";

  private final ScriptedServer server = new ScriptedServer();
  private final Cluster cluster = server.cluster();
  private final FakeTime time = new FakeTime();
  private final NodeReport report = new NodeReport(new ApiServer(cluster), "node-a", time);

  @AfterEach
  void stop() throws IOException {
    cluster.close();
    server.close();
  }

  private static String node(String conditions, String... taints) {
    return """
    {"kind":"Node","metadata":{"name":"node-a"},"spec":{"taints":[%s]},
     "status":{"conditions":[{"type":"Ready","status":"True"}%s],"images":[]}}\
    """
        .formatted(String.join(",", taints), conditions);
  }

  private static JsonNode body(Request request) throws IOException {
    return JsonMapper.builder().build().readTree(request.body());
  }

  private JsonNode written() throws Exception {
    Request request = server.next();
    assertThat(request.method()).isEqualTo("PATCH");
    assertThat(request.path()).isEqualTo("/api/v1/nodes/node-a/status");
    assertThat(request.contentType()).startsWith("application/strategic-merge-patch+json");
    return body(request).path("status").path("conditions");
  }

  @Test
  void aNodeThatBecomesReadySaysSoAndLosesTheTaint() throws Exception {
    String tainted = node("", OTHER, MINE);
    server
        .then(json(200, tainted))
        .then(json(200, tainted))
        .then(json(200, tainted))
        .then(json(200, node("", OTHER)));
    report.tell(READY);
    assertThat(server.next().path()).isEqualTo("/api/v1/nodes/node-a");
    JsonNode conditions = written();
    assertThat(conditions.toString())
        .isEqualTo(
            "[{\"type\":\"MillpondReady\",\"status\":\"True\",\"reason\":\"PodsCanBeAttached\",\"message\":\"pods"
                + " can be attached\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\","
                + "\"lastHeartbeatTime\":\"2026-01-01T00:00:00Z\"},"
                + "{\"type\":\"NetworkUnavailable\",\"status\":\"False\",\"reason\":\"MillpondIsReady\",\"message\":\"millpond"
                + " attaches pods\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\","
                + "\"lastHeartbeatTime\":\"2026-01-01T00:00:00Z\"}]");
    assertThat(server.next().method()).isEqualTo("GET");
    Request untaint = server.next();
    assertThat(untaint.path()).isEqualTo("/api/v1/nodes/node-a");
    assertThat(untaint.contentType()).startsWith("application/json-patch+json");
    assertThat(untaint.body())
        .isEqualTo(
            "[{\"op\":\"test\",\"path\":\"/spec/taints/1\",\"value\":"
                + MINE
                + "},{\"op\":\"remove\",\"path\":\"/spec/taints/1\"}]");
  }

  @Test
  void theTaintStaysUntilEnoughAddressesAreUsable() throws Exception {
    String tainted = node(",{\"type\":\"NetworkUnavailable\",\"status\":\"False\"}", MINE);
    server.then(json(200, tainted)).then(json(200, tainted)).then(json(200, tainted));
    report.tell(new State(Optional.empty(), false));
    time.pass(Duration.ofSeconds(5));
    report.tell(new State(Optional.empty(), false));
    assertThat(server.requests).hasSize(3).noneMatch(r -> r.contentType().contains("json-patch+"));
  }

  @Test
  void ofTaintsThatOthersChangeMeanwhileNoneIsLost() throws Exception {
    String first = node("", MINE);
    server
        .then(json(200, first))
        .then(json(200, first))
        .then(json(200, first))
        .then(json(422, "{\"message\":\"the test failed\"}"))
        .then(json(200, node("", OTHER, MINE)))
        .then(json(200, node("", OTHER)));
    report.tell(READY);
    for (int i = 0; i < 3; i++) {
      server.next();
    }
    assertThat(server.next().body()).contains("/spec/taints/0");
    server.next();
    assertThat(server.next().body()).contains("/spec/taints/1");
  }

  @Test
  void nothingIsWrittenWhileThereIsNothingNewToSay() throws Exception {
    String node = node(",{\"type\":\"NetworkUnavailable\",\"status\":\"False\"}");
    for (int i = 0; i < 5; i++) {
      server.then(json(200, node));
    }
    report.tell(NOT_READY);
    server.next();
    JsonNode first = written().path(0);
    assertThat(first.path("status").asText()).isEqualTo("False");
    assertThat(first.path("message").asText()).isEqualTo("the subnet is full");
    time.pass(Duration.ofSeconds(30));
    report.tell(new State(Optional.of("another reason"), false));
    assertThat(server.requests).as("a message alone waits").isEmpty();
    time.pass(Duration.ofSeconds(31));
    report.tell(new State(Optional.of("another reason"), false));
    JsonNode second = written().path(0);
    assertThat(second.path("message").asText()).isEqualTo("another reason");
    assertThat(second.path("lastTransitionTime")).isEqualTo(first.path("lastTransitionTime"));
    time.pass(Duration.ofSeconds(1));
    report.tell(READY);
    JsonNode third = written().path(0);
    assertThat(third.path("lastTransitionTime").asText()).isEqualTo("2026-01-01T00:01:02Z");
    time.pass(NodeReport.HEARTBEAT.minusSeconds(1));
    report.tell(READY);
    assertThat(server.requests).isEmpty();
    time.pass(Duration.ofSeconds(1));
    report.tell(READY);
    assertThat(written().path(0).path("lastTransitionTime"))
        .isEqualTo(third.path("lastTransitionTime"));
  }

  @Test
  void aDaemonGoesOnWhereTheOneBeforeEnded() throws Exception {
    String node =
        node(
            ",{\"type\":\"NetworkUnavailable\",\"status\":\"False\"},{\"type\":\"MillpondReady\","
                + "\"status\":\"True\",\"lastTransitionTime\":\"2025-12-31T12:00:00Z\"}");
    server.then(json(200, node)).then(json(200, node));
    report.tell(READY);
    server.next();
    assertThat(written().path(0).path("lastTransitionTime").asText())
        .isEqualTo("2025-12-31T12:00:00Z");
  }

  @Test
  void whoSaysThatThereIsANetworkIsNotContradicted() throws Exception {
    String unavailable = ",{\"type\":\"NetworkUnavailable\",\"status\":\"True\"}";
    server
        .then(json(200, node(unavailable)))
        .then(json(200, node(unavailable)))
        .then(json(200, node(unavailable)));
    report.tell(READY);
    server.next();
    assertThat(written()).as("nobody has said that there is one").hasSize(2);
    time.pass(NodeReport.HEARTBEAT);
    report.tell(READY);
    assertThat(written()).as("said once; then it is another's").hasSize(1);
  }

  @Test
  void whatIsMissingIsToldWithTheRemedy() {
    server.then(json(404, "{\"message\":\"nodes \\\"node-a\\\" not found\"}"));
    assertThatThrownBy(() -> report.tell(READY)).hasMessageContaining("set MY_NODE_NAME");
    server.then(json(403, "{\"message\":\"forbidden\"}"));
    assertThatThrownBy(() -> report.tell(READY)).hasMessageContaining("docs/kubernetes.md");
    server.then(json(200, "<html>"));
    assertThatThrownBy(() -> report.tell(READY)).isInstanceOf(IOException.class);
  }
}
