package io.millpond.eni;

import static io.millpond.eni.Results.failure;
import static io.millpond.eni.Results.value;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Ec2Response;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;

/** What millpond needs of EC2, whoever plays it; see {@link TestCloud}. */
@ExtendWith(SdkWarnings.class)
class Ec2ContractTest {
  private static final DeviceIndex FIRST = DeviceIndex.of(1);
  private static final DeviceIndex SECOND = DeviceIndex.of(2);

  private final TestCloud cloud = open();
  private final CloudEnis enis = cloud.enis();

  /** The endpoint that the cases are tried with. */
  TestCloud open() {
    return TestCloud.open();
  }

  @AfterEach
  void stop() {
    enis.close();
    cloud.close();
  }

  private CloudEni add(String intent, DeviceIndex device, int addresses) {
    CloudEni eni = value(enis.add(intent, device, addresses, Urgency.POD_WAITS));
    cloud.callsSince();
    return eni;
  }

  private Set<IpAddress> addressesInEc2(EniId eni) {
    return EniLookup.secondary(cloud.describe(eni));
  }

  @Test
  void anInstanceBeginsWithItsPrimaryEni() {
    List<CloudEni> attached = value(enis.attached(Urgency.POD_WAITS));

    assertThat(attached).hasSize(1);
    CloudEni primary = attached.getFirst();
    assertThat(primary.device()).isEqualTo(DeviceIndex.PRIMARY);
    assertThat(primary.mac()).isEqualTo(cloud.self.mac());
    assertThat(primary.primaryAddress()).isEqualTo(cloud.self.address());
    assertThat(primary.subnet()).isEqualTo(cloud.subnet);
    assertThat(primary.managed()).isTrue();
    assertThat(primary.secondaryAddresses()).isEmpty();
    assertThat(cloud.callsSince()).containsExactly("DescribeNetworkInterfaces");
  }

  @Test
  void threeCallsAddAnEniWithAllItsAddresses() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 5, Urgency.POD_WAITS));

    assertThat(cloud.callsSince())
        .containsExactly(
            "CreateNetworkInterface", "AttachNetworkInterface", "ModifyNetworkInterfaceAttribute");
    assertThat(eni.device()).isEqualTo(FIRST);
    assertThat(eni.secondaryAddresses()).hasSize(5).doesNotContain(eni.primaryAddress());
    assertThat(value(enis.attached(Urgency.POD_WAITS)))
        .filteredOn(each -> each.device().equals(FIRST))
        .containsExactly(eni);
  }

  @Test
  void aNewEniSaysWhoseItIs() {
    CloudEni eni = add("intent-1", FIRST, 1);

    NetworkInterface seen = cloud.describe(eni.id());
    assertThat(seen.description()).isEqualTo("millpond-" + cloud.self.instanceId());
    assertThat(EniTags.value(seen, "millpond.io/intent")).contains("intent-1");
    assertThat(EniTags.value(seen, "node.k8s.amazonaws.com/instance_id"))
        .contains(cloud.self.instanceId());
    assertThat(EniTags.value(seen, "node.k8s.amazonaws.com/createdAt")).isPresent();
    assertThat(EniTags.value(seen, "cluster.k8s.amazonaws.com/name")).contains("mill");
    assertThat(seen.groups().stream().map(g -> g.groupId()))
        .containsExactlyElementsOf(cloud.self.securityGroups());
    assertThat(seen.attachment().instanceId()).isEqualTo(cloud.self.instanceId());
  }

  @Test
  void aNewEniEndsWithTheInstance() {
    CloudEni eni = add("intent-1", FIRST, 1);

    assertThat(cloud.describe(eni.id()).attachment().deleteOnTermination()).isTrue();
  }

  @Test
  void oneIntentNeverMakesTwoEnis() {
    CloudEni once = add("intent-1", FIRST, 2);
    cloud.time.advance(Duration.ofSeconds(5));

    CloudEni again = value(enis.add("intent-1", FIRST, 2, Urgency.POD_WAITS));

    assertThat(again.id()).isEqualTo(once.id());
    assertThat(cloud.all()).hasSize(2);
  }

  @Test
  void anEniGrowsByTheAddressesThatAreTold() {
    CloudEni eni = add("intent-1", FIRST, 2);

    Set<IpAddress> added =
        value(enis.assign(eni.id(), 3, eni.secondaryAddresses(), Urgency.WARM_UP));

    assertThat(added).hasSize(3).doesNotContainAnyElementsOf(eni.secondaryAddresses());
    Set<IpAddress> all = new TreeSet<>(eni.secondaryAddresses());
    all.addAll(added);
    assertThat(addressesInEc2(eni.id())).isEqualTo(all);
  }

  @Test
  void oneCallGrowsAnEni() {
    CloudEni eni = add("intent-1", FIRST, 2);

    value(enis.assign(eni.id(), 3, eni.secondaryAddresses(), Urgency.WARM_UP));

    assertThat(cloud.callsSince()).containsExactly("AssignPrivateIpAddresses");
  }

  @Test
  void oneCallShrinksAnEni() {
    CloudEni eni = add("intent-1", FIRST, 3);
    IpAddress kept = eni.secondaryAddresses().last();
    Set<IpAddress> leaving = new TreeSet<>(eni.secondaryAddresses());
    leaving.remove(kept);

    value(enis.unassign(eni.id(), leaving));

    assertThat(cloud.callsSince()).containsExactly("UnassignPrivateIpAddresses");
    assertThat(addressesInEc2(eni.id())).containsExactly(kept);
  }

  @Test
  void aReleasedEniIsGoneAndMayBeReleasedAgain() {
    CloudEni eni = add("intent-1", FIRST, 1);

    value(enis.release(eni.id()));

    assertThat(cloud.all()).hasSize(1);
    value(enis.release(eni.id()));
  }

  @Test
  void threeCallsReleaseAnEni() {
    CloudEni eni = add("intent-1", FIRST, 1);
    cloud.awaitAttached(eni.id());

    value(enis.release(eni.id()));

    assertThat(cloud.callsSince())
        .containsExactly(
            "DescribeNetworkInterfaces", "DetachNetworkInterface", "DeleteNetworkInterface");
  }

  @Test
  void twoDescribesAreAllThatAStartAsks() {
    add("intent-1", FIRST, 1);

    value(enis.attached(Urgency.POD_WAITS));
    value(enis.tidy());

    assertThat(cloud.callsSince())
        .containsExactly("DescribeNetworkInterfaces", "DescribeNetworkInterfaces");
  }

  @Test
  void tagsOfTheAdministratorAreAddedAndNeverInThePlaceOfOurs() {
    try (CloudEnis tagged =
        cloud.enis(cloud.settings(Map.of("team", "net", EniTags.INSTANCE, "i-else")))) {
      CloudEni eni = value(tagged.add("intent-1", FIRST, 1, Urgency.POD_WAITS));

      NetworkInterface seen = cloud.describe(eni.id());
      assertThat(EniTags.value(seen, "team")).contains("net");
      assertThat(EniTags.value(seen, EniTags.INSTANCE)).contains(cloud.self.instanceId());
    }
  }

  @Test
  void thePrimaryEniIsNeverReleased() {
    EniId primary = value(enis.attached(Urgency.POD_WAITS)).getFirst().id();
    cloud.callsSince();

    assertThat(failure(enis.release(primary)).reason()).contains("primary");
    assertThat(cloud.callsSince()).containsExactly("DescribeNetworkInterfaces");
  }

  @Test
  void anEniTaggedNoManageIsNotManagedAndNotReleased() {
    CloudEni eni = add("intent-1", FIRST, 1);
    cloud.admin.createTags(
        r -> r.resources(eni.id().value()).tags(TestCloud.tag(EniTags.NO_MANAGE, "true")));

    assertThat(value(enis.attached(Urgency.WARM_UP)))
        .filteredOn(each -> each.id().equals(eni.id()))
        .allMatch(each -> !each.managed());
    assertThat(failure(enis.release(eni.id())).reason()).contains("no_manage");
    assertThat(cloud.all()).hasSize(2);
  }

  @Test
  void aTakenDeviceIndexIsToldApartAndNothingIsLeftBehind() {
    add("intent-1", FIRST, 1);

    CloudFailure failure = failure(enis.add("intent-2", FIRST, 1, Urgency.POD_WAITS));

    assertThat(failure.kind()).isEqualTo(Kind.DEVICE_TAKEN);
    assertThat(cloud.all()).hasSize(2);
  }

  @Test
  void severalEnisStandSideBySide() {
    CloudEni one = add("intent-1", FIRST, 1);
    CloudEni two = add("intent-2", SECOND, 1);

    assertThat(value(enis.attached(Urgency.WARM_UP))).contains(one, two).hasSize(3);
    assertThat(one.secondaryAddresses()).doesNotContainAnyElementsOf(two.secondaryAddresses());
  }

  @Test
  void anOrphanOfThisNodeIsDeletedOthersAreLeftAlone() {
    String longAgo = cloud.time.instant().minus(Duration.ofHours(1)).toString();
    String now = cloud.time.instant().toString();
    EniId orphan = orphan(cloud.self.instanceId(), longAgo, "millpond-x");
    EniId young = orphan(cloud.self.instanceId(), now, "millpond-x");
    EniId otherNode = orphan("i-0123456789abcdef0", longAgo, "millpond-x");
    EniId otherPlugin = orphan(cloud.self.instanceId(), longAgo, "aws-K8S-x");

    assertThat(value(enis.tidy()).done()).singleElement().asString().contains(orphan.value());

    assertThat(cloud.all())
        .extracting(NetworkInterface::networkInterfaceId)
        .doesNotContain(orphan.value())
        .contains(young.value(), otherNode.value(), otherPlugin.value());
  }

  private EniId orphan(String instance, String createdAt, String description) {
    return cloud.unattached(
        description,
        TestCloud.tag(EniTags.INTENT, "i"),
        TestCloud.tag(EniTags.INSTANCE, instance),
        TestCloud.tag(EniTags.CREATED, createdAt));
  }

  @Test
  void anEniThatIsNotThereIsToldApart() {
    EniId nowhere = new EniId("eni-0123456789abcdef0");

    assertThat(failure(enis.assign(nowhere, 1, Set.of(), Urgency.WARM_UP)).kind())
        .isEqualTo(Kind.NOT_FOUND);
    value(enis.release(nowhere));
  }

  @Test
  void aSubnetThatIsNotThereIsToldApart() {
    try (CloudEnis wrong =
        cloud.enis(cloud.settings(List.of("subnet-0123456789abcdef0"), Duration.ofSeconds(10)))) {
      CloudFailure failure = failure(wrong.add("intent-1", FIRST, 1, Urgency.WARM_UP));

      assertThat(failure.kind()).isEqualTo(Kind.INVALID_SUBNET);
      assertThat(failure.reason()).contains("subnet-0123456789abcdef0");
    }
  }

  @Test
  void aSecurityGroupThatIsNotThereIsToldApart() {
    CloudSettings settings = cloud.settings();
    try (CloudEnis wrong =
        cloud.enis(
            new CloudSettings(
                settings.endpoint(),
                Optional.empty(),
                "mill",
                List.of(),
                List.of("sg-0123456789abcdef0"),
                Map.of(),
                Duration.ofSeconds(10)))) {
      assertThat(failure(wrong.add("intent-1", FIRST, 1, Urgency.WARM_UP)).kind())
          .isEqualTo(Kind.INVALID_GROUP);
    }
  }

  @Test
  void aSubnetWithoutFreeAddressesIsToldApart() {
    String small = cloud.smallSubnet();
    try (CloudEnis crowded = cloud.enis(cloud.settings(List.of(small), Duration.ofSeconds(10)))) {
      value(crowded.add("intent-1", FIRST, 5, Urgency.WARM_UP));

      CloudFailure failure = failure(crowded.add("intent-2", SECOND, 5, Urgency.WARM_UP));

      assertThat(failure.kind()).isEqualTo(Kind.SUBNET_EXHAUSTED);
      assertThat(failure.reason()).contains(small);
    }
  }

  @Test
  void anAssignmentInASubnetWithoutFreeAddressesIsToldApart() {
    String small = cloud.smallSubnet();
    try (CloudEnis crowded = cloud.enis(cloud.settings(List.of(small), Duration.ofSeconds(10)))) {
      value(crowded.add("intent-1", FIRST, 5, Urgency.WARM_UP));
      CloudEni second = value(crowded.add("intent-2", SECOND, 4, Urgency.WARM_UP));

      assertThat(
              failure(crowded.assign(second.id(), 1, second.secondaryAddresses(), Urgency.WARM_UP))
                  .kind())
          .isEqualTo(Kind.SUBNET_EXHAUSTED);
    }
  }

  @Test
  void ofSeveralSubnetsTheOneWithMostFreeAddressesIsTaken() {
    List<String> both = List.of(cloud.smallSubnet(), cloud.self.subnetId());
    try (CloudEnis choosing = cloud.enis(cloud.settings(both, Duration.ofSeconds(10)))) {
      CloudEni eni = value(choosing.add("intent-1", FIRST, 1, Urgency.WARM_UP));

      assertThat(eni.subnet()).isEqualTo(cloud.subnet);
      assertThat(cloud.callsSince()).startsWith("DescribeSubnets", "CreateNetworkInterface");
    }
  }

  @Test
  void moreAddressesThanTheTypeAllowsAreToldApart() {
    CloudEni eni = add("intent-1", FIRST, 5);

    assertThat(failure(enis.assign(eni.id(), 1, eni.secondaryAddresses(), Urgency.WARM_UP)).kind())
        .isEqualTo(Kind.ADDRESS_LIMIT);
  }

  @Test
  void moreEnisThanTheTypeAllowsAreToldApartAndNothingIsLeftBehind() {
    add("intent-1", FIRST, 0);
    add("intent-2", SECOND, 0);

    assertThat(failure(enis.add("intent-3", DeviceIndex.of(3), 0, Urgency.WARM_UP)).kind())
        .isEqualTo(Kind.ATTACHMENT_LIMIT);
    assertThat(cloud.all()).hasSize(3);
  }

  @Test
  void whatIsInUseIsToldApart() {
    CloudEni eni = add("intent-1", FIRST, 1);
    String id = eni.id().value();

    assertThat(
            kind(Action.DELETE, ec2 -> ec2.deleteNetworkInterface(r -> r.networkInterfaceId(id))))
        .isEqualTo(Kind.IN_USE);
    assertThat(
            kind(
                Action.ATTACH,
                ec2 ->
                    ec2.attachNetworkInterface(
                        r ->
                            r.networkInterfaceId(id)
                                .instanceId(cloud.self.instanceId())
                                .deviceIndex(2))))
        .isEqualTo(Kind.IN_USE);
  }

  @Test
  void anAttachmentThatIsNotThereIsToldApart() {
    assertThat(
            kind(
                Action.DETACH,
                ec2 ->
                    ec2.detachNetworkInterface(
                        r -> r.attachmentId("eni-attach-0123456789abcdef0"))))
        .isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void anIntentThatWasSomethingElseBeforeFindsItsEni() {
    CloudEni once = add("intent-1", FIRST, 2);

    CloudEni again = value(enis.add("intent-1", FIRST, 3, Urgency.POD_WAITS));

    assertThat(again.id()).isEqualTo(once.id());
    assertThat(cloud.all()).hasSize(2);
  }

  @Test
  void addressesOfWhichOneIsGoneAreUnassignedAllTheSame() {
    CloudEni eni = add("intent-1", FIRST, 3);
    value(enis.unassign(eni.id(), Set.of(eni.secondaryAddresses().first())));

    value(enis.unassign(eni.id(), eni.secondaryAddresses()));

    assertThat(addressesInEc2(eni.id())).isEmpty();
  }

  @Test
  void thePrimaryAddressIsNotUnassigned() {
    CloudEni eni = add("intent-1", FIRST, 1);

    assertThat(failure(enis.unassign(eni.id(), Set.of(eni.primaryAddress()))).kind())
        .isEqualTo(Kind.UNEXPECTED);
    assertThat(cloud.describe(eni.id()).privateIpAddress())
        .isEqualTo(eni.primaryAddress().toString());
  }

  private <T extends Ec2Response> Kind kind(Action action, Function<Ec2Client, T> call) {
    try (Ec2Calls calls = cloud.ec2()) {
      T answer = calls.single(action, Urgency.POD_WAITS, "trying", call);
      throw new AssertionError("succeeded: " + answer);
    } catch (CloudException e) {
      return e.failure().kind();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"t3.medium", "p4d.24xlarge", "c6in.32xlarge", "m5.metal"})
  void ec2AndTheBundledTableAgreeOnAType(String type) {
    assertThat(Optional.of(value(enis.limits(type)))).isEqualTo(InstanceLimits.of(type));
  }
}
