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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** CHECK. */
class CheckRulesTest {
  private final TestNode node = new TestNode();
  private final CniRuntime runtime = new CniRuntime(node);
  private Reply added = Reply.SILENCE;

  @BeforeEach
  void add() {
    node.warm();
    added = runtime.add("a", 1);
  }

  @AfterEach
  void stop() {
    node.close();
  }

  @Test
  @Tag("cni-89")
  @Tag("cni-92")
  void aPodIsRightAtOnceAfterItsAdd() {
    runtime.check("a", 1, added).mustBeSilent();
  }

  @Test
  @Tag("cni-89")
  @Tag("cni-91")
  void whatIsMissingOrWrongInThePodIsNamed() {
    List<String> all =
        List.of(
            "the pod has no interface eth0",
            "the pod has no route to 0.0.0.0/0 in table 254",
            "eth0 is not in mode l2 bridge");
    for (int i = 0; i < all.size(); i++) {
      Reply one = runtime.add("pod" + i, 10 + i);
      node.kernel.hideNamespace(10 + i, "the daemon does not put it right meanwhile");
      node.kernel.damage(10 + i, all.get(i));

      assertThat(runtime.check("pod" + i, 10 + i, one).status()).as(all.get(i)).isEqualTo(1);
    }
  }

  @Test
  @Tag("cni-89")
  void anotherAddressInThePreviousResultIsWrong() {
    Reply other = new Reply(0, added.text().replace(added.address(), "10.0.1.250"));

    assertThat(runtime.check("a", 1, other).status()).isEqualTo(1);
  }

  @Test
  @Tag("cni-91")
  void anAddressThatBelongsToNobodyIsWrongAndANamespaceOfAnotherPodToo() {
    assertThat(runtime.check("b", 1, added).status()).as("an unknown container").isEqualTo(1);
    assertThat(runtime.check("a", 2, added).status()).as("another namespace").isEqualTo(1);
  }

  @Test
  @Tag("cni-90")
  void whatLaterPluginsAddedToTheResultIsTolerated() {
    String longer =
        added
            .text()
            .replace(
                "\"interfaces\":[",
                "\"interfaces\":[{\"name\":\"ifb0\",\"mac\":\"02:00:00:00:00:09\"},")
            .replace("\"interface\":0", "\"interface\":1")
            .replace("\"routes\":[", "\"routes\":[{\"dst\":\"192.168.0.0/16\",\"mtu\":1300},");

    runtime.check("a", 1, new Reply(0, longer)).mustBeSilent();
  }

  @Test
  @Tag("cni-92")
  void aCheckWaitsForTheRequestOfTheSamePodThatIsAtWork() throws Exception {
    CountDownLatch gate = node.kernel.holdAttach();
    CompletableFuture<Reply> second =
        CompletableFuture.supplyAsync(
            () -> runtime.add("b", 2), task -> Thread.ofPlatform().daemon().start(task));
    node.awaitPool(sum -> sum.owned() == 2);
    String address = node.pool().heldBy(key("b")).orElseThrow().address().toString();
    CompletableFuture<Reply> check =
        CompletableFuture.supplyAsync(
            () ->
                runtime.ask(
                    request("CHECK", "b", 2)
                        .keys("\"prevResult\":{\"ips\":[{\"address\":\"" + address + "/24\"}]}")),
            task -> Thread.ofPlatform().daemon().start(task));
    try {
      await().during(Duration.ofMillis(50)).atMost(SOON).until(() -> !check.isDone());
    } finally {
      gate.countDown();
    }
    assertThat(second.get(5, TimeUnit.SECONDS).address()).isEqualTo(address);
    check.get(5, TimeUnit.SECONDS).mustBeSilent();
  }

  @Test
  @Tag("cni-93")
  void aCheckChangesNothing() {
    String wrong = "the pod has no route to 0.0.0.0/0 in table 254";
    node.kernel.hideNamespace(1, "the daemon does not put it right meanwhile");
    node.kernel.damage(1, wrong);
    String before = node.kernel.slaves() + " " + node.kernel.routes() + " " + node.pool().enis();

    assertThat(runtime.check("a", 1, added).status()).isEqualTo(1);

    assertThat(node.kernel.damageOf(1)).containsExactly(wrong);
    assertThat(node.kernel.slaves() + " " + node.kernel.routes() + " " + node.pool().enis())
        .isEqualTo(before);
    assertThat(node.kernel.addressOf(key("a"))).contains(IpAddress.parse(added.address()));
  }
}
