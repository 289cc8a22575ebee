package io.millpond.node.conformance;

import static io.millpond.node.testing.CniRuntime.request;
import static io.millpond.node.testing.TestNode.key;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.testing.CniRuntime;
import io.millpond.node.testing.CniRuntime.Reply;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.CloudView;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** STATUS: what it says, and at what cost. */
class StatusRulesTest {
  private final TestNode node = new TestNode("MAX_ENI", "1", "MILLPOND_ADD_WAIT", "100ms");
  private final CniRuntime runtime = new CniRuntime(node);

  @BeforeEach
  void warm() {
    node.warm();
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private Reply status() {
    return runtime.ask(request("STATUS"));
  }

  private void full() {
    for (int i = 1; i <= 3; i++) {
      String ignored = runtime.add("pod" + i, i).address();
    }
  }

  /** EC2 shows twice, long enough apart, that the instance does not have the address. */
  private void takenAway(IpAddress address) {
    node.cloud.takeAway(address);
    for (int i = 0; i < 2; i++) {
      List<CloudView.Eni> enis = new ArrayList<>();
      node.pool()
          .enis()
          .forEach(
              (id, eni) -> {
                Set<IpAddress> left = new TreeSet<>(eni.addresses().keySet());
                left.remove(address);
                enis.add(new CloudView.Eni(id, DeviceIndex.PRIMARY, left));
              });
      node.core()
          .pool()
          .apply(new PoolEvent.CloudObserved(new CloudView(true, enis, Set.of()), node.clock.get()))
          .join();
      node.clock.advance(Duration.ofSeconds(15));
    }
  }

  @Test
  @Tag("cni-105")
  void goodIsSilenceAndAFullNodeIs50() {
    status().mustBeSilent();
    full();

    Reply reply = status();

    assertThat(reply.code()).isEqualTo(50);
    assertThat(reply.document().path("details").asText()).contains("in use");
  }

  @Test
  @Tag("cni-105")
  void aFullNodeWhosePodsLostTheirAddressesIs51() {
    full();
    IpAddress lost = node.pool().heldBy(key("pod1")).orElseThrow().address();

    takenAway(lost);

    node.awaitPool(sum -> sum.frozen() == 1);
    // Two addresses are left, and two pods have them.
    Reply reply = status();
    assertThat(reply.code()).isEqualTo(51);
    assertThat(reply.document().path("details").asText()).contains("1 addresses away");
  }

  @Test
  @Tag("cni-106")
  void everyVerbWorksWhileStatusFails() {
    full();
    Reply second = runtime.ask(request("STATUS"));
    assertThat(second.status()).isEqualTo(1);
    String address = node.pool().heldBy(key("pod1")).orElseThrow().address().toString();

    runtime
        .ask(
            request("CHECK", "pod1", 1)
                .keys("\"prevResult\":{\"ips\":[{\"address\":\"" + address + "/24\"}]}"))
        .mustBeSilent();
    runtime.gc("pod1/eth0", "pod2/eth0", "pod3/eth0").mustBeSilent();
    runtime.del("pod1", 1).mustBeSilent();
    node.clock.advance(Duration.ofMinutes(1));
    assertThat(runtime.add("pod4", 4).address()).isEqualTo(address);
  }

  /** The median of many: this machine may be busy, and the JVM has to compile it first. */
  @Test
  @Tag("cni-107")
  void itTakesLessThanAMillisecond() {
    List<Long> nanos = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      long began = System.nanoTime();
      status().mustBeSilent();
      nanos.add(System.nanoTime() - began);
    }
    long median = nanos.stream().skip(1000).sorted().skip(500).findFirst().orElseThrow();
    assertThat(Duration.ofNanos(median)).isLessThan(Duration.ofMillis(1));
  }

  /** The kernel's model is locked, EC2 is away, and the pool's loop has ended: all that is left. */
  @Test
  @Tag("cni-107")
  void itReadsNothingButTheSnapshotThatIsPublished() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch over = new CountDownLatch(1);
    node.cloud.outage(false, "EC2 is away");
    node.core().close();
    Thread holder =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  synchronized (node.kernel) {
                    held.countDown();
                    try {
                      over.await();
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  }
                });
    assertThat(held.await(5, TimeUnit.SECONDS)).isTrue();
    try {
      CompletableFuture<Reply> reply =
          CompletableFuture.supplyAsync(
              this::status, task -> Thread.ofPlatform().daemon().start(task));
      reply.get(2, TimeUnit.SECONDS).mustBeSilent();
    } finally {
      over.countDown();
      holder.join();
    }
  }
}
