package io.millpond.simulator.account;

import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.fabric.Fabric;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.InstanceState;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.SecurityGroup;
import io.millpond.simulator.model.Subnet;
import io.millpond.simulator.model.Vpc;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** The simulated account: what there is, and what can be done with it. */
public final class Account implements AutoCloseable {
  private final String id;
  private final String region;
  private final Registry registry;
  private final Timeline timeline = new Timeline();
  private final Fabric fabric;
  private final Interfaces interfaces;
  private final Attachments attachments;
  private final Instances instances;
  private final Tagging tagging;

  /**
   * An account with a VPC and no instance yet.
   *
   * @param id twelve digits
   * @param fabric closed with this account
   */
  public Account(
      String id,
      String region,
      Vpc vpc,
      List<Subnet> subnets,
      List<SecurityGroup> groups,
      Conditions conditions,
      Fabric fabric,
      Clock clock,
      RandomGenerator random) {
    this.id = id;
    this.region = region;
    this.fabric = fabric;
    registry = new Registry(vpc);
    subnets.forEach(registry::put);
    groups.forEach(registry::put);
    Lookup lookup = new Lookup(registry, conditions, clock);
    Quotas quotas = new Quotas(registry, conditions);
    Ids ids = new Ids(random);
    interfaces = new Interfaces(registry, lookup, quotas, ids, clock, timeline, fabric);
    attachments =
        new Attachments(registry, lookup, quotas, ids, clock, conditions, timeline, fabric);
    instances =
        new Instances(
            registry, lookup, interfaces, attachments, ids, clock, conditions, timeline, fabric);
    tagging = new Tagging(registry, lookup);
  }

  /** The account's twelve digits. */
  public String id() {
    return id;
  }

  public String region() {
    return region;
  }

  public Interfaces interfaces() {
    return interfaces;
  }

  public Attachments attachments() {
    return attachments;
  }

  public Instances instances() {
    return instances;
  }

  public Tagging tagging() {
    return tagging;
  }

  /** The VPC. */
  public Vpc vpc() {
    synchronized (registry) {
      return registry.vpc();
    }
  }

  /** The subnets, in the order of the configuration. */
  public List<Subnet> listSubnets() {
    synchronized (registry) {
      return registry.subnets();
    }
  }

  /** The security groups, in the order of the configuration. */
  public List<SecurityGroup> listGroups() {
    synchronized (registry) {
      return registry.groups();
    }
  }

  /** The instances, terminated ones included, in the order of their launch. */
  public List<Instance> listInstances() {
    synchronized (registry) {
      return registry.instances();
    }
  }

  /** The interfaces as they were so long ago, in the order of creation. */
  public List<NetworkInterface> listInterfaces(long lagMillis) {
    synchronized (registry) {
      return registry.interfaces(lagMillis);
    }
  }

  /** How many addresses of a subnet can still be assigned. */
  public int freeAddresses(String subnetId) {
    synchronized (registry) {
      return registry.space(subnetId).free();
    }
  }

  /** The instance with an id or, among those not terminated, a name. */
  public Optional<Instance> findInstance(String nameOrId) {
    return listInstances().stream()
        .filter(
            instance ->
                instance.id().equals(nameOrId)
                    || (instance.name().equals(nameOrId)
                        && instance.state() != InstanceState.TERMINATED))
        .findFirst();
  }

  /** The instance that has an address on one of its attached interfaces. */
  public Optional<Instance> instanceAt(Ipv4 address) {
    synchronized (registry) {
      return registry.interfaces(0).stream()
          .filter(eni -> eni.owns(address))
          .flatMap(eni -> Optional.ofNullable(eni.attachment()).stream())
          .flatMap(a -> Optional.ofNullable(registry.findInstance(a.instanceId())).stream())
          .findFirst();
    }
  }

  /** What the fabric could not do, oldest first, at most 100. */
  public List<String> fabricFailures() {
    return timeline.failures();
  }

  /** The fabric under this account, for its counters. */
  public Fabric fabric() {
    return fabric;
  }

  /** Drops what is still to come and removes the fabric. */
  @Override
  public void close() {
    timeline.close();
    fabric.close();
  }
}
