package io.millpond.eni;

import java.time.Duration;

/**
 * Why EC2 did not do what it was asked.
 *
 * @param kind what can be done about it depends on this
 * @param attempted what was attempted, on what
 * @param code EC2's error code, or the name of the local error
 * @param message EC2's words
 */
public record CloudFailure(Kind kind, String attempted, String code, String message) {

  /** Kinds of failures, each with its own answer. */
  public enum Kind {
    SUBNET_EXHAUSTED(
        Duration.ofMinutes(2),
        "the subnet has no free addresses: add a subnet with tag kubernetes.io/role/cni=1, or a secondary CIDR"),
    ADDRESS_LIMIT(Duration.ofMinutes(5), "the instance type allows no more addresses on this ENI"),
    ATTACHMENT_LIMIT(
        Duration.ofMinutes(5),
        "the instance type allows no more ENIs: lower max-pods, or use a larger type"),
    ENI_LIMIT(
        Duration.ofMinutes(5),
        "the region's limit of ENIs is reached: delete leaked ones, or ask AWS to raise the quota"),
    USAGE_LIMIT(
        Duration.ofMinutes(5),
        "the VPC's limit of network address usage is reached: ask AWS to raise it"),
    NOT_FOUND(Duration.ofSeconds(5), "it is gone, or not visible yet"),
    IN_USE(Duration.ofSeconds(3), "wait until it is not in use any more"),
    INCORRECT_STATE(Duration.ofSeconds(3), "wait until its state has settled"),
    UNAUTHORIZED(
        Duration.ofMinutes(1), "give the node's role the permission that the message names"),
    CREDENTIALS(
        Duration.ofSeconds(30),
        "look at the node's role and its instance profile, and at the clock"),
    THROTTLED(
        Duration.ofSeconds(5),
        "the account's request rate is used up; it is tried again more slowly"),
    SERVER_ERROR(Duration.ofSeconds(5), "EC2 has a problem; it is tried again"),
    UNREACHABLE(
        Duration.ofSeconds(5),
        "the EC2 endpoint does not answer: look at routes, security groups and VPC endpoints"),
    INVALID_SUBNET(Duration.ofMinutes(1), "correct the subnet in the settings"),
    INVALID_GROUP(Duration.ofMinutes(1), "correct the security groups in the settings"),
    UNEXPECTED(Duration.ofSeconds(30), "see the message");

    private final Duration retryAfter;
    private final String remedy;

    Kind(Duration retryAfter, String remedy) {
      this.retryAfter = retryAfter;
      this.remedy = remedy;
    }

    /** Before that another try is of no use. */
    public Duration retryAfter() {
      return retryAfter;
    }

    /** What a person can do. */
    public String remedy() {
      return remedy;
    }

    /** Whether the very same call may work moments later. */
    boolean passing() {
      return this == THROTTLED || this == SERVER_ERROR || this == UNREACHABLE;
    }

    /** Whether the call may have taken effect although it failed. */
    boolean effectUnknown() {
      return this == UNREACHABLE || this == SERVER_ERROR;
    }
  }

  /** What failed, on what, and why. */
  public String reason() {
    return attempted + ": " + code + ": " + message;
  }

  /** Whether it may have taken effect all the same. */
  public boolean effectUnknown() {
    return kind.effectUnknown();
  }
}
