package io.millpond.node.pods;

import static io.millpond.node.testing.TestNode.SOON;
import static io.millpond.node.testing.TestNode.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.node.cloud.Cloud;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.testing.CniRuntime;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PodsTest {
  private static final Optional<Set<CollectGarbage.Valid>> NONE = Optional.of(Set.of());

  private TestNode node = new TestNode();

  @AfterEach
  void stop() {
    node.close();
  }

  private void with(String... settings) {
    node.close();
    node = new TestNode(settings);
  }

  @Test
  void anAddOnAWarmPoolGivesAnAddressOfThePoolAtOnceAndOrdersAnother() {
    node.warm();
    IpAddress address = node.added("a", 1);
    assertThat(node.kernel.addressOf(key("a"))).contains(address);
    assertThat(node.counts().owned()).isEqualTo(1);
    node.awaitPool(sum -> sum.free() == 2);
  }

  @Test
  void twoPodsNeverShareAnAddressAndThePoolGrowsForThemTogether() {
    node.warm();
    List<CompletableFuture<AddOutcome>> adds = new java.util.ArrayList<>();
    for (int i = 0; i < 9; i++) {
      adds.add(node.adding("pod" + i, i + 1));
    }
    Set<IpAddress> addresses = new HashSet<>();
    for (CompletableFuture<AddOutcome> add : adds) {
      assertThat(add.join())
          .isInstanceOfSatisfying(AddOutcome.Added.class, a -> addresses.add(a.plan().address()));
    }
    assertThat(addresses).hasSize(9);
    assertThat(node.counts().owned()).isEqualTo(9);
    assertThat(node.cloud.calls().stream().filter("addEni"::equals)).as("ENIs added").hasSize(2);
  }

  @Test
  void beyondTheLimitOfTheInstanceTheAnswerComesAtOnceWithCauseAndRemedy() {
    node.warm();
    for (int i = 0; i < 9; i++) {
      node.added("pod" + i, i + 1);
    }
    assertThat(node.add("tenth", 10))
        .isInstanceOfSatisfying(
            AddOutcome.NoAddress.class,
            none -> {
              assertThat(none.cause()).contains("9 in use");
              assertThat(none.remedy()).contains("larger instance type");
            });
    assertThat(node.core().readiness()).isInstanceOf(Readiness.NotReady.class);
    node.delete("pod0");
    assertThat(node.core().readiness())
        .as("a cooling address will serve")
        .isInstanceOf(Readiness.Ready.class);
  }

  @Test
  void morePortsThanCanBeRecordedAreRefusedBeforeAnAddressIsTaken() {
    node.warm();
    StringBuilder ports = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      ports.append(i == 0 ? "" : ",");
      ports.append("{\"hostPort\":%d,\"containerPort\":80}".formatted(20_000 + 2 * i));
    }
    CniRuntime.Reply reply =
        new CniRuntime(node)
            .ask(
                CniRuntime.request("ADD", "a", 1)
                    .keys(
                        "\"capabilities\":{\"portMappings\":true},\"runtimeConfig\":{\"portMappings\":["
                            + ports
                            + "]}"));

    assertThat(reply.code()).isEqualTo(2);
    assertThat(reply.document().path("details").asText())
        .contains("300 host ports", "fewer", "ranges");
    assertThat(node.counts().free() + node.counts().incoming()).as("none taken").isEqualTo(2);
    assertThat(node.counts().cooling()).isZero();
  }

  @Test
  void aNodeIsNotReadyForTheAddressesOfAPrimaryEniThatPodsDoNotUse() {
    with("MILLPOND_FIRST_ENI", "1", "MAX_ENI", "2", "WARM_IP_TARGET", "1");
    node.cloud.assign(node.cloud.primary(), 2, Cloud.Urgency.WARM_UP);
    node.start();
    node.awaitPool(sum -> sum.free() == 3);
    for (int i = 0; i < 3; i++) {
      node.added("pod" + i, i + 1);
    }
    assertThat(node.counts().free()).isEqualTo(2);
    assertThat(node.core().readiness()).isInstanceOf(Readiness.NotReady.class);
  }

  @Test
  void aDeletedPodsAddressCoolsAndIsNotGivenOutBefore() {
    with("IP_COOLDOWN_PERIOD", "30s", "MAX_ENI", "1", "MILLPOND_ADD_WAIT", "100ms");
    node.warm();
    IpAddress first = node.added("a", 1);
    node.added("b", 2);
    node.awaitPool(sum -> sum.free() == 1);
    node.added("c", 3);
    assertThat(node.delete("a")).isEqualTo(new DeletePod.Gone());
    assertThat(node.counts().cooling()).isEqualTo(1);
    assertThat(node.add("d", 4)).isInstanceOf(AddOutcome.NoAddress.class);
    node.clock.advance(Duration.ofSeconds(31));
    assertThat(node.added("d", 4)).isEqualTo(first);
  }

  @Test
  void deletingWhatIsNotThereSucceedsAgainAndAgain() {
    node.warm();
    node.added("a", 1);
    for (int i = 0; i < 3; i++) {
      assertThat(node.delete("a")).isEqualTo(new DeletePod.Gone());
      assertThat(node.delete("never-added")).isEqualTo(new DeletePod.Gone());
    }
    assertThat(node.kernel.vethCount()).isZero();
    assertThat(node.counts().owned()).isZero();
  }

  /** Runtimes may send 8192 characters, and what is told of them ends in events and logs. */
  @Test
  void aLongContainerIdIsCutInWhatIsToldOfIt() {
    node.warm();
    String container = "c".repeat(1000);
    IpAddress _ = node.added(container, 1);
    for (int inode = 1; inode <= 2; inode++) {
      assertThat(node.add(container, inode).toString())
          .contains("c".repeat(80) + "…/eth0 exists")
          .doesNotContain("c".repeat(81));
    }
  }

  @Test
  void aSecondAddWithoutDelIsRefusedAndTouchesNothing() {
    node.warm();
    IpAddress address = node.added("a", 1);
    assertThat(node.add("a", 1)).isInstanceOf(AddOutcome.Failed.class);
    assertThat(node.add("a", 2)).isInstanceOf(AddOutcome.ExistsElsewhere.class);
    assertThat(node.kernel.addressOf(key("a"))).contains(address);
    assertThat(node.counts().owned()).isEqualTo(1);
  }

  @Test
  void aDelCancelsAnAddThatWaitsForAnAddress() throws Exception {
    with("MILLPOND_ADD_WAIT", "50s");
    node.cloud.outage(false, "EC2 is away");
    node.start();
    CompletableFuture<AddOutcome> add = node.adding("a", 1);
    node.awaitPool(sum -> sum.waiting() == 1);
    assertThat(node.deleting("a").get(5, TimeUnit.SECONDS)).isEqualTo(new DeletePod.Gone());
    assertThat(add.get(5, TimeUnit.SECONDS)).isInstanceOf(AddOutcome.Abandoned.class);
    node.awaitPool(sum -> sum.waiting() == 0);
    assertThat(node.core().pool().snapshot().waiters()).isEmpty();
  }

  @Test
  void aDelWaitsForTheUndoOfAnAddThatIsBeingBuilt() throws Exception {
    node.warm();
    CountDownLatch gate = node.kernel.holdAttach();
    CompletableFuture<AddOutcome> add = node.adding("a", 1);
    assertThat(node.kernel.attaching().await(5, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<DeletePod.Outcome> delete = node.deleting("a");
    await().during(Duration.ofMillis(200)).atMost(SOON).until(() -> !delete.isDone());
    gate.countDown();
    assertThat(add.get(5, TimeUnit.SECONDS)).isInstanceOf(AddOutcome.Abandoned.class);
    assertThat(delete.get(5, TimeUnit.SECONDS)).isEqualTo(new DeletePod.Gone());
    assertThat(node.kernel.slaves()).isEmpty();
    assertThat(node.counts().owned()).isZero();
    assertThat(node.counts().cooling()).as("it was on the network for a moment").isEqualTo(1);
  }

  @Test
  void anAddAfterTheDelOfTheSameKeyIsNotCancelledByIt() throws Exception {
    node.warm();
    CountDownLatch gate = node.kernel.holdAttach();
    CompletableFuture<AddOutcome> first = node.adding("a", 1);
    assertThat(node.kernel.attaching().await(5, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<DeletePod.Outcome> delete = node.deleting("a");
    await().during(Duration.ofMillis(100)).until(() -> !delete.isDone());
    CompletableFuture<AddOutcome> second = node.adding("a", 1);
    await().during(Duration.ofMillis(100)).until(() -> !second.isDone());
    gate.countDown();
    assertThat(first.get(5, TimeUnit.SECONDS)).isInstanceOf(AddOutcome.Abandoned.class);
    assertThat(second.get(5, TimeUnit.SECONDS)).isInstanceOf(AddOutcome.Added.class);
    assertThat(node.kernel.addressOf(key("a"))).isPresent();
  }

  @Test
  void aCallerWhoHangsUpUndoesItsAdd() throws Exception {
    node.warm();
    AtomicBoolean gone = new AtomicBoolean();
    CountDownLatch gate = node.kernel.holdAttach();
    CompletableFuture<AddOutcome> add =
        CompletableFuture.supplyAsync(
            () -> node.add("a", 1, gone::get), task -> Thread.ofPlatform().daemon().start(task));
    assertThat(node.kernel.attaching().await(5, TimeUnit.SECONDS)).isTrue();
    gone.set(true);
    gate.countDown();
    assertThat(add.get(5, TimeUnit.SECONDS)).isInstanceOf(AddOutcome.Abandoned.class);
    assertThat(node.kernel.vethCount()).isZero();
    assertThat(node.kernel.slaves()).isEmpty();
    assertThat(node.counts().owned()).isZero();
  }

  @Test
  void anAddressThatAnUnknownSlaveHoldsGoesIntoQuarantineAndAnotherIsTaken() {
    node.warm();
    IpAddress taken = node.cloud.addresses().iterator().next();
    EniId eni = node.pool().enis().firstKey();
    node.cloud.addresses().forEach(address -> node.kernel.alienSlave(eni, address));
    node.cloud.addresses().stream().skip(1).forEach(node.kernel::removeSlave);
    IpAddress got = node.added("a", 1);
    IpAddress other = node.added("b", 2);
    assertThat(List.of(got, other)).doesNotContain(taken);
    assertThat(node.counts().quarantined()).isEqualTo(1);
    node.kernel.removeSlave(taken);
    await()
        .atMost(SOON)
        .until(
            () -> {
              node.clock.advance(Duration.ofSeconds(1));
              return node.counts().quarantined() == 0;
            });
  }

  @Test
  void aFailedAttachGivesTheAddressBackAndExposureDecidesWhetherItCools() {
    node.warm();
    node.kernel.nextAttach(new PodNetwork.AttachFailed("no memory for a link", false));
    assertThat(node.add("a", 1)).isEqualTo(new AddOutcome.Failed("no memory for a link"));
    assertThat(node.counts().owned() + node.counts().cooling()).isZero();
    node.kernel.nextAttach(new PodNetwork.AttachFailed("nft failed", true));
    assertThat(node.add("a", 1)).isEqualTo(new AddOutcome.Failed("nft failed"));
    assertThat(node.counts().owned()).isZero();
    assertThat(node.counts().cooling()).isEqualTo(1);
  }

  @Test
  void aNamespaceThatIsGoneIsToldAsSuch() {
    node.warm();
    node.kernel.nextAttach(new PodNetwork.NoNamespace("the namespace died"));
    assertThat(node.add("a", 1)).isEqualTo(new AddOutcome.BadNamespace("the namespace died"));
    assertThat(node.counts().owned()).isZero();
  }

  @Test
  void aDelThatFailsLeavesTheAddressWithThePod() {
    node.warm();
    node.added("a", 1);
    node.kernel.failDetach("device busy");
    assertThat(node.delete("a")).isEqualTo(new DeletePod.Failed("device busy"));
    assertThat(node.counts().owned()).isEqualTo(1);
    node.kernel.failDetach(null);
    assertThat(node.delete("a")).isEqualTo(new DeletePod.Gone());
  }

  @Test
  void checkComparesPoolKernelAndWhatTheRuntimeRemembers() throws Exception {
    node.warm();
    IpAddress address = node.added("a", 1);
    PodRequest request = new PodRequest(key("a"), "", OptionalInt.empty(), List.of());
    CheckPod check = node.core().checkPod();
    assertThat(check.check(request, Set.of(address), ModelKernel.netns(1))).isEmpty();
    assertThat(check.check(request, Set.of(address.plus(1)), ModelKernel.netns(1))).isNotEmpty();
    assertThat(check.check(request, Set.of(address), ModelKernel.netns(2))).isNotEmpty();
    PodRequest stranger = new PodRequest(key("b"), "", OptionalInt.empty(), List.of());
    assertThat(check.check(stranger, Set.of(address), ModelKernel.netns(1))).isNotEmpty();
  }

  private AddOutcome addAsking(String pod, long inode, PodDemands demands) throws Exception {
    return node.core()
        .addPod()
        .add(
            new PodRequest(
                key(pod), "default/" + pod, OptionalInt.empty(), List.of(), demands, PoolWish.NONE),
            ModelKernel.netns(inode),
            Caller.PATIENT);
  }

  @Test
  void aPodThatAsksForATakenHostPortHasNothingAndItsAddressDoesNotRest() throws Exception {
    node.warm();
    PodDemands demands =
        new PodDemands(
            List.of(new HostPort(Optional.empty(), HostPort.Protocol.TCP, 8080, 80)),
            Bandwidth.UNLIMITED);
    assertThat(addAsking("a", 1, demands)).isInstanceOf(AddOutcome.Added.class);
    assertThat(addAsking("b", 2, demands))
        .isInstanceOfSatisfying(
            AddOutcome.PortTaken.class, taken -> assertThat(taken.detail()).contains("8080/tcp"));
    assertThat(node.kernel.addressOf(key("b"))).isEmpty();
    assertThat(node.kernel.interfacesIn(2)).isEmpty();
    assertThat(node.counts().owned()).isEqualTo(1);
    assertThat(node.counts().cooling()).isZero();
    assertThat(node.delete("a")).isEqualTo(new DeletePod.Gone());
    assertThat(addAsking("b", 2, demands)).isInstanceOf(AddOutcome.Added.class);
  }

  @Test
  void garbageCollectionRemovesWhatTheRuntimeDoesNotNameInThatNetworkOnly() throws Exception {
    node.warm();
    node.added("keep", 1);
    node.added("drop", 2);
    AttachmentKey other = new AttachmentKey("other-net", "x", "eth0");
    node.core()
        .addPod()
        .add(
            new PodRequest(other, "", OptionalInt.empty(), List.of()),
            ModelKernel.netns(3),
            Caller.PATIENT);
    List<String> failures =
        node.core()
            .collectGarbage()
            .collect("millpond", Optional.of(Set.of(new CollectGarbage.Valid("keep", "eth0"))));
    assertThat(failures).isEmpty();
    assertThat(node.kernel.addressOf(key("keep"))).isPresent();
    assertThat(node.kernel.addressOf(key("drop"))).isEmpty();
    assertThat(node.kernel.addressOf(other)).isPresent();
  }

  @Test
  void garbageCollectionAfterARestartKnowsOtherNetworksByTheirHash() throws Exception {
    node.warm();
    AttachmentKey other = new AttachmentKey("other-net", "x", "eth0");
    node.core()
        .addPod()
        .add(
            new PodRequest(other, "", OptionalInt.empty(), List.of()),
            ModelKernel.netns(3),
            Caller.PATIENT);
    node.restart();
    assertThat(node.core().collectGarbage().collect("millpond", NONE)).isEmpty();
    assertThat(node.kernel.addressOf(other)).isPresent();
    assertThat(node.core().collectGarbage().collect("other-net", NONE)).isEmpty();
    assertThat(node.kernel.addressOf(other)).isEmpty();
    assertThat(node.counts().owned()).isZero();
  }

  @Test
  void garbageCollectionGoesOnPastFailuresAndTellsThem() throws Exception {
    node.warm();
    node.added("a", 1);
    node.added("b", 2);
    node.kernel.failDetach("busy");
    assertThat(node.core().collectGarbage().collect("millpond", NONE)).hasSize(2);
  }

  @Test
  void waitingAddsSucceedWhenEc2RecoversInTime() throws Exception {
    node.cloud.outage(false, "throttled");
    node.start();
    CompletableFuture<AddOutcome> add = node.adding("a", 1);
    node.awaitPool(sum -> sum.waiting() == 1);
    node.cloud.recover();
    assertThat(add.get(10, TimeUnit.SECONDS)).isInstanceOf(AddOutcome.Added.class);
  }

  @Test
  void anAddThatWaitsInVainIsToldWhatEc2Said() {
    with("MILLPOND_ADD_WAIT", "300ms");
    node.cloud.outage(false, "the subnet has no free address");
    node.start();
    assertThat(node.add("a", 1))
        .isInstanceOfSatisfying(
            AddOutcome.NoAddress.class,
            none -> assertThat(none.cause()).contains("subnet has no free address"));
    assertThat(node.counts().waiting()).isZero();
  }
}
