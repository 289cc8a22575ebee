package io.millpond.simulator.account;

import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.model.Attachment;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.InstanceState;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.SecurityGroup;
import io.millpond.simulator.model.Subnet;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Finds what a call names, or refuses as EC2 does. Used under the registry's lock. */
final class Lookup {
  private final Registry registry;
  private final Conditions conditions;
  private final Clock clock;

  Lookup(Registry registry, Conditions conditions, Clock clock) {
    this.registry = registry;
    this.conditions = conditions;
    this.clock = clock;
  }

  Subnet subnet(String id) {
    Ids.check(id, "subnet", "InvalidSubnetId.Malformed");
    return Optional.ofNullable(registry.findSubnet(id))
        .orElseThrow(
            () ->
                new AwsError(
                    "InvalidSubnetID.NotFound", "The subnet ID '" + id + "' does not exist"));
  }

  SecurityGroup securityGroup(String id) {
    Ids.check(id, "sg", "InvalidGroupId.Malformed");
    return Optional.ofNullable(registry.findGroup(id))
        .orElseThrow(
            () ->
                new AwsError(
                    "InvalidSecurityGroupID.NotFound",
                    "The security group ID '" + id + "' does not exist"));
  }

  Instance instance(String id) {
    Ids.check(id, "i", "InvalidInstanceID.Malformed");
    return Optional.ofNullable(registry.findInstance(id))
        .orElseThrow(
            () ->
                new AwsError(
                    "InvalidInstanceID.NotFound", "The instance ID '" + id + "' does not exist"));
  }

  Instance runningInstance(String id) {
    Instance instance = instance(id);
    if (instance.state() != InstanceState.RUNNING) {
      throw new AwsError(
          "IncorrectState",
          "Instance '"
              + id
              + "' is not in a valid state: '"
              + instance.state().ec2Name()
              + "' is neither 'running' nor 'stopped'.");
    }
    return instance;
  }

  /** An interface that is known by now: a just-created one may not be. */
  NetworkInterface networkInterface(String id) {
    Ids.check(id, "eni", "InvalidNetworkInterfaceId.Malformed");
    return registry
        .findInterface(id)
        .filter(
            eni ->
                Duration.between(eni.created(), clock.instant()).toMillis()
                    >= conditions.settings().useLagMillis())
        .orElseThrow(
            () ->
                new AwsError(
                    "InvalidNetworkInterfaceID.NotFound",
                    "The networkInterface ID '" + id + "' does not exist"));
  }

  /** The interface with an attachment. */
  Attached attachment(String id) {
    Ids.check(id, "eni-attach", "InvalidAttachmentID.Malformed");
    for (NetworkInterface eni : registry.interfaces(0)) {
      Attachment attachment = eni.attachment();
      if (attachment != null && attachment.id().equals(id)) {
        return new Attached(eni, attachment);
      }
    }
    throw new AwsError(
        "InvalidAttachmentID.NotFound", "The interface attachment '" + id + "' does not exist.");
  }

  /** An interface with its attachment, which is there. */
  record Attached(NetworkInterface eni, Attachment attachment) {}

  /** Security groups that may go on an interface together; none named: the account's first. */
  List<String> groupsFor(List<String> ids) {
    if (ids.isEmpty()) {
      return registry.groups().stream().limit(1).map(SecurityGroup::id).toList();
    }
    if (ids.size() > 5) {
      throw new AwsError(
          "SecurityGroupsPerInterfaceLimitExceeded",
          "The maximum number of security groups per interface has been reached.");
    }
    return ids.stream().distinct().map(id -> securityGroup(id).id()).toList();
  }
}
