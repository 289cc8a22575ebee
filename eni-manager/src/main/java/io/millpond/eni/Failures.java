package io.millpond.eni;

import io.millpond.eni.CloudFailure.Kind;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Objects;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/** Tells EC2's error codes apart. */
final class Failures {
  private static final int LONGEST_MESSAGE = 400;

  private Failures() {}

  static CloudFailure of(String attempted, CallBudget.Action action, SdkException e) {
    return e instanceof AwsServiceException answered
        ? answered(attempted, action, answered)
        : unanswered(attempted, action, e);
  }

  private static CloudFailure answered(
      String attempted, CallBudget.Action action, AwsServiceException e) {
    var details = e.awsErrorDetails();
    String code = details == null ? null : details.errorCode();
    String message = details == null ? e.getMessage() : details.errorMessage();
    String shown = code == null || code.isBlank() ? "HTTP status " + e.statusCode() : bounded(code);
    String words = bounded(withoutBlob(Objects.requireNonNullElse(message, "no message")));
    return new CloudFailure(
        kind(shown, words, e.statusCode()),
        attempted,
        action.ec2Name(),
        shown,
        words,
        Objects.requireNonNullElse(e.requestId(), ""));
  }

  private static CloudFailure unanswered(
      String attempted, CallBudget.Action action, SdkException e) {
    String message = bounded(String.valueOf(e.getMessage()));
    Kind kind = Kind.NO_ANSWER;
    if (message.contains("credentials") || message.contains("Unable to load region")) {
      kind = Kind.CREDENTIALS;
    }
    int depth = 0;
    for (Throwable cause = e; cause != null && depth < 20; cause = cause.getCause(), depth++) {
      if (cause instanceof ConnectException
          || cause instanceof UnknownHostException
          || cause instanceof NoRouteToHostException) {
        kind = kind == Kind.CREDENTIALS ? kind : Kind.UNREACHABLE;
      }
    }
    return new CloudFailure(
        kind, attempted, action.ec2Name(), e.getClass().getSimpleName(), message, "");
  }

  /** IAM's encoded message is a kilobyte that only its owner can decode. */
  private static String withoutBlob(String message) {
    int blob = message.indexOf("Encoded authorization failure message");
    return blob < 0 ? message : message.substring(0, blob);
  }

  private static String bounded(String text) {
    String line = text.replaceAll("\\s+", " ").strip();
    return line.length() > LONGEST_MESSAGE ? line.substring(0, LONGEST_MESSAGE) + "…" : line;
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
      case "AuthFailure",
          "ExpiredToken",
          "ExpiredTokenException",
          "RequestExpired",
          "InvalidClientTokenId",
          "MissingAuthenticationToken",
          "UnrecognizedClientException",
          "SignatureDoesNotMatch" ->
          Kind.CREDENTIALS;
      case "RequestLimitExceeded",
          "Throttling",
          "ThrottlingException",
          "TooManyRequestsException",
          "RequestThrottled",
          "SlowDown" ->
          Kind.THROTTLED;
      case "InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable" ->
          Kind.SERVER_ERROR;
      case "InvalidSubnetID.NotFound" -> Kind.INVALID_SUBNET;
      case "InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound" -> Kind.INVALID_GROUP;
      case "InvalidParameterValue" -> invalidParameter(message.toLowerCase(Locale.ROOT));
      default -> byStatus(code, status);
    };
  }

  /** EC2 has one code for many things; the words tell. */
  private static Kind invalidParameter(String message) {
    if (message.contains("sufficient free ipv4")) {
      return Kind.SUBNET_EXHAUSTED;
    }
    if (message.contains("already has an interface attached at device index")) {
      return Kind.DEVICE_TAKEN;
    }
    return message.contains("in use") ? Kind.IN_USE : Kind.UNEXPECTED;
  }

  /**
   * The JDK's HTTP client drops the body of an answer with status 401, code and all; a proxy or a
   * VPC endpoint that refuses has no code either.
   */
  private static Kind byStatus(String code, int status) {
    return switch (status) {
      case 401 -> Kind.CREDENTIALS;
      case 403 -> Kind.UNAUTHORIZED;
      case 429 -> Kind.THROTTLED;
      default ->
          code.startsWith("Insufficient") || status >= 500 ? Kind.SERVER_ERROR : Kind.UNEXPECTED;
    };
  }
}
