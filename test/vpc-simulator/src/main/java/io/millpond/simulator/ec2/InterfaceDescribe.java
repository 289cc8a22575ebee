package io.millpond.simulator.ec2;

import io.millpond.simulator.account.Account;
import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.model.Attachment;
import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** DescribeNetworkInterfaces. */
final class InterfaceDescribe {
  private final Account account;
  private final Conditions conditions;
  private final InterfaceXml interfaceXml;

  InterfaceDescribe(Account account, Conditions conditions) {
    this.account = account;
    this.conditions = conditions;
    this.interfaceXml = new InterfaceXml(account);
  }

  Map<String, Action> byName() {
    return Map.of(
        "DescribeNetworkInterfaces",
        new Describe<>(
            "NetworkInterfaceId",
            Pattern.compile("eni-([0-9a-f]{8}|[0-9a-f]{17})"),
            "InvalidNetworkInterfaceId.Malformed",
            Describe.missing("InvalidNetworkInterfaceID.NotFound", "networkInterface ID"),
            1000,
            false,
            "networkInterfaceSet",
            () -> account.listInterfaces(conditions.settings().describeLagMillis()),
            NetworkInterface::id,
            new Filters<>(filters(), NetworkInterface::tags),
            interfaceXml::write));
  }

  private Map<String, Function<NetworkInterface, Stream<String>>> filters() {
    return Map.ofEntries(
        Map.entry("network-interface-id", eni -> Stream.of(eni.id())),
        Map.entry("subnet-id", eni -> Stream.of(eni.subnetId())),
        Map.entry("vpc-id", eni -> Stream.of(eni.vpcId())),
        Map.entry("availability-zone", eni -> Stream.of(eni.zone())),
        Map.entry("description", eni -> Stream.of(eni.description())),
        Map.entry("mac-address", eni -> Stream.of(eni.mac())),
        Map.entry("owner-id", eni -> Stream.of(account.id())),
        Map.entry("interface-type", eni -> Stream.of("interface")),
        Map.entry("requester-managed", eni -> Stream.of("false")),
        Map.entry("status", eni -> Stream.of(eni.attachment() == null ? "available" : "in-use")),
        Map.entry("source-dest-check", eni -> Stream.of(Boolean.toString(eni.sourceDestCheck()))),
        Map.entry("group-id", eni -> eni.securityGroupIds().stream()),
        Map.entry(
            "group-name", eni -> eni.securityGroupIds().stream().map(interfaceXml::groupName)),
        Map.entry("private-ip-address", eni -> Stream.of(eni.primaryAddress().toString())),
        Map.entry("private-dns-name", eni -> Stream.of(interfaceXml.dnsName(eni.primaryAddress()))),
        Map.entry(
            "addresses.private-ip-address", eni -> eni.addresses().stream().map(Ipv4::toString)),
        Map.entry("ipv4-prefix", eni -> eni.prefixes().stream().map(Cidr::toString)),
        Map.entry("attachment.attachment-id", attachment(Attachment::id)),
        Map.entry("attachment.instance-id", attachment(Attachment::instanceId)),
        Map.entry("attachment.instance-owner-id", attachment(a -> account.id())),
        Map.entry("attachment.status", attachment(a -> a.state().ec2Name())),
        Map.entry("attachment.device-index", attachment(a -> Integer.toString(a.deviceIndex()))),
        Map.entry(
            "attachment.network-card-index", attachment(a -> Integer.toString(a.networkCard()))),
        Map.entry(
            "attachment.delete-on-termination",
            attachment(a -> Boolean.toString(a.deleteOnTermination()))));
  }

  private static Function<NetworkInterface, Stream<String>> attachment(
      Function<Attachment, String> value) {
    return eni -> Stream.ofNullable(eni.attachment()).map(value);
  }
}
