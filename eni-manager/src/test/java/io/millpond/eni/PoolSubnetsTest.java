package io.millpond.eni;

import static io.millpond.eni.Results.failure;
import static io.millpond.eni.Results.value;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.PoolName;
import io.millpond.simulator.SimulatorConfig;
import io.millpond.simulator.SimulatorConfig.GroupConfig;
import io.millpond.simulator.SimulatorConfig.SubnetConfig;
import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.NetworkInterface;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** ENIs of pools beside the default one: where they stand, their groups, their tag. */
class PoolSubnetsTest {
  private static final PoolName STORAGE = new PoolName("storage");
  private static final String NODES = "sg-0a00000000000001a";
  private static final String GROUP = "sg-0a0000000000000b1";
  private static final String OTHER = "subnet-0a00000000000002a";
  private static final String FAR = "subnet-0a00000000000001b";
  private static final String NOWHERE = "subnet-0a0000000000000ff";

  private static TestCloud cloud() {
    SimulatorConfig base = SimulatorConfig.standard();
    List<SubnetConfig> subnets = new ArrayList<>(base.subnets());
    subnets.add(new SubnetConfig(FAR, Cidr.parse("10.0.3.0/24"), "eu-central-1b", Map.of()));
    List<GroupConfig> groups = new ArrayList<>(base.securityGroups());
    groups.add(new GroupConfig(GROUP, "storage", Map.of()));
    return TestCloud.simulated(base.withSubnets(subnets).withSecurityGroups(groups));
  }

  private static CloudEnis enis(TestCloud cloud, EniPool storage) {
    return cloud.enis(
        new CloudSettings(
            cloud.settings().endpoint(),
            Optional.empty(),
            "mill",
            List.of(),
            List.of(),
            Map.of(),
            Duration.ofSeconds(10),
            Map.of(STORAGE, storage)));
  }

  private static CloudEni added(CloudEnis enis, PoolName pool, int device) {
    return value(enis.add(pool, "intent-" + device, DeviceIndex.of(device), 1, Urgency.POD_WAITS));
  }

  private static NetworkInterface newest(TestCloud cloud) {
    return cloud.simulator().interfaces().getLast();
  }

  @Test
  void anEniStandsInItsPoolsSubnetWithItsGroupsAndItsName() {
    try (TestCloud cloud = cloud();
        CloudEnis enis = enis(cloud, new EniPool(List.of(OTHER), List.of(GROUP)))) {
      CloudEni eni = added(enis, STORAGE, 1);

      assertThat(newest(cloud).subnetId()).isEqualTo(OTHER);
      assertThat(newest(cloud).securityGroupIds()).containsExactly(GROUP);
      assertThat(newest(cloud).tags()).containsEntry("millpond.io/pool", "storage");
      assertThat(eni.subnet().toString()).isEqualTo("10.0.2.0/24");
      assertThat(eni.pool()).contains(STORAGE);
      assertThat(value(enis.attached(Urgency.WARM_UP)))
          .extracting(CloudEni::pool)
          .containsExactlyInAnyOrder(Optional.of(PoolName.DEFAULT), Optional.of(STORAGE));
    }
  }

  @Test
  void aPoolWithoutGroupsHasTheNodesAndOneOfASubnetsNameNeedsNoSettings() {
    try (TestCloud cloud = cloud();
        CloudEnis enis = cloud.enis()) {
      CloudEni _ = added(enis, new PoolName(OTHER), 1);

      assertThat(newest(cloud).subnetId()).isEqualTo(OTHER);
      assertThat(newest(cloud).securityGroupIds()).containsExactly(NODES);
      assertThat(newest(cloud).tags()).containsEntry("millpond.io/pool", OTHER);
    }
  }

  @Test
  void anEniOfTheDefaultPoolHasNoPoolTagWhateverTheSettingsSay() {
    try (TestCloud cloud = cloud();
        CloudEnis enis = cloud.enis(cloud.settings(Map.of("millpond.io/pool", "storage")))) {
      CloudEni _ = added(enis, PoolName.DEFAULT, 1);
      assertThat(newest(cloud).tags()).doesNotContainKey("millpond.io/pool");
    }
  }

  /** The settings of a fleet name a subnet for each of its zones. */
  @Test
  void ofAPoolsSubnetsTheOneInTheNodesZoneIsTakenAndDescribedOnce() {
    try (TestCloud cloud = cloud();
        CloudEnis enis = enis(cloud, new EniPool(List.of(FAR, OTHER), List.of()))) {
      assertThat(value(enis.check(STORAGE, Urgency.POD_WAITS))).isTrue();
      CloudEni _ = added(enis, STORAGE, 1);
      CloudEni _ = added(enis, STORAGE, 2);

      assertThat(newest(cloud).subnetId()).isEqualTo(OTHER);
      assertThat(cloud.callsSince()).containsOnlyOnce("DescribeSubnets");
    }
  }

  @Test
  void aSubnetOfAnotherZoneOrNoneIsToldApartAndNothingIsCreated() {
    try (TestCloud cloud = cloud();
        CloudEnis enis = enis(cloud, new EniPool(List.of(FAR, NOWHERE), List.of()))) {
      for (int i = 0; i < 2; i++) {
        CloudFailure failure = failure(enis.check(STORAGE, Urgency.POD_WAITS));
        assertThat(failure.kind()).isEqualTo(Kind.INVALID_SUBNET);
        assertThat(failure.reason())
            .contains(
                "pool storage",
                "this node is in eu-central-1a of vpc-0a0000000000000f1",
                FAR + " is in eu-central-1b of vpc-0a0000000000000f1",
                "EC2 knows no " + NOWHERE);
      }
      assertThat(
              failure(enis.add(STORAGE, "intent-1", DeviceIndex.of(1), 1, Urgency.WARM_UP)).kind())
          .isEqualTo(Kind.INVALID_SUBNET);
      assertThat(cloud.callsSince()).containsOnly("DescribeSubnets");
    }
  }

  @Test
  void aSubnetThatIsMadeAfterNoneSuitedIsFoundAtOnce() {
    String nothing =
        """
        <DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
          <requestId>scripted</requestId><subnetSet/>
        </DescribeSubnetsResponse>
        """;
    String made =
        nothing.replace(
            "<subnetSet/>",
            """
            <subnetSet><item>
              <subnetId>%s</subnetId><vpcId>vpc-0a0000000000000f1</vpcId>
              <cidrBlock>10.0.9.0/24</cidrBlock><availabilityZone>eu-central-1a</availabilityZone>
              <availableIpAddressCount>200</availableIpAddressCount>
            </item></subnetSet>
            """
                .formatted(NOWHERE));
    try (TestCloud cloud = cloud();
        ScriptedHttp ec2 = ScriptedHttp.answering(200, nothing, made);
        CloudEnis enis = cloud.enis(ec2.settings())) {
      assertThat(failure(enis.check(new PoolName(NOWHERE), Urgency.POD_WAITS)).kind())
          .isEqualTo(Kind.INVALID_SUBNET);
      assertThat(value(enis.check(new PoolName(NOWHERE), Urgency.POD_WAITS))).isTrue();
    }
  }

  @Test
  void aSubnetOfAnotherVpcIsRefused() {
    String answer =
        """
        <DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
          <requestId>scripted</requestId>
          <subnetSet><item>
            <subnetId>%s</subnetId><vpcId>vpc-0bbbbbbbbbbbbbbbb</vpcId>
            <cidrBlock>10.9.0.0/24</cidrBlock><availabilityZone>eu-central-1a</availabilityZone>
            <availableIpAddressCount>200</availableIpAddressCount>
          </item></subnetSet>
        </DescribeSubnetsResponse>
        """
            .formatted(OTHER);
    try (TestCloud cloud = cloud();
        ScriptedHttp ec2 = ScriptedHttp.answering(200, answer);
        CloudEnis enis = cloud.enis(ec2.settings())) {
      assertThat(failure(enis.check(new PoolName(OTHER), Urgency.POD_WAITS)).reason())
          .contains(OTHER + " is in eu-central-1a of vpc-0bbbbbbbbbbbbbbbb");
    }
  }

  @Test
  void aPoolThatNobodyDescribedIsAFailureWithoutACall() {
    try (TestCloud cloud = cloud();
        CloudEnis enis = cloud.enis()) {
      assertThat(failure(enis.check(STORAGE, Urgency.POD_WAITS)).reason())
          .contains("the settings do not name this pool");
      assertThat(cloud.callsSince()).isEmpty();
    }
  }

  @Test
  void anEniWhosePoolCannotBeReadIsLeftAlone() {
    try (TestCloud cloud = cloud();
        CloudEnis enis = cloud.enis(cloud.settings(Map.of()))) {
      CloudEni eni = added(enis, new PoolName(OTHER), 1);
      cloud.admin.createTags(
          r ->
              r.resources(eni.id().value())
                  .tags(TestCloud.tag(EniTags.POOL, "of a newer version!")));
      assertThat(value(enis.attached(Urgency.WARM_UP)))
          .filteredOn(one -> one.id().equals(eni.id()))
          .singleElement()
          .satisfies(
              one -> {
                assertThat(one.managed()).isFalse();
                assertThat(one.pool()).isEmpty();
              });
    }
  }
}
