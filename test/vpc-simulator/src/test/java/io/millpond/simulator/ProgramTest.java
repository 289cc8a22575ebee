package io.millpond.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ProgramTest {
  @Test
  void itSaysWhereThingsAreAndEndsWhenToldTo() throws Exception {
    Process program = start();
    try (BufferedReader out = program.inputReader()) {
      String line = out.readLine();
      JsonNode ready = new ObjectMapper().readTree(line);

      assertThat(line).startsWith("{\"ready\":true,");
      for (String endpoint :
          List.of("ec2", "control", "imds/i-0a00000000000000a", "imds/i-0a00000000000000b")) {
        assertThat(ready.at("/endpoints").path(endpoint).asText()).startsWith("http://127.0.0.1:");
      }
      program.toHandle().destroy();
      assertThat(program.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(out.readLine()).isNull();
    } finally {
      program.destroyForcibly();
    }
  }

  @Test
  void aConfigurationThatIsWrongIsNamedOnStandardErrorAndNothingStarts(@TempDir Path folder)
      throws Exception {
    Path file = Files.writeString(folder.resolve("bad.yaml"), "colour: red\n");
    Process program = start("--config", file.toString());
    try (BufferedReader out = program.inputReader();
        BufferedReader err = program.errorReader()) {
      assertThat(out.readLine()).isNull();
      assertThat(err.readLine()).startsWith("vpc-simulator: ").contains("colour");
      assertThat(program.waitFor()).isEqualTo(1);
    } finally {
      program.destroyForcibly();
    }
  }

  @Test
  void aSecondOneRunsBesideTheFirstAndASecondOneOnTheSamePortSaysSo(@TempDir Path folder)
      throws Exception {
    Process first = start();
    try {
      URI control = control(first);
      Path file =
          Files.writeString(
              folder.resolve("same.yaml"),
              "listen: {controlPort: %d}".formatted(control.getPort()));
      Process same = start("--config", file.toString());
      Process beside = start();
      try (BufferedReader err = same.errorReader()) {
        assertThat(err.readLine())
            .startsWith("vpc-simulator: control cannot listen on ")
            .contains(Integer.toString(control.getPort()), "in use");
        assertThat(same.waitFor()).isEqualTo(1);
        assertThat(control(beside)).isNotEqualTo(control);
      } finally {
        same.destroyForcibly();
        beside.destroyForcibly();
      }
    } finally {
      first.destroyForcibly();
    }
  }

  @Test
  void aStartThatFailsLetsGoOfWhatItHadInThisProcess() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int free;
      try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        free = probe.getLocalPort();
      }
      SimulatorConfig config =
          SimulatorConfig.parse(
              "listen: {ec2Port: %d, controlPort: %d}".formatted(free, taken.getLocalPort()));
      assertThatThrownBy(() -> Simulator.start(config)).hasMessageContaining("control");

      try (ServerSocket again = new ServerSocket()) {
        again.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), free));
      }
    }
  }

  private static URI control(Process program) throws IOException {
    String line = program.inputReader().readLine();
    return URI.create(new ObjectMapper().readTree(line).at("/endpoints/control").asText());
  }

  private static Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xlog:disable"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(VpcSimulator.class.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).start();
  }
}
