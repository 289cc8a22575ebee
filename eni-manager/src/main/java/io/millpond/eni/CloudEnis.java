package io.millpond.eni;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.eni.CloudResult.Failed;
import io.millpond.eni.CloudResult.Success;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.AssignPrivateIpAddressesResponse;
import software.amazon.awssdk.services.ec2.model.AssignedPrivateIpAddress;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.NetworkInterfaceStatus;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.Tag;
import software.amazon.awssdk.services.ec2.model.TagSpecification;

/**
 * The ENIs of this instance in EC2. Every method blocks until EC2 has answered or its time is over.
 * Thread-safe; two calls that change the same ENI must not overlap.
 *
 * <p>An ENI is added in three calls: Create with addresses, tags and the intent as client token;
 * Attach; Modify, so that it goes with the instance. One call grows or shrinks one.
 */
public final class CloudEnis implements AutoCloseable {
  /** The tag with the intent under which an ENI was created. */
  public static final String INTENT_TAG = "millpond.io/intent";

  static final String INSTANCE_TAG = "node.k8s.amazonaws.com/instance_id";
  static final String CREATED_TAG = "node.k8s.amazonaws.com/createdAt";
  static final String CLUSTER_TAG = "cluster.k8s.amazonaws.com/name";
  static final String NO_MANAGE_TAG = "node.k8s.amazonaws.com/no_manage";

  /** An unattached ENI of ours that is younger may be one that is just being added. */
  private static final Duration ORPHAN_AGE = Duration.ofMinutes(2);

  private static final Duration DETACH_WAIT = Duration.ofSeconds(60);
  private static final long POLL_MILLIS = 1000;

  private final Ec2Calls calls;
  private final InstanceIdentity self;
  private final CloudSettings settings;
  private final SubnetChooser subnets;
  private final Clock clock;
  private final Map<String, Prefix> prefixes = new ConcurrentHashMap<>();
  private final Map<EniId, String> attachments = new ConcurrentHashMap<>();

  /**
   * @param subnet the prefix of the primary ENI's subnet
   */
  public CloudEnis(
      Ec2Client client,
      CallBudget budget,
      InstanceIdentity self,
      Prefix subnet,
      CloudSettings settings,
      Clock clock) {
    this.calls = new Ec2Calls(client, budget);
    this.self = self;
    this.settings = settings;
    this.subnets = new SubnetChooser(calls, self, settings);
    this.clock = clock;
    prefixes.put(self.subnetId(), subnet);
  }

  /** A client with the settings' endpoint and time limits, and no retries of its own. */
  public static Ec2Client client(CloudSettings settings, String region) {
    return Ec2Calls.client(settings, region);
  }

  private interface Work<T> {
    T run() throws CloudException;
  }

  private static <T> CloudResult<T> result(Work<T> work) {
    try {
      return new Success<>(work.run());
    } catch (CloudException e) {
      return new Failed<>(e.failure());
    }
  }

  /** The ENIs that are attached to this instance: one filtered call. */
  public CloudResult<List<CloudEni>> attached(Urgency urgency) {
    return result(
        () -> {
          List<CloudEni> enis = new ArrayList<>();
          for (NetworkInterface eni :
              describe(
                  urgency,
                  "describing the ENIs of " + self.instanceId(),
                  filter("attachment.instance-id", self.instanceId()))) {
            if (eni.attachment() != null
                && ("attached".equals(eni.attachment().statusAsString())
                    || eni.attachment().deviceIndex() == 0)) {
              attachments.put(id(eni), eni.attachment().attachmentId());
              enis.add(cloudEni(eni, urgency));
            }
          }
          return enis;
        });
  }

  private List<NetworkInterface> describe(Urgency urgency, String what, Filter... filters)
      throws CloudException {
    List<NetworkInterface> all = new ArrayList<>();
    String[] next = new String[1];
    do {
      var page =
          calls.repeatable(
              Action.DESCRIBE,
              urgency,
              what,
              ec2 -> ec2.describeNetworkInterfaces(r -> r.filters(filters).nextToken(next[0])));
      all.addAll(page.networkInterfaces());
      next[0] = page.nextToken();
    } while (next[0] != null && !next[0].isEmpty() && all.size() < 10_000);
    return all;
  }

  private static Filter filter(String name, String... values) {
    return Filter.builder().name(name).values(values).build();
  }

  private static EniId id(NetworkInterface eni) {
    return new EniId(eni.networkInterfaceId());
  }

  private CloudEni cloudEni(NetworkInterface eni, Urgency urgency) throws CloudException {
    DeviceIndex device =
        eni.attachment() == null
            ? DeviceIndex.PRIMARY
            : new DeviceIndex(
                eni.attachment().networkCardIndex() == null
                    ? 0
                    : eni.attachment().networkCardIndex(),
                eni.attachment().deviceIndex());
    return cloudEni(eni, device, urgency);
  }

  private CloudEni cloudEni(NetworkInterface eni, DeviceIndex device, Urgency urgency)
      throws CloudException {
    Set<IpAddress> secondary = new TreeSet<>();
    eni.privateIpAddresses().stream()
        .filter(address -> !Boolean.TRUE.equals(address.primary()))
        .forEach(address -> secondary.add(IpAddress.parse(address.privateIpAddress())));
    boolean managed =
        eni.tagSet().stream()
                .noneMatch(t -> t.key().equals(NO_MANAGE_TAG) && !"false".equals(t.value()))
            && !"efa-only".equals(eni.interfaceTypeAsString())
            && !"trunk".equals(eni.interfaceTypeAsString());
    return new CloudEni(
        id(eni),
        device,
        io.millpond.pool.value.MacAddress.parse(eni.macAddress()),
        IpAddress.parse(eni.privateIpAddress()),
        prefix(eni.subnetId(), urgency),
        managed,
        new TreeSet<>(secondary));
  }

  private Prefix prefix(String subnet, Urgency urgency) throws CloudException {
    Prefix known = prefixes.get(subnet);
    if (known != null) {
      return known;
    }
    Prefix found =
        Prefix.parse(
            calls
                .repeatable(
                    Action.DESCRIBE,
                    urgency,
                    "describing " + subnet,
                    ec2 -> ec2.describeSubnets(r -> r.subnetIds(subnet)))
                .subnets()
                .getFirst()
                .cidrBlock());
    prefixes.put(subnet, found);
    return found;
  }

  /**
   * Adds an ENI. If it cannot be finished, what was begun is taken back, or left for {@link #tidy}
   * where even that fails.
   *
   * @param intent names this wish: the same one never makes two ENIs
   * @param addresses secondary ones
   */
  public CloudResult<CloudEni> add(
      String intent, DeviceIndex device, int addresses, Urgency urgency) {
    return result(
        () -> {
          NetworkInterface created = create(intent, addresses, urgency);
          EniId eni = id(created);
          try {
            attach(eni, device, urgency);
            return cloudEni(created, device, urgency);
          } catch (CloudException e) {
            if (!e.failure().effectUnknown()) {
              delete(eni);
            }
            throw e;
          }
        });
  }

  private NetworkInterface create(String intent, int addresses, Urgency urgency)
      throws CloudException {
    String subnet = subnets.choose(urgency);
    List<String> groups =
        settings.securityGroups().isEmpty() ? self.securityGroups() : settings.securityGroups();
    try {
      // Repeatable: the client token makes a second call answer with the ENI of the first.
      return calls
          .repeatable(
              Action.CREATE,
              urgency,
              "creating an ENI with " + addresses + " addresses in " + subnet,
              ec2 ->
                  ec2.createNetworkInterface(
                      r ->
                          r.subnetId(subnet)
                              .groups(groups)
                              .description("millpond-" + self.instanceId())
                              .clientToken(intent)
                              .secondaryPrivateIpAddressCount(addresses)
                              .tagSpecifications(tags(intent))))
          .networkInterface();
    } catch (CloudException e) {
      if (e.failure().kind() == Kind.SUBNET_EXHAUSTED) {
        subnets.wasExhausted(subnet);
      }
      throw e;
    }
  }

  private TagSpecification tags(String intent) {
    List<Tag> tags = new ArrayList<>();
    tags.add(tag(INTENT_TAG, intent));
    tags.add(tag(INSTANCE_TAG, self.instanceId()));
    tags.add(tag(CREATED_TAG, clock.instant().toString()));
    if (!settings.cluster().isEmpty()) {
      tags.add(tag(CLUSTER_TAG, settings.cluster()));
    }
    return TagSpecification.builder()
        .resourceType(ResourceType.NETWORK_INTERFACE)
        .tags(tags)
        .build();
  }

  private static Tag tag(String key, String value) {
    return Tag.builder().key(key).value(value).build();
  }

  private void attach(EniId eni, DeviceIndex device, Urgency urgency) throws CloudException {
    String attachment;
    try {
      attachment =
          retryNotFound(
              () ->
                  calls
                      .single(
                          Action.ATTACH,
                          urgency,
                          "attaching " + eni + " as device " + device + " of " + self.instanceId(),
                          ec2 ->
                              ec2.attachNetworkInterface(
                                  r -> {
                                    r.networkInterfaceId(eni.value())
                                        .instanceId(self.instanceId())
                                        .deviceIndex(device.index());
                                    if (device.card() > 0) {
                                      r.networkCardIndex(device.card());
                                    }
                                  }))
                      .attachmentId());
    } catch (CloudException e) {
      attachment = attachmentAnyway(eni, e, urgency);
    }
    attachments.put(eni, attachment);
    String known = attachment;
    calls.repeatable(
        Action.MODIFY,
        urgency,
        "making " + eni + " go with the instance",
        ec2 ->
            ec2.modifyNetworkInterfaceAttribute(
                r ->
                    r.networkInterfaceId(eni.value())
                        .attachment(a -> a.attachmentId(known).deleteOnTermination(true))));
  }

  /** A lost answer, or "in use" after one: EC2 knows whether it is attached to us. */
  private String attachmentAnyway(EniId eni, CloudException e, Urgency urgency)
      throws CloudException {
    if (!e.failure().effectUnknown() && e.failure().kind() != Kind.IN_USE) {
      throw e;
    }
    Optional<NetworkInterface> now = find(eni, urgency);
    if (now.isPresent()
        && now.get().attachment() != null
        && self.instanceId().equals(now.get().attachment().instanceId())) {
      return now.get().attachment().attachmentId();
    }
    throw e;
  }

  /** A new ENI may be unknown to EC2's other calls for some seconds. */
  private static <T> T retryNotFound(Work<T> work) throws CloudException {
    for (int attempt = 1; ; attempt++) {
      try {
        return work.run();
      } catch (CloudException e) {
        if (e.failure().kind() != Kind.NOT_FOUND || attempt == 5) {
          throw e;
        }
        Ec2Calls.pause(300L << attempt);
      }
    }
  }

  private Optional<NetworkInterface> find(EniId eni, Urgency urgency) throws CloudException {
    return describe(urgency, "looking at " + eni, filter("network-interface-id", eni.value()))
        .stream()
        .findFirst();
  }

  /** Assigns more secondary addresses: the new ones. */
  public CloudResult<Set<IpAddress>> assign(
      EniId eni, int count, Set<IpAddress> present, Urgency urgency) {
    return result(
        () -> {
          AssignPrivateIpAddressesResponse answer =
              calls.single(
                  Action.ASSIGN,
                  urgency,
                  "assigning " + count + " addresses to " + eni,
                  ec2 ->
                      ec2.assignPrivateIpAddresses(
                          r ->
                              r.networkInterfaceId(eni.value())
                                  .secondaryPrivateIpAddressCount(count)));
          Set<IpAddress> added = new TreeSet<>();
          for (AssignedPrivateIpAddress address : answer.assignedPrivateIpAddresses()) {
            added.add(IpAddress.parse(address.privateIpAddress()));
          }
          // Some emulators answer with all addresses of the ENI.
          added.removeAll(present);
          return added;
        });
  }

  /** Unassigns addresses; those that are gone already are fine. */
  public CloudResult<Boolean> unassign(EniId eni, Collection<IpAddress> addresses) {
    return result(
        () -> {
          calls.repeatable(
              Action.UNASSIGN,
              Urgency.RELEASE,
              "unassigning " + addresses.size() + " addresses from " + eni,
              ec2 ->
                  ec2.unassignPrivateIpAddresses(
                      r ->
                          r.networkInterfaceId(eni.value())
                              .privateIpAddresses(
                                  addresses.stream().map(IpAddress::toString).toList())));
          return true;
        });
  }

  /** Detaches and deletes an ENI; one that is gone already is fine. */
  public CloudResult<Boolean> release(EniId eni) {
    return result(
        () -> {
          String attachment = attachments.get(eni);
          if (attachment == null) {
            Optional<NetworkInterface> now = find(eni, Urgency.RELEASE);
            if (now.isEmpty()) {
              return true;
            }
            attachment =
                now.get().attachment() == null ? null : now.get().attachment().attachmentId();
          }
          if (attachment != null) {
            detach(eni, attachment);
            awaitAvailable(eni, clock.instant().plus(DETACH_WAIT));
          }
          delete(eni);
          attachments.remove(eni);
          return true;
        });
  }

  private void detach(EniId eni, String attachment) throws CloudException {
    try {
      calls.repeatable(
          Action.DETACH,
          Urgency.RELEASE,
          "detaching " + eni,
          ec2 -> ec2.detachNetworkInterface(r -> r.attachmentId(attachment)));
    } catch (CloudException e) {
      if (e.failure().kind() != Kind.NOT_FOUND && e.failure().kind() != Kind.INCORRECT_STATE) {
        throw e;
      }
    }
  }

  /**
   * Deletes an ENI. While a detach is under way EC2 answers that it is in use; giving up then would
   * leak it, so it is asked again, after a look at its status that costs less.
   */
  private void delete(EniId eni) throws CloudException {
    Instant end = clock.instant().plus(DETACH_WAIT);
    while (true) {
      try {
        calls.repeatable(
            Action.DELETE,
            Urgency.RELEASE,
            "deleting " + eni,
            ec2 -> ec2.deleteNetworkInterface(r -> r.networkInterfaceId(eni.value())));
        return;
      } catch (CloudException e) {
        if (e.failure().kind() == Kind.NOT_FOUND) {
          return;
        }
        if (e.failure().kind() != Kind.IN_USE || clock.instant().isAfter(end)) {
          throw e;
        }
      }
      awaitAvailable(eni, end);
    }
  }

  private void awaitAvailable(EniId eni, Instant end) throws CloudException {
    while (clock.instant().isBefore(end)) {
      Ec2Calls.pause(POLL_MILLIS);
      Optional<NetworkInterface> now = find(eni, Urgency.RELEASE);
      if (now.isEmpty() || now.get().status() == NetworkInterfaceStatus.AVAILABLE) {
        return;
      }
    }
  }

  /**
   * Deletes the ENIs that an earlier run of this node created and never attached: one filtered
   * call, and one for each.
   *
   * @return what was done, for people
   */
  public CloudResult<List<String>> tidy() {
    return result(
        () -> {
          List<String> done = new ArrayList<>();
          for (NetworkInterface eni :
              describe(
                  Urgency.RELEASE,
                  "looking for unattached ENIs of " + self.instanceId(),
                  filter("tag:" + INSTANCE_TAG, self.instanceId()),
                  filter("status", "available"))) {
            boolean ours =
                eni.tagSet().stream().anyMatch(t -> t.key().equals(INTENT_TAG))
                    && String.valueOf(eni.description()).startsWith("millpond-");
            if (ours && old(eni)) {
              delete(id(eni));
              done.add(
                  "deleted " + eni.networkInterfaceId() + ", which was created and never attached");
            }
          }
          return done;
        });
  }

  private boolean old(NetworkInterface eni) {
    return eni.tagSet().stream()
        .filter(t -> t.key().equals(CREATED_TAG))
        .findFirst()
        .map(
            t -> {
              try {
                return Instant.parse(t.value()).plus(ORPHAN_AGE).isBefore(clock.instant());
              } catch (java.time.format.DateTimeParseException e) {
                return false;
              }
            })
        .orElse(false);
  }

  /** What EC2 says an instance type allows: for a type that the bundled table lacks. */
  public CloudResult<InstanceLimits> limits(String type) {
    return result(
        () -> {
          var network =
              calls
                  .repeatable(
                      Action.DESCRIBE,
                      Urgency.WARM_UP,
                      "describing the instance type " + type,
                      ec2 -> ec2.describeInstanceTypes(r -> r.instanceTypesWithStrings(type)))
                  .instanceTypes()
                  .getFirst()
                  .networkInfo();
          return new InstanceLimits(
              network.maximumNetworkInterfaces(), network.ipv4AddressesPerInterface());
        });
  }

  @Override
  public void close() {
    calls.close();
  }
}
