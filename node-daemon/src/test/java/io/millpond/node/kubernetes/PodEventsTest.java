package io.millpond.node.kubernetes;

import static io.millpond.node.kubernetes.ScriptedServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millpond.node.kubernetes.ScriptedServer.Request;
import io.millpond.node.pods.PodNotices.Kind;
import io.millpond.node.pods.PodRequest;
import io.millpond.node.pods.PoolWish;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.PodDemands;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PodEventsTest {
  private final ScriptedServer server = new ScriptedServer();
  private final Cluster cluster = server.cluster();
  private final FakeTime time = new FakeTime();
  private final PodEvents events = new PodEvents(new ApiServer(cluster), "node-a", time);

  @AfterEach
  void stop() throws IOException {
    cluster.close();
    server.close();
  }

  private static PodRequest pod(String name) {
    return new PodRequest(
        TestNode.key("c"),
        name,
        "uid-1",
        OptionalInt.empty(),
        List.of(),
        PodDemands.NONE,
        PoolWish.NONE);
  }

  private void writeAll() throws Exception {
    while (events.write()) {
      time.pass(Duration.ofMillis(1));
    }
  }

  @Test
  void aPodIsToldCauseAndRemedy() throws Exception {
    server.then(json(201, "{}"));
    events.notice(pod("shop/web-0"), Kind.NO_ADDRESS, "the subnet is full", "add a subnet");
    writeAll();
    Request request = server.next();
    assertThat(request.method() + " " + request.path())
        .isEqualTo("POST /api/v1/namespaces/shop/events");
    assertThat(request.body())
        .isEqualTo(
            "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"web-0.18867251edfa0000\",\"namespace\":\"shop\"},"
                + "\"involvedObject\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"namespace\":\"shop\",\"name\":\"web-0\",\"uid\":\"uid-1\"},\"type\":\"Warning\",\"reason\":\"NoAddress\",\"message\":\"the"
                + " subnet is full; add a subnet\",\"count\":1,"
                + "\"firstTimestamp\":\"2026-01-01T00:00:00Z\",\"lastTimestamp\":\"2026-01-01T00:00:00Z\","
                + "\"reportingComponent\":\"millpond.io/node\",\"reportingInstance\":\"node-a\","
                + "\"source\":{\"component\":\"millpond\",\"host\":\"node-a\"}}");
  }

  private static String name(Request request) {
    return request.body().replaceFirst(".*\"metadata\":\\{\"name\":\"([^\"]*)\".*", "$1");
  }

  @Test
  void whatHappensAgainIsCountedAndRarelyWritten() throws Exception {
    server.then(json(201, "{}")).then(json(200, "{}")).then(json(404, "{}")).then(json(201, "{}"));
    for (int i = 0; i < 10; i++) {
      events.notice(pod("shop/web-0"), Kind.NO_ADDRESS, "full", "");
      writeAll();
    }
    String name = name(server.next());
    assertThat(server.requests).isEmpty();
    time.pass(PodEvents.AGAIN);
    events.notice(pod("shop/web-0"), Kind.NO_ADDRESS, "still full", "");
    writeAll();
    Request again = server.next();
    assertThat(again.method() + " " + again.path())
        .isEqualTo("PATCH /api/v1/namespaces/shop/events/" + name);
    assertThat(again.body()).contains("\"count\":11", "still full");
    time.pass(PodEvents.AGAIN);
    events.notice(pod("shop/web-0"), Kind.NO_ADDRESS, "full", "");
    writeAll();
    server.next();
    assertThat(server.next().method()).as("an Event that has ended is made anew").isEqualTo("POST");
  }

  @Test
  void aNodeWritesOnlySoMany() throws Exception {
    for (int i = 0; i < 200; i++) {
      server.then(json(201, "{}"));
    }
    for (int i = 0; i < 60; i++) {
      events.notice(pod("shop/web-" + i), Kind.LATE, "late", "");
    }
    while (events.write()) {}
    assertThat(server.requests).hasSize(PodEvents.BURST);
    time.pass(PodEvents.EACH.multipliedBy(3));
    for (int i = 0; i < 60; i++) {
      events.notice(pod("shop/db-" + i), Kind.LATE, "late", "");
    }
    while (events.write()) {}
    assertThat(server.requests).hasSize(PodEvents.BURST + 3);
  }

  @Test
  void noticesDoNotPileUp() throws Exception {
    for (int i = 0; i < 10_000; i++) {
      events.notice(pod("shop/web-0"), Kind.LATE, "x".repeat(5000), "");
    }
    server.then(json(201, "{}"));
    int written = 0;
    while (events.write()) {
      written++;
    }
    assertThat(written).isEqualTo(PodEvents.QUEUE);
    assertThat(server.next().body()).hasSizeLessThan(2000);
  }

  @Test
  void aRuntimeThatIsNoKubernetesHasNobodyToTell() throws Exception {
    events.notice(pod("web"), Kind.LATE, "late", "");
    events.notice(pod(""), Kind.LATE, "late", "");
    assertThat(events.write()).isFalse();
  }

  @Test
  void aBusyServerIsTriedAgainLaterAndARefusalIsNot() throws Exception {
    server.then(json(429, "{}")).then(json(403, "{\"message\":\"no\"}"));
    events.notice(pod("shop/a"), Kind.LATE, "late", "");
    assertThatThrownBy(events::write).hasMessageContaining("429");
    events.notice(pod("shop/b"), Kind.LATE, "late", "");
    writeAll();
    assertThat(server.requests).hasSize(2);
  }
}
