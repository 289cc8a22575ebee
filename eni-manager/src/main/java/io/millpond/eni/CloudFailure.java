package io.millpond.eni;

import java.time.Duration;

/**
 * Why EC2 did not do what it was asked.
 *
 * @param kind what can be done about it depends on this
 * @param attempted what was attempted, on what
 * @param action EC2's name of the call that failed, such as {@code AttachNetworkInterface}
 * @param code EC2's error code, or the name of the local error
 * @param message EC2's words, cut to a length that a log can bear
 * @param requestId by which AWS support finds the call; empty if EC2 gave none
 */
public record CloudFailure(
    Kind kind, String attempted, String action, String code, String message, String requestId) {

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
    DEVICE_TAKEN(
        Duration.ofSeconds(5),
        "something else attached an ENI there: EC2 is asked again what this instance has"),
    INCORRECT_STATE(Duration.ofSeconds(3), "wait until its state has settled"),
    UNAUTHORIZED(Duration.ofMinutes(1), "allow that action in the policy of the node's role"),
    CREDENTIALS(
        Duration.ofSeconds(30),
        "look at the node's role and its instance profile, and at the clock"),
    THROTTLED(
        Duration.ofSeconds(5),
        "the account's request rate is used up; it is tried again more slowly"),
    SERVER_ERROR(Duration.ofSeconds(5), "EC2 has a problem; it is tried again"),
    /** Nothing was sent. */
    UNREACHABLE(
        Duration.ofSeconds(5),
        "the EC2 endpoint cannot be reached: look at routes, security groups, DNS and VPC endpoints"),
    /** It was sent, and no answer came. */
    NO_ANSWER(
        Duration.ofSeconds(5),
        "the EC2 endpoint does not answer: look at routes, security groups and VPC endpoints"),
    INVALID_SUBNET(
        Duration.ofMinutes(1),
        "name a subnet of the node's zone and VPC in the settings, the network's configuration or the node's ENIConfig"),
    /** Where an ENI is to be made is not known; the message says what is missing. */
    NO_PLACE(Duration.ofMinutes(1), "see the message"),
    INVALID_GROUP(
        Duration.ofMinutes(1),
        "correct the security groups in the settings or the node's ENIConfig"),
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
      return this == THROTTLED || this == UNREACHABLE || effectUnknown();
    }

    /** Whether the call may have taken effect although it failed. */
    boolean effectUnknown() {
      return this == NO_ANSWER || this == SERVER_ERROR;
    }
  }

  /** A failure that EC2 had no part in. */
  static CloudFailure local(Kind kind, String attempted, String code, String message) {
    return new CloudFailure(kind, attempted, "", code, message, "");
  }

  /** What failed, on what, and why: one line for people. */
  public String reason() {
    String missing =
        kind == Kind.UNAUTHORIZED
            ? "the node's role may not do ec2:"
                + action
                + (action.startsWith("Create") ? " (tags at creation need ec2:CreateTags too)" : "")
                + ": "
            : "";
    return attempted
        + ": "
        + missing
        + code
        + ": "
        + message
        + (requestId.isEmpty() ? "" : " (request " + requestId + ")");
  }

  /** Whether it may have taken effect all the same. */
  public boolean effectUnknown() {
    return kind.effectUnknown();
  }
}
