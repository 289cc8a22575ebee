package io.millpond.node.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.kernel.KernelView;
import io.millpond.node.testing.ModelKernel;
import io.millpond.pool.AddressState;
import io.millpond.pool.PoolAddress;
import io.millpond.pool.PoolEni;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.simulator.model.NetworkInterface;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What must hold in a world, whatever fails. */
final class Invariants {
  private static final Duration COOLDOWN = Duration.ofSeconds(30);

  private final CrashWorld world;
  private final Set<String> violations = new ConcurrentSkipListSet<>();

  Invariants(CrashWorld world) {
    this.world = world;
  }

  /** After every call to EC2: no address of a living pod, and none with a route, has gone. */
  void lookForDestruction() {
    lost(this::withSlave)
        .forEach(address -> violations.add("EC2 lost " + address + " under a pod"));
    lost(() -> world.kernel.routes().keySet())
        .forEach(address -> violations.add("EC2 lost " + address + " while it had a pool route"));
  }

  /**
   * The addresses of the kernel that EC2 lacks. Others come and go between two looks, in whichever
   * order they are taken: in the kernel before and after they are missed in EC2, they were there.
   */
  private Set<IpAddress> lost(Supplier<Set<IpAddress>> inKernel) {
    Set<IpAddress> lost = new TreeSet<>(inKernel.get());
    lost.removeAll(addressesInEc2());
    lost.removeAll(world.taken());
    if (!lost.isEmpty()) {
      lost.retainAll(inKernel.get());
    }
    return lost;
  }

  private Set<IpAddress> withSlave() {
    return world.kernel.slaves().stream()
        .filter(ModelKernel.Slave::up)
        .flatMap(slave -> slave.address().stream())
        .collect(Collectors.toSet());
  }

  private Set<IpAddress> addressesInEc2() {
    Set<IpAddress> all = new TreeSet<>();
    for (NetworkInterface eni : world.aws.interfaces()) {
      if (eni.attachment() != null) {
        eni.addresses().stream()
            .skip(1)
            .forEach(address -> all.add(IpAddress.parse(address.toString())));
      }
    }
    return all;
  }

  private Stream<PoolAddress> addressesInPool() {
    return world.pool().enis().values().stream().flatMap(eni -> eni.addresses().values().stream());
  }

  /** At any moment between two requests: whose addresses are whose. */
  void checkOwners() {
    assertThat(violations).isEmpty();
    Map<IpAddress, AttachmentKey> attached = attached();
    checkOwned(attached);
    Set<IpAddress> held = held();
    world
        .pods
        .running()
        .forEach(
            (pod, address) -> {
              AttachmentKey key = PodRuntime.key(pod);
              assertThat(world.kernel.addressOf(key)).as("veth of %s", pod).contains(address);
              assertThat(held).as("slave of %s", pod).contains(address);
              assertThat(attached).as("owner %s", pod).containsEntry(address, key);
              assertThat(world.kernel.routes()).containsEntry(address, new KernelView.InUse());
              assertThat(world.kernel.ruledIn(PodRuntime.inode(pod)))
                  .as("rules in the namespace of %s", pod)
                  .contains(key.ifName());
              for (HostPort port : PodRuntime.demands(pod).hostPorts()) {
                assertThat(world.kernel.openPorts()).as(pod).containsEntry(port, address);
                assertThat(world.kernel.shapedNamespaces()).contains(PodRuntime.inode(pod));
              }
            });
    assertThat(world.kernel.shortestRest()).as("cooldown").isGreaterThanOrEqualTo(COOLDOWN);
    checkRest();
    checkPools();
  }

  /**
   * An ENI is of the pool that its tag says, and the pods have addresses of their pool's subnet.
   */
  private void checkPools() {
    for (NetworkInterface eni : world.aws.interfaces()) {
      PoolEni known = world.pool().enis().get(new EniId(eni.id()));
      if (known != null) {
        assertThat(known.pool().value())
            .as("pool of %s", eni.id())
            .isEqualTo(eni.tags().getOrDefault("millpond.io/pool", "default"));
      }
    }
    world
        .pods
        .running()
        .forEach(
            (pod, address) ->
                assertThat(address.toString())
                    .as("address of %s", pod)
                    .startsWith(pod.startsWith(PodRuntime.STORAGE) ? "10.0.2." : "10.0.1."));
  }

  /** An address rests from when the network last saw a pod with it, and for long enough. */
  private void checkRest() {
    Map<IpAddress, BootTime> seenUntil = world.kernel.seenUntil();
    addressesInPool()
        .forEach(
            address -> {
              BootTime seen = seenUntil.getOrDefault(address.ip(), BootTime.BOOT);
              if (address.state() instanceof AddressState.Cooling cooling) {
                assertThat(cooling.since()).as("rest of %s", address).isGreaterThanOrEqualTo(seen);
              } else if (address.usable()) {
                assertThat(world.clock.get().since(seen))
                    .as("rest of %s", address)
                    .isGreaterThanOrEqualTo(COOLDOWN);
              }
            });
  }

  /** What a start concluded is on record, so that the next one concludes the same. */
  void checkRecord() {
    Map<IpAddress, KernelView.RouteSays> routes = world.kernel.routes();
    addressesInPool()
        .forEach(
            address -> {
              KernelView.RouteSays says = routes.get(address.ip());
              switch (address.state()) {
                case AddressState.Owned _ ->
                    assertThat(says)
                        .as("record of %s", address)
                        .isInstanceOf(KernelView.InUse.class);
                // The route counts whole seconds.
                case AddressState.Cooling cooling ->
                    assertThat(says)
                        .as("record of %s", address)
                        .isEqualTo(
                            new KernelView.ReleasedAt(
                                BootTime.ofSeconds(cooling.since().seconds())));
                case AddressState.Free _,
                    AddressState.Frozen _,
                    AddressState.Quarantined _,
                    AddressState.Leaving _ -> {}
              }
            });
  }

  private Map<IpAddress, AttachmentKey> attached() {
    Map<IpAddress, AttachmentKey> attached = new TreeMap<>();
    for (KernelView.Seen seen : world.kernel.datapath().look().attachments()) {
      assertThat(attached.put(seen.address(), seen.key())).as("two veths for one address").isNull();
    }
    return attached;
  }

  private void checkOwned(Map<IpAddress, AttachmentKey> attached) {
    Map<IpAddress, AttachmentKey> owned = new TreeMap<>();
    addressesInPool()
        .forEach(
            address -> {
              if (address.assigned()
                  && address.state().key() != null
                  && owned.put(address.ip(), address.state().key()) != null) {
                throw new AssertionError("two owners of " + address.ip());
              }
            });
    assertThat(owned).as("the kernel's owners are the pool's").containsAllEntriesOf(attached);
    owned.keySet().removeAll(attached.keySet());
    world.pods.unclear().forEach(pod -> owned.values().remove(PodRuntime.key(pod)));
    assertThat(owned).as("without a veth only those stay owners whose DEL or ADD failed").isEmpty();
  }

  /** The addresses that slaves hold. */
  private Set<IpAddress> held() {
    Set<IpAddress> held = new HashSet<>();
    for (ModelKernel.Slave slave : world.kernel.slaves()) {
      if (slave.netnsInode() == ModelKernel.ALIEN) {
        continue;
      }
      IpAddress address = slave.address().orElseThrow(() -> new AssertionError("bare " + slave));
      assertThat(held.add(address)).as("two slaves with %s", address).isTrue();
      assertThat(world.pool().address(address))
          .as("an address with a slave is nobody else's")
          .hasValueSatisfying(
              known ->
                  assertThat(known.state())
                      .as("an address with a slave is nobody else's")
                      .isInstanceOfAny(
                          AddressState.Owned.class,
                          AddressState.Frozen.class,
                          AddressState.Quarantined.class));
    }
    return held;
  }

  /** Once nothing is in flight: the six states are the pool, the pool is what EC2 says. */
  void checkPool() {
    assertThat(violations).isEmpty();
    assertThat(addressesInPool().map(PoolAddress::ip))
        .as("the pool is what EC2 says")
        .containsExactlyInAnyOrderElementsOf(expected());
    assertThat(world.counts().total()).as("the six states' sum").isEqualTo(expected().size());
    assertThat(world.counts().frozen()).as("frozen").isEqualTo(frozen().size());
    assertThat(world.kernel.routes().keySet()).as("pool routes").isEqualTo(expected());
    assertThat(world.aws.interfaces()).as("no ENI is leaked").allMatch(Invariants::goesWithUs);
    // Time that jumps looks like a loop that stands still; a loop that failed is another matter.
    assertThat(world.core().pool().sick().orElse("")).doesNotContain("failed");
  }

  private static boolean goesWithUs(NetworkInterface eni) {
    return eni.attachment() != null && eni.attachment().deleteOnTermination();
  }

  /** What a failed step owes and is made up for by itself. */
  List<String> owed() {
    List<String> owed = new ArrayList<>();
    for (NetworkInterface eni : world.aws.interfaces()) {
      if (eni.attachment() == null) {
        owed.add(eni.id() + " is attached to nothing");
      } else if (!goesWithUs(eni)) {
        owed.add(eni.id() + " does not go with the instance");
      }
    }
    Set<IpAddress> expected = expected();
    Set<IpAddress> pool = addressesInPool().map(PoolAddress::ip).collect(Collectors.toSet());
    if (!pool.equals(expected)) {
      owed.add("the pool has %s and not %s".formatted(pool, expected));
    }
    Set<IpAddress> routes = world.kernel.routes().keySet();
    if (!routes.equals(expected)) {
      owed.add("there are routes of %s and not of %s".formatted(routes, expected));
    }
    if (world.counts().frozen() != frozen().size()) {
      owed.add("frozen are not " + frozen());
    }
    for (String pod : world.pods.running().keySet()) {
      world.kernel.damageOf(PodRuntime.inode(pod)).forEach(damage -> owed.add(pod + ": " + damage));
    }
    return owed;
  }

  /** The addresses that somebody took away from pods that run. */
  private Set<IpAddress> frozen() {
    Set<IpAddress> frozen = new TreeSet<>(world.pods.running().values());
    frozen.retainAll(world.taken());
    return frozen;
  }

  /** What the pool has to have: EC2's addresses, and those that a pod has all the same. */
  private Set<IpAddress> expected() {
    Set<IpAddress> expected = addressesInEc2();
    expected.addAll(frozen());
    return expected;
  }

  /** All pods are gone. */
  void checkNothingIsLeftOfPods() {
    assertThat(world.kernel.vethCount()).as("veths").isZero();
    assertThat(world.kernel.ruledNamespaces()).as("rules in namespaces").isEmpty();
    assertThat(world.kernel.slaves()).as("slaves").isEmpty();
    assertThat(world.kernel.openPorts()).as("host ports").isEmpty();
    assertThat(world.kernel.shapedNamespaces()).as("limits").isEmpty();
  }
}
