package io.millpond.eni;

import io.millpond.eni.CloudFailure.Kind;
import java.util.Locale;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/** Tells EC2's error codes apart. */
final class Failures {
  private Failures() {}

  static CloudFailure of(String attempted, SdkException e) {
    if (e instanceof AwsServiceException service && service.awsErrorDetails() != null) {
      String code = String.valueOf(service.awsErrorDetails().errorCode());
      String message = bounded(String.valueOf(service.awsErrorDetails().errorMessage()));
      return new CloudFailure(kind(code, message, service.statusCode()), attempted, code, message);
    }
    String message = bounded(String.valueOf(e.getMessage()));
    boolean credentials =
        message.contains("credentials") || message.contains("Unable to load region");
    return new CloudFailure(
        credentials ? Kind.CREDENTIALS : Kind.UNREACHABLE,
        attempted,
        e.getClass().getSimpleName(),
        message);
  }

  private static String bounded(String text) {
    String line = text.replaceAll("\\s+", " ");
    return line.length() > 400 ? line.substring(0, 400) + "…" : line;
  }

  static Kind kind(String code, String message, int status) {
    return switch (code) {
      case "InsufficientFreeAddressesInSubnet", "InsufficientCidrBlocks" -> Kind.SUBNET_EXHAUSTED;
      case "PrivateIpAddressLimitExceeded" -> Kind.ADDRESS_LIMIT;
      case "AttachmentLimitExceeded" -> Kind.ATTACHMENT_LIMIT;
      case "NetworkInterfaceLimitExceeded" -> Kind.ENI_LIMIT;
      case "NetworkAddressUsageLimitExceeded" -> Kind.USAGE_LIMIT;
      case "InvalidNetworkInterfaceID.NotFound",
          "InvalidNetworkInterfaceId.NotFound",
          "InvalidAttachmentID.NotFound",
          "InvalidInstanceID.NotFound" ->
          Kind.NOT_FOUND;
      case "InvalidNetworkInterface.InUse" -> Kind.IN_USE;
      case "IncorrectState", "IncorrectInstanceState" -> Kind.INCORRECT_STATE;
      case "UnauthorizedOperation" -> Kind.UNAUTHORIZED;
      case "AuthFailure", "ExpiredToken", "RequestExpired", "InvalidClientTokenId" ->
          Kind.CREDENTIALS;
      case "RequestLimitExceeded",
          "Throttling",
          "ThrottlingException",
          "TooManyRequestsException" ->
          Kind.THROTTLED;
      case "InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable" ->
          Kind.SERVER_ERROR;
      case "InvalidSubnetID.NotFound" -> Kind.INVALID_SUBNET;
      case "InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound" -> Kind.INVALID_GROUP;
      case "InvalidParameterValue" -> invalidParameter(message.toLowerCase(Locale.ROOT));
      default ->
          code.startsWith("Insufficient") || status >= 500 ? Kind.SERVER_ERROR : Kind.UNEXPECTED;
    };
  }

  /** EC2 has one code for many things; the words tell. */
  private static Kind invalidParameter(String message) {
    if (message.contains("sufficient free ipv4")) {
      return Kind.SUBNET_EXHAUSTED;
    }
    return message.contains("in use") ? Kind.IN_USE : Kind.UNEXPECTED;
  }
}
