package io.millpond.eni;

import static java.util.stream.Collectors.joining;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.ec2.model.Tag;

/**
 * Which subnet a new ENI stands in: those that the settings name; if none is named, the primary
 * ENI's, and when that is exhausted those of the zone that are tagged {@code
 * kubernetes.io/role/cni=1} and not for another cluster. Of several, the one with most free
 * addresses. One that was found exhausted is left alone for two minutes. The usual case, nothing
 * configured and nothing exhausted, costs no call.
 *
 * <p>A pool beside the default one, or one that an ENIConfig places, has only the subnets that are
 * named for it. EC2 is asked whether one of them is of the node's zone and VPC before anything is
 * created there. Thread-safe.
 */
final class SubnetChooser {
  private static final Logger log = LoggerFactory.getLogger(SubnetChooser.class);
  private static final String ROLE = "kubernetes.io/role/cni";
  private static final String CLUSTER = "cni.networking.k8s.aws/cluster/";
  private static final String KEY = "subnets";
  private static final Duration LEFT_ALONE = Duration.ofMinutes(2);
  private static final Duration MAY_BE_OLD = Duration.ofMinutes(10);

  /** Whether one of a pool's subnets suits: that does not change any more. */
  private volatile boolean suitable;

  /**
   * The subnets of a pool that has these alone.
   *
   * @param name what names them, for people
   * @param described hears of those that EC2 has described
   */
  record OfPool(String name, List<String> subnets, Consumer<Subnet> described) {
    OfPool {
      subnets = List.copyOf(subnets);
    }
  }

  /** What EC2 said, and when. */
  private record Described(List<Subnet> subnets, Instant at) {}

  private final Ec2Calls calls;
  private final InstanceIdentity self;
  private final CloudSettings settings;
  private final Optional<OfPool> pool;
  private final List<String> named;
  private final Clock clock;
  private final Cache<String, Described> known;
  private final Cache<String, Boolean> exhausted;

  SubnetChooser(
      Ec2Calls calls,
      InstanceIdentity self,
      CloudSettings settings,
      Optional<OfPool> pool,
      Clock clock) {
    this.calls = calls;
    this.self = self;
    this.settings = settings;
    this.pool = pool;
    this.named = pool.map(OfPool::subnets).orElse(settings.subnets());
    this.clock = clock;
    Ticker ticker = () -> TimeUnit.MILLISECONDS.toNanos(clock.millis());
    this.known = Caffeine.newBuilder().ticker(ticker).expireAfterWrite(MAY_BE_OLD).build();
    this.exhausted = Caffeine.newBuilder().ticker(ticker).expireAfterWrite(LEFT_ALONE).build();
  }

  /**
   * The subnet for the next ENI.
   *
   * @throws CloudException if every one was found exhausted lately, without asking EC2
   */
  String choose(Urgency urgency) throws CloudException {
    check(urgency);
    if (named.size() == 1 && usable(named.getFirst())) {
      return named.getFirst();
    }
    if (named.isEmpty() && usable(self.subnetId())) {
      return self.subnetId();
    }
    Described described = described(urgency);
    Optional<String> best =
        described.subnets().stream()
            .filter(this::suits)
            .filter(subnet -> usable(subnet.subnetId()))
            .max(Comparator.comparing(Subnet::availableIpAddressCount))
            .map(Subnet::subnetId);
    long age = Duration.between(described.at(), clock.instant()).toSeconds();
    if (best.isEmpty()) {
      throw new CloudException(
          CloudFailure.local(
              Kind.SUBNET_EXHAUSTED,
              attempted(),
              "NoSubnetLeft",
              "no subnet that suits had free addresses in the last %d s (subnets of %s in %s as %d s ago; exhausted: %s)"
                  .formatted(
                      LEFT_ALONE.toSeconds(),
                      self.vpcId(),
                      self.zone(),
                      age,
                      exhausted.asMap().keySet())));
    }
    log.debug("subnet {} chosen by what EC2 said {} s ago", best.get(), age);
    return best.get();
  }

  private String attempted() {
    return "choosing a subnet for an ENI" + pool.map(own -> " of " + own.name()).orElse("");
  }

  /**
   * Fails if a pool has no subnet that suits this node, without creating anything.
   *
   * @throws CloudException if none suits, or EC2 does not say
   */
  void check(Urgency urgency) throws CloudException {
    if (pool.isEmpty() || suitable) {
      return;
    }
    List<Subnet> subnets = described(urgency).subnets();
    if (subnets.stream().noneMatch(this::suits)) {
      // Whoever was told so may make one at once; the budget of calls bounds repeats.
      known.invalidate(KEY);
      throw new CloudException(
          CloudFailure.local(
              Kind.INVALID_SUBNET,
              attempted(),
              "NoSuitableSubnet",
              "this node is in %s of %s; %s"
                  .formatted(
                      self.zone(),
                      self.vpcId(),
                      named.stream().map(id -> where(id, subnets)).collect(joining(", ")))));
    }
    suitable = true;
  }

  private static String where(String id, List<Subnet> subnets) {
    return subnets.stream()
        .filter(subnet -> subnet.subnetId().equals(id))
        .findFirst()
        .map(subnet -> id + " is in " + subnet.availabilityZone() + " of " + subnet.vpcId())
        .orElse("EC2 knows no " + id);
  }

  private Described described(Urgency urgency) throws CloudException {
    Described described = known.getIfPresent(KEY);
    if (described == null) {
      described = new Described(describe(urgency), clock.instant());
      known.put(KEY, described);
    }
    return described;
  }

  /** As {@link #choose}, when there is one. */
  Optional<String> another(Urgency urgency) {
    try {
      return Optional.of(choose(urgency));
    } catch (CloudException e) {
      log.info("no other subnet: {}", e.failure().reason());
      return Optional.empty();
    }
  }

  private boolean usable(String subnet) {
    return exhausted.getIfPresent(subnet) == null;
  }

  private List<Subnet> describe(Urgency urgency) throws CloudException {
    if (pool.isPresent()) {
      List<Subnet> subnets =
          calls
              .repeatable(
                  Action.DESCRIBE_SUBNETS,
                  urgency,
                  "describing the subnets of " + pool.get().name(),
                  ec2 ->
                      ec2.describeSubnets(
                          r -> r.filters(Filter.builder().name("subnet-id").values(named).build())))
              .subnets();
      subnets.forEach(pool.get().described());
      return subnets;
    }
    return calls
        .repeatable(
            Action.DESCRIBE_SUBNETS,
            urgency,
            "describing the subnets of " + self.vpcId() + " in " + self.zone(),
            ec2 ->
                ec2.describeSubnets(
                    r ->
                        r.filters(
                            filter("vpc-id", self.vpcId()),
                            filter("availability-zone", self.zone()))))
        .subnets();
  }

  private static Filter filter(String name, String value) {
    return Filter.builder().name(name).values(value).build();
  }

  private boolean suits(Subnet subnet) {
    if (pool.isPresent()) {
      return subnet.vpcId().equals(self.vpcId()) && subnet.availabilityZone().equals(self.zone());
    }
    if (!named.isEmpty()) {
      return named.contains(subnet.subnetId());
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
