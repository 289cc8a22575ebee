package io.millpond.simulator.account;

import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.fabric.Fabric;
import io.millpond.simulator.fabric.FabricException;
import io.millpond.simulator.model.Attachment;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.InstanceState;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.Subnet;
import java.time.Clock;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** Launches instances with their primary interface, and terminates them. */
public final class Instances {
  private final Registry registry;
  private final Lookup lookup;
  private final Interfaces interfaces;
  private final Attachments attachments;
  private final Ids ids;
  private final Clock clock;
  private final Conditions conditions;
  private final Timeline timeline;
  private final Fabric fabric;

  Instances(
      Registry registry,
      Lookup lookup,
      Interfaces interfaces,
      Attachments attachments,
      Ids ids,
      Clock clock,
      Conditions conditions,
      Timeline timeline,
      Fabric fabric) {
    this.registry = registry;
    this.lookup = lookup;
    this.interfaces = interfaces;
    this.attachments = attachments;
    this.ids = ids;
    this.clock = clock;
    this.conditions = conditions;
    this.timeline = timeline;
    this.fabric = fabric;
  }

  /**
   * Launches an instance; returns when the fabric has it, with its primary link.
   *
   * @throws FabricException if the fabric cannot have it; the instance is terminated then
   */
  public Instance launch(NewInstance request) {
    Instance instance;
    CompletableFuture<Void> settled;
    synchronized (registry) {
      InstanceTypes.named(request.type());
      Subnet subnet = lookup.subnet(request.subnetId());
      String id = request.id() == null ? ids.next("i") : request.id();
      Ids.check(id, "i", "InvalidInstanceID.Malformed");
      boolean taken =
          registry.instances().stream()
              .filter(other -> other.state() != InstanceState.TERMINATED)
              .anyMatch(other -> other.name().equals(request.name()));
      if (taken || registry.findInstance(id) != null) {
        throw AwsError.invalidValue(
            "an instance " + request.name() + " or " + id + " is there already");
      }
      TreeMap<String, String> tags = new TreeMap<>(request.tags());
      tags.putIfAbsent("Name", request.name());
      TagRules.check(tags);
      instance =
          new Instance(
              id,
              request.name(),
              request.type(),
              subnet.id(),
              subnet.zone(),
              request.netns(),
              Ids.accessKeyOf(id),
              InstanceState.RUNNING,
              clock.instant(),
              tags);
      NetworkInterface primary =
          interfaces.create(
              new NewInterface(
                  subnet.id(),
                  "",
                  request.primary(),
                  AddressRequest.NOTHING,
                  request.securityGroups(),
                  Collections.emptySortedMap()),
              null);
      registry.put(instance);
      attachments.attachPrimary(primary, instance);
      settled = timeline.soon("launching " + id, () -> start(instance.id(), primary.id()));
    }
    Timeline.failureOf(settled)
        .ifPresent(
            cause -> {
              terminate(List.of(instance.id()));
              throw new FabricException(
                  "cannot launch " + instance.name() + ": " + cause.getMessage(), cause);
            });
    return instance;
  }

  private void start(String instanceId, String eniId) {
    Instance instance;
    NetworkInterface eni;
    synchronized (registry) {
      instance = lookup.instance(instanceId);
      eni = registry.findInterface(eniId).orElse(null);
    }
    fabric.instanceStarted(instance);
    if (eni != null) {
      fabric.attach(instance, eni, 0);
    }
  }

  /**
   * Reboots an instance: its network is as at the launch again, with the interfaces that are
   * attached now. Whoever runs in it is not asked; returns when it is done.
   *
   * @throws FabricException if the fabric cannot do it
   */
  public void reboot(String instanceId) {
    CompletableFuture<Void> settled;
    synchronized (registry) {
      lookup.runningInstance(instanceId);
      settled = timeline.soon("rebooting " + instanceId, () -> restart(instanceId));
    }
    Timeline.failureOf(settled)
        .ifPresent(
            cause -> {
              throw new FabricException(
                  "cannot reboot " + instanceId + ": " + cause.getMessage(), cause);
            });
  }

  private void restart(String instanceId) {
    Instance instance;
    SortedMap<Integer, NetworkInterface> plugged = new TreeMap<>();
    synchronized (registry) {
      instance = lookup.instance(instanceId);
      for (NetworkInterface eni : registry.interfacesOf(instanceId)) {
        Attachment attachment = eni.attachment();
        // The link of one that is being attached comes when it would have come.
        if (attachment != null && attachment.state() != Attachment.State.ATTACHING) {
          plugged.put(attachment.deviceIndex(), eni);
        }
      }
    }
    plugged.values().forEach(eni -> fabric.detach(instance, eni));
    fabric.instanceTerminated(instance);
    fabric.instanceStarted(instance);
    plugged.forEach((index, eni) -> fabric.attach(instance, eni, index));
  }

  /** What a termination did to an instance's state. */
  public record Terminated(String instanceId, InstanceState previous, InstanceState current) {}

  /**
   * Begins to terminate instances; interfaces that die with their instance do so after the delay,
   * the others become available. To terminate a terminated instance is no error.
   */
  public List<Terminated> terminate(List<String> instanceIds) {
    synchronized (registry) {
      List<Instance> found = instanceIds.stream().distinct().map(lookup::instance).toList();
      return found.stream().map(this::beginTermination).toList();
    }
  }

  private Terminated beginTermination(Instance instance) {
    if (instance.state() != InstanceState.RUNNING) {
      return new Terminated(instance.id(), instance.state(), instance.state());
    }
    registry.put(instance.withState(InstanceState.SHUTTING_DOWN));
    timeline.after(
        conditions.settings().terminateMillis(),
        "terminating " + instance.id(),
        () -> finishTermination(instance.id()));
    return new Terminated(instance.id(), InstanceState.RUNNING, InstanceState.SHUTTING_DOWN);
  }

  private void finishTermination(String instanceId) {
    Instance instance;
    List<NetworkInterface> tied;
    synchronized (registry) {
      instance = lookup.instance(instanceId);
      tied = registry.interfacesOf(instanceId);
    }
    tied.forEach(eni -> attachments.releaseAtTermination(eni, instance));
    try {
      fabric.instanceTerminated(instance);
    } finally {
      synchronized (registry) {
        registry.put(lookup.instance(instanceId).withState(InstanceState.TERMINATED));
      }
    }
  }
}
