package io.millpond.node.cloud;

import io.millpond.eni.CallBudget;
import io.millpond.eni.CloudEni;
import io.millpond.eni.CloudEnis;
import io.millpond.eni.CloudFailure;
import io.millpond.eni.CloudResult;
import io.millpond.eni.InstanceMetadata;
import io.millpond.node.kernel.EniPlace;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** EC2 and the instance metadata behind the daemon's port. One call at a time changes an ENI. */
public final class Ec2Cloud implements Cloud {
  private static final Duration RETRY_METADATA = Duration.ofSeconds(5);

  private final CloudEnis enis;
  private final InstanceMetadata metadata;
  private final Map<EniId, Set<IpAddress>> known = new ConcurrentHashMap<>();
  private final Map<EniId, Object> locks = new ConcurrentHashMap<>();

  /** The instance's ENIs. */
  public Ec2Cloud(CloudEnis enis, InstanceMetadata metadata) {
    this.enis = enis;
    this.metadata = metadata;
  }

  @Override
  public Result<Inventory> ask(Urgency urgency) {
    return map(
        enis.attached(urgency(urgency)),
        found -> new Inventory(true, found.stream().map(this::seen).toList()));
  }

  @Override
  public Result<Inventory> hint() {
    try {
      return new Success<>(
          new Inventory(false, metadata.enis().stream().map(Ec2Cloud::shown).toList()));
    } catch (IOException e) {
      return new Failure<>(
          false,
          "the instance metadata does not say which ENIs there are: " + e.getMessage(),
          "look at the instance's metadata options and its hop limit",
          RETRY_METADATA);
    } catch (IllegalArgumentException e) {
      return new Failure<>(
          false,
          "the instance metadata shows an ENI that cannot be read: " + e.getMessage(),
          "",
          RETRY_METADATA);
    }
  }

  @Override
  public Result<EniSeen> addEni(
      PoolName pool, String intentId, DeviceIndex device, int addresses, Urgency urgency) {
    return map(enis.add(pool, intentId, device, addresses, urgency(urgency)), this::seen);
  }

  @Override
  public Result<Done> check(PoolName pool) {
    return map(enis.check(pool, CallBudget.Urgency.POD_WAITS), _ -> new Done());
  }

  @Override
  public Result<Set<IpAddress>> assign(EniId eni, int count, Urgency urgency) {
    synchronized (lock(eni)) {
      return map(
          enis.assign(eni, count, known.getOrDefault(eni, Set.of()), urgency(urgency)),
          added -> {
            known.merge(eni, Set.copyOf(added), Ec2Cloud::union);
            return added;
          });
    }
  }

  private static Set<IpAddress> union(Set<IpAddress> one, Set<IpAddress> other) {
    Set<IpAddress> all = new HashSet<>(one);
    all.addAll(other);
    return Set.copyOf(all);
  }

  private static Set<IpAddress> without(Set<IpAddress> all, Set<IpAddress> gone) {
    Set<IpAddress> left = new HashSet<>(all);
    left.removeAll(gone);
    return Set.copyOf(left);
  }

  @Override
  public Result<Done> unassign(EniId eni, Set<IpAddress> addresses) {
    synchronized (lock(eni)) {
      return map(
          enis.unassign(eni, addresses),
          _ -> {
            known.computeIfPresent(eni, (_, all) -> without(all, addresses));
            return new Done();
          });
    }
  }

  @Override
  public Result<Released> release(EniId eni) {
    synchronized (lock(eni)) {
      return map(
          enis.release(eni),
          deleted -> {
            known.remove(eni);
            locks.remove(eni);
            return new Released(deleted);
          });
    }
  }

  @Override
  public Result<Tidied> tidy() {
    return map(
        enis.tidy(),
        found ->
            new Tidied(
                found.done(), found.more() ? Optional.of(CloudEnis.ORPHAN_AGE) : Optional.empty()));
  }

  @Override
  public boolean owes() {
    return enis.owes();
  }

  @Override
  public Result<Swept> sweep(BooleanSupplier allowed) {
    return map(
        enis.sweep(allowed),
        swept ->
            new Swept(swept.deleted(), swept.left(), swept.failure().map(Ec2Cloud::<Done>failure)));
  }

  private Object lock(EniId eni) {
    return locks.computeIfAbsent(eni, _ -> new Object());
  }

  private EniSeen seen(CloudEni eni) {
    known.put(eni.id(), Set.copyOf(eni.secondaryAddresses()));
    return shown(eni);
  }

  private static EniSeen shown(CloudEni eni) {
    return new EniSeen(
        new EniPlace(
            eni.id(),
            eni.device(),
            eni.mac(),
            eni.primaryAddress(),
            eni.subnet(),
            eni.pool().orElse(PoolName.DEFAULT)),
        eni.managed(),
        eni.secondaryAddresses());
  }

  static <T, U> Result<U> map(CloudResult<T> result, Function<T, U> value) {
    return switch (result) {
      case CloudResult.Success<T> success -> new Success<>(value.apply(success.value()));
      case CloudResult.Failed<T> failed -> failure(failed.failure());
    };
  }

  private static <U> Failure<U> failure(CloudFailure failure) {
    // A taken place says that the pool's picture is wrong: EC2 is asked before more is ordered.
    boolean look = failure.effectUnknown() || failure.kind() == CloudFailure.Kind.DEVICE_TAKEN;
    return new Failure<>(
        look,
        failure.reason(),
        failure.kind().remedy(),
        failure.kind().retryAfter(),
        failure.kind() == CloudFailure.Kind.INVALID_SUBNET);
  }

  private static CallBudget.Urgency urgency(Urgency urgency) {
    return switch (urgency) {
      case POD_WAITS -> CallBudget.Urgency.POD_WAITS;
      case WARM_UP -> CallBudget.Urgency.WARM_UP;
      case RELEASE -> CallBudget.Urgency.RELEASE;
    };
  }

  @Override
  public void close() {
    enis.close();
  }
}
