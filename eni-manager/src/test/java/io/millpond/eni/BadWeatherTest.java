package io.millpond.eni;

import static io.millpond.eni.Results.failure;
import static io.millpond.eni.Results.value;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.IpAddress;
import io.millpond.simulator.conditions.Fault;
import io.millpond.simulator.conditions.FaultRule;
import io.millpond.simulator.conditions.Faults;
import io.millpond.simulator.conditions.Outage;
import io.millpond.simulator.conditions.RateLimit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** EC2 refuses, throttles, lags or is away. */
class BadWeatherTest {
  private static final DeviceIndex FIRST = DeviceIndex.of(1);

  private final TestCloud cloud = TestCloud.simulated();
  private final Faults faults = cloud.simulator().conditions().faults();
  private final CloudEnis enis = cloud.enis(cloud.settings(List.of(), Duration.ofMillis(700)));

  @AfterEach
  void stop() {
    enis.close();
    cloud.close();
  }

  @ParameterizedTest
  @CsvSource({
    "InsufficientFreeAddressesInSubnet, SUBNET_EXHAUSTED",
    "PrivateIpAddressLimitExceeded, ADDRESS_LIMIT",
    "NetworkInterfaceLimitExceeded, ENI_LIMIT",
    "NetworkAddressUsageLimitExceeded, USAGE_LIMIT",
    "UnauthorizedOperation, UNAUTHORIZED",
    "AuthFailure, CREDENTIALS",
    "ExpiredToken, CREDENTIALS",
    "InvalidSubnetID.NotFound, INVALID_SUBNET",
    "InvalidGroup.NotFound, INVALID_GROUP"
  })
  void aRefusedCreationIsToldApartAndNotRepeated(String code, Kind kind) {
    faults.add(FaultRule.always("CreateNetworkInterface", Fault.Refused.with(code)));

    CloudFailure failure = failure(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure.effectUnknown()).isFalse();
    assertThat(failure.reason()).contains("creating an ENI").contains(cloud.self.subnetId());
    assertThat(failure.kind().remedy()).isNotBlank();
    assertThat(failure.requestId()).isNotBlank();
    assertThat(cloud.callsSince()).filteredOn("CreateNetworkInterface"::equals).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"AttachmentLimitExceeded", "UnauthorizedOperation", "IncorrectState"})
  void anEniThatCannotBeAttachedIsDeletedAgain(String code) {
    faults.add(FaultRule.always("AttachNetworkInterface", Fault.Refused.with(code)));

    CloudFailure failure = failure(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));

    assertThat(failure.code()).isEqualTo(code);
    assertThat(cloud.simulator().interfaces()).hasSize(1);
  }

  @Test
  void anEniThatCanNeitherBeAttachedNorDeletedIsTidiedLater() {
    faults.add(FaultRule.next(1, "AttachNetworkInterface", Fault.Refused.with("IncorrectState")));
    faults.add(
        FaultRule.next(1, "DeleteNetworkInterface", Fault.Refused.with("UnauthorizedOperation")));

    CloudFailure failure = failure(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));

    assertThat(failure.kind()).isEqualTo(Kind.INCORRECT_STATE);
    assertThat(cloud.simulator().interfaces()).hasSize(2);
    cloud.time.advance(CloudEnis.ORPHAN_AGE.plusSeconds(2));
    assertThat(value(enis.tidy()).done()).hasSize(1);
    assertThat(cloud.simulator().interfaces()).hasSize(1);
  }

  @Test
  void anEniThatCouldNotBeMadeToGoWithTheInstanceIsOwedThat() {
    faults.add(
        FaultRule.next(
            1, "ModifyNetworkInterfaceAttribute", Fault.Refused.with("UnauthorizedOperation")));
    value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    assertThat(enis.owes()).isTrue();

    value(enis.tidy());

    assertThat(enis.owes()).isFalse();
    assertThat(cloud.simulator().interfaces())
        .allMatch(eni -> eni.attachment() != null && eni.attachment().deleteOnTermination());
  }

  @Test
  void anEniThatIsReleasedIsOwedNothingMore() {
    faults.add(
        FaultRule.next(
            1, "ModifyNetworkInterfaceAttribute", Fault.Refused.with("UnauthorizedOperation")));
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));

    value(enis.release(eni.id()));

    assertThat(enis.owes()).isFalse();
  }

  @Test
  void theInstanceTypesLimitsAreToldApart() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 5, Urgency.POD_WAITS));
    value(enis.add("intent-2", DeviceIndex.of(2), 0, Urgency.POD_WAITS));

    assertThat(failure(enis.assign(eni.id(), 1, eni.secondaryAddresses(), Urgency.WARM_UP)).kind())
        .isEqualTo(Kind.ADDRESS_LIMIT);
    assertThat(failure(enis.add("intent-3", DeviceIndex.of(3), 0, Urgency.WARM_UP)).kind())
        .isEqualTo(Kind.ATTACHMENT_LIMIT);
    assertThat(cloud.simulator().interfaces()).hasSize(3);
  }

  @Test
  void aThrottledCallIsRepeatedMoreSlowlyUntilItWorks() {
    faults.add(
        FaultRule.next(2, "CreateNetworkInterface", Fault.Refused.with("RequestLimitExceeded")));
    long before = cloud.time.getAsLong();

    value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));

    assertThat(cloud.callsSince()).filteredOn("CreateNetworkInterface"::equals).hasSize(3);
    assertThat(Duration.ofNanos(cloud.time.getAsLong() - before))
        .isGreaterThan(Duration.ofSeconds(3));
    assertThat(cloud.simulator().interfaces()).hasSize(2);
  }

  @Test
  void aThrottledAssignmentDidNothingAndIsRepeated() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    faults.add(
        FaultRule.next(1, "AssignPrivateIpAddresses", Fault.Refused.with("RequestLimitExceeded")));

    assertThat(value(enis.assign(eni.id(), 2, eni.secondaryAddresses(), Urgency.POD_WAITS)))
        .hasSize(2);
  }

  @Test
  void anAccountThatIsThrottledForLongEndsInAFailureThatMayBeTriedLater() {
    cloud
        .simulator()
        .conditions()
        .throttle()
        .replaceAll(Map.of("CreateNetworkInterface", new RateLimit(1, 0)));
    value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    cloud.callsSince();

    CloudFailure failure = failure(enis.add("intent-2", DeviceIndex.of(2), 1, Urgency.POD_WAITS));

    assertThat(failure.kind()).isEqualTo(Kind.THROTTLED);
    assertThat(failure.effectUnknown()).isFalse();
    assertThat(cloud.callsSince()).hasSizeLessThanOrEqualTo(4);
  }

  @Test
  void theNodesOwnBudgetEndsBeforeTheAccounts() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    CallBudget stopped = new CallBudget(() -> 0);
    Ec2Calls calls =
        new Ec2Calls(
            CloudEnis.client(cloud.settings(), cloud.self.region()),
            stopped,
            CallObserver.NONE,
            cloud.time);
    try (CloudEnis busy =
        new CloudEnis(
            calls,
            cloud.self,
            Map.of(cloud.self.subnetId(), cloud.subnet),
            cloud.settings(),
            cloud.time)) {
      List<CloudFailure> failures = new ArrayList<>();
      for (int i = 0; i < 30 && failures.isEmpty(); i++) {
        if (busy.unassign(eni.id(), eni.secondaryAddresses())
            instanceof CloudResult.Failed<Boolean>(CloudFailure failure)) {
          failures.add(failure);
        }
      }
      assertThat(failures).singleElement().extracting(CloudFailure::code).isEqualTo("CallBudget");
      assertThat(cloud.simulator().conditions().calls().count("UnassignPrivateIpAddresses"))
          .isLessThanOrEqualTo(10);
    }
  }

  @Test
  void aNewEniThatOtherCallsDoNotKnowYetIsAwaited() {
    cloud.simulator().conditions().adjust(s -> s.withUseLagMillis(250).withDescribeLagMillis(250));

    value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));

    assertThat(cloud.simulator().interfaces()).hasSize(2);
  }

  @Test
  void aLostAttachmentIsFoundAlthoughDescribesLag() {
    cloud.simulator().conditions().adjust(s -> s.withDescribeLagMillis(300));
    faults.add(FaultRule.next(1, "AttachNetworkInterface", new Fault.LostAnswer()));

    value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));

    assertThat(cloud.simulator().interfaces())
        .hasSize(2)
        .allMatch(eni -> eni.attachment() != null && eni.attachment().deleteOnTermination());
  }

  @Test
  void aSlowDetachIsAwaitedByLookingNotByDeletingAgainAndAgain() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    cloud.simulator().conditions().adjust(s -> s.withDetachMillis(1_200));
    cloud.callsSince();

    value(enis.release(eni.id()));

    assertThat(cloud.callsSince())
        .startsWith(
            "DescribeNetworkInterfaces",
            "DetachNetworkInterface",
            "DeleteNetworkInterface",
            "DescribeNetworkInterfaces",
            "DescribeNetworkInterfaces")
        .endsWith("DescribeNetworkInterfaces", "DeleteNetworkInterface")
        .filteredOn("DeleteNetworkInterface"::equals)
        .hasSize(2);
    assertThat(cloud.simulator().interfaces()).hasSize(1);
  }

  @Test
  void anEniThatIsStillBeingAttachedIsReleasedWhenItIsAttached() {
    cloud.simulator().conditions().adjust(s -> s.withAttachMillis(400));
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));

    value(enis.release(eni.id()));

    assertThat(cloud.simulator().interfaces()).hasSize(1);
  }

  @Test
  void anEniThatSomeoneElseAttachedMeanwhileIsNotTakenAway() {
    faults.add(FaultRule.next(1, "AttachNetworkInterface", Fault.Refused.with("IncorrectState")));
    faults.add(
        FaultRule.next(1, "DeleteNetworkInterface", Fault.Refused.with("UnauthorizedOperation")));
    failure(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    String orphan = cloud.simulator().interfaces().getLast().id();
    cloud.time.advance(CloudEnis.ORPHAN_AGE.plusSeconds(2));
    cloud.simulator().conditions().adjust(s -> s.withDescribeLagMillis(10_000));
    cloud.admin.attachNetworkInterface(
        r -> r.networkInterfaceId(orphan).instanceId(cloud.self.instanceId()).deviceIndex(2));

    enis.tidy();

    assertThat(cloud.simulator().interfaces()).hasSize(2).allMatch(eni -> eni.attachment() != null);
  }

  @Test
  void anEniThatIsStillInUseIsDeletedLater() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    faults.add(
        FaultRule.next(
            2,
            "DeleteNetworkInterface",
            new Fault.Refused(
                "InvalidParameterValue",
                "Network interface '" + eni.id() + "' is currently in use.",
                null,
                false)));

    value(enis.release(eni.id()));

    assertThat(cloud.simulator().interfaces()).hasSize(1);
  }

  @Test
  void anEniThatIsDetachedAndCannotBeDeletedIsReleasedAndDeletedByTheNextTidying() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    faults.add(
        FaultRule.next(1, "DeleteNetworkInterface", Fault.Refused.with("UnauthorizedOperation")));

    assertThat(value(enis.release(eni.id()))).isFalse();

    assertThat(cloud.simulator().interfaces()).hasSize(2);
    assertThat(value(enis.tidy()).done()).singleElement().asString().contains(eni.id().value());
    assertThat(cloud.simulator().interfaces()).hasSize(1);
  }

  @Test
  void anEniThatCannotBeDetachedIsNotReleased() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    faults.add(
        FaultRule.always("DetachNetworkInterface", Fault.Refused.with("UnauthorizedOperation")));

    assertThat(failure(enis.release(eni.id())).kind()).isEqualTo(Kind.UNAUTHORIZED);

    assertThat(value(enis.tidy()).done()).isEmpty();
    assertThat(value(enis.attached(Urgency.WARM_UP))).contains(eni);
  }

  @Test
  void anEniThatIsJustBeingAttachedIsSeen() {
    cloud.simulator().conditions().adjust(s -> s.withAttachMillis(60_000));

    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));

    assertThat(value(enis.attached(Urgency.WARM_UP))).contains(eni);
  }

  @ParameterizedTest
  @CsvSource({
    "REFUSED, UNREACHABLE, false",
    "HANG, NO_ANSWER, true",
    "UNAVAILABLE, SERVER_ERROR, true"
  })
  void anOutageIsToldApart(Outage outage, Kind kind, boolean effectUnknown) {
    cloud.simulator().ec2Outage(outage);

    CloudFailure failure = failure(enis.attached(Urgency.POD_WAITS));

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure.effectUnknown()).isEqualTo(effectUnknown);
    cloud.simulator().ec2Outage(Outage.NONE);
    assertThat(value(enis.attached(Urgency.POD_WAITS))).hasSize(1);
  }

  @Test
  void anAnswerWithAllAddressesOfTheEniIsReducedToTheNewOnes() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 3, Urgency.POD_WAITS));
    String all =
        eni.secondaryAddresses().stream()
            .map(a -> "<item><privateIpAddress>" + a + "</privateIpAddress></item>")
            .reduce("<item><privateIpAddress>10.0.1.200</privateIpAddress></item>", String::concat);
    try (ScriptedHttp loose =
            ScriptedHttp.answering(
                200,
                """
                <AssignPrivateIpAddressesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
                <requestId>r</requestId><assignedPrivateIpAddressesSet>%s</assignedPrivateIpAddressesSet>
                </AssignPrivateIpAddressesResponse>
                """
                    .formatted(all));
        CloudEnis scripted = cloud.enis(loose.settings())) {
      assertThat(value(scripted.assign(eni.id(), 1, eni.secondaryAddresses(), Urgency.WARM_UP)))
          .isEqualTo(Set.of(IpAddress.parse("10.0.1.200")));
    }
  }

  @Test
  void anAnswerThatIsNotXmlIsAFailureNotACrash() {
    try (ScriptedHttp garbage = ScriptedHttp.answering(200, "\u0000{\"not\": xml");
        CloudEnis scripted = cloud.enis(garbage.settings())) {
      assertThat(failure(scripted.attached(Urgency.WARM_UP)).reason())
          .contains("describing the ENIs");
    }
  }

  @Test
  void anEniThatCannotBeReadIsAFailureNotACrash() {
    try (ScriptedHttp odd =
            ScriptedHttp.answering(
                200,
                """
                <DescribeNetworkInterfacesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
                <requestId>r</requestId><networkInterfaceSet><item>
                <networkInterfaceId>eni-0a00000000000000a</networkInterfaceId>
                <subnetId>%s</subnetId><macAddress>no mac</macAddress>
                <attachment><deviceIndex>1</deviceIndex><status>attached</status></attachment>
                </item></networkInterfaceSet></DescribeNetworkInterfacesResponse>
                """
                    .formatted(cloud.self.subnetId()));
        CloudEnis scripted = cloud.enis(odd.settings())) {
      assertThat(failure(scripted.attached(Urgency.WARM_UP)).reason())
          .contains("not a MAC address");
    }
  }
}
