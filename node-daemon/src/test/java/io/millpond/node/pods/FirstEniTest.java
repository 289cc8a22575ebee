package io.millpond.node.pods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.PoolName;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The first pod of a pool, while EC2 does not say whether the pool can be used at all. */
class FirstEniTest {
  private static final PoolWish STORAGE =
      new PoolWish(Optional.of(new PoolName("storage")), Optional.empty());

  private TestNode node = new TestNode();

  private void silent(String addWait) {
    node.close();
    node =
        new TestNode(
            "MILLPOND_POOLS",
            "{storage: {subnets: [subnet-0a0b0c0d]}}",
            "MILLPOND_ADD_WAIT",
            addWait);
    node.warm();
    node.cloud.fallSilent();
  }

  private long questions() {
    return node.cloud.calls().stream().filter("check"::equals).count();
  }

  @AfterEach
  void stop() {
    node.cloud.speak();
    node.close();
  }

  @Test
  void aDelEndsTheWait() throws Exception {
    silent("30s");
    CompletableFuture<AddOutcome> add = node.adding("a", 1, STORAGE);
    await().atMost(TestNode.SOON).until(() -> questions() == 1);

    CompletableFuture<DeletePod.Outcome> delete = node.deleting("a");

    assertThat(delete.get(5, TimeUnit.SECONDS)).isEqualTo(new DeletePod.Gone());
    assertThat(add.get(5, TimeUnit.SECONDS)).isInstanceOf(AddOutcome.Abandoned.class);
  }

  @Test
  void theAnswerComesInTimeAndNamesTheCause() throws Exception {
    silent("300ms");

    assertThat(node.adding("a", 1, STORAGE).get(5, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            AddOutcome.NoAddress.class,
            none -> assertThat(none.cause()).contains("EC2 has not said", "storage"));
  }

  @Test
  void whoComesMeanwhileSharesTheQuestion() throws Exception {
    silent("300ms");
    for (int pod = 0; pod < 3; pod++) {
      assertThat(node.adding("pod" + pod, pod + 1, STORAGE).get(5, TimeUnit.SECONDS))
          .isInstanceOf(AddOutcome.NoAddress.class);
    }
    assertThat(questions()).isEqualTo(1);

    node.cloud.speak();

    await()
        .atMost(TestNode.SOON)
        .until(() -> node.add("pod0", 1, STORAGE) instanceof AddOutcome.Added);
  }
}
