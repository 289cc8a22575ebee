package io.millpond.eni;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.NetworkInterfaceAttachment;
import software.amazon.awssdk.services.ec2.model.Subnet;

/** Reads ENIs: asks EC2 and turns its answers into ours. Thread-safe. */
final class EniLookup {
  private static final int MOST = 10_000;

  /** Kinds of interfaces that carry no addresses for pods. */
  private static final Set<String> NOT_FOR_PODS = Set.of("efa-only", "trunk");

  private final Ec2Calls calls;
  private final InstanceIdentity self;

  /** Of subnets; they never change. */
  private final Map<String, Prefix> prefixes = new ConcurrentHashMap<>();

  EniLookup(Ec2Calls calls, InstanceIdentity self, Map<String, Prefix> subnets) {
    this.calls = calls;
    this.self = self;
    prefixes.putAll(subnets);
  }

  /** Those that are attached to this instance, about to be, or just being detached. */
  List<NetworkInterface> attached(Urgency urgency) throws CloudException {
    return describe(
            urgency,
            "describing the ENIs of " + self.instanceId(),
            filter("attachment.instance-id", self.instanceId()))
        .stream()
        .filter(eni -> eni.attachment() != null)
        .toList();
  }

  /** Whether it is being detached. */
  static boolean leaving(NetworkInterfaceAttachment attachment) {
    return switch (attachment.status()) {
      case DETACHING, DETACHED -> true;
      case ATTACHING, ATTACHED, UNKNOWN_TO_SDK_VERSION -> false;
    };
  }

  /** Those that were created for this instance and are attached to nothing. */
  List<NetworkInterface> unattached() throws CloudException {
    return describe(
        Urgency.RELEASE,
        "looking for unattached ENIs of " + self.instanceId(),
        filter("tag:" + EniTags.INSTANCE, self.instanceId()),
        filter("status", "available"));
  }

  Optional<NetworkInterface> find(EniId eni, Urgency urgency) throws CloudException {
    return describe(urgency, "looking at " + eni, filter("network-interface-id", eni.value()))
        .stream()
        .findFirst();
  }

  /** The one that was created under an intent. */
  Optional<NetworkInterface> byIntent(String intent, Urgency urgency) throws CloudException {
    return describe(
            urgency,
            "looking for the ENI of intent " + intent,
            filter("tag:" + EniTags.INTENT, intent),
            filter("tag:" + EniTags.INSTANCE, self.instanceId()))
        .stream()
        .findFirst();
  }

  private List<NetworkInterface> describe(Urgency urgency, String what, Filter... filters)
      throws CloudException {
    List<NetworkInterface> all = new ArrayList<>();
    String next = null;
    do {
      String page = next;
      var answer =
          calls.repeatable(
              Action.DESCRIBE_INTERFACES,
              urgency,
              what,
              ec2 -> ec2.describeNetworkInterfaces(r -> r.filters(filters).nextToken(page)));
      all.addAll(answer.networkInterfaces());
      next = answer.nextToken();
    } while (next != null && !next.isEmpty() && all.size() < MOST);
    return all;
  }

  private static Filter filter(String name, String value) {
    return Filter.builder().name(name).values(value).build();
  }

  static EniId id(NetworkInterface eni) {
    return new EniId(eni.networkInterfaceId());
  }

  /** An attached ENI. */
  CloudEni read(NetworkInterface eni, Urgency urgency) throws CloudException {
    NetworkInterfaceAttachment attachment = eni.attachment();
    int card = attachment.networkCardIndex() == null ? 0 : attachment.networkCardIndex();
    return read(eni, card, attachment.deviceIndex(), urgency);
  }

  CloudEni read(NetworkInterface eni, DeviceIndex device, Urgency urgency) throws CloudException {
    return read(eni, device.card(), device.index(), urgency);
  }

  private CloudEni read(NetworkInterface eni, int card, int device, Urgency urgency)
      throws CloudException {
    Prefix subnet = prefix(eni.subnetId(), urgency);
    Optional<PoolName> pool =
        device == 0 && card == 0 ? Optional.of(PoolName.DEFAULT) : EniTags.pool(eni);
    try {
      return new CloudEni(
          id(eni),
          new DeviceIndex(card, device),
          MacAddress.parse(String.valueOf(eni.macAddress())),
          IpAddress.parse(String.valueOf(eni.privateIpAddress())),
          subnet,
          pool,
          !EniTags.handsOff(eni)
              && pool.isPresent()
              && !NOT_FOR_PODS.contains(String.valueOf(eni.interfaceTypeAsString())),
          secondary(eni));
    } catch (IllegalArgumentException e) {
      throw new CloudException(
          CloudFailure.local(
              Kind.UNEXPECTED,
              "reading what EC2 says of " + eni.networkInterfaceId(),
              "Unreadable",
              String.valueOf(e.getMessage())));
    }
  }

  static SortedSet<IpAddress> secondary(NetworkInterface eni) {
    SortedSet<IpAddress> addresses = new TreeSet<>();
    eni.privateIpAddresses().stream()
        .filter(address -> !Boolean.TRUE.equals(address.primary()))
        .forEach(address -> addresses.add(IpAddress.parse(address.privateIpAddress())));
    return addresses;
  }

  /** A subnet that EC2 has described need not be asked for. */
  void knows(Subnet subnet) {
    prefixes.put(subnet.subnetId(), Prefix.parse(subnet.cidrBlock()));
  }

  private Prefix prefix(String subnet, Urgency urgency) throws CloudException {
    Prefix known = prefixes.get(subnet);
    if (known != null) {
      return known;
    }
    Optional<Subnet> found =
        calls
            .repeatable(
                Action.DESCRIBE_SUBNETS,
                urgency,
                "describing " + subnet,
                ec2 -> ec2.describeSubnets(r -> r.subnetIds(subnet)))
            .subnets()
            .stream()
            .findFirst();
    if (found.isEmpty()) {
      throw new CloudException(
          CloudFailure.local(
              Kind.INVALID_SUBNET, "describing " + subnet, "Empty", "EC2 does not know it"));
    }
    knows(found.get());
    return Prefix.parse(found.get().cidrBlock());
  }
}
