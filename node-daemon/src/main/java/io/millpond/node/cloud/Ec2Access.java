package io.millpond.node.cloud;

import static java.util.stream.Collectors.toUnmodifiableMap;

import io.millpond.eni.CallBudget;
import io.millpond.eni.CloudEnis;
import io.millpond.eni.CloudSettings;
import io.millpond.eni.EniPlacement;
import io.millpond.eni.EniPool;
import io.millpond.eni.InstanceIdentity;
import io.millpond.eni.InstanceLimits;
import io.millpond.eni.InstanceMetadata;
import io.millpond.eni.Sleeper;
import io.millpond.node.cloud.Cloud.Failure;
import io.millpond.node.cloud.Cloud.Result;
import io.millpond.node.cloud.Cloud.Success;
import io.millpond.node.http.Metrics;
import io.millpond.node.settings.Settings;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** This instance, by its metadata service. */
public final class Ec2Access implements CloudAccess {
  private static final Duration METADATA_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration RETRY = Duration.ofSeconds(2);

  private final Settings.Cloud settings;
  private final Supplier<EniPlacement> placement;
  private final Map<PoolName, EniPool> pools;
  private final Metrics metrics;
  private final InstanceMetadata metadata;

  /** One for the process: opening again grants no new calls. */
  private final CallBudget budget = new CallBudget(System::nanoTime);

  /** Access with these settings; they say where ENIs are made. */
  public Ec2Access(Settings.Cloud settings, Metrics metrics) {
    this(settings, () -> EniPlacement.AS_CONFIGURED, metrics);
  }

  /**
   * Access with these settings.
   *
   * @param placement where ENIs of the default pool are made; asked for each, by any thread
   */
  public Ec2Access(Settings.Cloud settings, Supplier<EniPlacement> placement, Metrics metrics) {
    this.settings = settings;
    this.placement = placement;
    this.pools =
        settings.pools().entrySet().stream()
            .collect(
                toUnmodifiableMap(
                    Map.Entry::getKey,
                    pool ->
                        new EniPool(pool.getValue().subnets(), pool.getValue().securityGroups())));
    this.metrics = metrics;
    this.metadata = new InstanceMetadata(settings.metadataEndpoint(), METADATA_TIMEOUT);
  }

  @Override
  public Result<Opened> open() {
    try {
      InstanceIdentity self = metadata.identity();
      Map<String, Prefix> subnets = metadata.subnets();
      if (!subnets.containsKey(self.subnetId())) {
        return failure("the instance metadata shows no primary ENI yet");
      }
      CloudSettings forEnis =
          new CloudSettings(
              settings.ec2Endpoint(),
              Optional.of(settings.metadataEndpoint()),
              settings.clusterName().orElse(""),
              settings.subnets(),
              settings.securityGroups(),
              settings.eniTags(),
              CALL_TIMEOUT,
              pools);
      CloudEnis enis =
          new CloudEnis(
              CloudEnis.client(forEnis, self.region()),
              budget,
              self,
              subnets,
              forEnis,
              placement,
              Clock.systemUTC(),
              Sleeper.REAL,
              call -> metrics.cloudCall(call.action(), call.outcome(), call.took()));
      return limits(self, enis);
    } catch (IOException e) {
      return failure(
          "the instance metadata service at "
              + settings.metadataEndpoint()
              + " does not answer: "
              + e.getMessage());
    } catch (IllegalArgumentException e) {
      return failure("the instance metadata cannot be read: " + e.getMessage());
    }
  }

  private static <T> Failure<T> failure(String reason) {
    return new Failure<>(
        false,
        reason,
        "look at the instance's metadata options (HttpTokens, HttpPutResponseHopLimit)",
        RETRY);
  }

  private Result<Opened> limits(InstanceIdentity self, CloudEnis enis) {
    Optional<InstanceLimits> known = InstanceLimits.of(self.instanceType());
    Result<InstanceLimits> limits =
        known.isPresent()
            ? new Success<>(known.get())
            : Ec2Cloud.map(enis.limits(self.instanceType()), found -> found);
    return switch (limits) {
      case Failure<InstanceLimits> failure -> {
        enis.close();
        yield failure.as();
      }
      case Success<InstanceLimits>(InstanceLimits allowed) ->
          new Success<>(
              new Opened(
                  new Identity(
                      self.instanceId(),
                      self.instanceType(),
                      self.zone(),
                      self.address(),
                      self.vpcPrefixes()),
                  new PoolLimits(allowed.enis(), allowed.addressesPerEni()),
                  new Ec2Cloud(enis, metadata)));
    };
  }
}
