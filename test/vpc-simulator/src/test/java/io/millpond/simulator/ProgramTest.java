package io.millpond.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
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
