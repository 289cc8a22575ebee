package io.millpond.node.life;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.PoolWish;
import io.millpond.node.testing.ModelCloud;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Pods of several pools on one node, over restarts of its daemon. */
class PoolsTest {
  private static final String STORAGE = "storage";
  private static final PoolName POOL = new PoolName(STORAGE);
  private static final String SUBNET = "subnet-0a0b0c0d";
  private static final String POOLS =
      "{storage: {subnets: [subnet-0a0b0c0d]}, twin: {subnets: [subnet-0e0e0e0e]}, other: {subnets: [subnet-0e0e0e0e]}}";

  private final TestNode node = new TestNode("MILLPOND_POOLS", POOLS, "MILLPOND_ADD_WAIT", "5s");

  private static PoolWish pool(String name) {
    return new PoolWish(Optional.of(new PoolName(name)), Optional.empty());
  }

  private static PoolWish subnet(String id) {
    return new PoolWish(Optional.empty(), Optional.of(id));
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private void pass(Duration time) {
    node.clock.advance(time);
    node.core()
        .pool()
        .apply(new io.millpond.pool.PoolEvent.Tick(node.core().pool().policy(), node.clock.get()))
        .join();
  }

  @Test
  void aPodGetsAnAddressOfThePoolThatItsNetworkNames() {
    node.warm();
    assertThat(ModelCloud.OTHER_SUBNET.contains(node.added("a", 1, pool(STORAGE)))).isTrue();
    assertThat(ModelCloud.OTHER_SUBNET.contains(node.added("b", 2))).isFalse();
    assertThat(ModelCloud.OTHER_SUBNET.contains(node.added("c", 3, pool("default")))).isFalse();
    assertThat(node.pool().summary(POOL).owned()).isEqualTo(1);
  }

  @Test
  void aSubnetMeansThePoolThatIsExactlyItOrNeedsNoConfiguration() {
    node.warm();
    IpAddress _ = node.added("a", 1, subnet(SUBNET));
    assertThat(node.pool().summary(POOL).owned()).isEqualTo(1);
    IpAddress _ =
        node.added("b", 2, new PoolWish(Optional.of(new PoolName(STORAGE)), Optional.of(SUBNET)));
    assertThat(node.pool().summary(POOL).owned()).isEqualTo(2);
    PoolName implied = new PoolName("subnet-0b0b0b0b");
    node.delete("a");
    node.delete("b");
    pass(Duration.ofSeconds(31));
    IpAddress _ = node.added("c", 3, subnet(implied.value()));
    assertThat(node.pool().summary(implied).owned()).isEqualTo(1);
  }

  @Test
  void whatDoesNotExistIsRefusedForGoodWithAllThatDoes() {
    node.warm();
    assertThat(node.add("a", 1, pool("stroage")))
        .isEqualTo(
            new AddOutcome.NoSuchPool(
                "this node has no pool \"stroage\" (key pool of the network's configuration)",
                "name one of its pools (default, other, storage, twin), or add it to pools in the"
                    + " daemon's settings and restart the daemon"));
    assertThat(
            node.add(
                "a",
                1,
                new PoolWish(Optional.of(new PoolName(STORAGE)), Optional.of("subnet-0b0b0b0b"))))
        .isInstanceOfSatisfying(
            AddOutcome.NoSuchPool.class, no -> assertThat(no.what()).contains("is not exactly"));
    assertThat(node.add("a", 1, subnet("subnet-0e0e0e0e")))
        .isInstanceOfSatisfying(
            AddOutcome.NoSuchPool.class, no -> assertThat(no.remedy()).contains("other, twin"));
    assertThat(node.cloud.calls()).doesNotContain("check");
  }

  @Test
  void aSubnetThatIsOfNoUseIsRefusedBeforeAnythingIsCreatedOrReleasedForIt() {
    node.warm();
    for (int pod = 0; pod < 6; pod++) {
      IpAddress _ = node.added("pod" + pod, pod + 1);
    }
    node.awaitPool(sum -> sum.free() >= 2);
    for (int pod = 3; pod < 6; pod++) {
      node.delete("pod" + pod);
    }
    pass(Duration.ofSeconds(31));
    assertThat(node.add("far", 99, subnet(ModelCloud.FAR_AWAY.value())))
        .isInstanceOfSatisfying(
            AddOutcome.NoSuchPool.class,
            no -> assertThat(no.what()).contains(ModelCloud.FAR_AWAY + " is elsewhere"));
    assertThat(node.cloud.calls()).contains("check").doesNotContain("release");
    assertThat(node.counts().enis()).isEqualTo(3);
  }

  @Test
  void withoutEc2AtTheStartTheKernelTellsWhosePoolAnEniIs() {
    node.warm();
    IpAddress storage = node.added("a", 1, pool(STORAGE));
    node.stop();
    node.cloud.outage(false, "no route to EC2");
    node.restart();
    assertThat(node.pool().verified()).isFalse();
    assertThat(node.pool().summary(POOL).owned()).isEqualTo(1);
    node.delete("a");
    pass(Duration.ofSeconds(31));
    assertThat(ModelCloud.OTHER_SUBNET.contains(node.added("b", 2))).isFalse();
    assertThat(node.added("c", 3, pool(STORAGE))).isEqualTo(storage);
  }

  @Test
  void whoseEniItIsIsNotGuessedWhenNeitherEc2NorTheKernelTells() {
    node.warm();
    IpAddress _ = node.added("a", 1, pool(STORAGE));
    node.stop();
    node.cloud.outage(false, "no route to EC2");
    node.kernel.scribbleOverMarks();
    node.restart();
    assertThat(node.counts().owned()).as("the pod is kept").isEqualTo(1);
    assertThat(node.pool().summary(POOL).enis()).isZero();
    node.delete("a");
    pass(Duration.ofSeconds(31));
    for (int pod = 0; pod < 2; pod++) {
      IpAddress address = node.added("pod" + pod, pod + 2);
      assertThat(ModelCloud.OTHER_SUBNET.contains(address)).isFalse();
    }
    assertThat(node.add("last", 9)).isInstanceOf(AddOutcome.NoAddress.class);
  }

  @Test
  void aPoolThatIsConfiguredNoMoreKeepsItsPodsAndGoesWithTheLast() {
    node.warm();
    IpAddress _ = node.added("a", 1, pool(STORAGE));
    node.restart();
    assertThat(node.pool().summary(POOL).owned()).isEqualTo(1);
    node.delete("a");
    pass(Duration.ofSeconds(31));
    pass(Duration.ofSeconds(181));
    node.awaitPool(_ -> node.pool().summary(POOL).enis() == 0);
    assertThat(node.cloud.calls()).contains("release");
  }
}
