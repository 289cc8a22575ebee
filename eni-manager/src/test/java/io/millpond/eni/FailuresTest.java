package io.millpond.eni;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CloudFailure.Kind;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;

class FailuresTest {
  private static Ec2Exception refused(String code, String message, int status) {
    return (Ec2Exception)
        Ec2Exception.builder()
            .awsErrorDetails(
                AwsErrorDetails.builder().errorCode(code).errorMessage(message).build())
            .statusCode(status)
            .requestId("request-1")
            .build();
  }

  private static CloudFailure failure(String code, String message, int status) {
    return Failures.of("creating an ENI", Action.CREATE, refused(code, message, status));
  }

  @ParameterizedTest
  @CsvSource({
    "InsufficientFreeAddressesInSubnet, SUBNET_EXHAUSTED",
    "InsufficientCidrBlocks, SUBNET_EXHAUSTED",
    "PrivateIpAddressLimitExceeded, ADDRESS_LIMIT",
    "AttachmentLimitExceeded, ATTACHMENT_LIMIT",
    "NetworkInterfaceLimitExceeded, ENI_LIMIT",
    "NetworkAddressUsageLimitExceeded, USAGE_LIMIT",
    "InvalidNetworkInterfaceID.NotFound, NOT_FOUND",
    "InvalidAttachmentID.NotFound, NOT_FOUND",
    "InvalidNetworkInterface.InUse, IN_USE",
    "IncorrectState, INCORRECT_STATE",
    "UnauthorizedOperation, UNAUTHORIZED",
    "AuthFailure, CREDENTIALS",
    "ExpiredToken, CREDENTIALS",
    "RequestLimitExceeded, THROTTLED",
    "Throttling, THROTTLED",
    "ThrottlingException, THROTTLED",
    "TooManyRequestsException, THROTTLED",
    "InternalError, SERVER_ERROR",
    "ServiceUnavailable, SERVER_ERROR",
    "InsufficientInstanceCapacity, SERVER_ERROR",
    "InvalidSubnetID.NotFound, INVALID_SUBNET",
    "InvalidGroup.NotFound, INVALID_GROUP",
    "InvalidSecurityGroupID.NotFound, INVALID_GROUP",
    "SomethingNew, UNEXPECTED"
  })
  void everyCodeHasItsKind(String code, Kind kind) {
    assertThat(failure(code, "words", 400).kind()).isEqualTo(kind);
  }

  @ParameterizedTest
  @CsvSource({
    "There aren't sufficient free Ipv4 addresses or prefixes, SUBNET_EXHAUSTED",
    "Network interface 'eni-1' is currently in use., IN_USE",
    "Instance 'i-1' already has an interface attached at device index '1'., DEVICE_TAKEN",
    "Address does not fall within the subnet's address range, UNEXPECTED"
  })
  void theWordsTellWhichInvalidParameterItIs(String message, Kind kind) {
    assertThat(failure("InvalidParameterValue", message, 400).kind()).isEqualTo(kind);
  }

  @ParameterizedTest
  @CsvSource({"401, CREDENTIALS", "429, THROTTLED", "502, SERVER_ERROR", "400, UNEXPECTED"})
  void withoutACodeTheStatusTells(int status, Kind kind) {
    Ec2Exception bare = (Ec2Exception) Ec2Exception.builder().statusCode(status).build();

    CloudFailure failure = Failures.of("creating an ENI", Action.CREATE, bare);

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure.reason()).contains("HTTP status " + status);
  }

  @Test
  void aMissingPermissionIsNamedAndItsBlobLeftOut() {
    CloudFailure failure =
        failure(
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. Encoded authorization failure"
                + " message: "
                + "x".repeat(2000),
            403);

    assertThat(failure.reason())
        .contains("ec2:CreateNetworkInterface", "ec2:CreateTags", "request-1")
        .doesNotContain("xxx");
  }

  @Test
  void aMessageIsOneBoundedLine() {
    CloudFailure failure = failure("Odd", "one\ntwo " + "y".repeat(5000), 400);

    assertThat(failure.message()).startsWith("one two y").hasSizeLessThan(500);
  }

  @Test
  void everyKindHasARemedyAndATimeAfterWhichATryMayHelp() {
    assertThat(Arrays.asList(Kind.values()))
        .allMatch(kind -> !kind.remedy().isBlank() && kind.retryAfter().isPositive());
  }
}
