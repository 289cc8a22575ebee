package io.millpond.eni;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.PoolName;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;

/**
 * Adds an ENI in three calls: Create, Attach, Modify. A lost answer never makes a second one: a
 * repeated Create is known by its client token, a repeated Attach by the ENI. Thread-safe.
 */
final class AddEni {
  private static final Logger log = LoggerFactory.getLogger(AddEni.class);
  private static final int SUBNETS_TRIED = 4;
  private static final int LOOKS = 5;
  private static final Duration FIRST_LOOK = Duration.ofMillis(500);

  private final Ec2Calls calls;
  private final EniLookup lookup;
  private final ReleaseEni release;
  private final Map<PoolName, SubnetChooser> subnets = new ConcurrentHashMap<>();
  private final InstanceIdentity self;
  private final CloudSettings settings;
  private final Supplier<EniPlacement> placement;
  private final Clock clock;

  /** The subnets of the default pool where it is placed otherwise than configured. */
  private volatile @Nullable Placed placed;

  /** Intents that are being made real at this moment. */
  private final Set<String> busy = ConcurrentHashMap.newKeySet();

  /** Attachments of ENIs that would survive the instance. */
  private final Map<EniId, String> owed = new ConcurrentHashMap<>();

  AddEni(
      Ec2Calls calls,
      EniLookup lookup,
      ReleaseEni release,
      InstanceIdentity self,
      CloudSettings settings,
      Supplier<EniPlacement> placement,
      Clock clock) {
    this.calls = calls;
    this.lookup = lookup;
    this.release = release;
    this.self = self;
    this.settings = settings;
    this.placement = placement;
    this.clock = clock;
  }

  private record Placed(EniPlacement.In where, SubnetChooser subnets) {}

  /** Where an ENI is made, chosen once for all its tries. */
  private record Site(SubnetChooser subnets, List<String> groups) {}

  private Site site(PoolName pool) throws CloudException {
    if (!pool.isDefault()) {
      return new Site(subnetsOf(pool), groups(pool));
    }
    return switch (placement.get()) {
      case EniPlacement.AsConfigured _ -> new Site(subnetsOf(pool), groups(pool));
      case EniPlacement.In in ->
          new Site(
              placedIn(in).subnets(),
              in.place().securityGroups().isEmpty()
                  ? self.securityGroups()
                  : in.place().securityGroups());
      case EniPlacement.Nowhere(String why) ->
          throw new CloudException(
              CloudFailure.local(
                  Kind.NO_PLACE, "choosing a subnet for an ENI", "NoEniConfig", why));
    };
  }

  private Placed placedIn(EniPlacement.In in) {
    Placed known = placed;
    if (known == null || !known.where().equals(in)) {
      known =
          new Placed(
              in,
              new SubnetChooser(
                  calls,
                  self,
                  settings,
                  Optional.of(
                      new SubnetChooser.OfPool(in.source(), in.place().subnets(), lookup::knows)),
                  clock));
      placed = known;
    }
    return known;
  }

  /** Whether the ENI is one that is being added at this moment. */
  boolean isBusyWith(NetworkInterface eni) {
    return EniTags.value(eni, EniTags.INTENT).filter(busy::contains).isPresent();
  }

  /** Fails if no ENI of this pool can be made for this node. */
  void check(PoolName pool, Urgency urgency) throws CloudException {
    if (!pool.isDefault()) {
      subnetsOf(pool).check(urgency);
    }
  }

  private SubnetChooser subnetsOf(PoolName pool) throws CloudException {
    SubnetChooser known = subnets.get(pool);
    if (known != null) {
      return known;
    }
    if (!pool.isDefault() && settings.pool(pool).isEmpty()) {
      throw new CloudException(
          CloudFailure.local(
              Kind.INVALID_SUBNET,
              "choosing a subnet for an ENI of pool " + pool,
              "UnknownPool",
              "the settings do not name this pool"));
    }
    return subnets.computeIfAbsent(
        pool,
        _ ->
            new SubnetChooser(
                calls,
                self,
                settings,
                settings
                    .pool(pool)
                    .map(
                        own ->
                            new SubnetChooser.OfPool("pool " + pool, own.subnets(), lookup::knows)),
                clock));
  }

  CloudEni add(PoolName pool, String intent, DeviceIndex device, int addresses, Urgency urgency)
      throws CloudException {
    busy.add(intent);
    try {
      NetworkInterface created = create(pool, intent, addresses, urgency);
      EniId id = EniLookup.id(created);
      CloudEni eni;
      String attachment;
      try {
        eni = lookup.read(created, device, urgency);
        attachment = attach(id, device, urgency);
      } catch (CloudException e) {
        undo(id, e);
        throw e;
      }
      goWithInstance(id, attachment, urgency);
      return eni;
    } finally {
      busy.remove(intent);
    }
  }

  private NetworkInterface create(PoolName pool, String intent, int addresses, Urgency urgency)
      throws CloudException {
    Site site = site(pool);
    SubnetChooser subnets = site.subnets();
    String subnet = subnets.choose(urgency);
    for (int attempt = 1; ; attempt++) {
      try {
        return createIn(pool, site.groups(), subnet, intent, attempt, addresses, urgency);
      } catch (CloudException e) {
        if (e.failure().kind() != Kind.SUBNET_EXHAUSTED) {
          throw e;
        }
        subnets.wasExhausted(subnet);
        Optional<String> other = subnets.another(urgency);
        if (other.isEmpty() || attempt == SUBNETS_TRIED) {
          throw e;
        }
        log.warn("{} has no free addresses; trying {}", subnet, other.get());
        subnet = other.get();
      }
    }
  }

  private List<String> groups(PoolName pool) {
    List<String> own = settings.pool(pool).map(EniPool::securityGroups).orElse(List.of());
    if (!own.isEmpty()) {
      return own;
    }
    return settings.securityGroups().isEmpty() ? self.securityGroups() : settings.securityGroups();
  }

  private NetworkInterface createIn(
      PoolName pool,
      List<String> groups,
      String subnet,
      String intent,
      int attempt,
      int addresses,
      Urgency urgency)
      throws CloudException {
    // Made once: the same token with other parameters, such as a later createdAt, is refused.
    CreateNetworkInterfaceRequest request =
        CreateNetworkInterfaceRequest.builder()
            .subnetId(subnet)
            .groups(groups)
            .description(EniTags.DESCRIPTION + self.instanceId())
            .clientToken(attempt == 1 ? intent : intent + "." + attempt)
            .secondaryPrivateIpAddressCount(addresses == 0 ? null : addresses)
            .tagSpecifications(
                EniTags.of(pool, intent, self.instanceId(), settings, clock.instant()))
            .build();
    try {
      return calls
          .repeatable(
              Action.CREATE,
              urgency,
              "creating an ENI with " + addresses + " addresses in " + subnet,
              ec2 -> ec2.createNetworkInterface(request))
          .networkInterface();
    } catch (CloudException e) {
      return createdAnyway(intent, e, urgency);
    }
  }

  private NetworkInterface createdAnyway(String intent, CloudException e, Urgency urgency)
      throws CloudException {
    if (e.failure().effectUnknown() || e.failure().code().equals("IdempotentParameterMismatch")) {
      try {
        Optional<NetworkInterface> made = lookup.byIntent(intent, urgency);
        if (made.isPresent()) {
          return made.get();
        }
      } catch (CloudException unknown) {
        e.addSuppressed(unknown);
      }
    }
    throw e;
  }

  /** The attachment's id. */
  private String attach(EniId eni, DeviceIndex device, Urgency urgency) throws CloudException {
    String what = "attaching " + eni + " as device " + device + " of " + self.instanceId();
    try {
      // Repeatable: an ENI can be attached only once, and EC2 says so at once.
      return whenVisible(
          what,
          () ->
              calls
                  .repeatable(
                      Action.ATTACH,
                      urgency,
                      what,
                      ec2 ->
                          ec2.attachNetworkInterface(
                              r ->
                                  r.networkInterfaceId(eni.value())
                                      .instanceId(self.instanceId())
                                      .deviceIndex(device.index())
                                      .networkCardIndex(device.card() == 0 ? null : device.card())))
                  .attachmentId());
    } catch (CloudException e) {
      if (e.failure().effectUnknown() || e.failure().kind() == Kind.IN_USE) {
        return attachedAnyway(eni, e, urgency);
      }
      throw e;
    }
  }

  /** A lost answer, or "in use" after one. Describes lag, so one look is not enough. */
  private String attachedAnyway(EniId eni, CloudException e, Urgency urgency)
      throws CloudException {
    Duration wait = FIRST_LOOK;
    for (int look = 1; look <= LOOKS; look++) {
      Optional<NetworkInterface> now = lookup.find(eni, urgency);
      if (now.isPresent() && now.get().attachment() != null) {
        if (self.instanceId().equals(now.get().attachment().instanceId())) {
          return now.get().attachment().attachmentId();
        }
        throw e;
      }
      calls.pause(wait, e.failure().attempted());
      wait = wait.multipliedBy(2);
    }
    CloudFailure seen = e.failure();
    throw new CloudException(
        new CloudFailure(
            Kind.NO_ANSWER,
            seen.attempted(),
            seen.action(),
            seen.code(),
            seen.message(),
            seen.requestId()));
  }

  private interface Work {
    String run() throws CloudException;
  }

  /** A new ENI may be unknown to EC2's other calls for some seconds. */
  private String whenVisible(String what, Work work) throws CloudException {
    Duration wait = FIRST_LOOK;
    for (int attempt = 1; ; attempt++) {
      try {
        return work.run();
      } catch (CloudException e) {
        if (e.failure().kind() != Kind.NOT_FOUND || attempt == LOOKS) {
          throw e;
        }
      }
      calls.pause(wait, what);
      wait = wait.multipliedBy(2);
    }
  }

  /** Deletes what could not be attached; if it may be attached after all, it stays for a look. */
  private void undo(EniId eni, CloudException because) {
    if (because.failure().effectUnknown()) {
      return;
    }
    try {
      release.delete(eni);
    } catch (CloudException e) {
      because.addSuppressed(e);
      log.warn("{} stays behind until EC2 is tidied: {}", eni, e.failure().reason());
    }
  }

  /** ENIs that do not go with the instance yet, with their attachments. */
  Map<EniId, String> owed() {
    return Map.copyOf(owed);
  }

  /** The ENI is on its way out. */
  void forget(EniId eni) {
    owed.remove(eni);
  }

  /**
   * Has EC2 delete the ENI with the instance. It works without that, so a failure is logged and the
   * call owed: {@link CloudEnis#tidy} makes it again, or a later run's {@link CloudEnis#attached}.
   */
  void goWithInstance(EniId eni, String attachment, Urgency urgency) {
    String what = "making " + eni + " go with the instance";
    try {
      whenVisible(
          what,
          () ->
              calls
                  .repeatable(
                      Action.MODIFY,
                      urgency,
                      what,
                      ec2 ->
                          ec2.modifyNetworkInterfaceAttribute(
                              r ->
                                  r.networkInterfaceId(eni.value())
                                      .attachment(
                                          a ->
                                              a.attachmentId(attachment)
                                                  .deleteOnTermination(true))))
                  .toString());
      owed.remove(eni);
    } catch (CloudException e) {
      if (e.failure().kind() == Kind.NOT_FOUND) {
        owed.remove(eni);
        return;
      }
      owed.put(eni, attachment);
      log.warn(
          "{} would stay in the account when this instance ends; tried again later: {}",
          eni,
          e.failure().reason());
    }
  }
}
