package io.millpond.node.pods;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.testing.HeardLog;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.QuietPool;
import io.millpond.node.testing.TestNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HealPodsTest {
  private static final int PODS = 20;

  private final QuietPool node = new QuietPool(PODS);
  private final HeardLog log = new HeardLog(HealPods.class);

  @AfterEach
  void stop() {
    log.close();
  }

  @Test
  void whatIsMissingInAPodIsPutBackOnceAndTheLogNamesThePodAndAllOfIt() throws Exception {
    node.kernel.damage(3, "the pod has no route to 0.0.0.0/0 in table 254");
    node.kernel.damage(3, "the pod's table inet millpond is missing or incomplete");
    rounds();
    assertThat(node.kernel.damageOf(3)).isEmpty();
    assertThat(log.lines())
        .containsExactly(
            "WARN put right in the pod default/p3 (10.0.1.23): the pod has no route to 0.0.0.0/0 in table 254; the pod's table inet millpond is missing or incomplete (pod)");
    assertThat(node.metrics.scrape()).contains("millpond_kernel_repairs_total{kind=\"pod\"} 1.0");
    rounds();
    assertThat(log.lines()).isEmpty();
  }

  @Test
  void aRoundLooksIntoSomePodsAndEveryPodHasItsTurn() throws Exception {
    List<String> all = new ArrayList<>();
    for (int round = 0; round * HealPods.AT_ONCE < PODS; round++) {
      assertThat(node.heal()).isEmpty();
      List<String> looked = lookedInto();
      assertThat(looked).hasSize(HealPods.AT_ONCE).doesNotHaveDuplicates();
      all.addAll(looked);
    }
    assertThat(all).containsAll(IntStream.range(0, PODS).mapToObj(i -> "p" + i).toList());
  }

  @Test
  void aPodWhoseVethIsDownIsLookedIntoAtOnce() throws Exception {
    for (long pod = 0; pod < HealPods.AT_ONCE; pod++) {
      node.kernel.damage(pod, ModelKernel.POD_END_DOWN);
    }
    node.heal();
    for (long pod = 0; pod < HealPods.AT_ONCE; pod++) {
      assertThat(node.kernel.damageOf(pod)).isEmpty();
    }
    assertThat(lookedInto()).hasSizeLessThanOrEqualTo(2 * HealPods.AT_ONCE);
  }

  @Test
  void podsThatCannotBeHealedKeepNobodyElseFromHisTurn() throws Exception {
    for (long pod = 0; pod < HealPods.AT_ONCE; pod++) {
      node.kernel.damage(pod, ModelKernel.POD_END_DOWN);
      node.kernel.hideNamespace(pod, "its namespace is not found");
    }
    node.kernel.damage(PODS - 1, "the pod has no rule 7301");
    rounds();
    assertThat(node.kernel.damageOf(PODS - 1)).isEmpty();
  }

  @Test
  void aVethThatStaysDownIsAFindingWithItsRemedyUntilItIsUp() throws Exception {
    node.kernel.damage(3, ModelKernel.POD_END_DOWN);
    node.kernel.hideNamespace(3, "its namespace is not found");
    assertThat(node.heal())
        .singleElement()
        .asString()
        .contains("default/p3 (10.0.1.23)", "its namespace is not found", "restart the pod");
    node.kernel.hideNamespace(3, null);
    assertThat(node.heal()).isEmpty();
  }

  @Test
  void aPodThatCannotBeLookedIntoButIsConnectedIsNoFinding() throws Exception {
    node.kernel.hideNamespace(3, "its namespace is not found");
    for (int i = 0; i < PODS; i++) {
      assertThat(node.heal()).isEmpty();
    }
  }

  @Test
  void aPodThatTookWhatIsNotItsOwnIsAFindingAndAMetricUntilItHasGivenItBack() throws Exception {
    node.kernel.takeLiberties(3, "it has 10.0.1.99 of ens6, which is not its own");
    List<String> findings = List.of();
    for (int round = 0; findings.isEmpty() && round < PODS; round++) {
      findings = node.heal();
    }
    assertThat(findings)
        .containsExactly(
            "the pod default/p3 (10.0.1.23) is out of bounds: it has 10.0.1.99 of ens6, which is not its own; that takes NET_ADMIN: delete the pod that has it, and take it away");
    assertThat(node.metrics.scrape()).contains("millpond_pods_out_of_bounds 1.0");
    rounds();
    assertThat(node.heal()).as("as long as it lasts").hasSize(1);
    node.kernel.takeLiberties(3);
    rounds();
    assertThat(node.heal()).isEmpty();
    assertThat(node.metrics.scrape()).contains("millpond_pods_out_of_bounds 0.0");
  }

  @Test
  void aPodWithARequestUnderWayIsLeftForAnotherRound() throws Exception {
    node.kernel.damage(3, ModelKernel.POD_END_DOWN);
    try (KeyLanes.Turn _ = node.lanes.enter(TestNode.key("p3"))) {
      rounds();
      assertThat(lookedInto()).isNotEmpty().doesNotContain("p3");
    }
    node.heal();
    assertThat(node.kernel.damageOf(3)).isEmpty();
  }

  private List<String> lookedInto() {
    return node.kernel.lookedInto().stream().map(plan -> plan.key().containerId()).toList();
  }

  /** As many as it takes to come to everybody. */
  private void rounds() throws InterruptedException {
    for (int i = 0; i * HealPods.AT_ONCE < PODS; i++) {
      node.heal();
    }
  }
}
