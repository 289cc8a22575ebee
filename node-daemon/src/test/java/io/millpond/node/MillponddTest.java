package io.millpond.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.node.testing.TestNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon as a process: what a supervisor sees at its end. */
class MillponddTest {
  @TempDir Path directory;
  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void endAll() throws InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
  }

  private Process millpondd(Map<String, String> settings) throws IOException {
    return millpondd(settings, Files.writeString(directory.resolve("config.yaml"), "{}"));
  }

  private Process millpondd(Map<String, String> settings, Path config) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Millpondd.class.getName(),
            "--config",
            config.toString());
    builder.environment().keySet().removeIf(name -> name.startsWith("MILLPOND_"));
    builder
        .environment()
        .putAll(
            Map.of(
                "MILLPOND_RUN_DIR",
                directory.resolve("run").toString(),
                "MILLPOND_HTTP_ADDRESS",
                "127.0.0.1:0",
                "MILLPOND_METRICS_ADDRESS",
                "127.0.0.1:0",
                // Nobody listens there: the daemon waits for the metadata.
                "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                "http://127.0.0.1:1"));
    builder.environment().putAll(settings);
    builder.redirectError(directory.resolve("log").toFile());
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  private String log() throws IOException {
    return Files.readString(directory.resolve("log"), UTF_8);
  }

  private int exit(Process process) throws Exception {
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(log()).isTrue();
    return process.exitValue();
  }

  @Test
  void settingsThatCannotBeUsedEndItWithCode78() throws Exception {
    assertThat(exit(millpondd(Map.of("WARM_IP_TARGET", "many", "MAX_ENI", "-1")))).isEqualTo(78);
    assertThat(log()).contains("WARM_IP_TARGET").contains("MAX_ENI");
  }

  /** A supervisor restarts what failed, and nothing that ended well. */
  @Test
  void aPortThatIsTakenEndsItWithCode71() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Process process =
          millpondd(Map.of("MILLPOND_HTTP_ADDRESS", "127.0.0.1:" + taken.getLocalPort()));
      assertThat(exit(process)).as(log()).isEqualTo(71);
    }
  }

  @Test
  void aStopThatWasAskedForIsASuccessAlsoBeforeItServes() throws Exception {
    Process process = millpondd(Map.of());
    await().atMost(TestNode.SOON.multipliedBy(3)).until(() -> log().contains("not ready"));
    process.destroy();
    assertThat(exit(process)).as(log()).isZero();
    assertThat(log()).contains("stopped");
  }

  @Test
  void aSettingsFileThatIsNamedAndNotThereEndsItWithCode78() throws Exception {
    Process process =
        millpondd(Map.of("MILLPOND_MISSPELT", "1"), directory.resolve("missing.yaml"));
    assertThat(exit(process)).isEqualTo(78);
    assertThat(log()).contains("missing.yaml");
  }

  @Test
  void aMisspeltNameIsWarnedOfAlsoBesideErrors() throws Exception {
    Process process = millpondd(Map.of("MILLPOND_MISSPELT", "1", "WARM_IP_TARGET", "many"));
    assertThat(exit(process)).isEqualTo(78);
    assertThat(log()).contains("MILLPOND_MISSPELT").contains("WARM_IP_TARGET");
  }
}
