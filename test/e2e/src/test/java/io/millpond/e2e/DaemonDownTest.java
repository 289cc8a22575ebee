package io.millpond.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A daemon that was killed: what runs goes on, DELs are kept, and nothing is lost. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class DaemonDownTest {
  private Node node;
  private Pods pods;

  @SuppressWarnings("NullAway.Init")
  DaemonDownTest() {}

  @BeforeAll
  void start(Vpc vpc) {
    node = Pods.nodeOfThree(vpc, "down-a", Map.of("IP_COOLDOWN_PERIOD", "1s"));
    pods = new Pods(node);
  }

  @AfterAll
  void stop() {
    node.close();
  }

  @AfterEach
  void removePods() {
    pods.closeAndRest(3);
  }

  @Test
  void aKilledDaemonLosesNothing() throws Exception {
    Pod stays = pods.added("down-1");
    Pod leaves = pods.added("down-2");
    Pod leavesToo = pods.added("down-3");
    Process ping =
        new ProcessBuilder(
                "nsenter", "--net=" + stays.path(), "ping", "-i", "0.2", "-q", node.address())
            .start();
    Pod late = pods.namespace("down-4");
    node.kill();

    Node.Timed refused = node.timedPlugin("ADD", late.name(), late.path(), Pod.CONFIGURATION);
    assertThat(Pod.document(refused.ran()).at("/code").asInt()).isEqualTo(11);
    assertThat(refused.millis()).as("milliseconds of an ADD without daemon").isLessThan(100);
    leaves.mustDel();
    leavesToo.mustDel();
    assertThat(node.run().resolve("spool").toFile().list()).hasSize(2);
    assertThat(node.in("ip", "-o", "link").out()).as("still there").contains("mpd");
    int before = node.log().length();

    node.launch();
    // From the first moment on, as a runtime that retries.
    await("the ADD succeeds")
        .atMost(Duration.ofMinutes(2))
        .pollInterval(Duration.ofMillis(100))
        .until(() -> late.add().status() == 0);

    String log = node.log().substring(before);
    assertThat(log.split("a DEL that was kept in the spool took effect", -1))
        .as("two DELs in %s", log)
        .hasSize(3);
    assertThat(log.lastIndexOf("a DEL that was kept in the spool took effect"))
        .as("both before anything of the first ADD in %s", log)
        .isLessThan(log.indexOf(late.name()));
    assertThat(node.run().resolve("spool")).isEmptyDirectory();
    node.awaitReady();
    assertThat(node.count("owned")).isEqualTo(2);
    assertThat(lossPercent(ping)).as("of the pings that went on all the time").isZero();
  }

  /** Ends a ping; what it counted. */
  private static int lossPercent(Process ping) throws Exception {
    Shell.run("kill", "-INT", String.valueOf(ping.pid())).orThrow();
    String out = new String(ping.getInputStream().readAllBytes(), UTF_8);
    assertThat(out).contains("packets transmitted");
    return Integer.parseInt(out.replaceAll("(?s).*, (\\d+)% packet loss.*", "$1"));
  }
}
