package io.millpond.eni;

import static io.millpond.eni.Results.failure;
import static io.millpond.eni.Results.value;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;

/** What millpond needs of EC2, whoever plays it; see {@link TestCloud}. */
class Ec2ContractTest {
  private static final DeviceIndex FIRST = DeviceIndex.of(1);
  private static final DeviceIndex SECOND = DeviceIndex.of(2);

  private final TestCloud cloud = TestCloud.open();
  private final CloudEnis enis = cloud.enis();

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
  void aNewEniSaysWhoseItIsAndEndsWithTheInstance() {
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
    assertThat(seen.attachment().deleteOnTermination()).isTrue();
    assertThat(seen.attachment().instanceId()).isEqualTo(cloud.self.instanceId());
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
  void oneCallGrowsAnEniAndTellsTheNewAddressesOnly() {
    CloudEni eni = add("intent-1", FIRST, 2);

    Set<IpAddress> added =
        value(enis.assign(eni.id(), 3, eni.secondaryAddresses(), Urgency.WARM_UP));

    assertThat(cloud.callsSince()).containsExactly("AssignPrivateIpAddresses");
    assertThat(added).hasSize(3).doesNotContainAnyElementsOf(eni.secondaryAddresses());
    Set<IpAddress> all = new TreeSet<>(eni.secondaryAddresses());
    all.addAll(added);
    assertThat(addressesInEc2(eni.id())).isEqualTo(all);
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

    assertThat(value(enis.tidy())).singleElement().asString().contains(orphan.value());

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
                "mill",
                List.of(),
                List.of("sg-0123456789abcdef0"),
                Duration.ofSeconds(10)))) {
      assertThat(failure(wrong.add("intent-1", FIRST, 1, Urgency.WARM_UP)).kind())
          .isEqualTo(Kind.INVALID_GROUP);
    }
  }

  @Test
  void ec2AndTheBundledTableAgreeOnAType() {
    assertThat(Optional.of(value(enis.limits("t3.medium"))))
        .isEqualTo(InstanceLimits.of("t3.medium"));
  }
}
