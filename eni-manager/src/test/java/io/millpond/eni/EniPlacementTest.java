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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** ENIs of the default pool stand where an ENIConfig says, and where the next one says. */
class EniPlacementTest {
  private static final String NODES = "sg-0a00000000000001a";
  private static final String GROUP = "sg-0a0000000000000b1";
  private static final String OTHER = "subnet-0a00000000000002a";
  private static final String FAR = "subnet-0a00000000000001b";

  private final TestCloud cloud = cloud();
  private volatile EniPlacement placement = EniPlacement.AS_CONFIGURED;
  private final CloudEnis enis = cloud.enis(() -> placement);

  @AfterEach
  void stop() {
    enis.close();
    cloud.close();
  }

  private static TestCloud cloud() {
    SimulatorConfig base = SimulatorConfig.standard();
    List<SubnetConfig> subnets = new ArrayList<>(base.subnets());
    subnets.add(new SubnetConfig(FAR, Cidr.parse("10.0.3.0/24"), "eu-central-1b", Map.of()));
    List<GroupConfig> groups = new ArrayList<>(base.securityGroups());
    groups.add(new GroupConfig(GROUP, "pods", Map.of()));
    return TestCloud.simulated(base.withSubnets(subnets).withSecurityGroups(groups));
  }

  private static EniPlacement in(String subnet, String... groups) {
    return new EniPlacement.In(new EniPool(List.of(subnet), List.of(groups)), "ENIConfig \"pods\"");
  }

  private CloudEni added(int device) {
    return value(enis.add("intent-" + device, DeviceIndex.of(device), 1, Urgency.POD_WAITS));
  }

  private NetworkInterface newest() {
    return cloud.simulator().interfaces().getLast();
  }

  @Test
  void theNextEniFollowsAndThoseThatAreThereStay() {
    CloudEni before = added(1);
    placement = in(OTHER, GROUP);

    CloudEni after = added(2);

    assertThat(cloud.describe(before.id()).subnetId()).isEqualTo(cloud.self.subnetId());
    assertThat(newest().subnetId()).isEqualTo(OTHER);
    assertThat(newest().securityGroupIds()).containsExactly(GROUP);
    assertThat(newest().tags()).as("it is the default pool's").doesNotContainKey(EniTags.POOL);
    assertThat(after.subnet().toString()).isEqualTo("10.0.2.0/24");
  }

  /** As amazon-vpc-cni-k8s does. */
  @Test
  void withoutGroupsItHasThoseOfThePrimaryEni() {
    placement = in(OTHER);
    CloudEni _ = added(1);
    assertThat(newest().securityGroupIds()).containsExactly(NODES);
  }

  @Test
  void otherPoolsAreWhereTheSettingsSay() {
    placement = in(OTHER, GROUP);
    value(
        enis.add(
            new PoolName(cloud.self.subnetId()),
            "intent-1",
            DeviceIndex.of(1),
            1,
            Urgency.POD_WAITS));
    assertThat(newest().subnetId()).isEqualTo(cloud.self.subnetId());
    assertThat(newest().securityGroupIds()).containsExactly(NODES);
  }

  @Test
  void aSubnetOfAnotherZoneIsRefusedWithoutMakingAnythingAndTheNextPlaceIsTakenAtOnce() {
    placement = in(FAR);
    CloudFailure failure = failure(enis.add("intent-1", DeviceIndex.of(1), 1, Urgency.POD_WAITS));
    assertThat(failure.kind()).isEqualTo(Kind.INVALID_SUBNET);
    assertThat(failure.reason())
        .contains(
            "ENIConfig \"pods\"", "this node is in eu-central-1a", FAR + " is in eu-central-1b");
    assertThat(failure.kind().remedy()).contains("ENIConfig");
    assertThat(cloud.simulator().interfaces()).hasSize(1);

    placement = in(OTHER);
    CloudEni _ = added(1);
    assertThat(newest().subnetId()).isEqualTo(OTHER);
  }

  @Test
  void asLongAsNobodyKnowsWhereNothingIsMadeAndNoCallToo() {
    placement = new EniPlacement.Nowhere("there is no ENIConfig \"pods\": create it");
    CloudFailure failure = failure(enis.add("intent-1", DeviceIndex.of(1), 1, Urgency.POD_WAITS));
    assertThat(failure.kind()).isEqualTo(Kind.NO_PLACE);
    assertThat(failure.reason()).contains("there is no ENIConfig \"pods\": create it");
    assertThat(cloud.callsSince()).isEmpty();
  }
}
