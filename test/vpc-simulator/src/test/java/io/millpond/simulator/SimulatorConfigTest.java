package io.millpond.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millpond.simulator.SimulatorConfig.InstanceConfig;
import io.millpond.simulator.conditions.RateLimit;
import io.millpond.simulator.conditions.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SimulatorConfigTest {
  @Test
  void theDefaultIsComplete() {
    SimulatorConfig standard = SimulatorConfig.standard();

    assertThat(standard.instances())
        .extracting(InstanceConfig::name)
        .containsExactly("node-a", "node-b");
    assertThat(standard.hosts()).hasSize(2);
    assertThat(standard.subnets()).hasSize(2);
    assertThat(standard.internet()).isNotNull();
    assertThat(standard.onPremises()).isNotNull();
    assertThat(standard.settings()).isEqualTo(Settings.INSTANT);
    assertThat(standard.throttle()).isEmpty();
    assertThat(standard.fabric().namespace()).isEqualTo("vpc");
  }

  @Test
  void whatAFileSaysReplacesTheDefaultAndNothingElse(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("two.yaml");
    Files.writeString(
        file,
        """
        region: us-east-1
        settings: {attachMillis: 2000}
        throttle: aws
        instances:
          - {name: big, type: c5.18xlarge, subnet: subnet-0a00000000000002a, address: 10.0.2.9}
        """);

    SimulatorConfig config = SimulatorConfig.read(file);

    assertThat(config.region()).isEqualTo("us-east-1");
    assertThat(config.settings()).isEqualTo(Settings.INSTANT.withAttachMillis(2000));
    assertThat(config.throttle()).containsEntry("DetachNetworkInterface", new RateLimit(50, 5));
    assertThat(config.instances()).extracting(InstanceConfig::name).containsExactly("big");
    assertThat(config.hosts()).hasSize(2);
  }

  @Test
  void jsonIsYamlToo() {
    assertThat(SimulatorConfig.parse("{\"account\": \"999988887777\"}").account())
        .isEqualTo("999988887777");
    assertThat(SimulatorConfig.parse("")).isEqualTo(SimulatorConfig.standard());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "colour: red",
        "settings: {attachMilis: 5}",
        "settings: {attachMillis: -5}",
        "vpc: {id: v, cidr: 10.0.0.1/16}",
        "vpc: {id: v, cidr: 10.0.0.0}",
        "onPremises: {name: o, network: 192.168.50.0/24, address: 192.168.51.9}",
        "instances: [{type: t3.small, subnet: s}]",
        "throttle: sometimes",
        "- a list",
        "{unclosed"
      })
  void whatIsNotUnderstoodIsRefused(String text) {
    assertThatThrownBy(() -> SimulatorConfig.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .isNotBlank();
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> SimulatorConfig.read(Path.of("/no/such/file.yaml")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/no/such/file.yaml");
  }
}
