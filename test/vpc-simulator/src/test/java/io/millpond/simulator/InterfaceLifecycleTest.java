package io.millpond.simulator;

import static io.millpond.simulator.Aws.GROUP;
import static io.millpond.simulator.Aws.NODE;
import static io.millpond.simulator.Aws.SUBNET_A;
import static io.millpond.simulator.Aws.filter;
import static io.millpond.simulator.Aws.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.simulator.SimulatorConfig.SubnetConfig;
import io.millpond.simulator.model.Cidr;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.AttachmentStatus;
import software.amazon.awssdk.services.ec2.model.GroupIdentifier;
import software.amazon.awssdk.services.ec2.model.InstanceStateName;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.NetworkInterfacePrivateIpAddress;
import software.amazon.awssdk.services.ec2.model.NetworkInterfaceStatus;
import software.amazon.awssdk.services.ec2.model.PrivateIpAddressSpecification;

class InterfaceLifecycleTest {
  private final Aws aws = new Aws();

  @AfterEach
  void stop() {
    aws.close();
  }

  @Test
  void aNewInterfaceHasWhatWasAskedForAndIsAvailable() {
    NetworkInterface created =
        aws.create(r -> r.description("a & b <c>").groups(GROUP).secondaryPrivateIpAddressCount(2));

    assertThat(created.statusAsString()).isEqualTo("pending");
    NetworkInterface eni = aws.describe(created.networkInterfaceId());
    assertThat(eni.status()).isEqualTo(NetworkInterfaceStatus.AVAILABLE);
    assertThat(eni.networkInterfaceId()).matches("eni-[0-9a-f]{17}");
    assertThat(eni.macAddress()).matches("0e(:[0-9a-f]{2}){5}");
    assertThat(eni.description()).isEqualTo("a & b <c>");
    assertThat(eni.subnetId()).isEqualTo(SUBNET_A);
    assertThat(eni.availabilityZone()).isEqualTo("eu-central-1a");
    assertThat(eni.groups()).extracting(GroupIdentifier::groupId).containsExactly(GROUP);
    assertThat(eni.attachment()).isNull();
    assertThat(eni.sourceDestCheck()).isTrue();
    assertThat(eni.privateIpAddresses())
        .hasSize(3)
        .extracting(NetworkInterfacePrivateIpAddress::primary)
        .containsExactly(true, false, false);
    assertThat(eni.privateIpAddresses().getFirst().privateIpAddress())
        .isEqualTo(eni.privateIpAddress());
  }

  @Test
  void whatANewInterfaceGetsMustBeSaidInOneWay() {
    refused(
        () -> aws.create(r -> r.secondaryPrivateIpAddressCount(1).ipv4PrefixCount(1)),
        "InvalidParameterCombination",
        "Only one");
    refused(
        () ->
            aws.create(
                r ->
                    r.ipv4PrefixCount(1)
                        .privateIpAddresses(
                            PrivateIpAddressSpecification.builder()
                                .privateIpAddress("10.0.1.50")
                                .build())),
        "InvalidParameterCombination",
        "Only one");
    assertThat(aws.simulator.interfaces()).hasSize(1);
  }

  @Test
  void certainAddressesAreGivenWhenTheyAreFree() {
    NetworkInterface eni =
        aws.create(
            r -> r.privateIpAddresses(address("10.0.1.77", true), address("10.0.1.99", false)));

    assertThat(eni.privateIpAddress()).isEqualTo("10.0.1.77");
    assertThat(addresses(eni)).containsExactly("10.0.1.77", "10.0.1.99");
    refused(
        () -> aws.create(r -> r.privateIpAddress("10.0.1.99")),
        "InvalidIPAddress.InUse",
        "already in use");
    refused(
        () -> aws.create(r -> r.privateIpAddress("10.0.2.9")),
        "InvalidParameterValue",
        "does not fall within the subnet's address range");
    for (String reserved : List.of("10.0.1.0", "10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.255")) {
      refused(
          () -> aws.create(r -> r.privateIpAddress(reserved)),
          "InvalidParameterValue",
          "reserved address range");
    }
  }

  @Test
  void anAttachedInterfaceIsInUseAndShownOnTheInstance() {
    String eni = aws.create(0).networkInterfaceId();
    String attachment = aws.attach(eni, 1);

    await().until(() -> aws.describe(eni).attachment().status() == AttachmentStatus.ATTACHED);
    NetworkInterface attached = aws.describe(eni);
    assertThat(attached.status()).isEqualTo(NetworkInterfaceStatus.IN_USE);
    assertThat(attached.attachment().attachmentId()).isEqualTo(attachment);
    assertThat(attached.attachment().instanceId()).isEqualTo(NODE);
    assertThat(attached.attachment().deviceIndex()).isEqualTo(1);
    assertThat(attached.attachment().deleteOnTermination()).isFalse();
    assertThat(attached.attachment().attachTime()).isNotNull();
    var instance =
        aws.ec2.describeInstances(r -> r.instanceIds(NODE)).reservations().getFirst().instances();
    assertThat(instance).hasSize(1);
    assertThat(instance.getFirst().state().name()).isEqualTo(InstanceStateName.RUNNING);
    assertThat(instance.getFirst().networkInterfaces())
        .extracting(e -> e.attachment().deviceIndex())
        .containsExactlyInAnyOrder(0, 1);
  }

  @Test
  void anInterfaceIsAttachingForAsLongAsIsSet() {
    aws.simulator.conditions().adjust(s -> s.withAttachMillis(600_000));
    String eni = aws.create(0).networkInterfaceId();
    String attachment = aws.attach(eni, 1);

    NetworkInterface attaching = aws.describe(eni);
    assertThat(attaching.attachment().status()).isEqualTo(AttachmentStatus.ATTACHING);
    assertThat(attaching.status()).isEqualTo(NetworkInterfaceStatus.IN_USE);
    refused(
        () -> aws.ec2.detachNetworkInterface(r -> r.attachmentId(attachment)),
        "IncorrectState",
        "'attaching'");

    aws.ec2.detachNetworkInterface(r -> r.attachmentId(attachment).force(true));
    await().until(() -> aws.describe(eni).status() == NetworkInterfaceStatus.AVAILABLE);
  }

  @Test
  void attachingWhatIsAttachedIsRefused() {
    String eni = aws.create(0).networkInterfaceId();
    aws.attach(eni, 1);

    refused(() -> aws.attach(eni, 2), "InvalidNetworkInterface.InUse", "in use");
  }

  @Test
  void aDeviceIndexIsTakenOnce() {
    aws.attach(aws.create(0).networkInterfaceId(), 1);
    String second = aws.create(0).networkInterfaceId();

    refused(
        () -> aws.attach(second, 1),
        "InvalidParameterValue",
        "Instance '" + NODE + "' already has an interface attached at device index '1'.");
    refused(() -> aws.attach(second, 0), "InvalidParameterValue", "device index '0'");
    refused(() -> aws.attach(second, -1), "InvalidParameterValue", "-1");
  }

  @Test
  void anInstanceTakesNoMoreInterfacesThanItsType() {
    aws.attach(aws.create(0).networkInterfaceId(), 1);
    aws.attach(aws.create(0).networkInterfaceId(), 2);
    String fourth = aws.create(0).networkInterfaceId();

    refused(
        () -> aws.attach(fourth, 3),
        "AttachmentLimitExceeded",
        "Interface count 4 exceeds the limit for t3.medium");
  }

  @Test
  void anInterfaceWithTooManyAddressesForTheTypeIsNotAttached() {
    String eni = aws.create(6).networkInterfaceId();

    refused(() -> aws.attach(eni, 1), "PrivateIpAddressLimitExceeded", "will exceed limit");
  }

  @Test
  void anInterfaceOfAnotherZoneIsNotAttached() {
    SimulatorConfig standard = SimulatorConfig.standard();
    var other =
        new SubnetConfig(
            "subnet-0a00000000000003a", Cidr.parse("10.0.3.0/24"), "eu-central-1b", Map.of());
    try (Aws twoZones =
        new Aws(standard.withSubnets(List.of(standard.subnets().getFirst(), other)))) {
      String eni = twoZones.create(r -> r.subnetId(other.id())).networkInterfaceId();
      refused(
          () -> twoZones.attach(eni, 1), "InvalidParameterCombination", "same availability zone");
    }
  }

  @Test
  void oneThatIsAttachedOrStillBeingDetachedIsNotDeleted() {
    String eni = aws.create(0).networkInterfaceId();
    String attachment = aws.attach(eni, 1);
    await().until(() -> aws.describe(eni).attachment().status() == AttachmentStatus.ATTACHED);
    refused(
        () -> aws.ec2.deleteNetworkInterface(r -> r.networkInterfaceId(eni)),
        "InvalidParameterValue",
        "is currently in use");

    aws.simulator.conditions().adjust(s -> s.withDetachMillis(600_000));
    aws.ec2.detachNetworkInterface(r -> r.attachmentId(attachment));
    assertThat(aws.describe(eni).attachment().status()).isEqualTo(AttachmentStatus.DETACHING);
    refused(
        () -> aws.ec2.deleteNetworkInterface(r -> r.networkInterfaceId(eni)),
        "InvalidParameterValue",
        "is currently in use");
    refused(
        () -> aws.ec2.detachNetworkInterface(r -> r.attachmentId(attachment)),
        "IncorrectState",
        "'detaching'");
  }

  @Test
  void aDetachedInterfaceIsAvailableAndThenDeletedForGood() {
    String eni = aws.create(2).networkInterfaceId();
    String attachment = aws.attach(eni, 1);
    await().until(() -> aws.describe(eni).attachment().status() == AttachmentStatus.ATTACHED);
    aws.ec2.detachNetworkInterface(r -> r.attachmentId(attachment));
    await().until(() -> aws.describe(eni).status() == NetworkInterfaceStatus.AVAILABLE);
    int free = free();

    aws.ec2.deleteNetworkInterface(r -> r.networkInterfaceId(eni));

    assertThat(free()).isEqualTo(free + 3);
    refused(() -> aws.describe(eni), "InvalidNetworkInterfaceID.NotFound", eni);
    refused(
        () -> aws.ec2.deleteNetworkInterface(r -> r.networkInterfaceId(eni)),
        "InvalidNetworkInterfaceID.NotFound",
        "The networkInterface ID '" + eni + "' does not exist");
    refused(
        () -> aws.ec2.detachNetworkInterface(r -> r.attachmentId(attachment)),
        "InvalidAttachmentID.NotFound",
        attachment);
  }

  @Test
  void thePrimaryInterfaceIsNeverDetached() {
    String primary =
        aws.ec2
            .describeNetworkInterfaces(r -> r.filters(filter("attachment.device-index", "0")))
            .networkInterfaces()
            .getFirst()
            .attachment()
            .attachmentId();

    refused(
        () -> aws.ec2.detachNetworkInterface(r -> r.attachmentId(primary)),
        "OperationNotPermitted",
        "cannot be detached");
  }

  @Test
  void attributesAreChangedOneACall() {
    String eni = aws.create(0).networkInterfaceId();
    String attachment = aws.attach(eni, 1);

    aws.ec2.modifyNetworkInterfaceAttribute(
        r ->
            r.networkInterfaceId(eni)
                .attachment(a -> a.attachmentId(attachment).deleteOnTermination(true)));
    aws.ec2.modifyNetworkInterfaceAttribute(
        r -> r.networkInterfaceId(eni).description(d -> d.value("other")));
    aws.ec2.modifyNetworkInterfaceAttribute(
        r -> r.networkInterfaceId(eni).sourceDestCheck(d -> d.value(false)));

    NetworkInterface changed = aws.describe(eni);
    assertThat(changed.attachment().deleteOnTermination()).isTrue();
    assertThat(changed.description()).isEqualTo("other");
    assertThat(changed.sourceDestCheck()).isFalse();
    refused(
        () ->
            aws.ec2.modifyNetworkInterfaceAttribute(
                r ->
                    r.networkInterfaceId(eni)
                        .description(d -> d.value("x"))
                        .sourceDestCheck(d -> d.value(true))),
        "InvalidParameterCombination",
        "only one");
    refused(
        () -> aws.ec2.modifyNetworkInterfaceAttribute(r -> r.networkInterfaceId(eni)),
        "MissingParameter",
        "No attribute");
    refused(
        () ->
            aws.ec2.modifyNetworkInterfaceAttribute(
                r ->
                    r.networkInterfaceId(eni)
                        .attachment(
                            a ->
                                a.attachmentId("eni-attach-0123456789abcdef0")
                                    .deleteOnTermination(true))),
        "InvalidAttachmentID.NotFound",
        "does not exist");
  }

  @Test
  void whatIsNamedMustExist() {
    String eni = aws.create(0).networkInterfaceId();

    refused(
        () -> aws.create(r -> r.subnetId("subnet-0123456789abcdef0")),
        "InvalidSubnetID.NotFound",
        "subnet-0123456789abcdef0");
    refused(
        () -> aws.create(r -> r.groups("sg-0123456789abcdef0")),
        "InvalidSecurityGroupID.NotFound",
        "sg-0123456789abcdef0");
    refused(
        () ->
            aws.ec2.attachNetworkInterface(
                r -> r.networkInterfaceId(eni).instanceId("i-0123456789abcdef0").deviceIndex(1)),
        "InvalidInstanceID.NotFound",
        "i-0123456789abcdef0");
    refused(
        () ->
            aws.ec2.attachNetworkInterface(
                r -> r.networkInterfaceId(eni).instanceId("nonsense").deviceIndex(1)),
        "InvalidInstanceID.Malformed",
        "nonsense");
    refused(
        () -> aws.ec2.describeSecurityGroups(r -> r.groupIds("sg-0123456789abcdef0")),
        "InvalidGroup.NotFound",
        "sg-0123456789abcdef0");
  }

  @Test
  void theAccountHasAQuotaOfInterfacesAndOfAddresses() {
    aws.simulator.conditions().adjust(s -> s.withNetworkInterfaceLimit(2));
    aws.create(0);
    refused(() -> aws.create(0), "NetworkInterfaceLimitExceeded", "maximum number");

    aws.simulator.conditions().adjust(s -> s.withNetworkInterfaceLimit(9).withAddressUsageLimit(4));
    refused(() -> aws.create(2), "NetworkAddressUsageLimitExceeded", "network address usage");
    aws.create(1);
  }

  private int free() {
    return aws.ec2
        .describeSubnets(r -> r.subnetIds(SUBNET_A))
        .subnets()
        .getFirst()
        .availableIpAddressCount();
  }

  private static List<String> addresses(NetworkInterface eni) {
    return eni.privateIpAddresses().stream()
        .map(NetworkInterfacePrivateIpAddress::privateIpAddress)
        .toList();
  }

  private static PrivateIpAddressSpecification address(String address, boolean primary) {
    return PrivateIpAddressSpecification.builder()
        .privateIpAddress(address)
        .primary(primary)
        .build();
  }
}
