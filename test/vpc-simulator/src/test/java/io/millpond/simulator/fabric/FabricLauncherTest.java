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

/** The launcher in a process of its own, started from a namespace of the test. */
@Tag("root")
final class FabricLauncherTest {
  private static final String OUTER = "sfab-outer";
  private static final String VPC = "sfab-lvpc";
  private static final String SECOND = "sfab-lvpc2";
  private static final Duration SOON = Duration.ofSeconds(60);

  private final List<Process> processes = new ArrayList<>();

  @TempDir Path directory;

  @BeforeEach
  void makeTheNamespaceOutside() {
    TestVpc.run("ip", "netns", "add", OUTER);
  }

  @AfterEach
  void removeEverything() throws InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
    await().atMost(SOON).until(() -> pids().isEmpty());
    new Namespaces(VPC).deleteAll();
    new Namespaces(SECOND).deleteAll();
    TestVpc.run("ip", "netns", "del", OUTER);
  }

  @Test
  void theCommandRunsInsideAndIsReachedOverTheManagementLink() throws Exception {
    Process launcher = launch("sh", "-c", "touch started; exec sleep 1000");
    awaitFile("started");

    assertThat(TestVpc.ping(OUTER, "169.254.171.2")).isTrue();
    assertThat(TestVpc.run("ip", "-n", OUTER, "addr", "show", "vpcsim0"))
        .contains("169.254.171.1/30");
    assertThat(pids()).isNotEmpty();
    assertThat(launcher.isAlive()).isTrue();
  }

  @Test
  void theCommandsStatusIsTheLaunchersAndNothingIsLeft() throws Exception {
    Process launcher = launch("sh", "-c", "ip netns add sfab-seen; ip netns del sfab-seen; exit 7");

    assertThat(launcher.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(launcher.exitValue()).isEqualTo(7);
    assertNothingIsLeft();
  }

  @Test
  void theEndSignalIsPassedOnAndNothingIsLeft() throws Exception {
    Process launcher =
        launch("sh", "-c", "trap 'touch ended; exit 0' TERM; touch started; sleep 1000 & wait");
    awaitFile("started");

    launcher.destroy();

    assertThat(launcher.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(directory.resolve("ended")).exists();
    assertNothingIsLeft();
  }

  @Test
  void aKilledLauncherTakesItsCommandWithItAndTheNextRunStartsAnew() throws Exception {
    Process killed =
        launch("sh", "-c", "ip link add leftover type bridge; touch started; exec sleep 1000");
    awaitFile("started");

    killed.destroyForcibly().waitFor();
    await().atMost(SOON).until(() -> pids().isEmpty());
    assertThat(Namespaces.exists(VPC)).as("left behind").isTrue();
    Files.delete(directory.resolve("started"));
    launch("sh", "-c", "touch started; exec sleep 1000");
    awaitFile("started");

    assertThat(TestVpc.ping(OUTER, "169.254.171.2")).isTrue();
    assertThat(TestVpc.links(VPC)).noneMatch(line -> line.startsWith("leftover"));
  }

  @Test
  void aSecondOneRunsBesideTheFirstWithAManagementLinkOfItsOwn() throws Exception {
    launch("sh", "-c", "touch started; exec sleep 1000");
    awaitFile("started");

    launchIn(SECOND, "sh", "-c", "touch second; exec sleep 1000");
    awaitFile("second");

    assertThat(TestVpc.ping(OUTER, "169.254.171.2")).isTrue();
    assertThat(TestVpc.ping(OUTER, "169.254.171.6")).isTrue();
    processes.getLast().destroy();
    processes.getLast().waitFor();
    assertThat(TestVpc.ping(OUTER, "169.254.171.2")).isTrue();
    assertThat(TestVpc.links(OUTER)).noneMatch(line -> line.startsWith("vpcsim1"));
  }

  @Test
  void aSecondOneWithTheSameNameSaysSoAndLeavesTheFirstAlone() throws Exception {
    launch("sh", "-c", "touch started; exec sleep 1000");
    awaitFile("started");

    Process second = launch("sh", "-c", "touch second");

    assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).isNotZero();
    assertThat(Files.readString(directory.resolve("output")))
        .contains("a simulator still runs in the network namespace " + VPC)
        .contains("choose another namespace");
    assertThat(directory.resolve("second")).doesNotExist();
    assertThat(TestVpc.ping(OUTER, "169.254.171.2")).isTrue();
  }

  private Process launch(String... command) throws IOException {
    return launchIn(VPC, command);
  }

  private Process launchIn(String vpc, String... command) throws IOException {
    List<String> line = new ArrayList<>(NetworkCommands.inside(OUTER));
    line.addAll(
        List.of(
            System.getProperty("java.home") + "/bin/java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            LauncherProgram.class.getName(),
            vpc));
    line.addAll(List.of(command));
    Process process =
        new ProcessBuilder(line)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile())
            .start();
    processes.add(process);
    return process;
  }

  private void awaitFile(String name) {
    await()
        .atMost(SOON)
        .failFast(
            () -> {
              if (!processes.getLast().isAlive()) {
                throw new AssertionError(Files.readString(directory.resolve("output")));
              }
            })
        .until(() -> Files.exists(directory.resolve(name)));
  }

  private static String pids() {
    return Namespaces.exists(VPC)
        ? NetworkCommands.tryRun(List.of("ip", "netns", "pids", VPC), "").output().strip()
        : "";
  }

  private static void assertNothingIsLeft() {
    assertThat(Namespaces.exists(VPC)).isFalse();
    assertThat(TestVpc.links(OUTER)).noneMatch(line -> line.startsWith("vpcsim"));
  }
}
