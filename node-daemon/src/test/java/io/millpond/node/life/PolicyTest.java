package io.millpond.node.life;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.settings.SettingsReader;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.PoolPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What the pool is told of the settings. */
class PolicyTest {
  private static final PoolLimits THREE_BY_FOUR = new PoolLimits(3, 4);

  private static PoolPolicy policy(Map<String, String> environment) throws Exception {
    return NodeCore.policy(
        SettingsReader.read(Path.of("/nonexistent/millpond.yaml"), environment), THREE_BY_FOUR);
  }

  @Test
  void everySettingOfThePoolArrives() throws Exception {
    assertThat(
            policy(
                Map.of(
                    "WARM_ENI_TARGET", "4",
                    "WARM_IP_TARGET", "5",
                    "MINIMUM_IP_TARGET", "6",
                    "MAX_ENI", "2",
                    "MILLPOND_MAX_PODS", "7",
                    "MILLPOND_FIRST_ENI", "1",
                    "IP_COOLDOWN_PERIOD", "8",
                    "MILLPOND_RELEASE_DELAY", "9")))
        .isEqualTo(
            new PoolPolicy(
                4,
                OptionalInt.of(5),
                OptionalInt.of(6),
                2,
                7,
                false,
                Duration.ofSeconds(8),
                Duration.ofSeconds(9)));
  }

  /** As in amazon-vpc-cni-k8s: it is not in the ENIConfig's subnet. */
  @Test
  void withCustomNetworkingThePrimaryEniIsTheNodesAlone() throws Exception {
    assertThat(policy(Map.of("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", "true")).firstEniForPods())
        .isFalse();
    assertThat(policy(Map.of()).firstEniForPods()).isTrue();
  }

  @Test
  void zeroAndWhatIsBeyondTheInstanceMeanItsOwnLimits() throws Exception {
    assertThat(policy(Map.of()).maxEni()).isEqualTo(3);
    assertThat(policy(Map.of()).maxPods()).isEqualTo(9);
    assertThat(policy(Map.of("MAX_ENI", "15")).maxEni()).isEqualTo(3);
  }

  @Test
  void zeroIsNotSetAsInManifestsOfEks() throws Exception {
    assertThat(policy(Map.of("WARM_IP_TARGET", "0", "MINIMUM_IP_TARGET", "0")))
        .isEqualTo(policy(Map.of()));
    assertThat(policy(Map.of("WARM_IP_TARGET", "0", "MINIMUM_IP_TARGET", "5")))
        .isEqualTo(policy(Map.of("MINIMUM_IP_TARGET", "5")));
  }
}
