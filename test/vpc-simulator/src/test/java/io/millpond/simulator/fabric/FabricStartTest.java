package io.millpond.simulator.fabric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A start of the program with {@code --fabric} that does not come to its end. */
@Tag("root")
final class FabricStartTest {
  private static final String OUTER = "sfab-souter";
  private static final String VPC = "sfab-svpc";
  private static final String FOREIGN = "sfab-sb";
  private static final String CONFIGURATION =
      """
      instances:
        - {name: sa, netns: sfab-sa, type: t3.medium, subnet: subnet-0a00000000000001a}
        - {name: sb, netns: sfab-sb, type: t3.medium, subnet: subnet-0a00000000000002a}
      hosts: []
      internet: {name: sfab-sinet, address: 203.0.113.9}
      onPremises: {name: sfab-sonp, network: 192.168.50.0/24, address: 192.168.50.9}
      fabric: {namespace: sfab-svpc}
      """;

  @TempDir Path directory;
  private final List<Process> programs = new ArrayList<>();

  @BeforeEach
  void makeTheNamespaceOutside() {
    TestVpc.run("ip", "netns", "add", OUTER);
  }

  @AfterEach
  void removeEverything() throws InterruptedException {
    for (Process program : programs) {
      program.destroyForcibly().waitFor();
    }
    await().atMost(Duration.ofSeconds(60)).until(() -> processes().isEmpty());
    new Namespaces(VPC).deleteAll();
    for (String name : names()) {
      TestVpc.run("ip", "netns", "del", name);
    }
  }

  @Test
  void aNameThatSomeoneElseHasIsNamedAndNothingIsLeft() throws Exception {
    TestVpc.run("ip", "netns", "add", FOREIGN);

    Process program = start();

    assertThat(program.waitFor(90, TimeUnit.SECONDS)).isTrue();
    assertThat(program.exitValue()).isNotZero();
    assertThat(output())
        .contains("vpc-simulator: cannot launch sb")
        .contains("a network namespace " + FOREIGN + " exists")
        .doesNotContain("\"ready\"");
    assertThat(names()).containsExactlyInAnyOrder(OUTER, FOREIGN);
    assertNothingIsLeft();
  }

  @ParameterizedTest
  @ValueSource(longs = {300, 600, 900, 1_200, 1_600, 2_000})
  void anEndSignalDuringTheStartLeavesNothing(long millis) throws Exception {
    Process program = start();
    program.waitFor(millis, TimeUnit.MILLISECONDS);

    program.destroy();

    assertThat(program.waitFor(90, TimeUnit.SECONDS)).isTrue();
    assertThat(names()).as(output()).containsExactly(OUTER);
    assertNothingIsLeft();
  }

  private Process start() throws IOException {
    Path configuration = Files.writeString(directory.resolve("vpc.yaml"), CONFIGURATION);
    List<String> line = new ArrayList<>(NetworkCommands.inside(OUTER));
    line.addAll(
        List.of(
            System.getProperty("java.home") + "/bin/java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            "io.millpond.simulator.VpcSimulator",
            "--fabric",
            "--config",
            configuration.toString()));
    Process program =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile())
            .start();
    programs.add(program);
    return program;
  }

  private String output() throws IOException {
    return Files.readString(directory.resolve("output"));
  }

  private void assertNothingIsLeft() {
    assertThat(TestVpc.links(OUTER)).noneMatch(line -> line.startsWith("vpcsim"));
    assertThat(processes()).isEmpty();
  }

  /** Processes of the program, the one inside the VPC too. */
  private List<ProcessHandle> processes() {
    String configuration = directory.resolve("vpc.yaml").toString();
    return ProcessHandle.allProcesses()
        .filter(p -> commandLine(p).contains(configuration))
        .toList();
  }

  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
    } catch (IOException gone) {
      return "";
    }
  }

  /** The namespaces of this test. */
  private static List<String> names() {
    return TestVpc.run("ip", "netns", "list")
        .lines()
        .map(line -> line.split(" ", 2)[0])
        .filter(name -> name.startsWith("sfab-s"))
        .toList();
  }
}
