package io.millpond.node.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.testing.ManualClock;
import io.millpond.node.testing.ModelCloud;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.Steps;
import io.millpond.pool.CloudView;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class CloudViewsTest {
  private final ModelKernel kernel = new ModelKernel(new ManualClock());
  private final ModelCloud cloud = new ModelCloud(kernel);
  private final EniPlaces places = new EniPlaces();
  private final CloudViews views = new CloudViews(kernel.datapath(), places);

  private CloudView view(Cloud.Result<Cloud.Inventory> answer) throws InterruptedException {
    return switch (answer) {
      case Cloud.Success<Cloud.Inventory>(Cloud.Inventory inventory) ->
          views.of(inventory, Duration.ZERO, _ -> false);
      case Cloud.Failure<Cloud.Inventory> failure -> throw new AssertionError(failure);
    };
  }

  private static List<EniId> enis(CloudView view) {
    return view.enis().stream().map(CloudView.Eni::id).toList();
  }

  @Test
  void anEniThatEc2SaysIsNotOursLeavesThePoolAlsoAfterItWasTakenForOurs() throws Exception {
    EniId other = cloud.foreignEni(DeviceIndex.of(1), 2);
    assertThat(enis(view(cloud.hint()))).contains(other);
    CloudView sure = view(cloud.ask(Cloud.Urgency.WARM_UP));
    assertThat(enis(sure)).doesNotContain(other);
    assertThat(sure.foreign()).containsExactly(DeviceIndex.of(1));
    assertThat(places.find(other)).isEmpty();
  }

  @Test
  void anEniWithoutALinkIsToldOnceTheLinkHasCome() throws Exception {
    kernel.linksAreLate(true);
    assertThat(cloud.addEni(PoolName.DEFAULT, "x", DeviceIndex.of(1), 2, Cloud.Urgency.WARM_UP))
        .isInstanceOf(Cloud.Success.class);
    CloudView before = view(cloud.ask(Cloud.Urgency.WARM_UP));
    assertThat(before.foreign()).containsExactly(DeviceIndex.of(1));
    assertThat(views.linkCame()).isFalse();
    kernel.linksAreLate(false);
    assertThat(views.linkCame()).isTrue();
    assertThat(view(cloud.ask(Cloud.Urgency.WARM_UP)).foreign()).isEmpty();
    assertThat(views.linkCame()).isFalse();
  }

  @Test
  void anEniWhoseLinkCouldNotBeSetUpIsToldOnceItCan() throws Exception {
    boolean[] refuses = {true};
    Steps steps =
        (name, effect) -> {
          if (refuses[0]) {
            throw new Steps.StepFailed("no buffer space available");
          }
          effect.run();
        };
    CloudViews refused = new CloudViews(kernel.datapath(steps), places);
    Cloud.Inventory inventory =
        new Cloud.Inventory(true, ((Cloud.Success<Cloud.Inventory>) cloud.hint()).value().enis());
    assertThat(refused.of(inventory, Duration.ZERO, _ -> false).foreign())
        .containsExactly(DeviceIndex.PRIMARY);
    assertThat(refused.linkCame()).isFalse();
    refuses[0] = false;
    assertThat(refused.linkCame()).isTrue();
  }
}
