package io.millpond.eni;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.pool.value.EniId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.Instance;
import software.amazon.awssdk.services.ec2.model.InstanceStateName;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.NetworkInterfaceStatus;

/**
 * Deletes the ENIs that instances of this cluster left behind when they ended: whoever is gone
 * cannot tidy up. Only what is certainly nobody's goes: an ENI that we made, of this cluster and
 * VPC, attached to nothing, old, whose instance EC2 has called terminated or unknown twice. A call
 * that two make at once does no harm. Used by one thread at a time.
 */
final class SweepEnis {
  private static final Logger log = LoggerFactory.getLogger(SweepEnis.class);

  /** Nobody takes that long between creating an ENI and attaching it. */
  static final Duration LEAST_AGE = Duration.ofMinutes(10);

  /** Two answers this far apart confirm each other: describes lag by seconds. */
  static final Duration APART = Duration.ofMinutes(1);

  /** A page that EC2 answers quickly, and the most of them in a round. */
  private static final int PAGE = 200;

  private static final int PAGES = 5;

  /** As many values as a filter may have. */
  private static final int IDS = 200;

  /** The most deletions in a round; the budget of calls allows for fewer at a time. */
  static final int DELETIONS = 50;

  private static final Pattern INSTANCE = Pattern.compile("i-[0-9a-f]{8}([0-9a-f]{9})?");

  private final Ec2Calls calls;
  private final InstanceIdentity self;
  private final String cluster;
  private final Clock clock;

  /** When EC2 first said that the instance of such an ENI is gone; only what was seen last. */
  private final Map<EniId, Instant> gone = new HashMap<>();

  SweepEnis(Ec2Calls calls, InstanceIdentity self, String cluster, Clock clock) {
    this.calls = calls;
    this.self = self;
    this.cluster = cluster;
    this.clock = clock;
  }

  /** Thrown out of a call's tries when nothing more may be done. */
  private static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Stopped() {
      super("not allowed any longer", null, false, false);
    }
  }

  /** An ENI that may be nobody's. */
  private record Suspect(EniId eni, String instance, Instant created) {}

  /**
   * One round.
   *
   * @param allowed whether calls may still be made; asked before each
   * @throws CloudException if EC2 does not say what there is
   */
  Swept sweep(BooleanSupplier allowed) throws CloudException {
    List<String> deleted = new ArrayList<>();
    try {
      List<Suspect> suspects = suspects(allowed);
      Map<String, String> states = states(suspects, allowed);
      Instant now = clock.instant();
      Set<EniId> seen = new HashSet<>();
      List<Suspect> certain = new ArrayList<>();
      for (Suspect suspect : suspects) {
        if (!states.getOrDefault(suspect.instance(), GONE).equals(GONE)) {
          gone.remove(suspect.eni());
          continue;
        }
        seen.add(suspect.eni());
        Instant first = gone.computeIfAbsent(suspect.eni(), _ -> now);
        if (Duration.between(first, now).compareTo(APART) >= 0) {
          certain.add(suspect);
        }
      }
      gone.keySet().retainAll(seen);
      Optional<CloudFailure> failure = delete(certain, allowed, deleted);
      return new Swept(deleted, gone.size(), failure);
    } catch (Stopped e) {
      return new Swept(deleted, gone.size(), Optional.empty());
    }
  }

  private static final String GONE = "gone";

  private List<Suspect> suspects(BooleanSupplier allowed) throws CloudException {
    List<Suspect> suspects = new ArrayList<>();
    String next = null;
    int pages = 0;
    do {
      String page = next;
      var answer =
          calls.repeatable(
              Action.DESCRIBE_INTERFACES,
              Urgency.RELEASE,
              "looking for unattached ENIs of cluster " + cluster,
              ec2 -> {
                check(allowed);
                return ec2.describeNetworkInterfaces(
                    r ->
                        r.filters(
                                filter("tag:" + EniTags.CLUSTER, List.of(cluster)),
                                filter("vpc-id", List.of(self.vpcId())),
                                filter("status", List.of("available")),
                                filter("description", List.of(EniTags.DESCRIPTION + "*")))
                            .maxResults(PAGE)
                            .nextToken(page));
              });
      answer.networkInterfaces().forEach(eni -> suspect(eni).ifPresent(suspects::add));
      next = answer.nextToken();
      pages++;
    } while (next != null && !next.isEmpty() && pages < PAGES);
    return suspects;
  }

  /** Says no wherever it is not certain. The filters are EC2's word, this is ours. */
  private Optional<Suspect> suspect(NetworkInterface eni) {
    Optional<String> instance = EniTags.value(eni, EniTags.INSTANCE);
    Optional<Instant> created = EniTags.created(eni);
    boolean possible =
        EniTags.ours(eni)
            && !EniTags.handsOff(eni)
            && eni.status() == NetworkInterfaceStatus.AVAILABLE
            && eni.attachment() == null
            && self.vpcId().equals(eni.vpcId())
            && EniTags.value(eni, EniTags.CLUSTER).filter(cluster::equals).isPresent()
            && instance.filter(id -> INSTANCE.matcher(id).matches()).isPresent()
            && instance.filter(id -> eni.description().equals(EniTags.DESCRIPTION + id)).isPresent()
            && instance.filter(id -> !id.equals(self.instanceId())).isPresent()
            && created.filter(when -> when.isBefore(clock.instant().minus(LEAST_AGE))).isPresent();
    return possible
        ? Optional.of(new Suspect(EniLookup.id(eni), instance.orElseThrow(), created.orElseThrow()))
        : Optional.empty();
  }

  /** The states of the instances that EC2 knows; one that has ended is {@link #GONE}. */
  private Map<String, String> states(List<Suspect> suspects, BooleanSupplier allowed)
      throws CloudException {
    Map<String, String> states = new TreeMap<>();
    List<String> ids =
        List.copyOf(
            suspects.stream().map(Suspect::instance).collect(TreeSet::new, Set::add, Set::addAll));
    for (int from = 0; from < ids.size(); from += IDS) {
      List<String> some = ids.subList(from, Math.min(from + IDS, ids.size()));
      var answer =
          calls.repeatable(
              Action.DESCRIBE_INSTANCES,
              Urgency.RELEASE,
              "asking whether " + some.size() + " instances are gone",
              ec2 -> {
                check(allowed);
                // By filter: of ids, one that is unknown would be an error for all.
                return ec2.describeInstances(r -> r.filters(filter("instance-id", some)));
              });
      if (answer.nextToken() != null && !answer.nextToken().isEmpty()) {
        // What is on another page must not pass for unknown.
        some.forEach(id -> states.put(id, "on another page"));
      }
      answer.reservations().stream()
          .flatMap(reservation -> reservation.instances().stream())
          .forEach(instance -> states.put(instance.instanceId(), state(instance)));
    }
    return states;
  }

  private static String state(Instance instance) {
    boolean ended =
        instance.state() != null && instance.state().name() == InstanceStateName.TERMINATED;
    return ended ? GONE : "there";
  }

  private Optional<CloudFailure> delete(
      List<Suspect> certain, BooleanSupplier allowed, List<String> deleted) {
    int tried = 0;
    CloudFailure last = null;
    for (Suspect suspect : certain) {
      if (tried++ == DELETIONS) {
        break;
      }
      try {
        calls.repeatable(
            Action.DELETE,
            Urgency.RELEASE,
            "deleting " + suspect.eni() + ", which " + suspect.instance() + " left behind",
            ec2 -> {
              check(allowed);
              return ec2.deleteNetworkInterface(r -> r.networkInterfaceId(suspect.eni().value()));
            });
        gone.remove(suspect.eni());
        deleted.add(suspect.eni().value());
        log.atWarn()
            .addKeyValue("eni", suspect.eni())
            .log(
                "deleted an ENI that its instance left behind: created {} for {} in cluster {}, attached to nothing, and EC2 has said twice that the instance is gone",
                suspect.created(),
                suspect.instance(),
                cluster);
      } catch (Stopped e) {
        log.info("sweeping stops: no longer allowed");
        return Optional.ofNullable(last);
      } catch (CloudException e) {
        switch (e.failure().kind()) {
          case NOT_FOUND -> gone.remove(suspect.eni()); // somebody else deleted it
          case IN_USE -> { // somebody attached it: not left behind at all
            gone.remove(suspect.eni());
          }
          case UNAUTHORIZED -> last = e.failure(); // the policy may allow others by their tags
          default -> {
            return Optional.of(e.failure());
          }
        }
      }
    }
    return Optional.ofNullable(last);
  }

  private static void check(BooleanSupplier allowed) {
    if (!allowed.getAsBoolean()) {
      throw new Stopped();
    }
  }

  private static Filter filter(String name, List<String> values) {
    return Filter.builder().name(name).values(values).build();
  }
}
