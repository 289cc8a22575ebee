package io.millpond.simulator.ec2;

import java.util.Map;

/** HTTP statuses and messages that go with EC2's error codes (EC2 API Reference, error codes). */
final class ErrorCodes {
  private static final Map<String, Integer> STATUS =
      Map.ofEntries(
          Map.entry("AuthFailure", 401),
          Map.entry("MissingAuthenticationToken", 403),
          Map.entry("UnauthorizedOperation", 403),
          Map.entry("OptInRequired", 403),
          Map.entry("DryRunOperation", 412),
          Map.entry("TooManyRequestsException", 429),
          Map.entry("InternalError", 500),
          Map.entry("InternalFailure", 500),
          Map.entry("InsufficientInstanceCapacity", 500),
          Map.entry("InsufficientAddressCapacity", 500),
          Map.entry("RequestLimitExceeded", 503),
          Map.entry("ServiceUnavailable", 503),
          Map.entry("Unavailable", 503));

  private static final Map<String, String> MESSAGE =
      Map.ofEntries(
          Map.entry("AuthFailure", "AWS was not able to validate the provided access credentials"),
          Map.entry(
              "MissingAuthenticationToken",
              "The request must contain either a valid (registered) AWS access key ID or X.509"
                  + " certificate."),
          Map.entry("ExpiredToken", "The security token included in the request is expired"),
          Map.entry("RequestExpired", "Request has expired."),
          Map.entry("UnauthorizedOperation", "You are not authorized to perform this operation."),
          Map.entry("InternalError", "An internal error has occurred"),
          Map.entry("RequestLimitExceeded", "Request limit exceeded."),
          Map.entry("Throttling", "Rate exceeded"),
          Map.entry("ThrottlingException", "Rate exceeded"),
          Map.entry("TooManyRequestsException", "Too Many Requests"),
          Map.entry(
              "ServiceUnavailable",
              "The request has failed due to a temporary failure of the server."),
          Map.entry("Unavailable", "The server is overloaded and cannot handle the request."),
          Map.entry(
              "InsufficientInstanceCapacity",
              "There is not enough capacity to fulfill your request. Try again later."),
          Map.entry(
              "InsufficientFreeAddressesInSubnet",
              "The specified subnet does not have enough free addresses to satisfy the request."),
          Map.entry(
              "InsufficientCidrBlocks",
              "The specified subnet does not have enough free cidr blocks to satisfy the"
                  + " request."),
          Map.entry(
              "PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit."),
          Map.entry(
              "NetworkInterfaceLimitExceeded",
              "The maximum number of network interfaces has been reached."),
          Map.entry(
              "AttachmentLimitExceeded", "Interface count exceeds the limit for the instance type"),
          Map.entry("IncorrectState", "The resource is in an incorrect state for the request."));

  private ErrorCodes() {}

  static int status(String code) {
    return STATUS.getOrDefault(code, 400);
  }

  /** What to say when a fault names a code and no message. */
  static String message(String code) {
    return MESSAGE.getOrDefault(code, "A simulated " + code);
  }
}
