package io.millpond.eni;

import static io.millpond.eni.Results.failure;
import static io.millpond.eni.Results.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.simulator.SimulatorConfig.InstanceConfig;
import io.millpond.simulator.conditions.Fault;
import io.millpond.simulator.conditions.FaultRule;
import io.millpond.simulator.conditions.Faults;
import io.millpond.simulator.model.InstanceState;
import io.millpond.simulator.model.NetworkInterface;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.Tag;

/** What instances that have ended left behind is deleted, and nothing else. */
class SweepEnisTest {
  private static final String DEAD = "i-0dead00000000000d";

  private static boolean always() {
    return true;
  }

  private final TestCloud cloud = TestCloud.simulated();
  private final Faults faults = cloud.simulator().conditions().faults();
  private final CloudEnis enis = cloud.enis();

  @AfterEach
  void stop() {
    enis.close();
    cloud.close();
  }

  /** The tags of an ENI of this cluster's, made so long ago. */
  private List<Tag> tags(String instance, Duration age) {
    return new ArrayList<>(
        List.of(
            TestCloud.tag(EniTags.INTENT, "some-intent"),
            TestCloud.tag(EniTags.INSTANCE, instance),
            TestCloud.tag(EniTags.CREATED, cloud.time.instant().minus(age).toString()),
            TestCloud.tag(EniTags.CLUSTER, "mill")));
  }

  private static final Duration OLD = Duration.ofHours(1);

  private EniId leftBy(String instance) {
    return cloud.unattached("millpond-" + instance, tags(instance, OLD).toArray(Tag[]::new));
  }

  private EniId leftBy(String instance, Tag instead) {
    List<Tag> tags = tags(instance, OLD);
    tags.removeIf(tag -> tag.key().equals(instead.key()));
    tags.add(instead);
    return cloud.unattached("millpond-" + instance, tags.toArray(Tag[]::new));
  }

  private List<String> there() {
    return cloud.simulator().interfaces().stream().map(NetworkInterface::id).toList();
  }

  /** Two rounds, far enough apart. */
  private Swept twice() {
    return twice(enis);
  }

  private Swept twice(CloudEnis sweeper) {
    assertThat(value(sweeper.sweep(SweepEnisTest::always)).deleted()).isEmpty();
    cloud.time.advance(SweepEnis.APART);
    return value(sweeper.sweep(SweepEnisTest::always));
  }

  @Test
  void anEniOfAnInstanceThatEc2DoesNotKnowGoesAtTheSecondLook() {
    EniId eni = leftBy(DEAD);
    assertThat(value(enis.sweep(SweepEnisTest::always)))
        .isEqualTo(new Swept(List.of(), 1, Optional.empty()));
    cloud.time.advance(SweepEnis.APART.minusSeconds(1));
    assertThat(value(enis.sweep(SweepEnisTest::always)).deleted()).isEmpty();
    assertThat(there()).contains(eni.value());
    cloud.time.advance(Duration.ofSeconds(1));
    assertThat(value(enis.sweep(SweepEnisTest::always)))
        .isEqualTo(new Swept(List.of(eni.value()), 0, Optional.empty()));
    assertThat(there()).doesNotContain(eni.value());
  }

  @Test
  void anEniOfATerminatedInstanceGoes() {
    var other =
        cloud.simulator().launch(InstanceConfig.of("other", "t3.small", cloud.self.subnetId()));
    EniId eni = leftBy(other.id());
    twice();
    assertThat(there()).as("its instance lives").contains(eni.value());
    cloud.simulator().terminate(other.id());
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> cloud.simulator().instance(other.id()).state() == InstanceState.TERMINATED);
    assertThat(twice().deleted()).containsExactly(eni.value());
  }

  /** Every one of these alone keeps an ENI that has all else of one that was left behind. */
  @Test
  void nothingGoesThatMayBeSomebodys() {
    List<EniId> kept = new ArrayList<>();
    kept.add(leftBy(DEAD, TestCloud.tag(EniTags.NO_MANAGE, "true")));
    kept.add(leftBy(DEAD, TestCloud.tag(EniTags.CLUSTER, "mill-2")));
    kept.add(leftBy(DEAD, TestCloud.tag(EniTags.CREATED, "yesterday")));
    kept.add(leftBy(DEAD, TestCloud.tag(EniTags.INSTANCE, "i-0dead00000000000e")));
    kept.add(leftBy(cloud.self.instanceId()));
    kept.add(
        cloud.unattached(
            "millpond-" + DEAD, tags(DEAD, Duration.ofMinutes(5)).toArray(Tag[]::new)));
    kept.add(cloud.unattached("aws-K8S-" + DEAD, tags(DEAD, OLD).toArray(Tag[]::new)));
    kept.add(cloud.unattached("millpond-of-mine", tags("of-mine", OLD).toArray(Tag[]::new)));
    List<Tag> withoutIntent = tags(DEAD, OLD);
    withoutIntent.removeIf(tag -> tag.key().equals(EniTags.INTENT));
    kept.add(cloud.unattached("millpond-" + DEAD, withoutIntent.toArray(Tag[]::new)));
    EniId nobodys = leftBy(DEAD);

    assertThat(twice().deleted()).contains(nobodys.value());

    assertThat(there()).containsAll(kept.stream().map(EniId::value).toList());
  }

  @Test
  void anEniThatALiveNodeIsJustMakingIsNeverTouched() {
    var other =
        cloud.simulator().launch(InstanceConfig.of("other", "t3.small", cloud.self.subnetId()));
    EniId made =
        cloud.unattached(
            "millpond-" + other.id(), tags(other.id(), Duration.ZERO).toArray(Tag[]::new));
    twice();
    // Even when it takes an hour, because its instance is there.
    cloud.time.advance(Duration.ofHours(1));
    twice();
    assertThat(there()).contains(made.value());
  }

  @Test
  void anAttachedEniIsNeverTouched() {
    CloudEni eni = value(enis.add("intent-1", DeviceIndex.of(1), 1, Urgency.POD_WAITS));
    cloud.time.advance(Duration.ofHours(1));
    assertThat(twice().deleted()).isEmpty();
    assertThat(there()).contains(eni.id().value());
  }

  @Test
  void anInstanceThatIsThereAgainAtTheSecondLookBeginsAnew() {
    var other =
        cloud.simulator().launch(InstanceConfig.of("other", "t3.small", cloud.self.subnetId()));
    EniId eni = leftBy(other.id());
    try (ScriptedHttp none =
            ScriptedHttp.answering(200, describedInterface(eni, other.id()), NO_INSTANCES);
        CloudEnis stale = cloud.enis(none.settings())) {
      assertThat(value(stale.sweep(SweepEnisTest::always)).left()).isEqualTo(1);
      cloud.time.advance(SweepEnis.APART);
    }
    // The stale answer was one; from the same sweeper's view the next one shows the instance.
    Swept after = twice();
    assertThat(after.deleted()).isEmpty();
    assertThat(there()).contains(eni.value());
  }

  private static final String NO_INSTANCES =
      """
      <DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
        <requestId>scripted</requestId><reservationSet/>
      </DescribeInstancesResponse>
      """;

  private static final String DELETED =
      """
      <DeleteNetworkInterfaceResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
        <requestId>scripted</requestId><return>true</return>
      </DeleteNetworkInterfaceResponse>
      """;

  private static String instances(String id, String state) {
    return NO_INSTANCES.replace(
        "<reservationSet/>",
        """
        <reservationSet><item><reservationId>r-1</reservationId><instancesSet><item>
          <instanceId>%s</instanceId><instanceState><code>16</code><name>%s</name></instanceState>
        </item></instancesSet></item></reservationSet>
        """
            .formatted(id, state));
  }

  private String describedInterface(EniId eni, String instance) {
    StringBuilder tags = new StringBuilder();
    tags(instance, OLD)
        .forEach(
            tag ->
                tags.append(
                    "<item><key>%s</key><value>%s</value></item>"
                        .formatted(tag.key(), tag.value())));
    return """
    <DescribeNetworkInterfacesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
      <requestId>scripted</requestId>
      <networkInterfaceSet><item>
        <networkInterfaceId>%s</networkInterfaceId><vpcId>%s</vpcId><status>available</status>
        <description>millpond-%s</description><tagSet>%s</tagSet>
      </item></networkInterfaceSet>
    </DescribeNetworkInterfacesResponse>
    """
        .formatted(eni.value(), cloud.self.vpcId(), instance, tags);
  }

  @Test
  void goneAndThereAndGoneAgainIsNotGoneTwice() {
    EniId eni = new EniId("eni-0aaaaaaaaaaaaaaaa");
    String shown = describedInterface(eni, DEAD);
    try (ScriptedHttp ec2 =
            ScriptedHttp.answering(
                200,
                shown,
                NO_INSTANCES,
                shown,
                instances(DEAD, "stopped"),
                shown,
                NO_INSTANCES,
                shown,
                instances(DEAD, "terminated"),
                DELETED);
        CloudEnis sweeper = cloud.enis(ec2.settings())) {
      for (int round = 1; round <= 3; round++) {
        assertThat(value(sweeper.sweep(SweepEnisTest::always)).deleted())
            .as("round %d", round)
            .isEmpty();
        cloud.time.advance(SweepEnis.APART);
      }
      assertThat(value(sweeper.sweep(SweepEnisTest::always)).deleted())
          .containsExactly(eni.value());
    }
  }

  /** Describes lag: what is deleted already may be shown for seconds. */
  @Test
  void whatIsShownAlthoughItIsDeletedIsNoFailure() {
    EniId eni = new EniId("eni-0aaaaaaaaaaaaaaaa");
    String shown = describedInterface(eni, DEAD);
    try (ScriptedHttp ec2 =
            ScriptedHttp.answering(
                200, shown, NO_INSTANCES, shown, NO_INSTANCES, DELETED, shown, NO_INSTANCES);
        CloudEnis sweeper = cloud.enis(ec2.settings())) {
      assertThat(twice(sweeper).deleted()).hasSize(1);
      assertThat(value(sweeper.sweep(SweepEnisTest::always)))
          .as("it begins anew")
          .isEqualTo(new Swept(List.of(), 1, Optional.empty()));
    }
  }

  @Test
  void whoIsNotElectedAnyLongerStopsAtOnce() {
    EniId _ = leftBy(DEAD);
    EniId _ = leftBy(DEAD);
    value(enis.sweep(SweepEnisTest::always));
    cloud.time.advance(SweepEnis.APART);
    cloud.callsSince();
    AtomicInteger asked = new AtomicInteger();
    Swept swept = value(enis.sweep(() -> asked.incrementAndGet() <= 3));
    assertThat(cloud.callsSince())
        .containsExactly(
            "DescribeNetworkInterfaces", "DescribeInstances", "DeleteNetworkInterface");
    assertThat(swept.deleted()).hasSize(1);

    assertThat(value(enis.sweep(() -> false)).deleted()).isEmpty();
    assertThat(cloud.callsSince()).isEmpty();
  }

  /** After a lease was lost and before its holder knew. */
  @Test
  void twoWhoSweepAtOnceDoNoHarm() {
    EniId one = leftBy(DEAD);
    EniId other = leftBy(DEAD);
    try (CloudEnis second = cloud.enis()) {
      value(enis.sweep(SweepEnisTest::always));
      value(second.sweep(SweepEnisTest::always));
      cloud.time.advance(SweepEnis.APART);
      List<String> both = new ArrayList<>();
      // The second deletes everything while the first has just looked.
      AtomicInteger asked = new AtomicInteger();
      Swept swept =
          value(
              enis.sweep(
                  () -> {
                    if (asked.incrementAndGet() == 3) {
                      both.addAll(value(second.sweep(SweepEnisTest::always)).deleted());
                    }
                    return true;
                  }));
      assertThat(both).containsExactlyInAnyOrder(one.value(), other.value());
      assertThat(swept).isEqualTo(new Swept(List.of(), 0, Optional.empty()));
    }
  }

  @Test
  void anEniThatSomebodyAttachedMeanwhileStays() {
    EniId eni = leftBy(DEAD);
    value(enis.sweep(SweepEnisTest::always));
    cloud.time.advance(SweepEnis.APART);
    AtomicInteger asked = new AtomicInteger();
    Swept swept =
        value(
            enis.sweep(
                () -> {
                  if (asked.incrementAndGet() == 3) {
                    cloud.admin.attachNetworkInterface(
                        r ->
                            r.networkInterfaceId(eni.value())
                                .instanceId(cloud.self.instanceId())
                                .deviceIndex(1));
                  }
                  return true;
                }));
    assertThat(swept).isEqualTo(new Swept(List.of(), 0, Optional.empty()));
    assertThat(there()).contains(eni.value());
  }

  @Test
  void aRoleThatMayNotDeleteIsNamedAndTheOthersAreTried() {
    EniId _ = leftBy(DEAD);
    EniId _ = leftBy(DEAD);
    faults.add(
        FaultRule.next(1, "DeleteNetworkInterface", Fault.Refused.with("UnauthorizedOperation")));
    Swept swept = twice();
    assertThat(swept.deleted()).hasSize(1);
    assertThat(swept.left()).isEqualTo(1);
    assertThat(swept.failure())
        .hasValueSatisfying(
            why -> {
              assertThat(why.kind()).isEqualTo(Kind.UNAUTHORIZED);
              assertThat(why.reason()).contains("ec2:DeleteNetworkInterface", DEAD);
            });
  }

  @Test
  void aRoleThatMayNotLookIsAFailure() {
    faults.add(FaultRule.always("DescribeInstances", Fault.Refused.with("UnauthorizedOperation")));
    EniId _ = leftBy(DEAD);
    assertThat(failure(enis.sweep(SweepEnisTest::always)).reason())
        .contains("ec2:DescribeInstances");
  }

  @Test
  void throttlingEndsTheRoundAndIsSaid() {
    EniId _ = leftBy(DEAD);
    EniId _ = leftBy(DEAD);
    value(enis.sweep(SweepEnisTest::always));
    cloud.time.advance(SweepEnis.APART);
    cloud.callsSince();
    faults.add(
        FaultRule.always("DeleteNetworkInterface", Fault.Refused.with("RequestLimitExceeded")));
    Swept swept = value(enis.sweep(SweepEnisTest::always));
    assertThat(swept.deleted()).isEmpty();
    assertThat(swept.left()).isEqualTo(2);
    assertThat(swept.failure()).map(CloudFailure::kind).contains(Kind.THROTTLED);
    assertThat(cloud.callsSince())
        .as("only the first ENI was tried")
        .filteredOn("DeleteNetworkInterface"::equals)
        .hasSizeLessThanOrEqualTo(4);
  }

  @Test
  void aRoundIsBoundedAndTheRestIsOfTheNext() {
    for (int i = 0; i < SweepEnis.DELETIONS + 3; i++) {
      EniId _ = leftBy(DEAD);
    }
    Swept first = twice();
    assertThat(first.deleted()).hasSize(SweepEnis.DELETIONS);
    assertThat(first.left()).isEqualTo(3);
    assertThat(value(enis.sweep(SweepEnisTest::always)).deleted()).hasSize(3);
  }

  @Test
  void withoutAClustersNameNobodySweeps() {
    CloudSettings known = cloud.settings();
    try (CloudEnis nameless =
        cloud.enis(
            new CloudSettings(
                known.endpoint(),
                known.metadata(),
                "",
                known.subnets(),
                known.securityGroups(),
                known.tags(),
                known.callTimeout()))) {
      assertThatThrownBy(() -> nameless.sweep(SweepEnisTest::always))
          .isInstanceOf(IllegalStateException.class);
    }
  }
}
