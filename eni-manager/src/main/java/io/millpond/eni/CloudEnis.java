package io.millpond.eni;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.eni.CloudResult.Failed;
import io.millpond.eni.CloudResult.Success;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
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
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;

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

  /** The tag with the name of the pool that an ENI belongs to; without it, the default pool. */
  public static final String POOL_TAG = "millpond.io/pool";

  /** An unattached ENI of ours that is younger may be one that is just being added. */
  public static final Duration ORPHAN_AGE = Duration.ofMinutes(2);

  /** A client token has at most 64 characters, and a number follows. */
  private static final Pattern INTENT = Pattern.compile("[A-Za-z0-9-]{1,60}");

  private final Ec2Calls calls;
  private final EniLookup lookup;
  private final AddEni adding;
  private final ReleaseEni releasing;
  private final EniAddresses addresses;
  private final SweepEnis sweeping;
  private final boolean inCluster;
  private final Clock clock;

  /**
   * Of this instance.
   *
   * @param subnets prefixes of subnets that are known already, by id: EC2 need not be asked for
   *     them
   */
  public CloudEnis(
      Ec2Client client,
      CallBudget budget,
      InstanceIdentity self,
      Map<String, Prefix> subnets,
      CloudSettings settings,
      Clock clock) {
    this(client, budget, self, subnets, settings, clock, Sleeper.REAL, CallObserver.NONE);
  }

  /** With someone who waits between calls, and someone who learns of every call. */
  public CloudEnis(
      Ec2Client client,
      CallBudget budget,
      InstanceIdentity self,
      Map<String, Prefix> subnets,
      CloudSettings settings,
      Clock clock,
      Sleeper sleeper,
      CallObserver observer) {
    this(
        client,
        budget,
        self,
        subnets,
        settings,
        () -> EniPlacement.AS_CONFIGURED,
        clock,
        sleeper,
        observer);
  }

  /**
   * The same, with ENIs of the default pool made elsewhere than the settings say.
   *
   * @param placement where ENIs of the default pool are made; asked for each, by any thread
   */
  public CloudEnis(
      Ec2Client client,
      CallBudget budget,
      InstanceIdentity self,
      Map<String, Prefix> subnets,
      CloudSettings settings,
      Supplier<EniPlacement> placement,
      Clock clock,
      Sleeper sleeper,
      CallObserver observer) {
    this(
        new Ec2Calls(client, budget, observer, sleeper), self, subnets, settings, placement, clock);
  }

  CloudEnis(
      Ec2Calls calls,
      InstanceIdentity self,
      Map<String, Prefix> subnets,
      CloudSettings settings,
      Clock clock) {
    this(calls, self, subnets, settings, () -> EniPlacement.AS_CONFIGURED, clock);
  }

  CloudEnis(
      Ec2Calls calls,
      InstanceIdentity self,
      Map<String, Prefix> subnets,
      CloudSettings settings,
      Supplier<EniPlacement> placement,
      Clock clock) {
    this.calls = calls;
    this.clock = clock;
    this.lookup = new EniLookup(calls, self, subnets);
    this.releasing = new ReleaseEni(calls, lookup, self, clock);
    this.addresses = new EniAddresses(calls, lookup);
    this.adding = new AddEni(calls, lookup, releasing, self, settings, placement, clock);
    this.sweeping = new SweepEnis(calls, self, settings.cluster(), clock);
    this.inCluster = !settings.cluster().isEmpty();
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

  /**
   * The ENIs that are attached to this instance or about to be: one filtered call. One of ours that
   * would survive the instance, because an earlier run ended between Attach and Modify, is mended;
   * one of ours that is just being detached is left for {@link #tidy}.
   */
  public CloudResult<List<CloudEni>> attached(Urgency urgency) {
    return result(
        () -> {
          List<CloudEni> enis = new ArrayList<>();
          for (NetworkInterface eni : lookup.attached(urgency)) {
            if (EniLookup.leaving(eni.attachment())) {
              if (EniTags.ours(eni) && !EniTags.handsOff(eni)) {
                releasing.owe(EniLookup.id(eni));
              }
              continue;
            }
            enis.add(lookup.read(eni, urgency));
            if (EniTags.ours(eni)
                && Boolean.FALSE.equals(eni.attachment().deleteOnTermination())
                && !adding.isBusyWith(eni)) {
              adding.goWithInstance(
                  EniLookup.id(eni), eni.attachment().attachmentId(), Urgency.WARM_UP);
            }
          }
          return enis;
        });
  }

  /**
   * Adds an ENI; its link appears some seconds later. If it cannot be attached, it is deleted
   * again. If that is not known, or fails, it is left for {@link #attached} and {@link #tidy} to
   * find.
   *
   * @param pool the ENI's; the default one, one of the settings, or one of a subnet's name
   * @param intent names this wish, 1 to 60 letters, digits and dashes: one never makes two ENIs
   * @param addresses secondary ones, 0 or more
   * @throws IllegalArgumentException if the device is the primary's, or another argument is out of
   *     its range
   */
  public CloudResult<CloudEni> add(
      PoolName pool, String intent, DeviceIndex device, int addresses, Urgency urgency) {
    if (!INTENT.matcher(intent).matches() || device.index() == 0 || addresses < 0) {
      throw new IllegalArgumentException(
          "cannot add an ENI with intent %s, device %s, %d addresses"
              .formatted(intent, device, addresses));
    }
    return result(() -> adding.add(pool, intent, device, addresses, urgency));
  }

  /** Adds an ENI of the default pool. */
  public CloudResult<CloudEni> add(
      String intent, DeviceIndex device, int addresses, Urgency urgency) {
    return add(PoolName.DEFAULT, intent, device, addresses, urgency);
  }

  /**
   * Whether ENIs of this pool can be made for this node, as far as EC2's description of its subnets
   * tells: one of them has to be in the node's zone and VPC. What is known already costs no call.
   */
  public CloudResult<Boolean> check(PoolName pool, Urgency urgency) {
    return result(
        () -> {
          adding.check(pool, urgency);
          return true;
        });
  }

  /**
   * Assigns more secondary addresses: the new ones. All or none.
   *
   * @param count 1 or more
   * @param present those that it has, to tell the new ones when the answer is lost
   */
  public CloudResult<Set<IpAddress>> assign(
      EniId eni, int count, Set<IpAddress> present, Urgency urgency) {
    if (count < 1) {
      throw new IllegalArgumentException("cannot assign " + count + " addresses to " + eni);
    }
    return result(() -> addresses.assign(eni, count, present, urgency));
  }

  /** Unassigns addresses; those that are gone already are fine. */
  public CloudResult<Boolean> unassign(EniId eni, Collection<IpAddress> leaving) {
    return result(
        () -> {
          if (!leaving.isEmpty()) {
            addresses.unassign(eni, leaving);
          }
          return true;
        });
  }

  /**
   * Detaches and deletes an ENI; one that is gone already is fine. A primary ENI, one of another
   * instance, and one that is tagged {@code node.k8s.amazonaws.com/no_manage} are refused.
   *
   * @return whether it is deleted too; one that is only detached is left for {@link #tidy}
   */
  public CloudResult<Boolean> release(EniId eni) {
    return result(
        () -> {
          boolean deleted = releasing.release(eni);
          adding.forget(eni);
          return deleted;
        });
  }

  /**
   * Deletes the ENIs that an earlier run of this node created and never attached, or detached and
   * never deleted: one filtered call, and one for each. An ENI younger than two minutes is left for
   * the next time: somebody may be about to attach it. What this run owes is tried again.
   */
  public CloudResult<Tidied> tidy() {
    return result(
        () -> {
          Instant old = clock.instant().minus(ORPHAN_AGE);
          List<String> done = new ArrayList<>();
          boolean more = false;
          for (NetworkInterface eni : lookup.unattached()) {
            Optional<Instant> created = EniTags.created(eni);
            if (!EniTags.ours(eni)
                || EniTags.handsOff(eni)
                || adding.isBusyWith(eni)
                || created.isEmpty()) {
              continue;
            }
            if (created.get().isBefore(old)) {
              releasing.delete(EniLookup.id(eni));
              done.add("deleted " + eni.networkInterfaceId() + ", which was attached to nothing");
            } else {
              more = true;
            }
          }
          for (EniId eni : releasing.owed()) {
            releasing.delete(eni);
            done.add("deleted " + eni + ", which was detached");
          }
          adding
              .owed()
              .forEach(
                  (eni, attachment) -> adding.goWithInstance(eni, attachment, Urgency.RELEASE));
          return new Tidied(done, more);
        });
  }

  /**
   * Deletes ENIs that instances of this cluster left behind when they ended: one round, of at most
   * five calls that look for them, one for each two hundred of their instances, and fifty that
   * delete. An ENI goes when it is of this cluster and VPC, made by us (tags and description
   * agree), not tagged {@code node.k8s.amazonaws.com/no_manage}, attached to nothing, older than
   * ten minutes, and EC2 has said in two rounds, a minute or more apart, that its instance is
   * terminated or unknown. Two that sweep at once do no harm. Not for two threads at a time.
   *
   * @param allowed whether calls may still be made, asked right before each: whoever elected this
   *     node may have elected another
   * @throws IllegalStateException if the settings name no cluster
   */
  public CloudResult<Swept> sweep(BooleanSupplier allowed) {
    if (!inCluster) {
      throw new IllegalStateException("without a cluster's name nothing tells its ENIs apart");
    }
    return result(() -> sweeping.sweep(allowed));
  }

  /** Whether a call failed that {@link #tidy} makes again. */
  public boolean owes() {
    return !adding.owed().isEmpty() || !releasing.owed().isEmpty();
  }

  /** What EC2 says an instance type allows: for a type that the bundled table lacks. */
  public CloudResult<InstanceLimits> limits(String type) {
    return result(
        () -> {
          String what = "describing the instance type " + type;
          var types =
              calls
                  .repeatable(
                      Action.DESCRIBE_TYPES,
                      Urgency.WARM_UP,
                      what,
                      ec2 -> ec2.describeInstanceTypes(r -> r.instanceTypesWithStrings(type)))
                  .instanceTypes();
          if (types.isEmpty() || types.getFirst().networkInfo() == null) {
            throw new CloudException(
                CloudFailure.local(
                    Kind.UNEXPECTED, what, "Empty", "EC2 does not say what it allows"));
          }
          return InstanceLimits.of(types.getFirst().networkInfo());
        });
  }

  @Override
  public void close() {
    calls.close();
  }
}
