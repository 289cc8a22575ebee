package io.millpond.simulator.ec2;

import io.millpond.simulator.account.Account;
import io.millpond.simulator.model.Attachment;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.SecurityGroup;
import java.util.List;

/** Writes network interfaces as EC2 does. */
final class InterfaceXml {
  private final Account account;

  InterfaceXml(Account account) {
    this.account = account;
  }

  /** The shape of DescribeNetworkInterfaces. */
  void write(Xml xml, NetworkInterface eni) {
    Attachment attachment = eni.attachment();
    write(xml, eni, attachment == null ? "available" : "in-use");
    if (attachment != null) {
      xml.element(
          "attachment",
          a ->
              attachment(a, attachment)
                  .text("instanceId", attachment.instanceId())
                  .text("instanceOwnerId", account.id()));
    }
  }

  /** The shape of CreateNetworkInterface, whose answer is sent before all is ready. */
  void writeCreated(Xml xml, NetworkInterface eni) {
    write(xml, eni, "pending");
  }

  private void write(Xml xml, NetworkInterface eni, String status) {
    common(xml, eni, status);
    xml.text("availabilityZone", eni.zone()).text("requesterManaged", false);
    prefixes(xml, eni);
    xml.tags(eni.tags());
  }

  /** The shape of an interface within DescribeInstances. */
  void writeOfInstance(Xml xml, NetworkInterface eni) {
    common(xml, eni, "in-use");
    prefixes(xml, eni);
    Attachment attachment = eni.attachment();
    if (attachment != null) {
      xml.element("attachment", a -> attachment(a, attachment));
    }
  }

  private void common(Xml xml, NetworkInterface eni, String status) {
    xml.text("networkInterfaceId", eni.id())
        .text("subnetId", eni.subnetId())
        .text("vpcId", eni.vpcId())
        .text("description", eni.description())
        .text("ownerId", account.id())
        .text("status", status)
        .text("macAddress", eni.mac())
        .text("privateIpAddress", eni.primaryAddress())
        .text("privateDnsName", dnsName(eni.primaryAddress()))
        .text("sourceDestCheck", eni.sourceDestCheck())
        .text("interfaceType", "interface");
    groups(xml, eni.securityGroupIds());
    xml.items(
        "privateIpAddressesSet",
        eni.addresses(),
        (item, address) ->
            item.text("privateIpAddress", address)
                .text("privateDnsName", dnsName(address))
                .text("primary", address.equals(eni.primaryAddress())));
    xml.items("ipv6AddressesSet", List.of(), (item, none) -> {});
  }

  private static void prefixes(Xml xml, NetworkInterface eni) {
    if (!eni.prefixes().isEmpty()) {
      xml.items("ipv4PrefixSet", eni.prefixes(), (item, p) -> item.text("ipv4Prefix", p));
    }
  }

  private static Xml attachment(Xml xml, Attachment attachment) {
    return xml.text("attachmentId", attachment.id())
        .text("deviceIndex", attachment.deviceIndex())
        .text("networkCardIndex", attachment.networkCard())
        .text("status", attachment.state().ec2Name())
        .time("attachTime", attachment.attachTime())
        .text("deleteOnTermination", attachment.deleteOnTermination());
  }

  void groups(Xml xml, List<String> ids) {
    xml.items(
        "groupSet", ids, (item, id) -> item.text("groupId", id).text("groupName", groupName(id)));
  }

  String groupName(String id) {
    return account.listGroups().stream()
        .filter(group -> group.id().equals(id))
        .map(SecurityGroup::name)
        .findFirst()
        .orElse("");
  }

  String dnsName(Ipv4 address) {
    return "ip-"
        + address.toString().replace('.', '-')
        + "."
        + account.region()
        + ".compute.internal";
  }
}
