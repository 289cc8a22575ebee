package io.millpond.eni;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import software.amazon.awssdk.services.ec2.model.AssignedPrivateIpAddress;

/** Gives an ENI secondary addresses and takes them away, one call each. Thread-safe. */
final class EniAddresses {
  private final Ec2Calls calls;
  private final EniLookup lookup;

  EniAddresses(Ec2Calls calls, EniLookup lookup) {
    this.calls = calls;
    this.lookup = lookup;
  }

  /** The new ones. Twice would be twice as many, so a lost answer is looked up, not asked again. */
  Set<IpAddress> assign(EniId eni, int count, Set<IpAddress> present, Urgency urgency)
      throws CloudException {
    Set<IpAddress> added = new TreeSet<>();
    try {
      for (AssignedPrivateIpAddress address :
          calls
              .single(
                  Action.ASSIGN,
                  urgency,
                  "assigning " + count + " addresses to " + eni,
                  ec2 ->
                      ec2.assignPrivateIpAddresses(
                          r ->
                              r.networkInterfaceId(eni.value())
                                  .secondaryPrivateIpAddressCount(count)))
              .assignedPrivateIpAddresses()) {
        added.add(IpAddress.parse(address.privateIpAddress()));
      }
      if (added.size() > count) {
        // Some emulators answer with all addresses of the ENI, its own too.
        added.removeAll(present);
      }
      return added.size() > count ? newOnes(eni, present, urgency) : added;
    } catch (CloudException e) {
      if (!e.failure().effectUnknown()) {
        throw e;
      }
      return assignedAnyway(eni, present, e, urgency);
    }
  }

  private Set<IpAddress> assignedAnyway(
      EniId eni, Set<IpAddress> present, CloudException e, Urgency urgency) throws CloudException {
    try {
      Set<IpAddress> added = newOnes(eni, present, urgency);
      if (!added.isEmpty()) {
        return added;
      }
    } catch (CloudException unknown) {
      e.addSuppressed(unknown);
    }
    throw e;
  }

  private Set<IpAddress> newOnes(EniId eni, Set<IpAddress> present, Urgency urgency)
      throws CloudException {
    Set<IpAddress> all =
        lookup.find(eni, urgency).map(EniLookup::secondary).orElseGet(TreeSet::new);
    all.removeAll(present);
    return all;
  }

  /** EC2 takes all or none, and none if one is gone already: then only the others are named. */
  void unassign(EniId eni, Collection<IpAddress> addresses) throws CloudException {
    try {
      call(eni, addresses);
    } catch (CloudException e) {
      if (!e.failure().message().contains("not assigned")) {
        throw e;
      }
      Set<IpAddress> left = new TreeSet<>(addresses);
      left.retainAll(
          lookup.find(eni, Urgency.RELEASE).map(EniLookup::secondary).orElseGet(TreeSet::new));
      if (left.size() == addresses.size()) {
        throw e;
      }
      if (!left.isEmpty()) {
        call(eni, left);
      }
    }
  }

  private void call(EniId eni, Collection<IpAddress> addresses) throws CloudException {
    calls.repeatable(
        Action.UNASSIGN,
        Urgency.RELEASE,
        "unassigning " + addresses.size() + " addresses from " + eni,
        ec2 ->
            ec2.unassignPrivateIpAddresses(
                r ->
                    r.networkInterfaceId(eni.value())
                        .privateIpAddresses(addresses.stream().map(IpAddress::toString).toList())));
  }
}
