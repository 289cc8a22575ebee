package io.millpond.simulator.account;

import io.millpond.simulator.fabric.Fabric;
import io.millpond.simulator.model.Attachment;
import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.Subnet;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Creates, changes and deletes network interfaces and their addresses. */
public final class Interfaces {
  private final Registry registry;
  private final Lookup lookup;
  private final Quotas quotas;
  private final Ids ids;
  private final Clock clock;
  private final Timeline timeline;
  private final Fabric fabric;
  private final Map<String, Remembered> byClientToken = new HashMap<>();

  /** What a client token was first used for, and what came of it. */
  private record Remembered(NewInterface request, NetworkInterface result) {}

  Interfaces(
      Registry registry,
      Lookup lookup,
      Quotas quotas,
      Ids ids,
      Clock clock,
      Timeline timeline,
      Fabric fabric) {
    this.registry = registry;
    this.lookup = lookup;
    this.quotas = quotas;
    this.ids = ids;
    this.clock = clock;
    this.timeline = timeline;
    this.fabric = fabric;
  }

  /**
   * Creates an interface.
   *
   * @param clientToken a repeated call with it gives the first call's result and does nothing
   * @throws AwsError IdempotentParameterMismatch if a repeated call asks for something else; and
   *     the refusals of a creation
   */
  public NetworkInterface create(NewInterface request, @Nullable String clientToken) {
    synchronized (registry) {
      if (clientToken == null) {
        return create(request);
      }
      Remembered before = byClientToken.get(clientToken);
      if (before == null) {
        NetworkInterface eni = create(request);
        byClientToken.put(clientToken, new Remembered(request, eni));
        return eni;
      }
      if (!before.request().equals(request)) {
        throw new AwsError(
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous"
                + " request(s).");
      }
      return registry.findInterface(before.result().id()).orElse(before.result());
    }
  }

  private NetworkInterface create(NewInterface request) {
    Subnet subnet = lookup.subnet(request.subnetId());
    List<String> groups = lookup.groupsFor(request.securityGroups());
    TagRules.check(request.tags());
    quotas.checkNewInterface();
    quotas.checkSlots(1L + request.more().slots(), InstanceTypes.MOST_ADDRESSES);
    quotas.checkUsage(1 + request.more().slots());

    SubnetSpace space = registry.space(subnet.id()).copy();
    List<Ipv4> addresses = new ArrayList<>();
    Ipv4 primary = request.primary();
    if (primary != null) {
      space.take(primary);
      addresses.add(primary);
    }
    request.more().addresses().forEach(space::take);
    if (primary == null) {
      addresses.addAll(space.take(1));
    }
    addresses.addAll(request.more().addresses());
    addresses.addAll(space.take(request.more().count()));
    List<Cidr> prefixes = takePrefixes(space, request.more());
    registry.adopt(subnet.id(), space);

    NetworkInterface eni =
        new NetworkInterface(
            ids.next("eni"),
            ids.nextMac(),
            subnet.id(),
            subnet.vpcId(),
            subnet.zone(),
            request.description(),
            groups,
            addresses,
            prefixes,
            true,
            null,
            request.tags(),
            clock.instant());
    registry.put(eni);
    return eni;
  }

  /**
   * Deletes an interface that is attached to nothing.
   *
   * @throws AwsError InvalidParameterValue while it is attached, or still being detached
   */
  public void delete(String id) {
    synchronized (registry) {
      NetworkInterface eni = lookup.networkInterface(id);
      if (eni.attachment() != null) {
        throw AwsError.invalidValue("Network interface '" + id + "' is currently in use.");
      }
      registry.remove(eni);
    }
  }

  /** What an assignment added. */
  public record Assigned(NetworkInterface eni, List<Ipv4> addresses, List<Cidr> prefixes) {
    public Assigned {
      addresses = List.copyOf(addresses);
      prefixes = List.copyOf(prefixes);
    }
  }

  /**
   * Assigns addresses or prefixes, all or none; returns when the fabric delivers to them.
   *
   * @param allowReassignment take a named address away from the interface that has it as a
   *     secondary one
   */
  public Assigned assign(String id, AddressRequest request, boolean allowReassignment) {
    Assigned assigned;
    CompletableFuture<Void> settled;
    synchronized (registry) {
      if (request.kinds() == 0) {
        throw new AwsError(
            "MissingParameter",
            "The request must contain the parameter secondaryPrivateIpAddressCount or"
                + " privateIpAddress or ipv4PrefixCount or ipv4Prefix");
      }
      if (request.kinds() > 1) {
        throw new AwsError(
            "InvalidParameterCombination",
            "Only one of private IP addresses, their count, prefixes and their count may be"
                + " specified");
      }
      NetworkInterface eni = lookup.networkInterface(id);
      quotas.checkSlots(eni, request);
      quotas.checkUsage(request.slots());
      List<NetworkInterface> losers =
          allowReassignment ? losers(eni, request.addresses()) : List.of();

      SubnetSpace space = registry.space(eni.subnetId()).copy();
      for (NetworkInterface loser : losers) {
        request.addresses().stream().filter(loser::owns).forEach(space::release);
      }
      request.addresses().forEach(space::take);
      List<Ipv4> addresses = new ArrayList<>(request.addresses());
      addresses.addAll(space.take(request.count()));
      List<Cidr> prefixes = takePrefixes(space, request);
      for (NetworkInterface loser : losers) {
        CompletableFuture<Void> _ = changed(loser.minus(request.addresses(), List.of()));
      }
      registry.adopt(eni.subnetId(), space);

      NetworkInterface after = eni.plus(addresses, prefixes);
      settled = changed(after);
      assigned = new Assigned(after, addresses, prefixes);
    }
    Timeline.await(settled);
    return assigned;
  }

  /**
   * Takes secondary addresses or prefixes away, all or none; returns when the fabric no longer
   * delivers to them.
   */
  public void unassign(String id, List<Ipv4> addresses, List<Cidr> prefixes) {
    CompletableFuture<Void> settled;
    synchronized (registry) {
      if (addresses.isEmpty() && prefixes.isEmpty()) {
        throw new AwsError(
            "MissingParameter", "The request must contain the parameter privateIpAddress");
      }
      NetworkInterface eni = lookup.networkInterface(id);
      if (!eni.addresses().containsAll(addresses) || !eni.prefixes().containsAll(prefixes)) {
        throw AwsError.invalidValue(
            "Some of the specified addresses are not assigned to interface " + id);
      }
      if (addresses.contains(eni.primaryAddress())) {
        throw AwsError.invalidValue(
            "The primary private IP address "
                + eni.primaryAddress()
                + " of interface "
                + id
                + " cannot be unassigned");
      }
      settled = changed(eni.minus(addresses, prefixes));
    }
    Timeline.await(settled);
  }

  /** Changes an attribute; returns when the fabric follows it. */
  public void modify(String id, UnaryOperator<NetworkInterface> change) {
    CompletableFuture<Void> settled;
    synchronized (registry) {
      settled = changed(change.apply(lookup.networkInterface(id)));
    }
    Timeline.await(settled);
  }

  /** Puts other security groups on an interface. */
  public void modifyGroups(String id, List<String> groups) {
    synchronized (registry) {
      NetworkInterface eni = lookup.networkInterface(id);
      registry.put(eni.withSecurityGroups(lookup.groupsFor(groups)));
    }
  }

  /** Says whether an interface dies with the instance it is attached to. */
  public void modifyDeleteOnTermination(String id, String attachmentId, boolean delete) {
    synchronized (registry) {
      NetworkInterface eni = lookup.networkInterface(id);
      Attachment attachment = lookup.attachment(attachmentId).attachment();
      if (!attachment.equals(eni.attachment())) {
        throw new AwsError(
            "InvalidAttachmentID.NotFound",
            "The interface attachment '" + attachmentId + "' does not exist on '" + id + "'.");
      }
      registry.put(eni.withAttachment(attachment.withDeleteOnTermination(delete)));
    }
  }

  private static List<Cidr> takePrefixes(SubnetSpace space, AddressRequest request) {
    request.prefixes().forEach(space::take);
    List<Cidr> prefixes = new ArrayList<>(request.prefixes());
    prefixes.addAll(space.takeBlocks(request.prefixCount()));
    return prefixes;
  }

  /** The other interfaces that have one of the addresses as a secondary one. */
  private List<NetworkInterface> losers(NetworkInterface winner, List<Ipv4> addresses) {
    return registry.interfaces(0).stream()
        .filter(other -> !other.id().equals(winner.id()))
        .filter(other -> other.addresses().stream().skip(1).anyMatch(addresses::contains))
        .toList();
  }

  /** Stores a changed interface, and has the fabric follow. */
  private CompletableFuture<Void> changed(NetworkInterface eni) {
    registry.put(eni);
    if (eni.attachment() == null) {
      return CompletableFuture.completedFuture(null);
    }
    return timeline.soon("addresses of " + eni.id(), () -> follow(eni.id()));
  }

  private void follow(String id) {
    NetworkInterface eni;
    synchronized (registry) {
      eni = registry.findInterface(id).orElse(null);
    }
    Attachment attachment = eni == null ? null : eni.attachment();
    if (eni != null && attachment != null && attachment.state() != Attachment.State.ATTACHING) {
      fabric.addressesChanged(eni);
    }
  }
}
