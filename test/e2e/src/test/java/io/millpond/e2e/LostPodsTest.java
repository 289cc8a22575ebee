package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Pods that go without a DEL, on a node that has three addresses and no more: whoever asks next can
 * only get the one that the lost pod had.
 */
@Tag("vm")
@Tag("pool")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class LostPodsTest {
  private static final int COOLDOWN_SECONDS = 20;

  private Node node;
  private Pods pods;

  @SuppressWarnings("NullAway.Init")
  LostPodsTest() {}

  @BeforeAll
  void start(Vpc vpc) {
    node =
        Pods.nodeOfThree(
            vpc,
            "lost-a",
            Map.of(
                "IP_COOLDOWN_PERIOD",
                COOLDOWN_SECONDS + "s",
                "MILLPOND_ADD_WAIT",
                (COOLDOWN_SECONDS + 5) + "s"));
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

  /** Three pods: the node is full. The first of them is the one to be lost. */
  private Pod full() {
    Pod first = pods.added("lost-1");
    pods.added("lost-2");
    pods.added("lost-3");
    return first;
  }

  private static double uptime() {
    try {
      return Double.parseDouble(
          Files.readString(Path.of("/proc/uptime")).replaceAll("(?s) .*", ""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Asks for an address, gets the lost pod's, and not before it has rested since then. */
  private void getsTheAddressAfterItsRest(Pod lost, double since) {
    Pod next = pods.added("lost-4");
    assertThat(next.address()).isEqualTo(lost.address());
    assertThat(uptime() - since)
        .as("seconds from the release to the next pod")
        .isGreaterThanOrEqualTo(COOLDOWN_SECONDS);
  }

  @Test
  void aNamespaceDestroyedWithoutDelGivesItsAddressBackAfterTheCooldownAndNotBefore() {
    Pod lost = full();
    double died = uptime();
    lost.die();
    node.awaitState(lost.address(), "cooling");

    getsTheAddressAfterItsRest(lost, died);
  }

  @Test
  void theCooldownGoesOnAcrossARestart() {
    Pod lost = full();
    double died = uptime();
    lost.die();
    await("the address has rested for five seconds")
        .atMost(Duration.ofSeconds(COOLDOWN_SECONDS))
        .until(() -> rested(lost.address()) >= 5);
    node.kill();
    node.start();

    assertThat(rested(lost.address()))
        .as("seconds of rest right after the start: they did not begin again with it")
        .isGreaterThanOrEqualTo(5);
    getsTheAddressAfterItsRest(lost, died);
  }

  /** For how many seconds an address has cooled; all of the cooldown if it is free. */
  private int rested(String ip) {
    for (JsonNode address : node.pool().at("/enis/0/addresses")) {
      if (address.at("/ip").asText().equals(ip)) {
        return switch (address.at("/state").asText()) {
          case "cooling" -> address.at("/sinceSeconds").asInt();
          case "free" -> COOLDOWN_SECONDS;
          default -> 0;
        };
      }
    }
    throw new AssertionError(ip + " is not in the pool");
  }

  @Test
  void theAddressOfAPodThatDiedWhileNoDaemonRanCoolsFromTheStartOnForTheWholePeriod() {
    Pod lost = full();
    node.kill();
    lost.die();
    double started = uptime();
    node.start();

    assertThat(node.state(lost.address())).isEqualTo("cooling");
    getsTheAddressAfterItsRest(lost, started);
  }

  @Test
  void theAddressOfALivingPodWhoseHostVethWasDeletedIsQuarantinedAndGivenToNobody() {
    Pod cut = full();
    String veth =
        node.in("ip", "-o", "route", "show", cut.address())
            .out()
            .lines()
            .filter(line -> line.contains(" dev mpd"))
            .map(line -> line.replaceAll(".* dev (mpd\\S+) .*", "$1"))
            .findFirst()
            .orElseThrow();
    node.in("ip", "link", "del", veth).orThrow();
    node.awaitState(cut.address(), "quarantined");

    Pod hopeful = pods.namespace("lost-4");
    Shell.Ran refused = hopeful.add();
    assertThat(Pod.document(refused).at("/code").asInt()).isEqualTo(11);
    assertThat(refused.out()).contains("1 quarantined");
    assertThat(node.state(cut.address())).isEqualTo("quarantined");

    cut.die();
    node.awaitState(cut.address(), "cooling");
  }
}
