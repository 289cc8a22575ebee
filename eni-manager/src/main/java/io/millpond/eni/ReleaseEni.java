package io.millpond.eni;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.pool.value.EniId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.NetworkInterfaceAttachment;
import software.amazon.awssdk.services.ec2.model.NetworkInterfaceStatus;

/** Detaches and deletes an ENI, however often it is asked. Thread-safe. */
final class ReleaseEni {
  private static final Logger log = LoggerFactory.getLogger(ReleaseEni.class);
  private static final Duration DETACH_WAIT = Duration.ofSeconds(60);

  /** A detach has usually ended by then, so that nobody need ask whether it has. */
  private static final Duration USUAL_DETACH = Duration.ofSeconds(3);

  private static final Duration FIRST_LOOK = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final Ec2Calls calls;
  private final EniLookup lookup;
  private final InstanceIdentity self;
  private final Clock clock;
  private final Set<EniId> owed = ConcurrentHashMap.newKeySet();

  ReleaseEni(Ec2Calls calls, EniLookup lookup, InstanceIdentity self, Clock clock) {
    this.calls = calls;
    this.lookup = lookup;
    this.self = self;
    this.clock = clock;
  }

  /**
   * One look, for the attachment and for what must not be released; then detach and delete: three
   * calls, and more only for an attach or detach that takes long.
   *
   * @return whether it is deleted too; one that is only detached is owed
   */
  boolean release(EniId eni) throws CloudException {
    Optional<NetworkInterface> now = lookup.find(eni, Urgency.RELEASE);
    if (now.isEmpty()) {
      return true;
    }
    boolean detached = true;
    if (now.get().attachment() != null) {
      refuseIfNotOurs(now.get());
      detached = detach(eni, now.get().attachment(), clock.instant().plus(DETACH_WAIT));
    }
    try {
      if (now.get().attachment() != null) {
        calls.pause(USUAL_DETACH, "waiting until " + eni + " is detached");
      }
      delete(eni);
      return true;
    } catch (CloudException e) {
      if (!detached) {
        throw e;
      }
      owed.add(eni);
      log.warn("{} is detached and stays until EC2 is tidied: {}", eni, e.failure().reason());
      return false;
    }
  }

  /** An ENI is on its way out of this instance: it is to be deleted. */
  void owe(EniId eni) {
    owed.add(eni);
  }

  /** Those that were detached and could not be deleted. */
  Set<EniId> owed() {
    return Set.copyOf(owed);
  }

  private void refuseIfNotOurs(NetworkInterface eni) throws CloudException {
    String why = null;
    if (!self.instanceId().equals(eni.attachment().instanceId())) {
      why = "it is attached to " + eni.attachment().instanceId();
    } else if (eni.attachment().deviceIndex() == 0) {
      why = "it is a primary ENI";
    } else if (EniTags.handsOff(eni)) {
      why = "it is tagged " + EniTags.NO_MANAGE;
    }
    if (why != null) {
      throw new CloudException(
          CloudFailure.local(
              Kind.UNEXPECTED, "releasing " + eni.networkInterfaceId(), "Refused", why));
    }
  }

  /**
   * One that is still being attached cannot be detached yet: then it is asked again.
   *
   * @return whether it is detached or about to be
   */
  private boolean detach(EniId eni, NetworkInterfaceAttachment attachment, Instant end)
      throws CloudException {
    Duration wait = FIRST_LOOK;
    NetworkInterfaceAttachment now = attachment;
    while (clock.instant().isBefore(end)) {
      if (isLeaving(eni, now)) {
        return true;
      }
      calls.pause(wait, "waiting until " + eni + " can be detached");
      wait = longer(wait);
      Optional<NetworkInterface> seen = lookup.find(eni, Urgency.RELEASE);
      if (seen.isEmpty() || seen.get().attachment() == null) {
        return true;
      }
      now = seen.get().attachment();
    }
    return false;
  }

  private boolean isLeaving(EniId eni, NetworkInterfaceAttachment attachment)
      throws CloudException {
    if (EniLookup.leaving(attachment)) {
      return true;
    }
    try {
      calls.repeatable(
          Action.DETACH,
          Urgency.RELEASE,
          "detaching " + eni,
          ec2 -> ec2.detachNetworkInterface(r -> r.attachmentId(attachment.attachmentId())));
      return true;
    } catch (CloudException e) {
      return switch (e.failure().kind()) {
        case NOT_FOUND -> true;
        case INCORRECT_STATE -> false; // being attached, or detached by someone else
        default -> throw e;
      };
    }
  }

  /**
   * Deletes an ENI. While a detach is under way EC2 answers that it is in use; giving up then would
   * leak it, so it is asked again, after a look at its status that costs less.
   */
  void delete(EniId eni) throws CloudException {
    Instant end = clock.instant().plus(DETACH_WAIT);
    while (true) {
      try {
        calls.repeatable(
            Action.DELETE,
            Urgency.RELEASE,
            "deleting " + eni,
            ec2 -> ec2.deleteNetworkInterface(r -> r.networkInterfaceId(eni.value())));
        owed.remove(eni);
        return;
      } catch (CloudException e) {
        if (e.failure().kind() == Kind.NOT_FOUND) {
          owed.remove(eni);
          return;
        }
        if (e.failure().kind() != Kind.IN_USE || !clock.instant().isBefore(end)) {
          throw e;
        }
      }
      awaitAvailable(eni, end);
    }
  }

  private void awaitAvailable(EniId eni, Instant end) throws CloudException {
    Duration wait = FIRST_LOOK;
    while (clock.instant().isBefore(end)) {
      calls.pause(wait, "waiting until " + eni + " is detached");
      Optional<NetworkInterface> now = lookup.find(eni, Urgency.RELEASE);
      if (now.isEmpty() || now.get().status() == NetworkInterfaceStatus.AVAILABLE) {
        return;
      }
      wait = longer(wait);
    }
  }

  private static Duration longer(Duration wait) {
    Duration twice = wait.multipliedBy(2);
    return twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
  }
}
