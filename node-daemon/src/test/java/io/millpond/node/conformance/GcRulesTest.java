package io.millpond.node.conformance;

import static io.millpond.node.testing.CniRuntime.request;
import static io.millpond.node.testing.TestNode.SOON;
import static io.millpond.node.testing.TestNode.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.node.kernel.KernelView;
import io.millpond.node.testing.CniRuntime;
import io.millpond.node.testing.CniRuntime.Reply;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** GC: what it frees, on every level, and what it leaves. */
class GcRulesTest {
  private final TestNode node = new TestNode();
  private final CniRuntime runtime = new CniRuntime(node);

  @BeforeEach
  void warm() {
    node.warm();
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private String added(String container, long inode) {
    return runtime.add(container, inode).address();
  }

  private boolean there(String container) {
    return node.kernel.addressOf(key(container)).isPresent();
  }

  @Test
  @Tag("cni-95")
  @Tag("cni-96")
  void whatTheListDoesNotNameIsFreedThoughItsNamespaceLives() {
    added("keep", 1);
    added("drop", 2);

    runtime.gc("keep/eth0").mustBeSilent();

    assertThat(there("keep")).isTrue();
    assertThat(there("drop")).isFalse();
    assertThat(node.kernel.interfacesIn(2)).as("links").isEmpty();
    assertThat(node.counts().owned()).isEqualTo(1);
    assertThat(node.kernel.routes().values()).containsOnlyOnce(new KernelView.InUse());
  }

  @Test
  @Tag("cni-96")
  void anotherInterfaceOfTheSameContainerIsAnotherAttachment() {
    added("a", 1);

    runtime.gc("a/net1").mustBeSilent();

    assertThat(there("a")).isFalse();
  }

  @Test
  @Tag("cni-95")
  void bothKeysTogetherAreOneList() {
    added("a", 1);
    added("b", 2);
    String entry = "[{\"containerID\":\"%s\",\"ifname\":\"eth0\"}]";
    Reply reply =
        runtime.ask(
            request("GC")
                .keys(
                    "\"cni.dev/valid-attachments\":"
                        + entry.formatted("a")
                        + ",\"cni.dev/attachments\":"
                        + entry.formatted("b")));

    reply.mustBeSilent();
    assertThat(there("a") && there("b")).isTrue();
  }

  @Test
  @Tag("cni-97")
  void nullAndTheEmptyListFreeAll() {
    for (String list : List.of("null", "[]")) {
      added("a", 1);
      runtime.ask(request("GC").keys("\"cni.dev/valid-attachments\":" + list)).mustBeSilent();
      assertThat(there("a")).as(list).isFalse();
    }
  }

  @Test
  @Tag("cni-98")
  void withoutAListOnlyThoseGoWhoseNamespaceIsDead() {
    String alive = added("alive", 1);
    String cut = added("cut", 2);
    String dead = added("dead", 3);
    node.kernel.deleteVeth(key("cut"));
    node.kernel.killNamespace(3);

    runtime.ask(request("GC")).mustBeSilent();

    assertThat(there("alive")).isTrue();
    assertThat(node.kernel.slaves())
        .as("%s and %s live on, %s does not", alive, cut, dead)
        .hasSize(2);
    assertThat(node.pool().heldBy(key("alive"))).isPresent();
    assertThat(node.pool().heldBy(key("dead"))).isEmpty();
  }

  @Test
  @Tag("cni-99")
  void anotherNetworkIsLeftAlone() {
    AttachmentKey other = new AttachmentKey("other-net", "x", "eth0");
    String ignored = runtime.ask(request("ADD", "x", 1).network("other-net")).address();

    runtime.gc().mustBeSilent();
    node.restart();
    runtime.gc().mustBeSilent();

    assertThat(node.kernel.addressOf(other)).isPresent();
    assertThat(node.pool().heldBy(other)).isPresent();
  }

  @Test
  @Tag("cni-100")
  void aFailureDoesNotStopItAndIsReportedAtTheEnd() {
    // In the order in which they are removed, so that the last is behind the failures.
    List<String> pods =
        Stream.of("a", "b", "c").sorted(Comparator.comparing(GcRulesTest::hostLink)).toList();
    for (int i = 0; i < 3; i++) {
      added(pods.get(i), 1 + i);
    }
    node.kernel.stick(key(pods.get(0)));
    node.kernel.stick(key(pods.get(1)));

    Reply reply = runtime.gc();

    assertThat(reply.code()).isEqualTo(100);
    assertThat(reply.document().path("details").asText())
        .contains(key(pods.get(0)).toString(), key(pods.get(1)).toString())
        .doesNotContain(key(pods.get(2)).toString());
    assertThat(there(pods.get(2))).isFalse();
  }

  private static String hostLink(String container) {
    return ModelKernel.linkName(key(container));
  }

  @Test
  @Tag("cni-101")
  void anAddressThatALivingInterfaceHasIsNotFree() {
    IpAddress held = IpAddress.parse(added("a", 1));
    node.kernel.deleteVeth(key("a"));

    runtime.gc().mustBeSilent();

    node.awaitPool(sum -> sum.quarantined() == 1);
    await()
        .during(Duration.ofMillis(500))
        .atMost(SOON)
        .until(
            () -> {
              node.clock.advance(Duration.ofSeconds(5));
              return node.counts().quarantined() == 1;
            });
    node.kernel.removeSlave(held);
    node.awaitPool(
        sum -> {
          node.clock.advance(Duration.ofSeconds(1));
          return sum.quarantined() == 0;
        });
  }

  @Test
  @Tag("cni-100")
  void aLinkThatThePoolKnowsNothingOfGoes() {
    added("a", 1);
    // As after an UnassignPrivateIpAddresses that somebody else made, and a DEL that half failed.
    node.core().pool().apply(new PoolEvent.Detached(key("a"), node.clock.get())).join();
    node.core().attachments().removed(key("a"));

    runtime.gc().mustBeSilent();

    assertThat(node.kernel.vethCount()).isZero();
    assertThat(node.kernel.slaves()).isEmpty();
  }

  @Test
  @Tag("cni-100")
  @Tag("cni-104")
  void anInterruptedAddOfTheNetworkGoesAndOneThatIsAtWorkDoesNot() throws Exception {
    node.kernel.interruptedAdd(key("a"));
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch gate = new CountDownLatch(1);
    node.steps(
        (name, effect) -> {
          if (name.equals("attach: slave")) {
            begun.countDown();
            try {
              gate.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          }
          effect.run();
        });
    CompletableFuture<Reply> add =
        CompletableFuture.supplyAsync(
            () -> runtime.add("b", 2), task -> Thread.ofPlatform().daemon().start(task));
    assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
    try {
      runtime.gc().mustBeSilent();
    } finally {
      gate.countDown();
    }

    assertThat(add.get(5, TimeUnit.SECONDS).address()).isNotEmpty();
    assertThat(node.kernel.vethCount()).as("b's, and none of a").isEqualTo(1);
    assertThat(there("b")).isTrue();
  }

  @Test
  @Tag("cni-100")
  void anAddressThatThePoolGivesToAnAttachmentWithoutLinksIsReleased() {
    IpAddress address = IpAddress.parse(added("a", 1));
    node.core().attachments().removed(key("a"));
    node.kernel.killNamespace(1);
    assertThat(node.pool().heldBy(key("a"))).isPresent();

    runtime.gc().mustBeSilent();

    assertThat(node.pool().heldBy(key("a"))).isEmpty();
    node.awaitPool(sum -> sum.quarantined() == 0);
    assertThat(node.pool().address(address)).isPresent();
  }

  @Test
  @Tag("cni-100")
  void aRouteThatSaysInUseOfAnAddressThatNobodyHasIsReleased() {
    IpAddress mine = IpAddress.parse(added("a", 1));
    IpAddress stray =
        node.cloud.addresses().stream().filter(one -> !one.equals(mine)).findFirst().orElseThrow();
    node.kernel.markInUse(stray);

    runtime.gc("a/eth0").mustBeSilent();

    assertThat(node.kernel.routes().get(stray)).isInstanceOf(KernelView.ReleasedAt.class);
    assertThat(node.kernel.routes().get(mine)).isEqualTo(new KernelView.InUse());
  }
}
