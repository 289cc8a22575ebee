package io.millpond.simulator;

import static io.millpond.simulator.Aws.SUBNET_A;
import static io.millpond.simulator.Aws.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.simulator.SimulatorConfig.SubnetConfig;
import io.millpond.simulator.model.Cidr;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.AssignedPrivateIpAddress;
import software.amazon.awssdk.services.ec2.model.Ipv4PrefixSpecification;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.NetworkInterfacePrivateIpAddress;

class AddressAssignmentTest {
  private final Aws aws = new Aws();

  @AfterEach
  void stop() {
    aws.close();
  }

  @Test
  void anAssignmentAnswersWithTheNewAddressesOnly() {
    String eni = aws.create(1).networkInterfaceId();
    List<String> before = addresses(aws.describe(eni));

    var assigned =
        aws.ec2.assignPrivateIpAddresses(
            r -> r.networkInterfaceId(eni).secondaryPrivateIpAddressCount(2));

    List<String> added =
        assigned.assignedPrivateIpAddresses().stream()
            .map(AssignedPrivateIpAddress::privateIpAddress)
            .toList();
    assertThat(assigned.networkInterfaceId()).isEqualTo(eni);
    assertThat(added).hasSize(2).doesNotContainAnyElementsOf(before);
    assertThat(addresses(aws.describe(eni))).startsWith(before.get(0), before.get(1)).hasSize(4);
    assertThat(addresses(aws.describe(eni))).containsAll(added);
  }

  @Test
  void anAttachedInterfaceHoldsNoMoreThanItsTypeAllows() {
    String eni = aws.create(0).networkInterfaceId();
    aws.attach(eni, 1);
    assign(eni, 4);

    refused(() -> assign(eni, 2), "PrivateIpAddressLimitExceeded", "will exceed limit");
    assertThat(addresses(aws.describe(eni))).hasSize(5);
    assign(eni, 1);
    refused(() -> assign(eni, 1), "PrivateIpAddressLimitExceeded", "will exceed limit");
  }

  @Test
  void certainAddressesAreAssignedAllOrNone() {
    String eni = aws.create(0).networkInterfaceId();
    aws.create(r -> r.privateIpAddress("10.0.1.50"));

    refused(
        () ->
            aws.ec2.assignPrivateIpAddresses(
                r -> r.networkInterfaceId(eni).privateIpAddresses("10.0.1.49", "10.0.1.50")),
        "InvalidIPAddress.InUse",
        "already in use");

    aws.ec2.assignPrivateIpAddresses(
        r -> r.networkInterfaceId(eni).privateIpAddresses("10.0.1.49"));
    assertThat(addresses(aws.describe(eni))).hasSize(2).contains("10.0.1.49");
  }

  @Test
  void anAddressMovesOnlyWhenReassignmentIsAllowedAndNeverAPrimaryOne() {
    String from = aws.create(r -> r.privateIpAddress("10.0.1.60")).networkInterfaceId();
    String to = aws.create(0).networkInterfaceId();
    aws.ec2.assignPrivateIpAddresses(
        r -> r.networkInterfaceId(from).privateIpAddresses("10.0.1.61"));

    refused(
        () ->
            aws.ec2.assignPrivateIpAddresses(
                r -> r.networkInterfaceId(to).privateIpAddresses("10.0.1.61")),
        "InvalidIPAddress.InUse",
        "already in use");
    refused(
        () ->
            aws.ec2.assignPrivateIpAddresses(
                r ->
                    r.networkInterfaceId(to)
                        .privateIpAddresses("10.0.1.60")
                        .allowReassignment(true)),
        "InvalidIPAddress.InUse",
        "already in use");
    aws.ec2.assignPrivateIpAddresses(
        r -> r.networkInterfaceId(to).privateIpAddresses("10.0.1.61").allowReassignment(true));

    assertThat(addresses(aws.describe(from))).containsExactly("10.0.1.60");
    assertThat(addresses(aws.describe(to))).hasSize(2).contains("10.0.1.61");
  }

  @Test
  void secondaryAddressesAreUnassignedAndFreeAgain() {
    String eni = aws.create(3).networkInterfaceId();
    List<String> before = addresses(aws.describe(eni));

    aws.ec2.unassignPrivateIpAddresses(
        r -> r.networkInterfaceId(eni).privateIpAddresses(before.get(1), before.get(3)));

    assertThat(addresses(aws.describe(eni))).containsExactly(before.get(0), before.get(2));
    aws.create(r -> r.privateIpAddress(before.get(1)));
  }

  @Test
  void thePrimaryAddressAndForeignOnesAreNotUnassigned() {
    NetworkInterface eni = aws.create(1);
    String id = eni.networkInterfaceId();

    refused(
        () ->
            aws.ec2.unassignPrivateIpAddresses(
                r -> r.networkInterfaceId(id).privateIpAddresses(eni.privateIpAddress())),
        "InvalidParameterValue",
        "primary private IP address");
    refused(
        () ->
            aws.ec2.unassignPrivateIpAddresses(
                r -> r.networkInterfaceId(id).privateIpAddresses("10.0.1.200")),
        "InvalidParameterValue",
        "not assigned to interface " + id);
    refused(
        () -> aws.ec2.unassignPrivateIpAddresses(r -> r.networkInterfaceId(id)),
        "MissingParameter",
        "privateIpAddress");
    assertThat(addresses(aws.describe(id))).hasSize(2);
  }

  @Test
  void whatToAssignMustBeSaidInOneWay() {
    String eni = aws.create(0).networkInterfaceId();

    refused(
        () -> aws.ec2.assignPrivateIpAddresses(r -> r.networkInterfaceId(eni)),
        "MissingParameter",
        "secondaryPrivateIpAddressCount");
    refused(
        () ->
            aws.ec2.assignPrivateIpAddresses(
                r ->
                    r.networkInterfaceId(eni).secondaryPrivateIpAddressCount(1).ipv4PrefixCount(1)),
        "InvalidParameterCombination",
        "Only one");
  }

  @Test
  void aPrefixIsAnAlignedFreeBlockAndUsesOneSlot() {
    String eni = aws.create(0).networkInterfaceId();
    aws.attach(eni, 1);
    aws.create(r -> r.privateIpAddress("10.0.1.20"));

    var assigned =
        aws.ec2.assignPrivateIpAddresses(r -> r.networkInterfaceId(eni).ipv4PrefixCount(2));

    assertThat(assigned.assignedIpv4Prefixes())
        .extracting(Ipv4PrefixSpecification::ipv4Prefix)
        .containsExactly("10.0.1.32/28", "10.0.1.48/28");
    assertThat(aws.describe(eni).ipv4Prefixes()).hasSize(2);
    assertThat(addresses(aws.describe(eni))).hasSize(1);
    refused(
        () -> aws.create(r -> r.privateIpAddress("10.0.1.40")),
        "InvalidIPAddress.InUse",
        "already in use");
    assign(eni, 3);
    refused(
        () -> aws.ec2.assignPrivateIpAddresses(r -> r.networkInterfaceId(eni).ipv4PrefixCount(1)),
        "PrivateIpAddressLimitExceeded",
        "will exceed limit");

    aws.ec2.unassignPrivateIpAddresses(r -> r.networkInterfaceId(eni).ipv4Prefixes("10.0.1.32/28"));
    assertThat(aws.describe(eni).ipv4Prefixes())
        .extracting("ipv4Prefix")
        .containsExactly("10.0.1.48/28");
    aws.create(r -> r.privateIpAddress("10.0.1.40"));
  }

  @Test
  void onlyNitroTakesPrefixes() {
    aws.launch("old", "m4.large");
    String old = aws.simulator.instance("old").id();
    String eni = aws.create(0).networkInterfaceId();
    aws.ec2.attachNetworkInterface(r -> r.networkInterfaceId(eni).instanceId(old).deviceIndex(1));

    refused(
        () -> aws.ec2.assignPrivateIpAddresses(r -> r.networkInterfaceId(eni).ipv4PrefixCount(1)),
        "UnsupportedOperation",
        "m4.large");
  }

  @Test
  void aSubnetHasFiveAddressesLessThanItsBlockAndThenNone() {
    SimulatorConfig standard = SimulatorConfig.standard();
    var tiny =
        new SubnetConfig(
            "subnet-0a00000000000009a", Cidr.parse("10.0.9.0/28"), "eu-central-1a", Map.of());
    try (Aws small = new Aws(standard.withSubnets(List.of(standard.subnets().getFirst(), tiny)))) {
      var eni = small.create(r -> r.subnetId(tiny.id()).secondaryPrivateIpAddressCount(9));
      assertThat(
              small
                  .ec2
                  .describeSubnets(r -> r.subnetIds(tiny.id()))
                  .subnets()
                  .getFirst()
                  .availableIpAddressCount())
          .isEqualTo(1);
      String id = eni.networkInterfaceId();

      refused(
          () ->
              small.ec2.assignPrivateIpAddresses(
                  r -> r.networkInterfaceId(id).secondaryPrivateIpAddressCount(2)),
          "InsufficientFreeAddressesInSubnet",
          "does not have enough free addresses");
      refused(
          () -> small.create(r -> r.subnetId(tiny.id()).secondaryPrivateIpAddressCount(1)),
          "InsufficientFreeAddressesInSubnet",
          "does not have enough free addresses");
      refused(
          () ->
              small.ec2.assignPrivateIpAddresses(r -> r.networkInterfaceId(id).ipv4PrefixCount(1)),
          "InsufficientCidrBlocks",
          "enough free cidr blocks");
      small.create(r -> r.subnetId(tiny.id()));
    }
  }

  @Test
  void anAddressJustFreedIsNotTheNextOneGiven() {
    String eni = aws.create(1).networkInterfaceId();
    String freed = addresses(aws.describe(eni)).getLast();
    aws.ec2.unassignPrivateIpAddresses(r -> r.networkInterfaceId(eni).privateIpAddresses(freed));

    assign(eni, 1);

    assertThat(addresses(aws.describe(eni))).doesNotContain(freed);
  }

  @Test
  void anInterfaceOfAnUnknownSubnetIsNoInterface() {
    assertThat(aws.describe(aws.create(0).networkInterfaceId()).subnetId()).isEqualTo(SUBNET_A);
    refused(
        () -> assign("eni-0123456789abcdef0", 1),
        "InvalidNetworkInterfaceID.NotFound",
        "eni-0123456789abcdef0");
    refused(() -> assign("eni-x", 1), "InvalidNetworkInterfaceId.Malformed", "eni-x");
  }

  private void assign(String eni, int count) {
    aws.ec2.assignPrivateIpAddresses(
        r -> r.networkInterfaceId(eni).secondaryPrivateIpAddressCount(count));
  }

  private static List<String> addresses(NetworkInterface eni) {
    return eni.privateIpAddresses().stream()
        .map(NetworkInterfacePrivateIpAddress::privateIpAddress)
        .toList();
  }
}
