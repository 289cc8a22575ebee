package io.millpond.node.life;

import static io.millpond.node.testing.TestNode.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.node.kernel.KernelView;
import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.Caller;
import io.millpond.node.pods.DeletePod;
import io.millpond.node.pods.PodRequest;
import io.millpond.node.pods.PoolWish;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.Prefix;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class RestartTest {
  private TestNode node = new TestNode("MILLPOND_ADD_WAIT", "200ms");

  @AfterEach
  void stop() {
    node.close();
  }

  @Test
  void aFreshDaemonKnowsThePodsOfTheOneBefore() {
    node.warm();
    IpAddress address = node.added("a", 1);
    node.restart();
    assertThat(node.counts().owned()).isEqualTo(1);
    assertThat(node.pool().heldBy(key("a")))
        .hasValueSatisfying(held -> assertThat(held.address()).isEqualTo(address));
    assertThat(node.add("a", 2)).isInstanceOf(AddOutcome.ExistsElsewhere.class);
    assertThat(node.delete("a")).isEqualTo(new DeletePod.Gone());
    assertThat(node.counts().cooling()).isEqualTo(1);
  }

  @Test
  void theCooldownSurvivesARestartToTheSecond() {
    node.close();
    node = new TestNode("MILLPOND_ADD_WAIT", "100ms", "MAX_ENI", "1", "MINIMUM_IP_TARGET", "3");
    node.warm();
    node.awaitPool(sum -> sum.free() == 3);
    IpAddress address = node.added("a", 1);
    node.added("b", 2);
    node.added("c", 3);
    node.delete("a");
    node.clock.advance(Duration.ofSeconds(20));
    node.restart();
    assertThat(node.counts().cooling()).isEqualTo(1);
    assertThat(node.add("d", 4)).isInstanceOf(AddOutcome.NoAddress.class);
    node.clock.advance(Duration.ofSeconds(11));
    assertThat(node.added("d", 4)).isEqualTo(address);
  }

  @Test
  void aPodThatDiedWhileNoDaemonRanCoolsFromTheStartOn() {
    node.warm();
    IpAddress address = node.added("a", 1);
    node.stop();
    node.kernel.killNamespace(1);
    node.clock.advance(Duration.ofMinutes(10));
    node.restart();
    assertThat(node.counts().owned()).isZero();
    assertThat(node.counts().cooling()).isEqualTo(1);
    assertThat(node.kernel.routes().get(address)).isInstanceOf(KernelView.ReleasedAt.class);
    node.clock.advance(Duration.ofSeconds(25));
    node.restart();
    assertThat(node.counts().cooling()).as("the second start remembers the first").isEqualTo(1);
    node.clock.advance(Duration.ofSeconds(6));
    node.awaitPool(sum -> sum.cooling() == 0);
  }

  @Test
  void afterARebootEverythingCountsAsReleasedAtTheBoot() {
    node.warm();
    node.added("a", 1);
    node.stop();
    node.kernel.reboot();
    node.restart();
    assertThat(node.counts().owned()).isZero();
    assertThat(node.counts().cooling()).as("the boot was long ago").isZero();
    assertThat(node.kernel.routes().values()).contains(new KernelView.ReleasedAt(BootTime.BOOT));
  }

  @Test
  void aMissingRouteAmongOthersCountsAsReleasedNow() {
    node.warm();
    IpAddress wiped = node.cloud.addresses().iterator().next();
    node.stop();
    node.kernel.forget(java.util.List.of(wiped));
    node.restart();
    assertThat(node.counts().cooling()).isEqualTo(1);
  }

  @Test
  void anInterruptedAddIsUndone() {
    node.warm();
    node.stop();
    node.kernel.interruptedAdd("mpdaaaaaaaaaaaa");
    node.restart();
    assertThat(node.kernel.vethCount()).isZero();
  }

  @Test
  void anInterruptedAddThatCannotBeUndoneConcernsItsOwnPodAlone() {
    node.warm();
    node.stop();
    node.kernel.stuckAdd(key("stuck"));
    node.restart();
    node.added("a", 1);
    assertThat(node.add("stuck", 2)).isInstanceOf(AddOutcome.ExistsElsewhere.class);
    assertThat(node.counts().owned()).isEqualTo(1);
  }

  @Test
  void anAttachmentOfAnUnknownNetworkKeepsItsAddressUntilItsOwnDel() throws Exception {
    AttachmentKey other = new AttachmentKey("other-net", "x", "eth0");
    node.warm();
    node.core()
        .addPod()
        .add(
            new io.millpond.node.pods.PodRequest(
                other, "", java.util.OptionalInt.empty(), java.util.List.of()),
            io.millpond.node.testing.ModelKernel.netns(3),
            io.millpond.node.pods.Caller.PATIENT);
    node.restart();
    assertThat(node.counts().owned()).isEqualTo(1);
    assertThat(node.core().deletePod().delete(other, java.util.Optional.empty()))
        .isEqualTo(new DeletePod.Gone());
    assertThat(node.counts().owned()).isZero();
    assertThat(node.counts().cooling()).isEqualTo(1);
  }

  @Test
  void withoutEc2TheDaemonServesFromTheMetadataAndDestroysNothing() {
    node.warm();
    node.added("a", 1);
    node.stop();
    node.cloud.outage(false, "no route to EC2");
    node.restart();
    assertThat(node.pool().verified()).isFalse();
    assertThat(node.counts().owned()).isEqualTo(1);
    node.added("b", 2);
    node.clock.advance(Duration.ofMinutes(10));
    assertThat(node.cloud.calls()).doesNotContain("unassign", "release");
  }

  @Test
  void withoutEc2AtTheStartAnEniThatIsNotOursIsLeftAloneThenAndLater() {
    EniId foreign = node.cloud.foreignEni(DeviceIndex.of(1), 3);
    node.cloud.outage(false, "no route to EC2");
    node.start();
    assertThat(node.pool().enis()).doesNotContainKey(foreign);
    node.cloud.recover();
    awaitWithTime(() -> node.pool().verified() && !node.pool().needsObservation());
    assertThat(node.pool().enis()).doesNotContainKey(foreign);
    assertThat(node.cloud.calls()).doesNotContain("unassign", "release");
  }

  @Test
  void withoutEc2AtTheStartTheKernelTellsWhichEnisAreOurs() {
    node.warm();
    for (int i = 0; i < 5; i++) {
      node.added("pod" + i, i + 1);
    }
    node.awaitPool(sum -> sum.enis() > 1);
    int enis = node.counts().enis();
    node.stop();
    node.cloud.outage(false, "no route to EC2");
    node.restart();
    assertThat(node.counts().enis()).isEqualTo(enis);
    assertThat(node.counts().owned()).isEqualTo(5);
  }

  @Test
  void whatAnEarlierRunLeftIsLookedForUntilEc2Answers() {
    node.cloud.outage(false, "no route to EC2");
    node.start();
    await().atMost(TestNode.SOON).until(() -> tidies() == 1);
    node.cloud.recover();
    awaitWithTime(() -> tidies() == 2);
    node.clock.advance(Duration.ofMinutes(10));
    await().during(Duration.ofMillis(1500)).atMost(TestNode.SOON).until(() -> tidies() == 2);
  }

  @Test
  void whatIsTooYoungToTidyIsLookedAtAgainUntilNothingIsLeft() {
    node.cloud.young(Duration.ofMinutes(2));
    node.start();
    await().atMost(TestNode.SOON).until(() -> tidies() == 1);
    node.cloud.young(null);
    node.clock.advance(Duration.ofMinutes(3));
    await().atMost(TestNode.SOON).until(() -> tidies() == 2);
    node.clock.advance(Duration.ofMinutes(10));
    await().during(Duration.ofMillis(1500)).atMost(TestNode.SOON).until(() -> tidies() == 2);
  }

  @Test
  void aCreateThatFailedIsFollowedByOneLookForWhatItLeft() {
    node.warm();
    await().atMost(TestNode.SOON).until(() -> tidies() == 1);
    node.added("a", 1);
    node.added("b", 2);
    node.awaitPool(sum -> sum.free() == 2);
    node.cloud.outage(false, "attaching fails");
    node.added("c", 3);
    node.awaitPool(sum -> node.cloud.calls().contains("addEni"));
    node.cloud.recover();
    node.awaitPool(sum -> sum.enis() == 2);
    node.clock.advance(Duration.ofMinutes(3));
    await().atMost(TestNode.SOON).until(() -> tidies() == 2);
    node.clock.advance(Duration.ofMinutes(10));
    await().during(Duration.ofMillis(1500)).atMost(TestNode.SOON).until(() -> tidies() == 2);
  }

  private long tidies() {
    return node.cloud.calls().stream().filter("tidy"::equals).count();
  }

  private void awaitWithTime(BooleanSupplier condition) {
    await()
        .atMost(TestNode.SOON.multipliedBy(3))
        .until(
            () -> {
              node.clock.advance(Duration.ofSeconds(15));
              return condition.getAsBoolean();
            });
  }

  @Test
  void theCooldownAfterAQuarantineSurvivesARestart() {
    node.warm();
    IpAddress held = node.cloud.addresses().iterator().next();
    EniId eni = node.pool().enis().firstKey();
    node.cloud.addresses().forEach(address -> node.kernel.alienSlave(eni, address));
    node.cloud.addresses().stream().skip(1).forEach(node.kernel::removeSlave);
    node.added("a", 1);
    node.added("b", 2);
    node.awaitPool(sum -> sum.quarantined() == 1);
    node.clock.advance(Duration.ofMinutes(1));
    node.kernel.removeSlave(held);
    node.awaitPool(sum -> sum.cooling() == 1);
    node.restart();
    assertThat(node.counts().cooling()).isEqualTo(1);
  }

  /** The route counts whole seconds; nobody gets the address a moment too early for that. */
  @Test
  void theCooldownIsNotShorterByARestart() {
    node.warm();
    node.added("a", 1);
    node.clock.advance(Duration.ofMillis(1900 - node.clock.get().millis() % 1000));
    node.delete("a");
    BootTime released = node.clock.get();
    node.clock.advance(Duration.ofMillis(29_300));
    node.restart();
    node.awaitPool(sum -> sum.cooling() == 0);
    assertThat(node.clock.get().since(released)).isGreaterThanOrEqualTo(Duration.ofSeconds(30));
  }

  @Test
  @Tag("long")
  void anEniWhoseLinkComesVeryLateIsUsedOnceItIsThere() {
    node.warm();
    node.kernel.linksAreLate(true);
    node.added("a", 1);
    node.added("b", 2);
    node.awaitPool(sum -> sum.incoming() > 0);
    awaitWithTime(() -> node.pool().inFlight().isEmpty() && !node.pool().foreign().isEmpty());
    assertThat(node.counts().enis()).isEqualTo(1);
    node.kernel.linksAreLate(false);
    awaitWithTime(() -> node.counts().enis() > 1 && node.pool().foreign().isEmpty());
  }

  @Test
  void aNamespaceThatDiesWithoutDelGivesItsAddressBackAfterTheCooldown() {
    node.warm();
    node.added("a", 1);
    node.kernel.killNamespace(1);
    node.awaitPool(sum -> sum.owned() == 0 && sum.cooling() == 1);
    node.clock.advance(Duration.ofSeconds(31));
    node.awaitPool(sum -> sum.cooling() == 0);
  }

  @Test
  void anAddressWhoseVethWasDeletedUnderALivingPodIsNeverGivenToAnother() {
    node.close();
    node = new TestNode("MILLPOND_ADD_WAIT", "200ms", "MAX_ENI", "1");
    node.warm();
    IpAddress address = node.added("a", 1);
    node.kernel.deleteVeth(key("a"));
    node.awaitPool(sum -> sum.quarantined() == 1);
    node.clock.advance(Duration.ofMinutes(5));
    for (int i = 0; i < 3; i++) {
      if (node.add("other" + i, 10 + i) instanceof AddOutcome.Added added) {
        assertThat(added.plan().address()).isNotEqualTo(address);
      }
    }
    assertThat(node.counts().quarantined()).isEqualTo(1);
    node.kernel.killNamespace(1);
    org.awaitility.Awaitility.await()
        .atMost(TestNode.SOON)
        .until(
            () -> {
              node.clock.advance(Duration.ofSeconds(1));
              return node.counts().quarantined() == 0;
            });
  }

  /** Flushed while no daemon ran, the route says "in use" again, or the pod's death is not seen. */
  @Test
  void thePodOfAFlushedRouteCoolsWhenItDiesWhileNoDaemonRuns() {
    node.warm();
    IpAddress address = node.added("a", 1);
    node.stop();
    node.kernel.flushRoutes();
    node.restart();
    assertThat(node.kernel.routes()).containsEntry(address, new KernelView.InUse());
    node.stop();
    node.kernel.killNamespace(1);
    node.clock.advance(Duration.ofMinutes(10));
    node.restart();
    assertThat(node.counts().owned()).isZero();
    assertThat(node.counts().cooling()).isEqualTo(1);
  }

  @Test
  void aWipedPoolRouteOfALivingPodSaysInUseAgain() {
    node.warm();
    IpAddress address = node.added("a", 1);
    node.added("b", 2);
    node.kernel.forget(java.util.List.of(address));
    node.kernel.killNamespace(2);
    await()
        .atMost(TestNode.SOON)
        .untilAsserted(
            () -> assertThat(node.kernel.routes()).containsEntry(address, new KernelView.InUse()));
  }

  @Test
  void aVethThatIsSetDownInThePodComesUpAgainBeforeAndAfterARestart() {
    node.warm();
    node.added("a", 1);
    for (int life = 0; life < 2; life++) {
      node.kernel.podEndDown(1);
      await().atMost(TestNode.SOON).until(() -> node.kernel.damageOf(1).isEmpty());
      node.restart();
    }
  }

  @Test
  void aPodIsHealedWithTheRoutesThatItWasBuiltWith() throws Exception {
    node.warm();
    List<Prefix> routes = List.of(Prefix.parse("198.51.100.0/24"));
    AddOutcome ignored =
        node.core()
            .addPod()
            .add(
                new PodRequest(key("a"), "default/a", OptionalInt.empty(), routes),
                ModelKernel.netns(1),
                Caller.PATIENT);
    node.kernel.podEndDown(1);
    await()
        .atMost(TestNode.SOON)
        .untilAsserted(
            () ->
                assertThat(node.kernel.lookedInto())
                    .anySatisfy(plan -> assertThat(plan.extraRoutes()).isEqualTo(routes)));
  }

  /** The record in the kernel says what the pod asked for, whoever asked the daemon before. */
  @Test
  void aPodIsHealedWithItsLimitsAndKeepsItsHostPortsAfterARestartAndAFlush() throws Exception {
    node.warm();
    PodDemands demands =
        new PodDemands(
            List.of(new HostPort(Optional.empty(), HostPort.Protocol.UDP, 53, 5353)),
            new Bandwidth(
                Optional.of(Bandwidth.Limit.withUsualBurst(1_000_000)), Optional.empty()));
    AddOutcome ignored =
        node.core()
            .addPod()
            .add(
                new PodRequest(
                    key("a"), "default/a", OptionalInt.empty(), List.of(), demands, PoolWish.NONE),
                ModelKernel.netns(1),
                Caller.PATIENT);
    node.kernel.flushRules();
    node.restart();
    assertThat(node.kernel.openPorts()).hasSize(1);
    node.kernel.podEndDown(1);
    await()
        .atMost(TestNode.SOON)
        .untilAsserted(
            () ->
                assertThat(node.kernel.lookedInto())
                    .anySatisfy(plan -> assertThat(plan.demands()).isEqualTo(demands)));
    node.kernel.killNamespace(1);
    await().atMost(TestNode.SOON).until(() -> node.kernel.openPorts().isEmpty());
  }

  @Test
  void aWipedPoolRouteComesBack() {
    node.warm();
    IpAddress wiped = node.cloud.addresses().iterator().next();
    node.kernel.forget(java.util.List.of(wiped));
    node.added("a", 1);
    node.kernel.killNamespace(1);
    org.awaitility.Awaitility.await()
        .atMost(TestNode.SOON)
        .until(() -> node.kernel.routes().containsKey(wiped));
  }
}
