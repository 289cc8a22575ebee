package io.millpond.node.pods;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.PodPlan;
import io.millpond.node.settings.Settings;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class PodRequestTest {
  private static final Prefix VPC = Prefix.parse("10.0.0.0/16");
  private static final Prefix NODES = Prefix.parse("10.1.0.0/16");
  private static final Prefix OWN = Prefix.parse("10.2.0.0/16");
  private static final Settings.Network NETWORK =
      new Settings.Network(9001, List.of(), List.of(NODES));

  private static PodPlan plan(OptionalInt mtu, Prefix... routes) {
    return new PodRequest(TestNode.key("a"), "default/a", mtu, List.of(routes))
        .plan(
            IpAddress.parse("10.0.1.11"),
            new EniPlace(
                new EniId("eni-00000000000000001"),
                DeviceIndex.PRIMARY,
                MacAddress.parse("02:00:00:00:00:01"),
                IpAddress.parse("10.0.1.10"),
                Prefix.parse("10.0.1.0/24")),
            NETWORK);
  }

  @Test
  void aRouteThatNodeAndNetworkBothNameIsInThePlanOnce() {
    assertThat(plan(OptionalInt.empty(), OWN, NODES).direct(List.of(VPC, NODES)))
        .containsExactly(VPC, NODES, OWN);
  }

  @Test
  void theNetworksOwnRoutesAreKnownApart() {
    assertThat(plan(OptionalInt.empty(), OWN).extraRoutes()).containsExactly(OWN);
  }

  @Test
  void theNetworksMtuGoesBeforeTheNodes() {
    assertThat(plan(OptionalInt.empty()).mtu()).isEqualTo(9001);
    assertThat(plan(OptionalInt.of(1400)).mtu()).isEqualTo(1400);
  }
}
