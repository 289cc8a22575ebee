package io.millpond.node.conformance;

import static io.millpond.node.testing.CniRuntime.request;
import static io.millpond.node.testing.TestNode.SOON;
import static io.millpond.node.testing.TestNode.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.node.testing.CniRuntime;
import io.millpond.node.testing.CniRuntime.Reply;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** DEL. */
class DelRulesTest {
  private final TestNode node =
      new TestNode("MAX_ENI", "1", "MILLPOND_ADD_WAIT", "200ms", "IP_COOLDOWN_PERIOD", "30s");
  private final CniRuntime runtime = new CniRuntime(node);

  @BeforeEach
  void warm() {
    node.warm();
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private void nothingIsLeft() {
    assertThat(node.kernel.vethCount()).isZero();
    assertThat(node.kernel.slaves()).isEmpty();
    assertThat(node.counts().owned()).isZero();
  }

  @Test
  @Tag("cni-76")
  @Tag("cni-79")
  void anEmptyNamespaceIsNoObstacleAndTheAddressIsReleased() {
    String ignored = runtime.add("a", 1).address();

    runtime.del("a", 0).mustBeSilent();

    nothingIsLeft();
    assertThat(node.counts().cooling()).isEqualTo(1);
  }

  @Test
  @Tag("cni-76")
  @Tag("cni-79")
  void aNamespaceThatIsGoneIsNoObstacleAndTheAddressIsReleased() {
    String ignored = runtime.add("a", 1).address();
    node.kernel.killNamespace(1);

    runtime.del("a", 0).mustBeSilent();

    nothingIsLeft();
  }

  @Test
  @Tag("cni-77")
  @Tag("cni-78")
  void whatIsNotThereCanBeDeletedAgainAndAgain() {
    String ignored = runtime.add("a", 1).address();
    runtime.del("a", 1).mustBeSilent();
    for (int i = 0; i < 3; i++) {
      runtime.del("a", 0).mustBeSilent();
      runtime.del("never-added", 2).mustBeSilent();
    }
    nothingIsLeft();
  }

  @Test
  @Tag("cni-80")
  void anEmptyNamespaceDoesNotMeanAnInterfaceOfTheNode() {
    node.kernel.podInterface(0, "eth0");

    runtime.del("a", 0).mustBeSilent();

    assertThat(node.kernel.podHasInterface(0, "eth0")).isTrue();
  }

  @Test
  @Tag("cni-81")
  void delGoesByWhatIsKeptAndNotByThePreviousResult() {
    String ignored = runtime.add("a", 1).address();
    Reply other = runtime.add("b", 2);

    runtime.ask(request("DEL", "a", 1).keys("\"prevResult\":" + other.text())).mustBeSilent();

    assertThat(node.kernel.addressOf(key("a"))).isEmpty();
    assertThat(node.kernel.addressOf(key("b"))).contains(IpAddress.parse(other.address()));
  }

  @Test
  @Tag("cni-85")
  void aDelHasALateAddOfTheSameAttachmentUndone() throws Exception {
    CountDownLatch gate = node.kernel.holdAttach();
    CompletableFuture<Reply> add =
        CompletableFuture.supplyAsync(
            () -> runtime.add("a", 1), task -> Thread.ofPlatform().daemon().start(task));
    assertThat(node.kernel.attaching().await(5, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<Reply> del =
        CompletableFuture.supplyAsync(
            () -> runtime.del("a", 0), task -> Thread.ofPlatform().daemon().start(task));
    try {
      await().during(Duration.ofMillis(100)).atMost(SOON).until(() -> !del.isDone());
    } finally {
      gate.countDown();
    }
    assertThat(add.get(5, TimeUnit.SECONDS).status()).isEqualTo(1);
    del.get(5, TimeUnit.SECONDS).mustBeSilent();
    nothingIsLeft();
  }

  @Test
  @Tag("cni-87")
  void anAddressRestsBeforeAnotherPodGetsIt() {
    String first = runtime.add("a", 1).address();
    String second = runtime.add("b", 2).address();
    String third = runtime.add("c", 3).address();
    runtime.del("a", 1).mustBeSilent();

    assertThat(runtime.add("d", 4).code()).as("all but %s, %s", second, third).isEqualTo(11);
    node.clock.advance(Duration.ofSeconds(31));
    assertThat(runtime.add("d", 4).address()).isEqualTo(first);
  }
}
