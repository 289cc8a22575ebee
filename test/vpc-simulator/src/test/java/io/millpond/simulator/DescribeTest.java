package io.millpond.simulator;

import static io.millpond.simulator.Aws.GROUP;
import static io.millpond.simulator.Aws.NODE;
import static io.millpond.simulator.Aws.SUBNET_A;
import static io.millpond.simulator.Aws.SUBNET_B;
import static io.millpond.simulator.Aws.filter;
import static io.millpond.simulator.Aws.refused;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.DescribeNetworkInterfacesResponse;
import software.amazon.awssdk.services.ec2.model.InstanceTypeHypervisor;
import software.amazon.awssdk.services.ec2.model.InstanceTypeInfo;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.SecurityGroup;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.ec2.model.Tag;
import software.amazon.awssdk.services.ec2.model.TagSpecification;
import software.amazon.awssdk.services.ec2.model.Vpc;

class DescribeTest {
  private final Aws aws = new Aws();

  @AfterEach
  void stop() {
    aws.close();
  }

  @Test
  void filtersChooseAndWildcardsStandForText() {
    String red = tagged("colour", "red").networkInterfaceId();
    String green = tagged("colour", "green").networkInterfaceId();
    String star = tagged("colour", "*").networkInterfaceId();

    assertThat(by("tag:colour", "red")).containsExactly(red);
    assertThat(by("tag:colour", "red", "green")).containsExactly(red, green);
    assertThat(by("tag:colour", "*re*")).containsExactly(red, green);
    assertThat(by("tag:colour", "?ed")).containsExactly(red);
    assertThat(by("tag:colour", "\\*")).containsExactly(star);
    assertThat(by("tag-key", "col*")).containsExactly(red, green, star);
    assertThat(by("network-interface-id", green)).containsExactly(green);
    assertThat(by("status", "available")).containsExactly(red, green, star);
    assertThat(by("attachment.instance-id", NODE)).hasSize(1).doesNotContain(red);
    assertThat(by("subnet-id", SUBNET_B)).isEmpty();
    assertThat(by("mac-address", aws.describe(red).macAddress())).containsExactly(red);
    assertThat(by("addresses.private-ip-address", aws.describe(star).privateIpAddress()))
        .containsExactly(star);
  }

  @Test
  void filtersAreAllRequired() {
    String red = tagged("colour", "red").networkInterfaceId();

    assertThat(
            aws.ec2
                .describeNetworkInterfaces(
                    r -> r.filters(filter("tag:colour", "red"), filter("group-id", GROUP)))
                .networkInterfaces())
        .extracting(NetworkInterface::networkInterfaceId)
        .containsExactly(red);
    assertThat(
            aws.ec2
                .describeNetworkInterfaces(
                    r -> r.filters(filter("tag:colour", "red"), filter("status", "in-use")))
                .networkInterfaces())
        .isEmpty();
  }

  @Test
  void aFilterNobodyKnowsIsRefused() {
    refused(() -> by("colour", "red"), "InvalidParameterValue", "The filter 'colour' is invalid");
  }

  @Test
  void pagesGoOnAfterTheLastOneEvenIfThatIsGone() {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      all.add(tagged("page", "yes").networkInterfaceId());
    }

    var first = page(null);
    assertThat(ids(first)).isEqualTo(all.subList(0, 5));
    aws.ec2.deleteNetworkInterface(r -> r.networkInterfaceId(all.get(0)));
    aws.ec2.deleteNetworkInterface(r -> r.networkInterfaceId(all.get(7)));
    var second = page(first.nextToken());
    assertThat(ids(second))
        .containsExactly(all.get(5), all.get(6), all.get(8), all.get(9), all.get(10));
    var third = page(second.nextToken());
    assertThat(ids(third)).containsExactly(all.get(11));
    assertThat(third.nextToken()).isNull();
  }

  @Test
  void thePaginatorOfTheSdkSeesEveryThingOnce() {
    for (int i = 0; i < 17; i++) {
      aws.create(0);
    }

    List<String> seen =
        aws
            .ec2
            .describeNetworkInterfacesPaginator(r -> r.maxResults(5))
            .networkInterfaces()
            .stream()
            .map(NetworkInterface::networkInterfaceId)
            .toList();

    assertThat(seen).hasSize(18).doesNotHaveDuplicates();
  }

  @Test
  void aPageSizeOutOfRangeOrAForgedTokenIsRefused() {
    refused(
        () -> aws.ec2.describeNetworkInterfaces(r -> r.maxResults(4)),
        "InvalidParameterValue",
        "Expecting a value between 5 and 1000");
    refused(
        () -> aws.ec2.describeNetworkInterfaces(r -> r.maxResults(5).nextToken("forged!")),
        "InvalidNextToken",
        "not valid");
    String eni = aws.create(0).networkInterfaceId();
    refused(
        () -> aws.ec2.describeNetworkInterfaces(r -> r.maxResults(5).networkInterfaceIds(eni)),
        "InvalidParameterCombination",
        "cannot be used with");
  }

  @Test
  void subnetsTellHowManyAddressesAreFree() {
    Subnet subnet = aws.ec2.describeSubnets(r -> r.subnetIds(SUBNET_B)).subnets().getFirst();

    assertThat(subnet.availableIpAddressCount()).isEqualTo(251);
    assertThat(subnet.cidrBlock()).isEqualTo("10.0.2.0/24");
    assertThat(subnet.availabilityZone()).isEqualTo("eu-central-1a");
    aws.create(r -> r.subnetId(SUBNET_B).ipv4PrefixCount(1));
    assertThat(
            aws.ec2
                .describeSubnets(r -> r.filters(filter("cidr-block", "10.0.2.0/*")))
                .subnets()
                .getFirst()
                .availableIpAddressCount())
        .isEqualTo(251 - 17);
    refused(
        () -> aws.ec2.describeSubnets(r -> r.subnetIds("subnet-0123456789abcdef0")),
        "InvalidSubnetID.NotFound",
        "subnet-0123456789abcdef0");
  }

  @Test
  void theVpcAndItsGroupsAreDescribed() {
    Vpc vpc = aws.ec2.describeVpcs().vpcs().getFirst();
    assertThat(vpc.cidrBlock()).isEqualTo("10.0.0.0/16");
    assertThat(vpc.cidrBlockAssociationSet())
        .extracting("cidrBlock")
        .containsExactly("10.0.0.0/16");

    SecurityGroup group =
        aws.ec2.describeSecurityGroups(r -> r.groupIds(GROUP)).securityGroups().getFirst();
    assertThat(group.groupName()).isEqualTo("nodes");
    assertThat(group.vpcId()).isEqualTo(vpc.vpcId());
  }

  @Test
  void instanceTypesTellTheirLimits() {
    List<InstanceTypeInfo> types =
        aws.ec2
            .describeInstanceTypes(r -> r.instanceTypesWithStrings("m4.large", "c6in.32xlarge"))
            .instanceTypes();

    assertThat(types).hasSize(2);
    InstanceTypeInfo big = types.getFirst();
    assertThat(big.networkInfo().maximumNetworkInterfaces()).isEqualTo(8);
    assertThat(big.networkInfo().ipv4AddressesPerInterface()).isEqualTo(50);
    assertThat(big.networkInfo().networkCards()).hasSize(2);
    assertThat(big.hypervisor()).isEqualTo(InstanceTypeHypervisor.NITRO);
    InstanceTypeInfo old = types.getLast();
    assertThat(old.networkInfo().maximumNetworkInterfaces()).isEqualTo(2);
    assertThat(old.networkInfo().ipv4AddressesPerInterface()).isEqualTo(10);
    assertThat(old.hypervisor()).isEqualTo(InstanceTypeHypervisor.XEN);
    refused(
        () -> aws.ec2.describeInstanceTypes(r -> r.instanceTypesWithStrings("t9.huge")),
        "InvalidInstanceType",
        "[t9.huge]");
  }

  @Test
  void everyInstanceTypeIsSeenThroughPages() {
    long types =
        aws.ec2.describeInstanceTypesPaginator(r -> r.maxResults(100)).instanceTypes().stream()
            .count();

    assertThat(types).isGreaterThan(1_000);
  }

  private NetworkInterface tagged(String key, String value) {
    return aws.create(
        r ->
            r.subnetId(SUBNET_A)
                .tagSpecifications(
                    TagSpecification.builder()
                        .resourceType("network-interface")
                        .tags(Tag.builder().key(key).value(value).build())
                        .build()));
  }

  private List<String> by(String filter, String... values) {
    return ids(aws.ec2.describeNetworkInterfaces(r -> r.filters(filter(filter, values))));
  }

  private DescribeNetworkInterfacesResponse page(@org.jspecify.annotations.Nullable String token) {
    return aws.ec2.describeNetworkInterfaces(
        r -> r.filters(filter("tag:page", "yes")).maxResults(5).nextToken(token));
  }

  private static List<String> ids(DescribeNetworkInterfacesResponse response) {
    return response.networkInterfaces().stream().map(NetworkInterface::networkInterfaceId).toList();
  }
}
