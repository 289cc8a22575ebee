package io.millpond.simulator.ec2;

import io.millpond.simulator.account.Account;
import io.millpond.simulator.account.AwsError;
import io.millpond.simulator.account.InstanceType;
import io.millpond.simulator.account.InstanceTypes;
import io.millpond.simulator.model.SecurityGroup;
import io.millpond.simulator.model.Subnet;
import io.millpond.simulator.model.Vpc;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** DescribeSubnets, DescribeVpcs, DescribeSecurityGroups and DescribeInstanceTypes. */
final class PlaceDescribes {
  private final Account account;

  PlaceDescribes(Account account) {
    this.account = account;
  }

  Map<String, Action> byName() {
    return Map.of(
        "DescribeSubnets", subnets(),
        "DescribeVpcs", vpcs(),
        "DescribeSecurityGroups", groups(),
        "DescribeInstanceTypes", types());
  }

  private static Pattern idOf(String kind) {
    return Pattern.compile(kind + "-([0-9a-f]{8}|[0-9a-f]{17})");
  }

  private Describe<Subnet> subnets() {
    return new Describe<>(
        "SubnetId",
        idOf("subnet"),
        "InvalidSubnetId.Malformed",
        Describe.missing("InvalidSubnetID.NotFound", "subnet ID"),
        1000,
        true,
        "subnetSet",
        account::listSubnets,
        Subnet::id,
        new Filters<>(
            Map.ofEntries(
                Map.entry("subnet-id", s -> Stream.of(s.id())),
                Map.entry("vpc-id", s -> Stream.of(s.vpcId())),
                Map.entry("availability-zone", s -> Stream.of(s.zone())),
                Map.entry("availabilityZone", s -> Stream.of(s.zone())),
                Map.entry("cidr-block", s -> Stream.of(s.cidr().toString())),
                Map.entry("cidr", s -> Stream.of(s.cidr().toString())),
                Map.entry("cidrBlock", s -> Stream.of(s.cidr().toString())),
                Map.entry("state", s -> Stream.of("available")),
                Map.entry("owner-id", s -> Stream.of(account.id())),
                Map.entry("default-for-az", s -> Stream.of("false")),
                Map.entry(
                    "available-ip-address-count",
                    s -> Stream.of(Integer.toString(account.freeAddresses(s.id()))))),
            Subnet::tags),
        this::subnet);
  }

  private void subnet(Xml xml, Subnet subnet) {
    xml.text("subnetId", subnet.id())
        .text("subnetArn", arn("subnet", subnet.id()))
        .text("state", "available")
        .text("ownerId", account.id())
        .text("vpcId", subnet.vpcId())
        .text("cidrBlock", subnet.cidr())
        .items("ipv6CidrBlockAssociationSet", List.of(), (item, none) -> {})
        .text("availableIpAddressCount", account.freeAddresses(subnet.id()))
        .text("availabilityZone", subnet.zone())
        .text("defaultForAz", false)
        .text("mapPublicIpOnLaunch", false)
        .text("assignIpv6AddressOnCreation", false)
        .tags(subnet.tags());
  }

  private Describe<Vpc> vpcs() {
    return new Describe<>(
        "VpcId",
        idOf("vpc"),
        "InvalidVpcId.Malformed",
        Describe.missing("InvalidVpcID.NotFound", "vpc ID"),
        1000,
        true,
        "vpcSet",
        () -> List.of(account.vpc()),
        Vpc::id,
        new Filters<>(
            Map.of(
                "vpc-id", v -> Stream.of(v.id()),
                "cidr", v -> Stream.of(v.cidr().toString()),
                "cidr-block-association.cidr-block", v -> Stream.of(v.cidr().toString()),
                "owner-id", v -> Stream.of(account.id()),
                "is-default", v -> Stream.of("false"),
                "state", v -> Stream.of("available")),
            Vpc::tags),
        this::vpc);
  }

  private void vpc(Xml xml, Vpc vpc) {
    xml.text("vpcId", vpc.id())
        .text("ownerId", account.id())
        .text("state", "available")
        .text("cidrBlock", vpc.cidr())
        .items(
            "cidrBlockAssociationSet",
            List.of(vpc.cidr()),
            (item, cidr) ->
                item.text("cidrBlock", cidr)
                    .text("associationId", "vpc-cidr-assoc" + vpc.id().substring(3))
                    .element("cidrBlockState", s -> s.text("state", "associated")))
        .text("dhcpOptionsId", "default")
        .text("instanceTenancy", "default")
        .text("isDefault", false)
        .tags(vpc.tags());
  }

  private Describe<SecurityGroup> groups() {
    return new Describe<>(
        "GroupId",
        idOf("sg"),
        "InvalidGroupId.Malformed",
        Describe.missing("InvalidGroup.NotFound", "security group"),
        1000,
        false,
        "securityGroupInfo",
        account::listGroups,
        SecurityGroup::id,
        new Filters<>(
            Map.of(
                "group-id", g -> Stream.of(g.id()),
                "group-name", g -> Stream.of(g.name()),
                "description", g -> Stream.of(g.description()),
                "owner-id", g -> Stream.of(account.id()),
                "vpc-id", g -> Stream.of(g.vpcId())),
            SecurityGroup::tags),
        this::group);
  }

  private void group(Xml xml, SecurityGroup group) {
    xml.text("ownerId", account.id())
        .text("groupId", group.id())
        .text("groupName", group.name())
        .text("groupDescription", group.description())
        .text("securityGroupArn", arn("security-group", group.id()))
        .text("vpcId", group.vpcId());
    everything(xml, "ipPermissions");
    everything(xml, "ipPermissionsEgress");
    xml.tags(group.tags());
  }

  /** The rule that lets everything pass: the only one the simulator has. */
  private static void everything(Xml xml, String name) {
    xml.items(
        name,
        List.of("0.0.0.0/0"),
        (rule, cidr) ->
            rule.text("ipProtocol", "-1")
                .items("ipRanges", List.of(cidr), (range, c) -> range.text("cidrIp", c)));
  }

  private static Describe<InstanceType> types() {
    return new Describe<>(
        "InstanceType",
        Pattern.compile("[a-z0-9.-]{1,40}"),
        "InvalidInstanceType",
        ids ->
            new AwsError(
                "InvalidInstanceType",
                "The following supplied instance types do not exist: ["
                    + String.join(", ", ids)
                    + "]"),
        100,
        false,
        "instanceTypeSet",
        () -> List.copyOf(InstanceTypes.all()),
        InstanceType::name,
        new Filters<>(
            Map.of(
                "instance-type", t -> Stream.of(t.name()),
                "hypervisor", t -> Stream.of(t.hypervisor()),
                "bare-metal", t -> Stream.of(Boolean.toString(t.bareMetal())),
                "network-info.maximum-network-interfaces",
                    t -> Stream.of(Integer.toString(t.maxInterfaces())),
                "network-info.maximum-network-cards",
                    t -> Stream.of(Integer.toString(t.interfacesPerCard().size())),
                "network-info.ipv4-addresses-per-interface",
                    t -> Stream.of(Integer.toString(t.ipv4PerInterface()))),
            type -> Map.of()),
        PlaceDescribes::type);
  }

  private static void type(Xml xml, InstanceType type) {
    xml.text("instanceType", type.name()).text("bareMetal", type.bareMetal());
    if (!type.bareMetal() && !type.hypervisor().equals("unknown")) {
      xml.text("hypervisor", type.hypervisor());
    }
    xml.element(
        "networkInfo",
        n ->
            n.text("maximumNetworkInterfaces", type.maxInterfaces())
                .text("maximumNetworkCards", type.interfacesPerCard().size())
                .text("defaultNetworkCardIndex", type.defaultCard())
                .text("ipv4AddressesPerInterface", type.ipv4PerInterface())
                .text("ipv6AddressesPerInterface", type.ipv4PerInterface())
                .text("ipv6Supported", true)
                .text("enaSupport", "required")
                .items(
                    "networkCards",
                    IntStream.range(0, type.interfacesPerCard().size()).boxed().toList(),
                    (card, i) ->
                        card.text("networkCardIndex", i)
                            .text("maximumNetworkInterfaces", type.interfacesPerCard().get(i))));
  }

  private String arn(String kind, String id) {
    return "arn:aws:ec2:" + account.region() + ":" + account.id() + ":" + kind + "/" + id;
  }
}
