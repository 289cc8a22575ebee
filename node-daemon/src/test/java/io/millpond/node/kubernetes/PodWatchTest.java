package io.millpond.node.kubernetes;

import static io.millpond.node.kubernetes.ScriptedServer.json;
import static io.millpond.node.kubernetes.ScriptedServer.watch;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.node.kubernetes.ScriptedServer.Request;
import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.Caller;
import io.millpond.node.pods.PodRequest;
import io.millpond.node.pods.PoolWish;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.PodDemands;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PodWatchTest {
  private static final Duration SILENCE = Duration.ofMillis(400);

  private final TestNode node = new TestNode("WARM_IP_TARGET", "1").start();
  private final ScriptedServer server = new ScriptedServer();
  private final Cluster cluster = server.cluster();
  private PodWatch watch =
      new PodWatch(
          cluster,
          node.core().expectedPods(),
          SILENCE,
          new Backoff(Duration.ofMillis(20), Duration.ofSeconds(5), () -> 0.5),
          "");

  @AfterEach
  void stop() throws IOException {
    watch.close();
    cluster.close();
    server.close();
    node.close();
  }

  private static String pod(String name, String metadata, String spec, String status) {
    return """
    {"metadata":{"name":"%s","namespace":"default","uid":"uid-%s","resourceVersion":"7",
     "labels":{"a":"b"},"managedFields":[{"fieldsV1":{"f:metadata":{}}}]%s},
     "spec":{"containers":[{"name":"c","env":[]}],"nodeName":"node-a"%s},
     "status":{"phase":"Pending","conditions":[]%s}}\
    """
        .formatted(name, name, metadata, spec, status)
        .replace("\n", "");
  }

  private static String pod(String name) {
    return pod(name, "", "", "");
  }

  private static String list(String next, String... pods) {
    return """
    {"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"%s},"items":[%s]}\
    """
        .formatted(next, String.join(",", pods));
  }

  private static String event(String type, String pod) {
    return "{\"type\":\"" + type + "\",\"object\":" + pod + "}\n";
  }

  private static String bookmark(int version) {
    return event(
        "BOOKMARK",
        "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"%d\",\"creationTimestamp\":null},\"spec\":{\"containers\":null},\"status\":{}}"
            .formatted(version));
  }

  private void awaitExpected(int pods) {
    await()
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(5))
        .until(() -> node.counts().expected() == pods);
  }

  @Test
  void aBoundPodIsExpectedUntilItNeedsNoAddressAnyMore() throws Exception {
    server
        .then(json(200, list("", pod("a"), pod("b"), pod("c"), pod("d"))))
        .then(
            (request, out) -> {
              server.watchThenSilence(event("ADDED", pod("e"))).to(request, out);
            });
    watch.start();
    awaitExpected(5);
    Request first = server.next();
    assertThat(first.path())
        .isEqualTo("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a&resourceVersion=0");
    assertThat(server.next().path())
        .startsWith("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a&watch=true")
        .contains("&allowWatchBookmarks=true", "&resourceVersion=5")
        .containsPattern("&timeoutSeconds=[345][0-9]{2}");
    server.then(
        server.watchThenSilence(
            event("MODIFIED", pod("a", "", "", ",\"podIP\":\"10.0.1.9\"")),
            event("MODIFIED", pod("b", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"", "", "")),
            event("MODIFIED", pod("c", "", "", ",\"phase\":\"Failed\"")),
            event("DELETED", pod("d"))));
    awaitExpected(1);
  }

  @Test
  void podsThatNeedNoAddressAreNotCounted() {
    server
        .then(
            json(
                200,
                list(
                    "",
                    pod("plain"),
                    pod("host", "", ",\"hostNetwork\":true", ""),
                    pod(
                        "mirror",
                        ",\"annotations\":{\"kubernetes.io/config.mirror\":\"h\"}",
                        "",
                        ""),
                    pod(
                        "host-mirror",
                        ",\"annotations\":{\"kubernetes.io/config.mirror\":\"i\"}",
                        ",\"hostNetwork\":true",
                        ""),
                    pod("done", "", "", ",\"phase\":\"Succeeded\""),
                    pod("attached", "", "", ",\"podIP\":\"10.0.1.9\""),
                    pod("leaving", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"", "", ""),
                    pod("elsewhere", "", ",\"nodeName\":\"node-b\"", ""))))
        .then(server.watchThenSilence(event("ADDED", pod("last"))));
    watch.start();
    awaitExpected(3);
  }

  @Test
  void aStaticPodIsKnownByTheUidOfItsSandbox() throws Exception {
    PodRequest request =
        new PodRequest(
            TestNode.key("static"),
            "default/static",
            "uid-of-the-file",
            OptionalInt.empty(),
            List.of(),
            PodDemands.NONE,
            PoolWish.NONE);
    assertThat(node.core().addPod().add(request, ModelKernel.netns(5), Caller.PATIENT))
        .isInstanceOf(AddOutcome.Added.class);
    server
        .then(
            json(
                200,
                list(
                    "",
                    pod("a"),
                    pod(
                        "static",
                        ",\"annotations\":{\"kubernetes.io/config.mirror\":\"uid-of-the-file\"}",
                        "",
                        ""))))
        .then(server.watchThenSilence(bookmark(9)));
    watch.start();
    awaitExpected(1);
  }

  @Test
  void aListComesInPages() throws Exception {
    server
        .then(json(410, "{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}"))
        .then(json(200, list(",\"continue\":\"x+/=\"", pod("a"), pod("b"))))
        .then(json(200, list(",\"remainingItemCount\":0", pod("c"))))
        .then(server.watchThenSilence(bookmark(9)));
    watch.start();
    awaitExpected(3);
    server.next();
    assertThat(server.next().path()).endsWith("&limit=200");
    assertThat(server.next().path()).endsWith("&limit=200&continue=x%2B%2F%3D");
    assertThat(server.next().path()).contains("&resourceVersion=5");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anExpiredPlaceMeansANewListFromTheStore(boolean inTheStream) throws Exception {
    String gone = "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"old\",\"code\":410}";
    server
        .then(json(200, list("", pod("a"), pod("b"))))
        .then(inTheStream ? watch(event("ERROR", gone)) : json(410, gone))
        .then(json(200, list("", pod("c"))))
        .then(server.watchThenSilence(bookmark(9)));
    watch.start();
    awaitExpected(2);
    awaitExpected(1);
    server.next();
    server.next();
    assertThat(server.next().path()).endsWith("&limit=200").doesNotContain("resourceVersion");
    assertThat(server.next().path()).contains("watch=true");
  }

  @Test
  void aBusyServerIsLeftAloneAsLongAsItAsks() throws Exception {
    server
        .then(json(429, "{\"message\":\"too many\"}", "Retry-After: 1"))
        .then(json(200, list("", pod("a"))))
        .then(server.watchThenSilence(bookmark(9)));
    watch.start();
    awaitExpected(1);
    long first = server.next().at();
    assertThat(TimeUnit.NANOSECONDS.toMillis(server.next().at() - first)).isBetween(1000L, 5000L);
  }

  @Test
  void aSilentWatchIsBegunAnewFromWhereItWas() throws Exception {
    server
        .then(json(200, list("")))
        .then(server.watchThenSilence(bookmark(9)))
        .then(server.watchThenSilence(event("ADDED", pod("a"))));
    watch.start();
    awaitExpected(1);
    server.next();
    server.next();
    assertThat(server.next().path()).contains("watch=true", "&resourceVersion=9");
  }

  @Test
  void bookmarksKeepAWatchAlive() throws Exception {
    server
        .then(json(200, list("")))
        .then(
            (_, out) -> {
              out.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".getBytes(UTF_8));
              for (int i = 0; i < 8; i++) {
                out.write(bookmark(10 + i).getBytes(UTF_8));
                out.flush();
                TimeUnit.MILLISECONDS.sleep(SILENCE.toMillis() / 4);
              }
              out.write(event("ADDED", pod("late")).getBytes(UTF_8));
              out.flush();
              server.over.await();
            });
    watch.start();
    awaitExpected(1);
    assertThat(server.requests).hasSize(2);
  }

  @Test
  void ofABrokenWatchTheWholeEventsCount() throws Exception {
    server
        .then(json(200, list("")))
        .then(watch(event("ADDED", pod("a")), event("ADDED", pod("b")).substring(0, 90)))
        .then(server.watchThenSilence(event("ADDED", pod("b"))));
    watch.start();
    awaitExpected(2);
    server.next();
    server.next();
    assertThat(server.next().path()).contains("watch=true", "&resourceVersion=7");
  }

  @Test
  void aHugePodIsReadWithoutBeingKept() {
    String huge =
        pod("big", ",\"annotations\":{\"x\":\"" + "y\\n".repeat(1_000_000) + "\"}", "", "");
    server
        .then(json(200, list("", huge, pod("a"))))
        .then(server.watchThenSilence(event("ADDED", huge.replace("big", "big2"))));
    watch.start();
    awaitExpected(3);
  }

  @Test
  void aPodWithoutAnEndIsCutOff() throws Exception {
    server
        .then(json(200, list("", pod("a"))))
        .then(
            (_, out) -> {
              out.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".getBytes(UTF_8));
              out.write("{\"type\":\"ADDED\",\"object\":{\"spec\":{\"x\":[".getBytes(UTF_8));
              byte[] more = "1,".repeat(50_000).getBytes(UTF_8);
              while (true) {
                out.write(more);
              }
            })
        .then(server.watchThenSilence(event("ADDED", pod("b"))));
    watch.start();
    awaitExpected(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "<html>a proxy</html>",
        "[]",
        "null",
        "{\"items\":[]}",
        "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[7]}",
        "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[{\"metadata\":",
        "{\"metadata\":7,\"items\":{}}",
        "{\"kind\":\"Status\",\"code\":500}"
      })
  void garbageIsRefusedAndTheRestGoesOn(String garbage) {
    server
        .then(json(200, garbage))
        .then(json(500, garbage))
        .then(json(200, list("", pod("a"))))
        .then(watch(garbage, "\n"))
        .then(server.watchThenSilence(event("ADDED", pod("b"))));
    watch.start();
    awaitExpected(2);
    node.added("served-meanwhile", 77);
  }

  @Test
  void missingRightsAreToldWithTheRemedy() throws Exception {
    for (int i = 0; i < 20; i++) {
      server.then(json(403, "{\"message\":\"pods is forbidden\"}"));
    }
    watch.start();
    server.next();
    server.next();
    await().until(() -> watch.trouble().orElse("").contains("docs/kubernetes.md"));
    assertThat(watch.trouble().orElse("")).contains("pods is forbidden");
    assertThat(watch.finding()).as("not before it has lasted").isEmpty();
  }

  @Test
  void whileTheServerIsAwayPodsAreServed() throws Exception {
    server.close();
    watch.start();
    await().until(() -> watch.trouble().orElse("").contains("does not answer"));
    node.added("a", 7);
  }
}
