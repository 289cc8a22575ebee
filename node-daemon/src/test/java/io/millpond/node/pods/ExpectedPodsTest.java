package io.millpond.node.pods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.node.pods.ExpectedPods.BoundPod;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.PodDemands;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExpectedPodsTest {
  private TestNode node;
  private ExpectedPods pods;

  @BeforeEach
  void start() {
    node = new TestNode("WARM_IP_TARGET", "1").start();
    node.awaitPool(sum -> sum.free() == 1 && sum.incoming() == 0);
    pods = node.core().expectedPods();
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private static BoundPod pod(String name) {
    return new BoundPod("uid-" + name, "default/" + name);
  }

  private int expected() {
    return node.counts().expected();
  }

  private void awaitExpected(int count) {
    node.awaitPool(sum -> sum.expected() == count);
  }

  private AddOutcome add(String name, String uid, Duration patience) throws Exception {
    PodRequest request =
        new PodRequest(
            TestNode.key(name),
            "default/" + name,
            uid,
            OptionalInt.empty(),
            List.of(),
            PodDemands.NONE,
            PoolWish.NONE);
    return CompletableFuture.supplyAsync(
            () -> {
              try {
                return node.core()
                    .addPod()
                    .add(request, ModelKernel.netns(name.hashCode()), Caller.PATIENT);
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            })
        .get(patience.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS);
  }

  @Test
  void addressesAreThereBeforeThePodsAsk() {
    pods.are(List.of(pod("a"), pod("b"), pod("c")));
    node.awaitPool(sum -> sum.free() == 4);
    pods.gone("uid-c");
    awaitExpected(2);
  }

  @Test
  void aPodThatAsksIsExpectedNoMore() throws Exception {
    pods.are(List.of(pod("a"), pod("b")));
    node.awaitPool(sum -> sum.free() == 3);
    assertThat(add("a", "uid-a", Duration.ofSeconds(10))).isInstanceOf(AddOutcome.Added.class);
    assertThat(expected()).isEqualTo(1);
    // What the watch says afterwards is older than what the daemon knows itself.
    pods.bound(pod("a"));
    pods.are(List.of(pod("a"), pod("b")));
    pods.look();
    pods.bound(pod("b"));
    awaitExpected(1);
    assertThat(node.counts().total()).as("nothing was ordered twice").isEqualTo(3);
  }

  @Test
  void anAttachmentOfAnotherPodOfThatNameDoesNotCount() throws Exception {
    assertThat(add("web-0", "uid-before", Duration.ofSeconds(10)))
        .isInstanceOf(AddOutcome.Added.class);
    pods.bound(pod("web-0"));
    awaitExpected(1);
  }

  @Test
  void ofAnAttachmentThatWasFoundTheNameCounts() throws Exception {
    assertThat(add("web-0", "uid-web-0", Duration.ofSeconds(10)))
        .isInstanceOf(AddOutcome.Added.class);
    node.restart();
    pods = node.core().expectedPods();
    pods.are(List.of(pod("web-0"), pod("web-1")));
    awaitExpected(1);
  }

  @Test
  void aPodWhoseSandboxIsGoneIsExpectedAgain() throws Exception {
    pods.bound(pod("a"));
    awaitExpected(1);
    add("a", "uid-a", Duration.ofSeconds(10));
    awaitExpected(0);
    node.delete("a");
    pods.look();
    awaitExpected(1);
  }

  @Test
  void aPodThatNeverAsksIsExpectedForTenMinutes() {
    pods.bound(pod("stuck"));
    node.awaitPool(sum -> sum.free() == 2);
    node.clock.advance(ExpectedPods.LONGEST.minusSeconds(30));
    pods.look();
    pods.bound(pod("stuck"));
    awaitExpected(1);
    node.clock.advance(Duration.ofSeconds(31));
    pods.look();
    awaitExpected(0);
  }

  @Test
  void noMoreThanAThousandAreKept() {
    pods.are(java.util.stream.IntStream.range(0, 5000).mapToObj(i -> pod("p" + i)).toList());
    await().atMost(Duration.ofSeconds(10)).until(() -> expected() == ExpectedPods.MOST);
  }
}
