package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class LostPodsTest {
  private static final int COOLDOWN_SECONDS = 25;

  private final List<Pod> pods = new ArrayList<>();
  private Node node;

  @SuppressWarnings("NullAway.Init")
  LostPodsTest() {}

  @BeforeAll
  void start(Vpc vpc) {
    node =
        vpc.launch(
            "lost-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of(
                "WARM_IP_TARGET", "3",
                "MAX_ENI", "1",
                "IP_COOLDOWN_PERIOD", COOLDOWN_SECONDS + "s",
                "MILLPOND_ADD_WAIT", "50s"));
    node.start().awaitSize(3, 1);
  }

  @AfterAll
  void stop() {
    node.close();
  }

  @AfterEach
  void removePods() {
    pods.forEach(Pod::close);
    pods.clear();
    if (node.pid() == 0) {
      node.start();
    }
    node.awaitPool("nobody rests any more", pool -> pool.at("/counts/free").asInt() == 3);
  }

  private Pod pod(String name) {
    Pod pod = Pod.added(node, name);
    pods.add(pod);
    return pod;
  }

  /** Three pods: the node is full. The first of them is the one to be lost. */
  private Pod full() {
    Pod first = pod("lost-1");
    pod("lost-2");
    pod("lost-3");
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
    Pod next = pod("lost-4");
    assertThat(next.address()).isEqualTo(lost.address());
    assertThat(uptime() - since)
        .as("seconds from the release to the next pod")
        .isGreaterThanOrEqualTo(COOLDOWN_SECONDS - 1);
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
    node.awaitState(lost.address(), "cooling");
    node.kill();
    node.start();

    getsTheAddressAfterItsRest(lost, died);
    assertThat(uptime() - died)
        .as("it does not begin again with the daemon")
        .isLessThan(COOLDOWN_SECONDS + 15);
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
    node.set("MILLPOND_ADD_WAIT", "5s");
    node.stop();
    node.start();
    try {
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

      Pod hopeful = new Pod(node, "lost-4");
      pods.add(hopeful);
      Shell.Ran refused = hopeful.add();
      assertThat(Pod.document(refused).at("/code").asInt()).isEqualTo(11);
      assertThat(refused.out()).contains("1 quarantined");
      assertThat(node.state(cut.address())).isEqualTo("quarantined");

      cut.die();
      node.awaitState(cut.address(), "cooling");
    } finally {
      node.set("MILLPOND_ADD_WAIT", "50s");
      node.stop();
      node.start();
    }
  }
}
