package io.millpond.eni;

import static io.millpond.eni.Results.failure;
import static io.millpond.eni.Results.value;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget.Urgency;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.simulator.conditions.Fault;
import io.millpond.simulator.conditions.FaultRule;
import io.millpond.simulator.conditions.Faults;
import io.millpond.simulator.model.NetworkInterface;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A call took effect and nobody learned of it. */
class LostAnswerTest {
  private static final DeviceIndex FIRST = DeviceIndex.of(1);

  private final TestCloud cloud = TestCloud.simulated();
  private final Faults faults = cloud.simulator().conditions().faults();
  private final CloudEnis enis = cloud.enis(cloud.settings(List.of(), Duration.ofMillis(700)));

  @AfterEach
  void stop() {
    enis.close();
    cloud.close();
  }

  static Stream<Arguments> everyStepAndWayToLose() {
    return Stream.of(
            "CreateNetworkInterface", "AttachNetworkInterface", "ModifyNetworkInterfaceAttribute")
        .flatMap(
            step ->
                Stream.of(
                        new Fault.LostAnswer(),
                        new Fault.NoAnswer(),
                        new Fault.Refused("InternalError", null, null, true))
                    .map(fault -> Arguments.of(step, fault)));
  }

  @ParameterizedTest
  @MethodSource("everyStepAndWayToLose")
  void oneLostAnswerWhileAddingStillMakesExactlyOneEni(String step, Fault fault) {
    faults.add(FaultRule.next(1, step, fault));

    CloudEni eni = value(enis.add("intent-1", FIRST, 3, Urgency.POD_WAITS));

    assertThat(onlyAdded().id()).isEqualTo(eni.id().value());
    assertAttachedForGood();
    assertThat(eni.secondaryAddresses()).hasSize(3);
  }

  @ParameterizedTest
  @MethodSource("everyStepAndWayToLose")
  void ifEveryAnswerOfAStepIsLostThereIsStillExactlyOneEni(String step, Fault fault) {
    faults.add(FaultRule.always(step, fault));

    CloudEni eni = value(enis.add("intent-1", FIRST, 3, Urgency.POD_WAITS));

    assertThat(onlyAdded().id()).isEqualTo(eni.id().value());
    assertAttachedForGood();
  }

  @Test
  void addressesWhoseAssignmentWasLostAreFoundAndNotAssignedAgain() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    faults.add(FaultRule.next(1, "AssignPrivateIpAddresses", new Fault.LostAnswer()));

    Set<IpAddress> added =
        value(enis.assign(eni.id(), 2, eni.secondaryAddresses(), Urgency.POD_WAITS));

    assertThat(added).hasSize(2).doesNotContainAnyElementsOf(eni.secondaryAddresses());
    assertThat(onlyAdded().addresses()).hasSize(4);
    assertThat(cloud.simulator().conditions().calls().count("AssignPrivateIpAddresses"))
        .isEqualTo(1);
  }

  @Test
  void anAssignmentThatIsNotSeenIsNotRepeatedAndItsEffectIsUnknown() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    faults.add(FaultRule.next(1, "AssignPrivateIpAddresses", new Fault.Slow(2_000)));

    CloudFailure failure =
        failure(enis.assign(eni.id(), 2, eni.secondaryAddresses(), Urgency.POD_WAITS));

    assertThat(failure.effectUnknown()).isTrue();
    assertThat(cloud.callsSince()).filteredOn("AssignPrivateIpAddresses"::equals).hasSize(1);
  }

  @Test
  void anUnassignmentWhoseAnswerWasLostIsDone() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 3, Urgency.POD_WAITS));
    Set<IpAddress> leaving = new TreeSet<>(eni.secondaryAddresses());
    leaving.remove(eni.secondaryAddresses().first());
    faults.add(FaultRule.next(1, "UnassignPrivateIpAddresses", new Fault.LostAnswer()));

    value(enis.unassign(eni.id(), leaving));

    assertThat(onlyAdded().addresses()).hasSize(2);
  }

  @ParameterizedTest
  @MethodSource("everyStepOfARelease")
  void aReleaseWithALostAnswerLeavesNothing(String step) {
    CloudEni eni = value(enis.add("intent-1", FIRST, 1, Urgency.POD_WAITS));
    faults.add(FaultRule.next(1, step, new Fault.LostAnswer()));

    value(enis.release(eni.id()));

    assertThat(added()).isEmpty();
  }

  static Stream<String> everyStepOfARelease() {
    return Stream.of(
        "DetachNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces");
  }

  @Test
  void addressesThatAreGoneAlreadyDoNotKeepTheOthers() {
    CloudEni eni = value(enis.add("intent-1", FIRST, 3, Urgency.POD_WAITS));
    IpAddress gone = eni.secondaryAddresses().first();
    value(enis.unassign(eni.id(), Set.of(gone)));

    value(enis.unassign(eni.id(), eni.secondaryAddresses()));

    assertThat(onlyAdded().addresses()).hasSize(1);
    assertThat(new EniId(onlyAdded().id())).isEqualTo(eni.id());
  }

  private void assertAttachedForGood() {
    assertThat(Optional.ofNullable(onlyAdded().attachment()))
        .hasValueSatisfying(
            attachment -> {
              assertThat(attachment.deleteOnTermination()).isTrue();
              assertThat(attachment.instanceId()).isEqualTo(cloud.self.instanceId());
            });
  }

  private NetworkInterface onlyAdded() {
    assertThat(added()).hasSize(1);
    return added().getFirst();
  }

  private List<NetworkInterface> added() {
    return cloud.simulator().interfaces().stream()
        .filter(eni -> eni.description().startsWith(EniTags.DESCRIPTION))
        .toList();
  }
}
