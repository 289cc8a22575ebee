package io.millpond.node.kubernetes;

import static io.millpond.node.kubernetes.ScriptedServer.json;
import static io.millpond.node.kubernetes.ScriptedServer.watch;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Objects of one kind, from servers that end, forget, refuse, break off and fall silent. */
class ObjectWatchTest {
  private static final String PATH = "/apis/x/v1/things";

  private final ScriptedServer server = new ScriptedServer();
  private final Cluster cluster = server.cluster();
  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
  private final ObjectWatch<String> watch =
      new ObjectWatch<>(
          cluster,
          new ObjectWatch.Kind<>(
              PATH, Map.of(), false, object -> object.path("metadata").path("name").asText()),
          new ObjectWatch.Listener<>() {
            @Override
            public void listed(List<String> all) {
              heard.add("all " + all);
            }

            @Override
            public void changed(String one) {
              heard.add("+" + one);
              if (one.equals("bug")) {
                throw new IllegalStateException("a bug of whoever listens");
              }
            }

            @Override
            public void gone(String one) {
              heard.add("-" + one);
            }

            @Override
            public void unreadable(int status, String why) {
              heard.add("unreadable " + status);
            }
          },
          Duration.ofMillis(400),
          new Backoff(Duration.ofMillis(20), Duration.ofSeconds(5), () -> 0.5));

  @AfterEach
  void stop() throws IOException {
    watch.close();
    cluster.close();
    server.close();
  }

  private static String thing(String name, int version) {
    return "{\"metadata\":{\"name\":\"%s\",\"resourceVersion\":\"%d\"}}".formatted(name, version);
  }

  private static String list(int version, String next, String... things) {
    return "{\"metadata\":{\"resourceVersion\":\"%d\",\"continue\":\"%s\"},\"items\":[%s]}"
        .formatted(version, next, String.join(",", things));
  }

  private static String event(String type, String object) {
    return "{\"type\":\"" + type + "\",\"object\":" + object + "}\n";
  }

  private void hears(String... sentences) throws InterruptedException {
    for (String sentence : sentences) {
      assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo(sentence);
    }
  }

  /** The next request of this kind: lists say {@code limit}, watches {@code watch}. */
  private String asked() throws InterruptedException {
    return server.next().path();
  }

  @Test
  void allPagesAreOneListAndAWatchThatEndsGoesOnFromWhereItWas() throws Exception {
    server
        .then(json(200, list(5, "more", thing("a", 1))))
        .then(json(200, list(5, "", thing("b", 2))))
        .then(
            watch(
                event("ADDED", thing("c", 6)),
                event("DELETED", thing("a", 7)),
                event("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"9\"}}")))
        .then(
            server.watchThenSilence(
                event("MODIFIED", thing("bug", 10)), event("MODIFIED", thing("d", 11))));
    watch.start();
    hears("all [a, b]", "+c", "-a", "+bug", "+d");
    assertThat(asked()).isEqualTo(PATH + "?limit=100");
    assertThat(asked()).isEqualTo(PATH + "?limit=100&continue=more");
    assertThat(asked()).contains("watch=true", "allowWatchBookmarks=true", "resourceVersion=5");
    assertThat(asked()).contains("watch=true", "resourceVersion=9");
  }

  @Test
  void aSilentWatchIsBegunAnewFromWhereItWas() throws Exception {
    server
        .then(json(200, list(5, "")))
        .then(server.watchThenSilence(event("ADDED", thing("a", 6))))
        .then(server.watchThenSilence(event("ADDED", thing("b", 7))));
    watch.start();
    hears("all []", "+a", "+b");
    asked();
    asked();
    assertThat(asked()).contains("resourceVersion=6");
  }

  @ParameterizedTest
  @ValueSource(strings = {"answer", "event"})
  void aPlaceThatTheServerHasForgottenMeansAListAndNoFinding(String where) throws Exception {
    String gone = "{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}";
    server
        .then(json(200, list(5, "", thing("a", 1))))
        .then(where.equals("answer") ? json(410, gone) : watch(event("ERROR", gone)))
        .then(json(200, list(8, "", thing("b", 2))))
        .then(server.watchThenSilence());
    watch.start();
    hears("all [a]", "all [b]");
  }

  @Test
  void aServerThatIsBusyIsAskedAfterAsLongAsItSays() throws Exception {
    server
        .then(json(429, "{\"message\":\"busy\"}", "Retry-After: 1"))
        .then(json(200, list(5, "")))
        .then(server.watchThenSilence());
    watch.start();
    hears("unreadable 429", "all []");
    long first = server.next().at();
    assertThat(server.next().at() - first).isGreaterThan(Duration.ofSeconds(1).toNanos());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\":\"ADDED\",\"obj",
        "<html>",
        "{\"type\":\"ERROR\",\"object\":{\"code\":500,\"message\":\"etcd\"}}\n"
      })
  void whatBreaksOffOrIsNoEventMeansAList(String said) throws Exception {
    server
        .then(json(200, list(5, "")))
        .then(watch(event("ADDED", thing("a", 6)), said))
        .then(json(200, list(8, "", thing("a", 6))))
        .then(server.watchThenSilence());
    watch.start();
    hears("all []", "+a");
    assertThat(heard.poll(20, TimeUnit.SECONDS)).startsWith("unreadable");
    hears("all [a]");
  }

  @Test
  void aRefusalIsToldWithItsStatus() throws Exception {
    server
        .then(json(403, "{\"message\":\"things is forbidden\"}"))
        .then(json(200, list(5, "")))
        .then(server.watchThenSilence());
    watch.start();
    hears("unreadable 403", "all []");
  }
}
