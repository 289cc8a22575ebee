package io.millpond.simulator;

import static io.millpond.simulator.Aws.NODE;
import static io.millpond.simulator.Aws.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millpond.simulator.conditions.CallRecord;
import io.millpond.simulator.conditions.Fault;
import io.millpond.simulator.conditions.FaultRule;
import io.millpond.simulator.conditions.Faults;
import io.millpond.simulator.conditions.Outage;
import io.millpond.simulator.conditions.RateLimit;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;

class BadWeatherTest {
  private final Aws aws = new Aws();
  private final Faults faults = aws.simulator.conditions().faults();

  @AfterEach
  void stop() {
    aws.close();
  }

  @ParameterizedTest
  @CsvSource({
    "RequestLimitExceeded, 503",
    "Throttling, 400",
    "ThrottlingException, 400",
    "TooManyRequestsException, 429",
    "InternalError, 500",
    "ServiceUnavailable, 503",
    "Unavailable, 503",
    "InsufficientInstanceCapacity, 500",
    "UnauthorizedOperation, 403",
    "ExpiredToken, 400",
    "InsufficientFreeAddressesInSubnet, 400",
    "InsufficientCidrBlocks, 400",
    "PrivateIpAddressLimitExceeded, 400",
    "AttachmentLimitExceeded, 400",
    "NetworkInterfaceLimitExceeded, 400",
    "NetworkAddressUsageLimitExceeded, 400",
    "InvalidNetworkInterfaceID.NotFound, 400",
    "IncorrectState, 400",
    "InvalidGroup.NotFound, 400"
  })
  void anyErrorCanBeInjectedWithItsStatusAndWithoutEffect(String code, int status) {
    faults.add(FaultRule.next(1, "CreateNetworkInterface", Fault.Refused.with(code)));
    int before = aws.simulator.interfaces().size();

    assertThatThrownBy(() -> aws.create(0))
        .isInstanceOfSatisfying(
            Ec2Exception.class,
            e -> {
              assertThat(e.awsErrorDetails().errorCode()).isEqualTo(code);
              assertThat(e.statusCode()).isEqualTo(status);
              assertThat(e.awsErrorDetails().errorMessage()).isNotBlank();
            });

    assertThat(aws.simulator.interfaces()).hasSize(before);
    aws.create(0);
    assertThat(aws.simulator.interfaces()).hasSize(before + 1);
  }

  @Test
  void authFailureIsStatus401OfWhichTheSdksUrlConnectionClientKeepsNoMore() {
    faults.add(FaultRule.next(1, "DescribeVpcs", Fault.Refused.with("AuthFailure")));

    assertThatThrownBy(() -> aws.ec2.describeVpcs())
        .isInstanceOfSatisfying(Ec2Exception.class, e -> assertThat(e.statusCode()).isEqualTo(401));
    assertThat(outcome()).isEqualTo("AuthFailure");
  }

  @Test
  void theSdkTakesInjectedThrottlingForThrottling() {
    faults.add(FaultRule.next(1, "DescribeVpcs", Fault.Refused.with("RequestLimitExceeded")));

    assertThatThrownBy(() -> aws.ec2.describeVpcs())
        .isInstanceOfSatisfying(
            Ec2Exception.class, e -> assertThat(e.isThrottlingException()).isTrue());
  }

  @Test
  void aFaultHasItsOwnMessageAndStatusSkipsAndCounts() {
    faults.add(
        new FaultRule(
            "DescribeVpcs",
            null,
            1,
            2,
            new Fault.Refused(
                "InvalidParameterValue",
                "There aren't sufficient free Ipv4 addresses",
                418,
                false)));

    aws.ec2.describeVpcs();
    for (int i = 0; i < 2; i++) {
      refused(
          () -> aws.ec2.describeVpcs(), "InvalidParameterValue", "There aren't sufficient free");
    }
    aws.ec2.describeVpcs();
    assertThat(faults.pending()).isEmpty();
  }

  @Test
  void aFaultMayStrikeOneInstanceOnlyAndAnyAction() {
    faults.add(
        new FaultRule(
            "*", NODE, 0, FaultRule.FOREVER, Fault.Refused.with("UnauthorizedOperation")));

    refused(() -> aws.ec2.describeVpcs(), "UnauthorizedOperation", "not authorized");
    refused(() -> aws.ec2.describeSubnets(), "UnauthorizedOperation", "not authorized");
    try (Ec2Client stranger = Aws.client(aws.simulator, "AKIASTRANGER", b -> {})) {
      assertThat(stranger.describeVpcs().vpcs()).hasSize(1);
    }
  }

  @Test
  void anErrorMayBeAnsweredAlthoughTheCallTookEffect() {
    faults.add(
        FaultRule.next(
            1, "CreateNetworkInterface", new Fault.Refused("InternalError", null, null, true)));
    int before = aws.simulator.interfaces().size();

    refused(() -> aws.create(r -> r.clientToken("t")), "InternalError", "internal error");

    assertThat(aws.simulator.interfaces()).hasSize(before + 1);
    aws.create(r -> r.clientToken("t"));
    assertThat(aws.simulator.interfaces()).hasSize(before + 1);
  }

  @Test
  void aCallMayTakeEffectAndBeAnsweredTooLate() {
    faults.add(FaultRule.next(1, "CreateNetworkInterface", new Fault.LateAnswer(600_000)));

    impatientlyFails();

    assertThat(outcome()).isEqualTo("ok (late)");
  }

  @Test
  void aCallMayTakeEffectAndNeverBeAnswered() {
    faults.add(FaultRule.next(1, "CreateNetworkInterface", new Fault.NoAnswer()));

    impatientlyFails();

    assertThat(outcome()).isEqualTo("ok (silent)");
  }

  @Test
  void aCallMayTakeEffectAndItsAnswerBeLost() {
    faults.add(FaultRule.next(1, "CreateNetworkInterface", new Fault.LostAnswer()));
    int before = aws.simulator.interfaces().size();

    assertThatThrownBy(() -> aws.create(r -> r.clientToken("t")))
        .isInstanceOf(SdkClientException.class);

    // The JDK's HTTP client sends a lost POST once more by itself: the token makes it one
    // interface.
    assertThat(aws.simulator.interfaces()).hasSize(before + 1);
    assertThat(aws.simulator.conditions().calls().all().getFirst().outcome())
        .isEqualTo("ok (lost)");
  }

  @Test
  void aSlowCallTakesEffectOnlyAfterItsDelay() {
    faults.add(FaultRule.next(1, "CreateNetworkInterface", new Fault.Slow(600_000)));
    int before = aws.simulator.interfaces().size();

    try (Ec2Client impatient = impatient()) {
      assertThatThrownBy(() -> impatient.createNetworkInterface(r -> r.subnetId(Aws.SUBNET_A)))
          .isInstanceOf(ApiCallTimeoutException.class);
    }

    assertThat(aws.simulator.interfaces()).hasSize(before);
  }

  @Test
  void everyCallTakesTheLatencyThatIsSet() {
    aws.simulator.conditions().adjust(s -> s.withLatencyMillis(120));

    aws.ec2.describeVpcs();

    assertThat(aws.simulator.conditions().calls().all().getLast().millis())
        .isGreaterThanOrEqualTo(120);
  }

  @Test
  void aBucketThatIsEmptyThrottlesItsActionAndNoOther() {
    aws.simulator.conditions().throttle().replaceAll(Map.of("DescribeVpcs", new RateLimit(2, 0)));

    aws.ec2.describeVpcs();
    aws.ec2.describeVpcs();
    refused(() -> aws.ec2.describeVpcs(), "RequestLimitExceeded", "Request limit exceeded.");
    aws.ec2.describeSubnets();
    assertThat(aws.simulator.conditions().calls().count("DescribeVpcs")).isEqualTo(3);
  }

  @Test
  void aDescribeOfEverythingHasItsOwnBucket() {
    aws.simulator
        .conditions()
        .throttle()
        .replaceAll(
            Map.of(
                "DescribeNetworkInterfaces", new RateLimit(2, 0),
                "DescribeNetworkInterfaces:unfiltered", new RateLimit(1, 0)));

    aws.ec2.describeNetworkInterfaces();
    refused(() -> aws.ec2.describeNetworkInterfaces(), "RequestLimitExceeded", "limit exceeded");
    aws.ec2.describeNetworkInterfaces(r -> r.maxResults(5));
    aws.ec2.describeNetworkInterfaces(r -> r.filters(Aws.filter("status", "in-use")));
    refused(
        () -> aws.ec2.describeNetworkInterfaces(r -> r.maxResults(5)),
        "RequestLimitExceeded",
        "limit exceeded");
  }

  @Test
  void nobodyListensDuringAnOutageAndEverythingIsAsBeforeAfterwards() {
    String eni = aws.create(0).networkInterfaceId();

    aws.simulator.ec2Outage(Outage.REFUSED);
    assertThatThrownBy(() -> aws.ec2.describeVpcs())
        .isInstanceOf(SdkClientException.class)
        .hasRootCauseInstanceOf(java.net.ConnectException.class);
    aws.simulator.ec2Outage(Outage.NONE);

    assertThat(aws.describe(eni).networkInterfaceId()).isEqualTo(eni);
  }

  @Test
  void anOutageMayAnswer503() {
    aws.simulator.ec2Outage(Outage.UNAVAILABLE);

    assertThatThrownBy(() -> aws.ec2.describeVpcs())
        .isInstanceOfSatisfying(Ec2Exception.class, e -> assertThat(e.statusCode()).isEqualTo(503));
  }

  @Test
  void anOutageMayHang() {
    aws.simulator.ec2Outage(Outage.HANG);
    try (Ec2Client impatient = impatient()) {
      assertThatThrownBy(() -> impatient.describeVpcs())
          .isInstanceOf(ApiCallTimeoutException.class);
    }

    aws.simulator.ec2Outage(Outage.NONE);
    assertThat(aws.ec2.describeVpcs().vpcs()).hasSize(1);
  }

  @Test
  void callsThatMeetAnOutageAreRememberedToo() {
    aws.simulator.ec2Outage(Outage.UNAVAILABLE);
    assertThatThrownBy(() -> aws.ec2.describeVpcs()).isInstanceOf(Ec2Exception.class);
    aws.simulator.ec2Outage(Outage.HANG);
    try (Ec2Client impatient = impatient()) {
      assertThatThrownBy(() -> impatient.describeSubnets())
          .isInstanceOf(ApiCallTimeoutException.class);
    }

    assertThat(aws.simulator.conditions().calls().all())
        .extracting(CallRecord::action, CallRecord::instanceId, CallRecord::outcome)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("DescribeVpcs", NODE, "outage (unavailable)"),
            org.assertj.core.groups.Tuple.tuple("DescribeSubnets", null, "outage (hang)"));
  }

  @Test
  void aCallThatIsOnItsWayWhenTheSimulatorEndsHasNoEffect() throws Exception {
    aws.simulator
        .conditions()
        .faults()
        .add(FaultRule.next(1, "CreateNetworkInterface", new Fault.Slow(60_000)));
    Thread creating = Thread.ofVirtual().start(() -> assertThatThrownBy(() -> aws.create(0)));
    await().until(() -> aws.simulator.conditions().faults().pending().isEmpty());

    aws.simulator.close();

    assertThat(creating.join(Duration.ofSeconds(10))).isTrue();
    assertThat(aws.simulator.interfaces()).hasSize(1);
  }

  @Test
  void callsAreRememberedWithCallerInstanceAndOutcome() {
    aws.create(0);
    refused(() -> aws.attach("eni-0123456789abcdef0", 1), "InvalidNetworkInterfaceID.NotFound", "");
    try (Ec2Client stranger = Aws.client(aws.simulator, "AKIASTRANGER", b -> {})) {
      stranger.describeVpcs();
    }

    assertThat(aws.simulator.conditions().calls().all())
        .extracting(CallRecord::action, CallRecord::instanceId, CallRecord::outcome)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("CreateNetworkInterface", NODE, "ok"),
            org.assertj.core.groups.Tuple.tuple(
                "AttachNetworkInterface", NODE, "InvalidNetworkInterfaceID.NotFound"),
            org.assertj.core.groups.Tuple.tuple("DescribeVpcs", null, "ok"));
    CallRecord attach = aws.simulator.conditions().calls().all().get(1);
    assertThat(attach.parameters())
        .containsEntry("DeviceIndex", "1")
        .containsEntry("InstanceId", NODE)
        .doesNotContainKeys("Action", "Version");
    assertThat(attach.caller()).isEqualTo(aws.simulator.instance(NODE).accessKeyId());
  }

  @Test
  void aNewInterfaceMayBeUnknownForAWhileToDescribesAndToOtherCalls() {
    aws.simulator
        .conditions()
        .adjust(s -> s.withDescribeLagMillis(600_000).withUseLagMillis(600_000));
    String eni = aws.create(0).networkInterfaceId();

    refused(() -> aws.describe(eni), "InvalidNetworkInterfaceID.NotFound", eni);
    refused(() -> aws.attach(eni, 1), "InvalidNetworkInterfaceID.NotFound", eni);

    aws.simulator.conditions().adjust(s -> s.withDescribeLagMillis(0).withUseLagMillis(0));
    aws.attach(eni, 1);
    assertThat(aws.describe(eni).attachment()).isNotNull();
  }

  @Test
  void describesShowTheStateBeforeTheLag() throws Exception {
    String eni = aws.create(0).networkInterfaceId();
    long known = System.nanoTime();
    while (System.nanoTime() - known < 300_000_000L) {
      Thread.onSpinWait();
    }
    aws.ec2.assignPrivateIpAddresses(
        r -> r.networkInterfaceId(eni).secondaryPrivateIpAddressCount(1));
    aws.simulator.conditions().adjust(s -> s.withDescribeLagMillis(150));

    assertThat(aws.describe(eni).privateIpAddresses()).hasSize(1);
    org.awaitility.Awaitility.await()
        .until(() -> aws.describe(eni).privateIpAddresses().size() == 2);
  }

  private void impatientlyFails() {
    int before = aws.simulator.interfaces().size();
    try (Ec2Client impatient = impatient()) {
      assertThatThrownBy(() -> impatient.createNetworkInterface(r -> r.subnetId(Aws.SUBNET_A)))
          .isInstanceOf(ApiCallTimeoutException.class);
    }
    assertThat(aws.simulator.interfaces()).hasSize(before + 1);
  }

  private Ec2Client impatient() {
    return Aws.client(
        aws.simulator,
        "AKIAIMPATIENT",
        b -> b.overrideConfiguration(o -> o.apiCallTimeout(Duration.ofMillis(700))));
  }

  private String outcome() {
    return aws.simulator.conditions().calls().all().getLast().outcome();
  }
}
