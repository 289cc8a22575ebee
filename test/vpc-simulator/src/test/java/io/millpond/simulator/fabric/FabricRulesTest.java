package io.millpond.simulator.fabric;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.NetworkInterface;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class FabricRulesTest {
  private static final NetworkInterface ENI =
      TestVpc.eni("eni-0123456789abcdef0", TestVpc.SUBNET_1, "10.0.1.20", "10.0.1.21");

  @Test
  void prefixesCountAsAssigned() {
    assertThat(FabricRules.port(ENI.plus(List.of(), List.of(Cidr.parse("10.0.1.32/28")))))
        .contains(
            "add element bridge vpcfabric own-p-456789abcdef0"
                + " { 10.0.1.20, 10.0.1.21, 10.0.1.32/28 }\n");
  }

  @Test
  void withoutSourceDestinationCheckNoRuleComparesIpAddresses() {
    assertThat(FabricRules.port(ENI).lines())
        .anyMatch(line -> line.startsWith("add rule") && line.contains("ip saddr != @own"))
        .anyMatch(line -> line.startsWith("add rule") && line.contains("ip daddr != @own"));
    assertThat(FabricRules.port(ENI.withSourceDestCheck(false)).lines())
        .noneMatch(line -> line.startsWith("add rule") && line.contains(" ip saddr != @own"))
        .noneMatch(line -> line.startsWith("add rule") && line.contains(" ip daddr != @own"));
  }

  @Test
  void linkNamesFitTheKernelAndDifferWhereTheIdsDo() {
    NetworkInterface other = TestVpc.eni("eni-0123456789abcdef1", TestVpc.SUBNET_1, "10.0.1.20");

    assertThat(FabricNames.port(ENI)).isEqualTo("p-456789abcdef0").hasSize(15);
    assertThat(FabricNames.port(other)).isNotEqualTo(FabricNames.port(ENI));
    assertThat(FabricNames.bridge(TestVpc.SUBNET_1)).isEqualTo("brsubnet-0a1");
  }

  @Test
  void countersAreReadByOwnerAndThoseOfOtherTablesAreLeftOut() {
    // nft -j list counters (nftables 1.0.6)
    String answer =
        """
        {"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", \
        "json_schema_version": 1}}, {"counter": {"family": "bridge", "name": \
        "eni-0a1.source_check_dropped", "table": "vpcfabric", "handle": 2, "packets": 3, "bytes": \
        252}}, {"counter": {"family": "bridge", "name": "eni-0a1.delivery_dropped", "table": \
        "vpcfabric", "handle": 3, "packets": 0, "bytes": 0}}, {"counter": {"family": "ip", "name": \
        "other.thing", "table": "filter", "handle": 3, "packets": 9, "bytes": 0}}]}
        """;

    assertThat(FabricCounters.parse(answer))
        .isEqualTo(Map.of("eni-0a1", Map.of("source_check_dropped", 3L, "delivery_dropped", 0L)));
  }
}
