package io.millpond.simulator.account;

import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.fabric.Fabric;
import io.millpond.simulator.fabric.FabricException;
import io.millpond.simulator.model.Attachment;
import io.millpond.simulator.model.Attachment.State;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.NetworkInterface;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Attaches interfaces to instances and detaches them, over the time that takes. */
public final class Attachments {
  private static final int MAX_DEVICE_INDEX = 255;

  private final Registry registry;
  private final Lookup lookup;
  private final Quotas quotas;
  private final Ids ids;
  private final Clock clock;
  private final Conditions conditions;
  private final Timeline timeline;
  private final Fabric fabric;

  Attachments(
      Registry registry,
      Lookup lookup,
      Quotas quotas,
      Ids ids,
      Clock clock,
      Conditions conditions,
      Timeline timeline,
      Fabric fabric) {
    this.registry = registry;
    this.lookup = lookup;
    this.quotas = quotas;
    this.ids = ids;
    this.clock = clock;
    this.conditions = conditions;
    this.timeline = timeline;
    this.fabric = fabric;
  }

  /**
   * Begins to attach; the link appears after the attach delay.
   *
   * @param card none: the type's default network card
   */
  public Attachment attach(
      String eniId, String instanceId, int deviceIndex, @Nullable Integer card) {
    synchronized (registry) {
      Instance instance = lookup.runningInstance(instanceId);
      NetworkInterface eni = lookup.networkInterface(eniId);
      if (eni.attachment() != null) {
        throw new AwsError("InvalidNetworkInterface.InUse", "Interface: [" + eniId + "] in use.");
      }
      if (!eni.zone().equals(instance.zone())) {
        throw new AwsError(
            "InvalidParameterCombination",
            "You may not attach a network interface to an instance if they are not in the same"
                + " availability zone");
      }
      if (deviceIndex < 0 || deviceIndex > MAX_DEVICE_INDEX) {
        throw AwsError.invalidValue("Invalid value '" + deviceIndex + "' for deviceIndex.");
      }
      int usedCard = card == null ? InstanceTypes.named(instance.type()).defaultCard() : card;
      quotas.checkAttach(instance, eni, deviceIndex, usedCard);
      Attachment attachment = begin(eni, instance, deviceIndex, usedCard, false);
      timeline.after(
          conditions.settings().attachMillis(),
          "attaching " + eniId + " to " + instanceId,
          () -> complete(eniId, attachment.id()));
      return attachment;
    }
  }

  /** Begins to attach at the first free device index of the default network card. */
  public Attachment attachSomewhere(String eniId, String instanceId) {
    synchronized (registry) {
      Set<Integer> used =
          registry.interfacesOf(instanceId).stream()
              .flatMap(eni -> Optional.ofNullable(eni.attachment()).stream())
              .map(Attachment::deviceIndex)
              .collect(Collectors.toSet());
      int free =
          IntStream.range(1, MAX_DEVICE_INDEX)
              .filter(index -> !used.contains(index))
              .findFirst()
              .orElse(MAX_DEVICE_INDEX);
      return attach(eniId, instanceId, free, null);
    }
  }

  /** The primary interface of an instance that is being launched; there from the start. */
  void attachPrimary(NetworkInterface eni, Instance instance) {
    Attachment attachment =
        begin(eni, instance, 0, InstanceTypes.named(instance.type()).defaultCard(), true);
    registry.put(eni.withAttachment(attachment.withState(State.ATTACHED, clock.instant())));
  }

  private Attachment begin(
      NetworkInterface eni, Instance instance, int deviceIndex, int card, boolean delete) {
    Instant now = clock.instant();
    Attachment attachment =
        new Attachment(
            ids.next("eni-attach"),
            instance.id(),
            deviceIndex,
            card,
            State.ATTACHING,
            delete,
            now,
            now);
    registry.put(eni.withAttachment(attachment));
    return attachment;
  }

  private void complete(String eniId, String attachmentId) {
    NetworkInterface eni;
    Instance instance;
    Attachment attachment;
    synchronized (registry) {
      eni = current(eniId, attachmentId, State.ATTACHING).orElse(null);
      attachment = eni == null ? null : eni.attachment();
      instance = attachment == null ? null : registry.findInstance(attachment.instanceId());
    }
    if (eni == null || attachment == null || instance == null) {
      return; // the instance was terminated meanwhile
    }
    fabric.attach(instance, eni, attachment.deviceIndex());
    boolean changedMeanwhile;
    NetworkInterface after;
    synchronized (registry) {
      Optional<NetworkInterface> now = current(eniId, attachmentId, State.ATTACHING);
      if (now.isEmpty() || now.get().attachment() == null) {
        return;
      }
      Attachment newest = now.get().attachment();
      changedMeanwhile =
          !now.get().addresses().equals(eni.addresses())
              || !now.get().prefixes().equals(eni.prefixes());
      after = now.get().withAttachment(newest.withState(State.ATTACHED, clock.instant()));
      registry.put(after);
    }
    if (changedMeanwhile) {
      fabric.addressesChanged(after);
    }
  }

  /**
   * Begins to detach; the link vanishes, and the interface is available, after the detach delay.
   *
   * @param force also one that is still being attached
   */
  public void detach(String attachmentId, boolean force) {
    synchronized (registry) {
      Lookup.Attached attached = lookup.attachment(attachmentId);
      NetworkInterface eni = attached.eni();
      Attachment attachment = attached.attachment();
      if (attachment.deviceIndex() == 0) {
        throw new AwsError(
            "OperationNotPermitted",
            "The network interface at device index 0 and networkCard index "
                + attachment.networkCard()
                + " cannot be detached.");
      }
      if (attachment.state() == State.DETACHING
          || (attachment.state() == State.ATTACHING && !force)) {
        throw new AwsError(
            "IncorrectState",
            "The interface attachment '"
                + attachmentId
                + "' is in state '"
                + attachment.state().ec2Name()
                + "'.");
      }
      registry.put(eni.withAttachment(attachment.withState(State.DETACHING, clock.instant())));
      timeline.after(
          conditions.settings().detachMillis(),
          "detaching " + eni.id() + " from " + attachment.instanceId(),
          () -> release(eni.id(), attachmentId));
    }
  }

  private void release(String eniId, String attachmentId) {
    NetworkInterface eni;
    Instance instance = null;
    synchronized (registry) {
      eni = current(eniId, attachmentId, State.DETACHING).orElse(null);
      Attachment attachment = eni == null ? null : eni.attachment();
      instance = attachment == null ? null : registry.findInstance(attachment.instanceId());
    }
    if (eni == null || instance == null) {
      return;
    }
    try {
      fabric.detach(instance, eni);
    } finally {
      letGo(eniId, attachmentId);
    }
  }

  /** An interface of a terminated instance: deleted with it, or available again. */
  void releaseAtTermination(NetworkInterface eni, Instance instance) {
    Attachment attachment = eni.attachment();
    if (attachment == null) {
      return;
    }
    try {
      fabric.detach(instance, eni);
    } catch (FabricException e) {
      System.getLogger(Attachments.class.getName())
          .log(System.Logger.Level.WARNING, "detaching " + eni.id(), e);
    }
    synchronized (registry) {
      if (attachment.deleteOnTermination()) {
        registry.findInterface(eni.id()).ifPresent(registry::remove);
      } else {
        letGo(eni.id(), attachment.id());
      }
    }
  }

  private void letGo(String eniId, String attachmentId) {
    synchronized (registry) {
      registry
          .findInterface(eniId)
          .filter(eni -> has(eni, attachmentId))
          .ifPresent(eni -> registry.put(eni.withAttachment(null)));
    }
  }

  private Optional<NetworkInterface> current(String eniId, String attachmentId, State state) {
    return registry
        .findInterface(eniId)
        .filter(eni -> has(eni, attachmentId))
        .filter(eni -> eni.attachment() != null && eni.attachment().state() == state);
  }

  private static boolean has(NetworkInterface eni, String attachmentId) {
    return eni.attachment() != null && eni.attachment().id().equals(attachmentId);
  }
}
