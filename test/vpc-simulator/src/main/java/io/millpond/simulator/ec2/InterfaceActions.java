package io.millpond.simulator.ec2;

import io.millpond.simulator.account.Account;
import io.millpond.simulator.account.AddressRequest;
import io.millpond.simulator.account.AwsError;
import io.millpond.simulator.account.Interfaces;
import io.millpond.simulator.account.NewInterface;
import io.millpond.simulator.ec2.Action.Prepared;
import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/** The actions that change network interfaces. */
final class InterfaceActions {
  private static final String ENI = "NetworkInterfaceId";

  private final Account account;
  private final InterfaceXml interfaceXml;

  InterfaceActions(Account account) {
    this.account = account;
    this.interfaceXml = new InterfaceXml(account);
  }

  Map<String, Action> byName() {
    return Map.of(
        "CreateNetworkInterface", this::create,
        "DeleteNetworkInterface", this::delete,
        "AttachNetworkInterface", this::attach,
        "DetachNetworkInterface", this::detach,
        "ModifyNetworkInterfaceAttribute", this::modify,
        "AssignPrivateIpAddresses", this::assign,
        "UnassignPrivateIpAddresses", this::unassign);
  }

  private Prepared create(Parameters call) {
    String subnet = call.required("SubnetId");
    String description = call.text("Description").orElse("");
    if (description.length() > 255) {
      throw call.invalid("Description", description.substring(0, 20) + "…");
    }
    List<Ipv4> secondary = new ArrayList<>();
    Ipv4 primary = call.address("PrivateIpAddress").orElse(null);
    for (Parameters address : call.structures("PrivateIpAddresses")) {
      Ipv4 value =
          address.address("PrivateIpAddress").orElseThrow(() -> call.missing("privateIpAddress"));
      if (!address.flag("Primary").orElse(false)) {
        secondary.add(value);
      } else if (primary == null || primary.equals(value)) {
        primary = value;
      } else {
        throw new AwsError(
            "InvalidParameterCombination", "Only one primary private IP address can be specified");
      }
    }
    int count = call.integer("SecondaryPrivateIpAddressCount").orElse(0);
    int prefixCount = call.integer("Ipv4PrefixCount").orElse(0);
    List<Cidr> prefixes =
        call.structures("Ipv4Prefix").stream()
            .flatMap(p -> p.prefix("Ipv4Prefix").stream())
            .toList();
    AddressRequest more = new AddressRequest(secondary, count, prefixes, prefixCount);
    if (more.kinds() > 1) {
      throw new AwsError(
          "InvalidParameterCombination",
          "Only one of privateIpAddresses, secondaryPrivateIpAddressCount, ipv4Prefixes and"
              + " ipv4PrefixCount may be specified");
    }
    call.text("InterfaceType")
        .filter(type -> !type.equals("interface"))
        .ifPresent(
            type -> {
              throw call.invalid("InterfaceType", type);
            });
    NewInterface request =
        new NewInterface(
            subnet, description, primary, more, call.list("SecurityGroupId"), tags(call));
    Optional<String> token = call.text("ClientToken").filter(t -> !t.isEmpty());
    token
        .filter(t -> t.length() > 64)
        .ifPresent(
            t -> {
              throw call.invalid("ClientToken", t);
            });
    return Prepared.change(
        () -> {
          NetworkInterface created = account.interfaces().create(request, token.orElse(null));
          return xml -> {
            xml.element("networkInterface", e -> interfaceXml.writeCreated(e, created));
            token.ifPresent(t -> xml.text("clientToken", t));
          };
        });
  }

  private static SortedMap<String, String> tags(Parameters call) {
    for (Parameters specification : call.structures("TagSpecification")) {
      String type = specification.required("ResourceType");
      if (!type.equals("network-interface")) {
        throw new AwsError(
            "InvalidParameterValue",
            "'" + type + "' is not a valid taggable resource type for this operation.");
      }
      return TagActions.tags(specification);
    }
    return Collections.emptySortedMap();
  }

  private Prepared delete(Parameters call) {
    String eni = call.required(ENI);
    return Prepared.quietly(() -> account.interfaces().delete(eni));
  }

  private Prepared attach(Parameters call) {
    String eni = call.required(ENI);
    String instance = call.required("InstanceId");
    call.required("DeviceIndex");
    int index = call.integer("DeviceIndex").orElse(0);
    Integer card = call.integer("NetworkCardIndex").orElse(null);
    return Prepared.change(
        () -> {
          var attachment = account.attachments().attach(eni, instance, index, card);
          return xml ->
              xml.text("attachmentId", attachment.id())
                  .text("networkCardIndex", attachment.networkCard());
        });
  }

  private Prepared detach(Parameters call) {
    String attachment = call.required("AttachmentId");
    boolean force = call.flag("Force").orElse(false);
    return Prepared.quietly(() -> account.attachments().detach(attachment, force));
  }

  private Prepared modify(Parameters call) {
    String eni = call.required(ENI);
    Interfaces interfaces = account.interfaces();
    List<Runnable> changes = new ArrayList<>();
    Optional<Boolean> delete = call.structure("Attachment").flag("DeleteOnTermination");
    if (delete.isPresent()) {
      String attachment = call.structure("Attachment").required("AttachmentId");
      changes.add(() -> interfaces.modifyDeleteOnTermination(eni, attachment, delete.get()));
    }
    call.structure("Description")
        .text("Value")
        .ifPresent(text -> changes.add(() -> interfaces.modify(eni, e -> e.withDescription(text))));
    call.structure("SourceDestCheck")
        .flag("Value")
        .ifPresent(
            check -> changes.add(() -> interfaces.modify(eni, e -> e.withSourceDestCheck(check))));
    List<String> groups = call.list("SecurityGroupId");
    if (!groups.isEmpty()) {
      changes.add(() -> interfaces.modifyGroups(eni, groups));
    }
    if (changes.isEmpty()) {
      throw new AwsError(
          "MissingParameter", "No attribute to modify was specified for the network interface");
    }
    if (changes.size() > 1) {
      throw new AwsError(
          "InvalidParameterCombination",
          "Fields for multiple attribute types specified: only one may be modified in a call");
    }
    return Prepared.quietly(changes.getFirst());
  }

  private Prepared assign(Parameters call) {
    String eni = call.required(ENI);
    boolean reassign = call.flag("AllowReassignment").orElse(false);
    AddressRequest request =
        new AddressRequest(
            call.addresses("PrivateIpAddress"),
            call.integer("SecondaryPrivateIpAddressCount").orElse(0),
            call.prefixes("Ipv4Prefix"),
            call.integer("Ipv4PrefixCount").orElse(0));
    return Prepared.change(
        () -> {
          Interfaces.Assigned assigned = account.interfaces().assign(eni, request, reassign);
          return xml -> {
            xml.text("networkInterfaceId", eni).text("return", true);
            if (!assigned.addresses().isEmpty()) {
              xml.items(
                  "assignedPrivateIpAddressesSet",
                  assigned.addresses(),
                  (item, address) -> item.text("privateIpAddress", address));
            }
            if (!assigned.prefixes().isEmpty()) {
              xml.items(
                  "assignedIpv4PrefixSet",
                  assigned.prefixes(),
                  (item, prefix) -> item.text("ipv4Prefix", prefix));
            }
          };
        });
  }

  private Prepared unassign(Parameters call) {
    String eni = call.required(ENI);
    List<Ipv4> addresses = call.addresses("PrivateIpAddress");
    List<Cidr> prefixes = call.prefixes("Ipv4Prefix");
    return Prepared.quietly(() -> account.interfaces().unassign(eni, addresses, prefixes));
  }
}
