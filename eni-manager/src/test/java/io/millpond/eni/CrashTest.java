package io.millpond.eni;

import static io.millpond.eni.Results.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millpond.eni.CallBudget.Urgency;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.simulator.model.NetworkInterface;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The daemon dies right after a call took effect; the next one finds what is there. */
class CrashTest {
  private static final DeviceIndex FIRST = DeviceIndex.of(1);

  private final TestCloud cloud = TestCloud.simulated();
  private final CloudEnis next = cloud.enis();

  /** What kills the daemon. */
  private static final class Death extends Error {
    private static final long serialVersionUID = 1;
  }

  @AfterEach
  void stop() {
    next.close();
    cloud.close();
  }

  private CloudEnis dyingAfter(String action) {
    return cloud.enis(
        cloud.settings(),
        call -> {
          if (call.action().equals(action)) {
            throw new Death();
          }
        });
  }

  private void dieWhileAdding(String action) {
    try (CloudEnis dying = dyingAfter(action)) {
      assertThatThrownBy(() -> dying.add("intent-1", FIRST, 2, Urgency.POD_WAITS))
          .isInstanceOf(Death.class);
    }
  }

  private List<NetworkInterface> all() {
    return cloud.simulator().interfaces();
  }

  @Test
  void anEniThatWasCreatedAndNotAttachedIsDeletedWhenItIsOldEnough() {
    dieWhileAdding("CreateNetworkInterface");
    assertThat(all()).hasSize(2);

    assertThat(value(next.tidy())).isEqualTo(new Tidied(List.of(), true));
    assertThat(value(next.attached(Urgency.POD_WAITS))).hasSize(1);
    cloud.time.advance(CloudEnis.ORPHAN_AGE.plusSeconds(1));

    assertThat(value(next.tidy()).done()).hasSize(1);
    assertThat(all()).hasSize(1);
  }

  @Test
  void theSameIntentAdoptsTheEniThatWasCreatedForIt() {
    dieWhileAdding("CreateNetworkInterface");
    cloud.time.advance(CloudEnis.ORPHAN_AGE);

    CloudEni adopted = value(next.add("intent-1", FIRST, 2, Urgency.POD_WAITS));

    assertThat(all()).hasSize(2);
    assertThat(value(next.attached(Urgency.POD_WAITS))).contains(adopted);
  }

  @ParameterizedTest
  @ValueSource(strings = {"AttachNetworkInterface", "ModifyNetworkInterfaceAttribute"})
  void anEniThatWasAttachedIsAdoptedAndGoesWithTheInstance(String lastCall) {
    dieWhileAdding(lastCall);

    List<CloudEni> attached = value(next.attached(Urgency.POD_WAITS));

    assertThat(attached).hasSize(2);
    assertThat(attached.getLast().secondaryAddresses()).hasSize(2);
    assertThat(all())
        .hasSize(2)
        .allMatch(eni -> eni.attachment() != null && eni.attachment().deleteOnTermination());
    assertThat(value(next.tidy()).done()).isEmpty();
  }

  @Test
  void anEniThatGoesWithTheInstanceAlreadyIsNotModifiedAgain() {
    value(next.add("intent-1", FIRST, 2, Urgency.POD_WAITS));
    cloud.callsSince();

    value(next.attached(Urgency.POD_WAITS));

    assertThat(cloud.callsSince()).containsExactly("DescribeNetworkInterfaces");
  }

  @Test
  void anEniThatWasDetachedAndNotDeletedIsDeleted() {
    CloudEni eni = value(next.add("intent-1", FIRST, 2, Urgency.POD_WAITS));
    try (CloudEnis dying = dyingAfter("DetachNetworkInterface")) {
      assertThatThrownBy(() -> dying.release(eni.id())).isInstanceOf(Death.class);
    }
    cloud.time.advance(CloudEnis.ORPHAN_AGE.plusSeconds(1));

    assertThat(value(next.tidy()).done()).hasSize(1);
    assertThat(all()).hasSize(1);
  }

  @Test
  void anEniThatIsStillBeingDetachedAtTheRestartIsDeleted() {
    CloudEni eni = value(next.add("intent-1", FIRST, 2, Urgency.POD_WAITS));
    cloud.simulator().conditions().adjust(s -> s.withDetachMillis(1_000));
    try (CloudEnis dying = dyingAfter("DetachNetworkInterface")) {
      assertThatThrownBy(() -> dying.release(eni.id())).isInstanceOf(Death.class);
    }

    assertThat(value(next.attached(Urgency.POD_WAITS))).hasSize(1);

    assertThat(value(next.tidy()).done()).hasSize(1);
    assertThat(all()).hasSize(1);
  }

  @Test
  void aRestartWithAnEniInAnotherSubnetAsksTwoDescribesTooForTheMetadataKnowsItsPrefix()
      throws IOException {
    cloud.simulator().addInterface(cloud.self.instanceId(), "subnet-0a00000000000002a", 1);
    InstanceMetadata metadata =
        new InstanceMetadata(
            cloud.simulator().imdsEndpoint(cloud.self.instanceId()), Duration.ofSeconds(2));

    try (CloudEnis restarted = cloud.enis(metadata.subnets())) {
      assertThat(value(restarted.attached(Urgency.POD_WAITS)))
          .extracting(eni -> eni.subnet().toString())
          .containsExactly("10.0.1.0/24", "10.0.2.0/24");
      value(restarted.tidy());
    }

    assertThat(cloud.callsSince())
        .containsExactly("DescribeNetworkInterfaces", "DescribeNetworkInterfaces");
  }

  @Test
  void aRestartAsksAtMostTwoDescribes() {
    dieWhileAdding("CreateNetworkInterface");
    cloud.callsSince();

    value(next.attached(Urgency.POD_WAITS));
    value(next.tidy());

    assertThat(cloud.callsSince())
        .containsExactly("DescribeNetworkInterfaces", "DescribeNetworkInterfaces");
    assertThat(
            cloud.simulator().conditions().calls().all().stream()
                .filter(call -> call.action().equals("DescribeNetworkInterfaces"))
                .toList())
        .allMatch(call -> call.parameters().containsKey("Filter.1.Name"));
  }
}
