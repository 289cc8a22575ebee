package io.millpond.simulator.account;

import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.conditions.Settings;
import io.millpond.simulator.model.Attachment;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.NetworkInterface;
import java.util.List;

/**
 * EC2's limits: of the instance type, of an interface, of the account. Under the registry's lock.
 */
final class Quotas {
  private final Registry registry;
  private final Conditions conditions;

  Quotas(Registry registry, Conditions conditions) {
    this.registry = registry;
    this.conditions = conditions;
  }

  /** One more interface in the account. */
  void checkNewInterface() {
    Settings settings = conditions.settings();
    if (registry.interfaces(0).size() >= settings.networkInterfaceLimit()) {
      throw new AwsError(
          "NetworkInterfaceLimitExceeded",
          "The maximum number of network interfaces has been reached.");
    }
  }

  /** So many more addresses or prefixes in the VPC. */
  void checkUsage(int more) {
    int usage = registry.interfaces(0).stream().mapToInt(NetworkInterface::slotsUsed).sum();
    if (usage + (long) more > conditions.settings().addressUsageLimit()) {
      throw new AwsError(
          "NetworkAddressUsageLimitExceeded",
          "The maximum network address usage for the VPC has been reached.");
    }
  }

  /** So many more slots on an interface that is attached or not. */
  void checkSlots(NetworkInterface eni, AddressRequest request) {
    Attachment attachment = eni.attachment();
    if (attachment == null) {
      checkSlots(eni.slotsUsed() + (long) request.slots(), InstanceTypes.MOST_ADDRESSES);
      return;
    }
    Instance instance = registry.findInstance(attachment.instanceId());
    if (instance == null) {
      throw new IllegalStateException("an attachment to no instance: " + attachment);
    }
    InstanceType type = InstanceTypes.named(instance.type());
    checkSlots(eni.slotsUsed() + (long) request.slots(), type.ipv4PerInterface());
    checkPrefixes(type, request.wantsPrefixes());
  }

  void checkSlots(long wanted, int limit) {
    if (wanted > limit) {
      throw new AwsError(
          "PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.");
    }
  }

  /** An interface that is to be attached: the type's interfaces, its slots, the device index. */
  void checkAttach(Instance instance, NetworkInterface eni, int deviceIndex, int card) {
    InstanceType type = InstanceTypes.named(instance.type());
    if (card < 0 || card >= type.interfacesPerCard().size()) {
      throw AwsError.invalidValue(
          "Network card index '" + card + "' is not valid for instance type " + type.name());
    }
    List<Attachment> present =
        registry.interfacesOf(instance.id()).stream()
            .flatMap(other -> java.util.stream.Stream.ofNullable(other.attachment()))
            .toList();
    if (present.stream().anyMatch(a -> a.deviceIndex() == deviceIndex && a.networkCard() == card)) {
      throw AwsError.invalidValue(
          "Instance '"
              + instance.id()
              + "' already has an interface attached at device index '"
              + deviceIndex
              + "'.");
    }
    long onCard = present.stream().filter(a -> a.networkCard() == card).count();
    if (present.size() >= type.maxInterfaces() || onCard >= type.interfacesPerCard().get(card)) {
      throw new AwsError(
          "AttachmentLimitExceeded",
          "Interface count " + (present.size() + 1) + " exceeds the limit for " + type.name());
    }
    checkSlots(eni.slotsUsed(), type.ipv4PerInterface());
    checkPrefixes(type, !eni.prefixes().isEmpty());
  }

  private static void checkPrefixes(InstanceType type, boolean wanted) {
    if (wanted && !type.takesPrefixes()) {
      throw new AwsError(
          "UnsupportedOperation",
          "Instance type " + type.name() + " does not support prefix delegation.");
    }
  }
}
