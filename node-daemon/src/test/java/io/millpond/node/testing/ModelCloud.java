package io.millpond.node.testing;

import io.millpond.node.cloud.Cloud;
import io.millpond.node.kernel.EniPlace;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** An EC2 in memory that gives out addresses of one subnet, counts calls and fails on demand. */
public final class ModelCloud implements Cloud {
  private static final Prefix SUBNET = Prefix.parse("10.0.1.0/24");

  /** Where the ENIs of other pools than the default one stand. */
  public static final Prefix OTHER_SUBNET = Prefix.parse("10.0.2.0/24");

  /** A subnet that is of no use to this node. */
  public static final PoolName FAR_AWAY = new PoolName("subnet-0fffffff");

  private final ModelKernel kernel;
  private final Map<EniId, EniSeen> enis = new LinkedHashMap<>();
  private final List<String> calls = new ArrayList<>();
  private CountDownLatch silence = new CountDownLatch(0);
  private int nextAddress = 10;
  private int nextEni = 1;
  private @Nullable Failure<?> outage;
  private @Nullable Duration young;

  /** An instance with its primary ENI and no other address; links appear at once. */
  public ModelCloud(ModelKernel kernel) {
    this.kernel = kernel;
    make(PoolName.DEFAULT, DeviceIndex.PRIMARY, 0);
  }

  /** Until told otherwise every call fails so. */
  public synchronized void outage(boolean effectUnknown, String reason) {
    outage = new Failure<>(effectUnknown, reason, "wait", Duration.ofMillis(50));
  }

  /** What tidying finds is too young for this long; null: it finds nothing. */
  public synchronized void young(@Nullable Duration age) {
    young = age;
  }

  /** Calls succeed again. */
  public synchronized void recover() {
    outage = null;
  }

  /** Somebody's ENI, tagged so that we keep our hands off; the metadata does not know of tags. */
  public synchronized EniId foreignEni(DeviceIndex device, int count) {
    EniSeen made = make(PoolName.DEFAULT, device, count);
    EniSeen foreign = new EniSeen(made.place(), false, made.addresses());
    enis.put(made.place().id(), foreign);
    return made.place().id();
  }

  /** The instance's own ENI. */
  public synchronized EniId primary() {
    return enis.keySet().iterator().next();
  }

  /** Names of the EC2 calls so far. */
  public synchronized List<String> calls() {
    return List.copyOf(calls);
  }

  /** An address vanishes from EC2 behind our back. */
  public synchronized void takeAway(IpAddress address) {
    enis.replaceAll(
        (_, eni) -> {
          Set<IpAddress> left = new TreeSet<>(eni.addresses());
          left.remove(address);
          return new EniSeen(eni.place(), eni.ours(), left);
        });
  }

  /** All secondary addresses. */
  public synchronized Set<IpAddress> addresses() {
    Set<IpAddress> all = new TreeSet<>();
    enis.values().forEach(eni -> all.addAll(eni.addresses()));
    return all;
  }

  private EniSeen make(PoolName pool, DeviceIndex device, int count) {
    Prefix subnet = pool.isDefault() ? SUBNET : OTHER_SUBNET;
    EniId id = new EniId("eni-%017x".formatted(nextEni));
    MacAddress mac = MacAddress.parse("02:00:00:00:00:%02x".formatted(nextEni++));
    EniPlace place = new EniPlace(id, device, mac, fresh(subnet), subnet, pool);
    Set<IpAddress> addresses = new TreeSet<>();
    for (int i = 0; i < count; i++) {
      addresses.add(fresh(subnet));
    }
    EniSeen eni = new EniSeen(place, true, addresses);
    enis.put(id, eni);
    kernel.plugIn(mac);
    return eni;
  }

  private IpAddress fresh(Prefix subnet) {
    return subnet.address().plus(nextAddress++);
  }

  private <T> @Nullable Failure<T> fault(String call) {
    calls.add(call);
    return outage == null ? null : outage.as();
  }

  @Override
  public synchronized Result<Inventory> ask(Urgency urgency) {
    Failure<Inventory> fault = fault("ask");
    return fault != null ? fault : new Success<>(new Inventory(true, List.copyOf(enis.values())));
  }

  @Override
  public synchronized Result<Inventory> hint() {
    return new Success<>(
        new Inventory(
            false,
            enis.values().stream()
                .map(eni -> new EniSeen(asMetadataKnows(eni.place()), true, eni.addresses()))
                .toList()));
  }

  @Override
  public synchronized Result<EniSeen> addEni(
      PoolName pool, String intentId, DeviceIndex device, int addresses, Urgency urgency) {
    Failure<EniSeen> fault = fault("addEni");
    if (fault != null) {
      if (fault.effectUnknown()) {
        make(pool, device, addresses);
      }
      return fault;
    }
    return new Success<>(make(pool, device, addresses));
  }

  private static EniPlace asMetadataKnows(EniPlace place) {
    return place.in(PoolName.DEFAULT);
  }

  private Prefix on(EniId id) {
    EniSeen eni = enis.get(id);
    return eni == null ? SUBNET : eni.place().subnet();
  }

  /** Questions whether a pool can be used are not answered until {@link #speak}. */
  public synchronized void fallSilent() {
    silence = new CountDownLatch(1);
  }

  /** They are answered again. */
  public synchronized void speak() {
    silence.countDown();
  }

  private synchronized CountDownLatch asked(String call) {
    calls.add(call);
    return silence;
  }

  @Override
  public Result<Done> check(PoolName pool) {
    try {
      asked("check").await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return checked(pool);
  }

  private synchronized Result<Done> checked(PoolName pool) {
    if (outage != null) {
      return outage.as();
    }
    return pool.equals(FAR_AWAY)
        ? new Failure<>(false, FAR_AWAY + " is elsewhere", "name another", Duration.ZERO, true)
        : new Success<>(new Done());
  }

  @Override
  public synchronized Result<Set<IpAddress>> assign(EniId id, int count, Urgency urgency) {
    Failure<Set<IpAddress>> fault = fault("assign");
    if (fault != null) {
      return fault;
    }
    Set<IpAddress> added = new TreeSet<>();
    for (int i = 0; i < count; i++) {
      added.add(fresh(on(id)));
    }
    enis.computeIfPresent(
        id,
        (_, eni) -> {
          Set<IpAddress> all = new TreeSet<>(eni.addresses());
          all.addAll(added);
          return new EniSeen(eni.place(), eni.ours(), all);
        });
    return new Success<>(added);
  }

  @Override
  public synchronized Result<Done> unassign(EniId id, Set<IpAddress> addresses) {
    Failure<Done> fault = fault("unassign");
    if (fault != null) {
      return fault;
    }
    addresses.forEach(this::takeAway);
    return new Success<>(new Done());
  }

  @Override
  public synchronized Result<Released> release(EniId id) {
    Failure<Released> fault = fault("release");
    if (fault != null) {
      return fault;
    }
    enis.remove(id);
    return new Success<>(new Released(true));
  }

  @Override
  public synchronized Result<Tidied> tidy() {
    Failure<Tidied> fault = fault("tidy");
    return fault != null ? fault : new Success<>(new Tidied(List.of(), Optional.ofNullable(young)));
  }

  @Override
  public Result<Swept> sweep(BooleanSupplier allowed) {
    throw new IllegalStateException("this model has no cluster");
  }

  @Override
  public boolean owes() {
    return false;
  }
}
