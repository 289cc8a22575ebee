package io.millpond.node.conformance;

import static io.millpond.node.testing.CniRuntime.request;
import static io.millpond.node.testing.TestNode.key;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.kernel.KernelView;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.testing.CniRuntime;
import io.millpond.node.testing.CniRuntime.Reply;
import io.millpond.node.testing.Steps;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.IpAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ADD. */
class AddRulesTest {
  private static final List<String> STEPS =
      List.of(
          "attach: veth",
          "attach: record begun",
          "attach: route in use",
          "attach: node side",
          "attach: slave",
          "attach: address",
          "attach: rules",
          "attach: pod side",
          "attach: record");

  private final TestNode node = new TestNode("MAX_ENI", "1", "MILLPOND_ADD_WAIT", "200ms");
  private final CniRuntime runtime = new CniRuntime(node);

  @BeforeEach
  void warm() {
    node.warm();
  }

  @AfterEach
  void stop() {
    node.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"eth0", "net1", "abcdefghijklmno"})
  @Tag("cni-63")
  void theInterfaceHasTheNameThatIsAskedFor(String name) {
    Reply added = runtime.ask(request("ADD", "a", 1).with("CNI_IFNAME", name));

    assertThat(node.kernel.interfacesIn(1)).contains(name);
    assertThat(added.document().at("/interfaces/0/name").asText()).isEqualTo(name);
  }

  @Test
  @Tag("cni-64")
  void anInterfaceThatExistsIsAnErrorAndStays() {
    node.kernel.podInterface(1, "eth0");

    assertThat(runtime.add("a", 1).status()).isEqualTo(1);

    assertThat(node.kernel.podHasInterface(1, "eth0")).isTrue();
    assertThat(node.kernel.slaves()).isEmpty();
    assertThat(node.counts().owned()).isZero();
  }

  @Test
  @Tag("cni-65")
  @Tag("cni-64")
  void aSecondAddWithoutADelIsAnErrorAndTheFirstPodKeepsItsAddress() {
    String address = runtime.add("a", 1).address();

    assertThat(runtime.add("a", 1).status()).isEqualTo(1);
    assertThat(runtime.add("a", 2).code()).as("in another namespace").isEqualTo(101);

    assertThat(node.kernel.addressOf(key("a"))).contains(IpAddress.parse(address));
    assertThat(node.kernel.slaves()).hasSize(1);
    runtime.del("a", 1).mustBeSilent();
  }

  /** Makes the step fail once. */
  private void failingAt(String step) {
    boolean[] failed = {false};
    node.steps(
        (name, effect) -> {
          if (name.equals(step) && !failed[0]) {
            failed[0] = true;
            throw new Steps.StepFailed("the kernel refuses");
          }
          effect.run();
        });
  }

  @Test
  @Tag("cni-68")
  @Tag("cni-74")
  void anAddThatFailsAtAnyStepLeavesNothingAndSaysNothingOfCleanUp() {
    for (String step : STEPS) {
      failingAt(step);
      Reply failed = runtime.add("a", 1);

      assertThat(failed.status()).as(step).isEqualTo(1);
      assertThat(failed.code()).as("3 would mean that no DEL is needed").isNotEqualTo(3);
      assertThat(node.kernel.vethCount()).as(step).isZero();
      assertThat(node.kernel.slaves()).as(step).isEmpty();
      assertThat(node.kernel.ruledNamespaces()).as(step).isEmpty();
      assertThat(node.kernel.routes().values()).as(step).doesNotContain(new KernelView.InUse());
      assertThat(node.counts().owned()).as(step).isZero();
    }
  }

  @Test
  @Tag("cni-69")
  void theDelThatFollowsAFailedAddSucceedsWithoutAPreviousResult() {
    failingAt("attach: pod side");
    assertThat(runtime.add("a", 1).status()).isEqualTo(1);

    runtime.del("a", 1).mustBeSilent();
    runtime.del("a", 0).mustBeSilent();
  }

  @Test
  @Tag("cni-70")
  void whatAddAnsweredIsKnownToADaemonThatStartsThen() {
    String address = runtime.add("a", 1).address();

    node.restart();

    assertThat(node.pool().heldBy(key("a")))
        .hasValueSatisfying(held -> assertThat(held.address()).hasToString(address));
    assertThat(runtime.add("a", 1).status()).as("a second ADD").isEqualTo(1);
  }

  @Test
  @Tag("cni-71")
  void addsAtTheSameTimeHaveAddressesOfTheirOwn() throws Exception {
    List<CompletableFuture<Reply>> adds = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      int pod = i;
      adds.add(
          CompletableFuture.supplyAsync(
              () -> runtime.add("pod" + pod, pod),
              task -> Thread.ofPlatform().daemon().start(task)));
    }
    Set<String> addresses = new HashSet<>();
    for (CompletableFuture<Reply> add : adds) {
      addresses.add(add.get(10, TimeUnit.SECONDS).address());
    }
    assertThat(addresses).hasSize(3);
  }

  @Test
  @Tag("cni-72")
  void thePodCanSpeakWhenAddAnswers() {
    IpAddress address = IpAddress.parse(runtime.add("a", 1).address());

    assertThat(node.kernel.slaves())
        .singleElement()
        .satisfies(
            slave -> {
              assertThat(slave.up()).isTrue();
              assertThat(slave.address()).isEqualTo(Optional.of(address));
            });
    assertThat(node.kernel.ruledNamespaces()).contains(1L);
    assertThat(node.kernel.routes()).containsEntry(address, new KernelView.InUse());
  }

  @Test
  @Tag("cni-73")
  @Tag("cni-74")
  void aShortageThatWillPassIsCode11() {
    for (int i = 1; i <= 3; i++) {
      String ignored = runtime.add("pod" + i, i).address();
    }
    Reply refused = runtime.add("fourth", 4);

    assertThat(refused.code()).isEqualTo(11);
    assertThat(refused.document().path("details").asText()).isNotEmpty();
  }

  @Test
  @Tag("cni-75")
  void aNamespaceThatCannotBeUsedIsCode8() {
    assertThat(runtime.ask(request("ADD", "a", 0).with("CNI_NETNS", "/run/netns/gone")).code())
        .isEqualTo(8);
    node.kernel.nextAttach(new PodNetwork.NoNamespace("it died"));
    assertThat(runtime.add("a", 1).code()).isEqualTo(8);
  }
}
