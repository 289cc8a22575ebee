package io.millpond.eni;

import static io.millpond.eni.Results.failure;
import static io.millpond.eni.Results.value;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.simulator.SimulatorConfig;
import io.millpond.simulator.SimulatorConfig.SubnetConfig;
import io.millpond.simulator.conditions.Fault;
import io.millpond.simulator.conditions.FaultRule;
import io.millpond.simulator.model.NetworkInterface;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SubnetChooserTest {
  private static final String PRIMARY = "subnet-0a00000000000001a";
  private static final String OTHER = "subnet-0a00000000000002a";
  private static final Map<String, String> FOR_PODS = Map.of("kubernetes.io/role/cni", "1");
  private static final Fault EXHAUSTED = Fault.Refused.with("InsufficientFreeAddressesInSubnet");

  private static TestCloud cloud(Map<String, String> tagsOfOther) {
    SimulatorConfig base = SimulatorConfig.standard();
    SubnetConfig other = base.subnets().get(1);
    return TestCloud.simulated(
        base.withSubnets(
            List.of(
                base.subnets().getFirst(),
                new SubnetConfig(other.id(), other.cidr(), other.zone(), tagsOfOther))));
  }

  private static String subnetOfNewest(TestCloud cloud) {
    NetworkInterface newest = cloud.simulator().interfaces().getLast();
    return newest.subnetId();
  }

  @Test
  void thePrimaryEnisSubnetIsTakenWithoutAsking() {
    try (TestCloud cloud = cloud(FOR_PODS);
        CloudEnis enis = cloud.enis()) {
      value(enis.add("intent-1", DeviceIndex.of(1), 1, Urgency.WARM_UP));

      assertThat(subnetOfNewest(cloud)).isEqualTo(PRIMARY);
      assertThat(cloud.callsSince()).doesNotContain("DescribeSubnets");
    }
  }

  @Test
  void anExhaustedSubnetIsLeftForATaggedOneAtOnceAndForAWhile() {
    try (TestCloud cloud = cloud(FOR_PODS);
        CloudEnis enis = cloud.enis()) {
      cloud
          .simulator()
          .conditions()
          .faults()
          .add(FaultRule.next(1, "CreateNetworkInterface", EXHAUSTED));

      CloudEni first = value(enis.add("intent-1", DeviceIndex.of(1), 1, Urgency.WARM_UP));
      assertThat(subnetOfNewest(cloud)).isEqualTo(OTHER);
      assertThat(first.subnet().toString()).isEqualTo("10.0.2.0/24");

      value(enis.release(first.id()));
      cloud.time.advance(Duration.ofSeconds(60));
      CloudEni second = value(enis.add("intent-2", DeviceIndex.of(1), 1, Urgency.WARM_UP));
      assertThat(subnetOfNewest(cloud)).isEqualTo(OTHER);

      value(enis.release(second.id()));
      cloud.time.advance(Duration.ofSeconds(121));
      value(enis.add("intent-3", DeviceIndex.of(1), 1, Urgency.WARM_UP));
      assertThat(subnetOfNewest(cloud)).isEqualTo(PRIMARY);
    }
  }

  @Test
  void whenAllAreExhaustedEc2IsNotAskedAgain() {
    try (TestCloud cloud = cloud(Map.of());
        CloudEnis enis = cloud.enis()) {
      cloud
          .simulator()
          .conditions()
          .faults()
          .add(FaultRule.next(1, "CreateNetworkInterface", EXHAUSTED));
      assertThat(failure(enis.add("intent-1", DeviceIndex.of(1), 1, Urgency.WARM_UP)).code())
          .isEqualTo("InsufficientFreeAddressesInSubnet");
      cloud.callsSince();

      CloudFailure again = failure(enis.add("intent-2", DeviceIndex.of(1), 1, Urgency.WARM_UP));

      assertThat(again.kind()).isEqualTo(Kind.SUBNET_EXHAUSTED);
      assertThat(again.reason()).contains(PRIMARY);
      assertThat(cloud.callsSince()).isEmpty();
    }
  }

  @Test
  void aSubnetForAnotherClusterIsNotTaken() {
    Map<String, String> others =
        Map.of("kubernetes.io/role/cni", "1", "cni.networking.k8s.aws/cluster/other", "shared");
    try (TestCloud cloud = cloud(others);
        CloudEnis enis = cloud.enis()) {
      cloud
          .simulator()
          .conditions()
          .faults()
          .add(FaultRule.next(1, "CreateNetworkInterface", EXHAUSTED));

      assertThat(failure(enis.add("intent-1", DeviceIndex.of(1), 1, Urgency.WARM_UP)).kind())
          .isEqualTo(Kind.SUBNET_EXHAUSTED);
      assertThat(cloud.simulator().interfaces()).hasSize(1);
    }
  }

  @Test
  void ofTheNamedSubnetsTheEmptiestIsTaken() {
    try (TestCloud cloud = cloud(Map.of());
        CloudEnis enis =
            cloud.enis(cloud.settings(List.of(PRIMARY, OTHER), Duration.ofSeconds(10)))) {
      value(enis.add("intent-1", DeviceIndex.of(1), 1, Urgency.WARM_UP));

      assertThat(subnetOfNewest(cloud)).isEqualTo(OTHER);
    }
  }
}
