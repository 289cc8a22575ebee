package io.millpond.node.life;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.testing.HeardLog;
import io.millpond.node.testing.QuietPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KernelCareTest {
  private static final String FIREWALL = "the chain inet fw forward drops: let its owner accept";
  private static final String LEGACY = "iptables-legacy drops: accept mpd+";

  private final QuietPool node = new QuietPool(0);
  private final HeardLog log = new HeardLog(KernelCare.class);

  @AfterEach
  void stop() {
    log.close();
  }

  @Test
  void aFindingIsLoggedWhenItAppearsAndWhenItIsGoneAndNotAtEveryLook() throws Exception {
    looks(2);
    assertThat(log.lines()).isEmpty();
    node.kernel.findings(FIREWALL);
    looks(3);
    assertThat(log.lines()).containsExactly("WARN cannot be put right: " + FIREWALL);
    node.kernel.findings();
    looks(3);
    assertThat(log.lines()).containsExactly("INFO no longer so: " + FIREWALL);
  }

  @Test
  void ofSeveralFindingsEachIsLoggedForItself() throws Exception {
    node.kernel.findings(FIREWALL);
    looks(1);
    node.kernel.findings(LEGACY, FIREWALL);
    looks(2);
    node.kernel.findings(LEGACY);
    looks(2);
    assertThat(log.lines())
        .containsExactly(
            "WARN cannot be put right: " + FIREWALL,
            "WARN cannot be put right: " + LEGACY,
            "INFO no longer so: " + FIREWALL);
  }

  @Test
  void aFindingThatComesBackIsLoggedAgain() throws Exception {
    node.kernel.findings(FIREWALL);
    looks(1);
    node.kernel.findings();
    looks(1);
    node.kernel.findings(FIREWALL);
    looks(2);
    assertThat(log.lines())
        .containsExactly(
            "WARN cannot be put right: " + FIREWALL,
            "INFO no longer so: " + FIREWALL,
            "WARN cannot be put right: " + FIREWALL);
  }

  @Test
  void pagesShowTheFindingsOfTheLastLook() throws Exception {
    node.kernel.findings(FIREWALL, LEGACY);
    looks(1);
    assertThat(node.care().findings()).containsExactly(FIREWALL, LEGACY);
    node.kernel.findings(LEGACY);
    looks(1);
    assertThat(node.care().findings()).containsExactly(LEGACY);
  }

  private void looks(int count) throws Exception {
    for (int i = 0; i < count; i++) {
      node.care().care();
    }
  }
}
