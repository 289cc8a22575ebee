package io.millpond.eni;

import static io.millpond.eni.Results.value;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget.Urgency;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.IpAddress;
import io.millpond.simulator.conditions.CallLog;
import io.millpond.simulator.conditions.CallRecord;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a node costs its account, as EC2 itself counts it. */
class CallFloorTest {
  private final TestCloud cloud = TestCloud.simulated();
  private final CallLog log = cloud.simulator().conditions().calls();
  private final CloudEnis enis = cloud.enis();

  @BeforeEach
  void forgetThePreparation() {
    log.clear();
  }

  @AfterEach
  void stop() {
    enis.close();
    cloud.close();
  }

  @Test
  void howeverManyClientsThereWereOneThreadWatchesTheirTime() {
    for (int client = 0; client < 3; client++) {
      try (CloudEnis again = cloud.enis()) {
        value(again.attached(Urgency.WARM_UP));
      }
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> thread.getName().equals("ec2-timeouts"))
        .hasSize(1);
  }

  private List<String> recorded() {
    List<String> actions = log.all().stream().map(CallRecord::action).toList();
    assertThat(log.all()).allMatch(call -> cloud.self.instanceId().equals(call.instanceId()));
    log.clear();
    return actions;
  }

  @Test
  void aBootAsksTwoFilteredDescribesAndNothingElse() throws IOException {
    InstanceMetadata metadata =
        new InstanceMetadata(
            cloud.simulator().imdsEndpoint(cloud.self.instanceId()), Duration.ofSeconds(2));
    InstanceIdentity self = metadata.identity();
    assertThat(InstanceLimits.of(self.instanceType())).isPresent();
    try (CloudEnis booted = cloud.enis(metadata.subnets())) {
      value(booted.attached(Urgency.POD_WAITS));
      value(booted.tidy());
    }

    assertThat(log.all()).allMatch(call -> call.parameters().containsKey("Filter.1.Name"));
    assertThat(recorded())
        .containsExactly("DescribeNetworkInterfaces", "DescribeNetworkInterfaces");
  }

  @Test
  void anEnisLifeCostsThreeCallsThenOneForEachChangeThenThree() {
    CloudEni eni = value(enis.add("intent-1", DeviceIndex.of(1), 2, Urgency.POD_WAITS));
    assertThat(recorded())
        .containsExactly(
            "CreateNetworkInterface", "AttachNetworkInterface", "ModifyNetworkInterfaceAttribute");

    Set<IpAddress> more =
        value(enis.assign(eni.id(), 2, eni.secondaryAddresses(), Urgency.POD_WAITS));
    assertThat(recorded()).containsExactly("AssignPrivateIpAddresses");

    value(enis.unassign(eni.id(), more));
    assertThat(recorded()).containsExactly("UnassignPrivateIpAddresses");

    value(enis.release(eni.id()));
    assertThat(recorded())
        .containsExactly(
            "DescribeNetworkInterfaces", "DetachNetworkInterface", "DeleteNetworkInterface");
    assertThat(cloud.simulator().interfaces()).hasSize(1);
  }
}
