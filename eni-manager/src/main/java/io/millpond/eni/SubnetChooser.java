package io.millpond.eni;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.ec2.model.Tag;

/**
 * Which subnet a new ENI stands in: one that the settings name; else one of the zone that is tagged
 * {@code kubernetes.io/role/cni=1} and not for another cluster; else the primary ENI's. Of several,
 * the one with most free addresses that was not found exhausted lately. Thread-safe.
 */
final class SubnetChooser {
  private static final String ROLE = "kubernetes.io/role/cni";
  private static final String CLUSTER = "cni.networking.k8s.aws/cluster/";
  private static final String KEY = "subnets";

  private final Ec2Calls calls;
  private final InstanceIdentity self;
  private final CloudSettings settings;
  private final Cache<String, List<Subnet>> known =
      Caffeine.newBuilder().expireAfterWrite(Duration.ofMinutes(10)).build();
  private final Cache<String, Boolean> exhausted =
      Caffeine.newBuilder().expireAfterWrite(Duration.ofMinutes(2)).build();

  SubnetChooser(Ec2Calls calls, InstanceIdentity self, CloudSettings settings) {
    this.calls = calls;
    this.self = self;
    this.settings = settings;
  }

  /** The subnet for the next ENI. The common case, no choice configured, costs no call. */
  String choose(Urgency urgency) throws CloudException {
    if (settings.subnets().size() == 1) {
      return settings.subnets().getFirst();
    }
    if (settings.subnets().isEmpty() && exhausted.getIfPresent(self.subnetId()) == null) {
      return self.subnetId();
    }
    List<Subnet> subnets = known.getIfPresent(KEY);
    if (subnets == null) {
      subnets = describe(urgency);
      known.put(KEY, subnets);
    }
    return subnets.stream()
        .filter(subnet -> exhausted.getIfPresent(subnet.subnetId()) == null)
        .max(Comparator.comparing(Subnet::availableIpAddressCount))
        .map(Subnet::subnetId)
        .orElse(self.subnetId());
  }

  private List<Subnet> describe(Urgency urgency) throws CloudException {
    return calls
        .repeatable(
            Action.DESCRIBE,
            urgency,
            "describing the subnets of " + self.vpcId() + " in " + self.zone(),
            ec2 ->
                ec2.describeSubnets(
                    r ->
                        r.filters(
                            filter("vpc-id", self.vpcId()),
                            filter("availability-zone", self.zone()))))
        .subnets()
        .stream()
        .filter(this::suits)
        .toList();
  }

  private static Filter filter(String name, String value) {
    return Filter.builder().name(name).values(value).build();
  }

  private boolean suits(Subnet subnet) {
    if (!settings.subnets().isEmpty()) {
      return settings.subnets().contains(subnet.subnetId());
    }
    List<Tag> tags = subnet.tags();
    boolean chosen = tags.stream().anyMatch(t -> t.key().equals(ROLE) && t.value().equals("1"));
    boolean others =
        tags.stream().anyMatch(t -> t.key().startsWith(CLUSTER))
            && tags.stream().noneMatch(t -> t.key().equals(CLUSTER + settings.cluster()));
    return chosen && !others;
  }

  /** It had no free addresses: it is left alone for a while. */
  void wasExhausted(String subnet) {
    exhausted.put(subnet, true);
  }
}
