package io.millpond.simulator.account;

import io.millpond.simulator.conditions.Settings;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.SecurityGroup;
import io.millpond.simulator.model.Subnet;
import io.millpond.simulator.model.Vpc;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Everything that exists in the account, by id. Not thread-safe: every use is under the lock of
 * this object.
 */
final class Registry {
  private static final long KEEP = TimeUnit.MILLISECONDS.toNanos(Settings.MAX_MILLIS + 1_000);

  private Vpc vpc;
  private final Map<String, Subnet> subnets = new LinkedHashMap<>();
  private final Map<String, SubnetSpace> spaces = new HashMap<>();
  private final Map<String, SecurityGroup> groups = new LinkedHashMap<>();
  private final Map<String, Instance> instances = new LinkedHashMap<>();
  private final Map<String, History<NetworkInterface>> interfaces = new LinkedHashMap<>();

  Registry(Vpc vpc) {
    this.vpc = vpc;
  }

  Vpc vpc() {
    return vpc;
  }

  void put(Vpc newVpc) {
    vpc = newVpc;
  }

  void put(Subnet subnet) {
    subnets.put(subnet.id(), subnet);
    spaces.computeIfAbsent(subnet.id(), id -> new SubnetSpace(subnet));
  }

  void put(SecurityGroup group) {
    groups.put(group.id(), group);
  }

  void put(Instance instance) {
    instances.put(instance.id(), instance);
  }

  /** Puts a new or changed interface; addresses it no longer has become free. */
  void put(NetworkInterface eni) {
    History<NetworkInterface> history =
        interfaces.computeIfAbsent(eni.id(), id -> new History<>(KEEP));
    history
        .newest()
        .ifPresent(
            before -> {
              SubnetSpace space = space(eni.subnetId());
              before.addresses().stream()
                  .filter(a -> !eni.addresses().contains(a))
                  .forEach(space::release);
              before.prefixes().stream()
                  .filter(p -> !eni.prefixes().contains(p))
                  .forEach(space::release);
            });
    history.put(System.nanoTime(), Optional.of(eni));
  }

  /** Removes an interface; laggards still see it for a while. */
  void remove(NetworkInterface eni) {
    SubnetSpace space = space(eni.subnetId());
    eni.addresses().forEach(space::release);
    eni.prefixes().forEach(space::release);
    long now = System.nanoTime();
    interfaces.computeIfAbsent(eni.id(), id -> new History<>(KEEP)).put(now, Optional.empty());
    interfaces.values().removeIf(history -> history.isForgotten(now));
  }

  SubnetSpace space(String subnetId) {
    SubnetSpace space = spaces.get(subnetId);
    if (space == null) {
      throw new IllegalStateException("no subnet " + subnetId);
    }
    return space;
  }

  /** A trial copy of a subnet's space went well. */
  void adopt(String subnetId, SubnetSpace tried) {
    spaces.put(subnetId, tried);
  }

  List<Subnet> subnets() {
    return List.copyOf(subnets.values());
  }

  List<SecurityGroup> groups() {
    return List.copyOf(groups.values());
  }

  List<Instance> instances() {
    return List.copyOf(instances.values());
  }

  /** The interfaces as they were so long ago, in the order of creation. */
  List<NetworkInterface> interfaces(long lagMillis) {
    if (lagMillis == 0) {
      return interfaces.values().stream().flatMap(h -> h.newest().stream()).toList();
    }
    long then = System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(lagMillis);
    return interfaces.values().stream().flatMap(h -> h.asOf(then).stream()).toList();
  }

  @Nullable Subnet findSubnet(String id) {
    return subnets.get(id);
  }

  @Nullable SecurityGroup findGroup(String id) {
    return groups.get(id);
  }

  @Nullable Instance findInstance(String id) {
    return instances.get(id);
  }

  Optional<NetworkInterface> findInterface(String id) {
    History<NetworkInterface> history = interfaces.get(id);
    return history == null ? Optional.empty() : history.newest();
  }

  /** The interfaces tied to an instance, on their way in or out included. */
  List<NetworkInterface> interfacesOf(String instanceId) {
    return interfaces(0).stream().filter(eni -> eni.isAttachedTo(instanceId)).toList();
  }
}
