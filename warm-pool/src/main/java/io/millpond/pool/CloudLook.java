package io.millpond.pool;

import io.millpond.pool.PoolState.InFlight;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an answer about the instance's ENIs changes. EC2's answers are eventually consistent, so
 * that presence of the unknown and absence of the known count only when two answers, asked for at
 * least {@link #APART} apart, say the same. A hint (IMDS) changes nothing.
 */
final class CloudLook {
  /** Between two answers that confirm each other. */
  static final Duration APART = Duration.ofSeconds(10);

  private final Transition work;
  private final CloudView view;
  private final BootTime at;

  /** Places of ENIs with addresses that this answer shows and none has confirmed yet. */
  private final Set<DeviceIndex> unconfirmed = new HashSet<>();

  CloudLook(Transition work, CloudView view, BootTime at) {
    this.work = work;
    this.view = view;
    this.at = at;
  }

  void apply() {
    if (!view.verified()) {
      return;
    }
    work.verified = true;
    work.foreign = view.foreign();
    Map<EniId, CloudView.Eni> seen = new HashMap<>();
    for (CloudView.Eni eni : view.enis()) {
      seen.put(eni.id(), eni);
    }
    appear();
    for (PoolEni eni : List.copyOf(work.enis.values())) {
      compare(eni, seen.get(eni.id()));
    }
    for (InFlight flight : List.copyOf(work.inFlight.values())) {
      settle(flight);
    }
  }

  private boolean counts(@Nullable BootTime first) {
    return first != null && at.since(first).compareTo(APART) >= 0;
  }

  private void appear() {
    Set<IpAddress> unknown = new HashSet<>();
    for (CloudView.Eni eni : view.enis()) {
      List<IpAddress> confirmed = new ArrayList<>();
      for (IpAddress ip : eni.addresses()) {
        if (work.before.address(ip).isPresent()) {
          move(ip, eni);
          continue;
        }
        unknown.add(ip);
        if (counts(work.sightings.get(ip))) {
          confirmed.add(ip);
        } else {
          work.sightings.putIfAbsent(ip, at);
          unconfirmed.add(eni.device());
        }
      }
      PoolEni known = work.enis.get(eni.id());
      // One without addresses has nothing that a second answer could confirm; if it is not there,
      // the next two say so.
      boolean empty = known == null && eni.addresses().isEmpty();
      if (empty || (known != null && known.device() == null)) {
        work.joinEni(eni, List.of(), at);
      }
      if (!confirmed.isEmpty()) {
        work.joinEni(eni, confirmed, at);
      }
    }
    work.sightings.keySet().retainAll(unknown);
  }

  /**
   * An address that its ENI has lacked for two answers and that this one shows on another ENI of
   * ours is there, whoever has it: the start may have put it where EC2 did not show it yet.
   */
  private void move(IpAddress ip, CloudView.Eni to) {
    for (PoolEni from : List.copyOf(work.enis.values())) {
      PoolAddress address = from.addresses().get(ip);
      if (address != null
          && !from.id().equals(to.id())
          && address.known().isBefore(at)
          && counts(address.missing())
          && !(address.state() instanceof AddressState.Leaving)) {
        work.remove(from.id(), List.of(ip));
        work.joinEni(to, List.of(), at);
        work.enis.computeIfPresent(to.id(), (_, eni) -> eni.with(address));
      }
    }
  }

  private void compare(PoolEni eni, CloudView.@Nullable Eni seen) {
    PoolEni next = eni;
    if (!at.isBefore(eni.known())) {
      BootTime missing = seen != null ? null : eni.missing() == null ? at : eni.missing();
      next = next.withMissing(missing);
      // A hint may have been wrong about whose it is; afterwards nobody changes that any more.
      if (seen != null && !work.before.verified()) {
        next = next.withPool(seen.pool());
      }
    }
    List<IpAddress> vanished = new ArrayList<>();
    for (PoolAddress address : eni.addresses().values()) {
      if (!address.known().isBefore(at)) {
        continue;
      }
      boolean present = seen != null && seen.addresses().contains(address.ip());
      PoolAddress changed = present ? found(address) : lost(address);
      boolean idle =
          changed.state() instanceof AddressState.Free
              || changed.state() instanceof AddressState.Leaving;
      if (changed.gone() && idle) {
        vanished.add(address.ip());
      }
      next = next.with(changed);
    }
    work.enis.put(eni.id(), next);
    work.remove(eni.id(), vanished);
    PoolEni left = work.enis.get(eni.id());
    if (left != null && left.addresses().isEmpty() && counts(left.missing())) {
      work.enis.remove(eni.id());
    }
  }

  private static PoolAddress found(PoolAddress address) {
    PoolAddress present = address.missingSince(null, false);
    return address.state() instanceof AddressState.Frozen f
        ? present.with(new AddressState.Owned(f.key(), true, f.since()))
        : present;
  }

  private PoolAddress lost(PoolAddress address) {
    BootTime first = address.missing() == null ? at : address.missing();
    boolean gone = address.gone() || counts(address.missing());
    PoolAddress absent = address.missingSince(first, gone);
    return gone && address.state() instanceof AddressState.Owned o
        ? absent.with(new AddressState.Frozen(o.key(), at))
        : absent;
  }

  private void settle(InFlight flight) {
    BootTime uncertain = flight.uncertain();
    if (uncertain == null || !uncertain.isBefore(at)) {
      return;
    }
    if (flight.looked() == null) {
      work.inFlight.put(
          flight.action().id(), new InFlight(flight.action(), flight.since(), uncertain, at));
    } else if (counts(flight.looked()) && !mayShow(flight.action())) {
      work.settle(flight);
    }
  }

  /** Whether the action's effect may be what this answer shows and the next will confirm. */
  private boolean mayShow(PoolAction action) {
    return switch (action) {
      case PoolAction.CreateEni create -> unconfirmed.contains(create.device());
      case PoolAction.AssignAddresses assign ->
          view.enis().stream()
              .anyMatch(e -> e.id().equals(assign.eni()) && unconfirmed.contains(e.device()));
      case PoolAction.UnassignAddresses _, PoolAction.ReleaseEni _, PoolAction.Probe _ -> false;
    };
  }
}
