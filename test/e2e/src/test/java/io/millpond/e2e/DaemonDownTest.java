package io.millpond.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
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
    node =
        vpc.launch(
            "down-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of("WARM_IP_TARGET", "3", "MAX_ENI", "1", "IP_COOLDOWN_PERIOD", "1s"));
    node.start().awaitSize(3, 1);
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

    Shell.Ran refused = late.add();
    assertThat(Pod.document(refused).at("/code").asInt()).isEqualTo(11);
    assertThat(node.pluginMillis("ADD", late.name(), late.path(), Pod.CONFIGURATION))
        .as("milliseconds of an ADD without daemon")
        .isLessThan(100);
    leaves.mustDel();
    leavesToo.mustDel();
    assertThat(Path.of(node.run().toString(), "spool").toFile().list()).hasSize(2);
    assertThat(node.in("ip", "-o", "link").out()).as("still there").contains("mpd");

    node.start();

    // Both gave their addresses back before the first ADD: the node has but three.
    late.mustAdd();
    assertThat(List.of(leaves.address(), leavesToo.address())).contains(late.address());
    assertThat(Path.of(node.run().toString(), "spool")).isEmptyDirectory();
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
