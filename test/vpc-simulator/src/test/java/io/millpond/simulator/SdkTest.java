package io.millpond.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.simulator.conditions.CallRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Other SDKs than Java's read the simulator's answers and find nothing to warn of. */
@Tag("contract")
@Timeout(180)
class SdkTest {
  private final Simulator aws = Simulator.start(SimulatorConfig.standard());

  @AfterEach
  void stop() {
    aws.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pages",
        "refusals",
        "throttling_is_tried_again",
        "credentials_of_the_instance",
        "every_action"
      })
  void pythonsFindsNothingToWarnOf(String scenario) throws Exception {
    Path python = built("boto3").resolve("bin/python");

    run(python.toString(), "-W", "error", "src/test/python/sdk.py", scenario);

    if (scenario.equals("every_action")) {
      assertThat(called()).isEqualTo(documented());
    }
  }

  @Test
  void gosFindsNothingToWarnOf() throws Exception {
    run(built("aws-sdk-go").resolve("sdk").toString());

    assertThat(called()).isEqualTo(documented());
  }

  private Set<String> called() {
    Set<String> names = new TreeSet<>();
    for (CallRecord call : aws.conditions().calls().all()) {
      names.add(call.action());
    }
    return names;
  }

  /** The actions that the page says there are. */
  private static Set<String> documented() throws IOException {
    String page = Files.readString(Path.of("../../docs/simulator.md"));
    Matcher list = Pattern.compile("## What EC2 can do here\\s+([\\w,\\s]+)\\.\n").matcher(page);
    assertThat(list.find()).isTrue();
    return new TreeSet<>(Arrays.asList(list.group(1).split(",\\s+")));
  }

  /** Runs a program that must end well and print nothing. */
  private void run(String... command) throws IOException, InterruptedException {
    Path output = Files.createTempFile("millpond-sdk", ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "EC2", aws.ec2Endpoint().toString(),
                "IMDS", aws.imdsEndpoint("node-a").toString(),
                "CONTROL", aws.controlEndpoint().toString(),
                "AWS_ACCESS_KEY_ID", "ASIAA00000000000000A",
                "AWS_SECRET_ACCESS_KEY", "secret",
                "AWS_CONFIG_FILE", "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE", "/dev/null",
                "NO_PROXY", "*"));
    Process process = builder.start();
    try {
      boolean ended = process.waitFor(150, TimeUnit.SECONDS);
      assertThat(Files.readString(output)).isEmpty();
      assertThat(ended).isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.destroyForcibly();
      Files.delete(output);
    }
  }

  /** The directory that a script of {@code test/peers} prints; it builds what is not there yet. */
  private static Path built(String script) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("../peers/" + script)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("test/peers/%s", script).isZero();
    return Path.of(printed.strip());
  }
}
