package io.millpond.simulator.control;

import io.millpond.simulator.account.NewInstance;
import io.millpond.simulator.conditions.Outage;
import io.millpond.simulator.conditions.RateLimit;
import io.millpond.simulator.conditions.Throttle;
import io.millpond.simulator.model.Ipv4;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The JSON bodies that the control API takes. A field that is not here is refused. */
final class Requests {
  private Requests() {}

  /** Of {@code PUT /v1/outage}; a service that is not named stays as it is. */
  record Outages(@Nullable Outage ec2, @Nullable Outage imds) {}

  /** Of {@code PUT} and {@code PATCH /v1/throttle}: one of both. */
  record Buckets(@Nullable String preset, @Nullable Map<String, RateLimit> buckets) {
    Map<String, RateLimit> limits() {
      if (buckets != null && preset == null) {
        return buckets;
      }
      return switch (preset) {
        case "aws" -> Throttle.aws();
        case "off" -> Map.of();
        case null, default ->
            throw new IllegalArgumentException(
                "\"preset\" (\"aws\" or \"off\") or \"buckets\" is wanted");
      };
    }
  }

  /** Of {@code POST /v1/instances}. */
  record Launch(
      @Nullable String id,
      @Nullable String name,
      @Nullable String type,
      @Nullable String subnet,
      @Nullable Ipv4 address,
      @Nullable List<String> securityGroups,
      @Nullable String netns,
      @Nullable Map<String, String> tags,
      int imdsPort) {
    NewInstance toInstance() {
      if (name == null || type == null || subnet == null) {
        throw new IllegalArgumentException("\"name\", \"type\" and \"subnet\" are wanted");
      }
      return new NewInstance(
          id,
          name,
          type,
          subnet,
          address,
          securityGroups == null ? List.of() : securityGroups,
          netns == null ? name : netns,
          new TreeMap<>(tags == null ? Map.of() : tags));
    }
  }

  /** Of {@code POST /v1/instances/…/interfaces}. */
  record AddInterface(@Nullable String subnet, int secondaryAddresses) {}

  /** Of {@code PUT /v1/instances/…/metadata}: an empty text makes the path answer 404. */
  record Overlay(@Nullable String path, @Nullable String text) {}
}
