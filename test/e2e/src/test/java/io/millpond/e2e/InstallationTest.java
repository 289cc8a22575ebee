package io.millpond.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The command with which the README installs the daemon. The JVM takes the AOT cache only beside
 * the very jars that it was made of, their times included; otherwise every start is slow and says
 * so on stderr.
 */
class InstallationTest {
  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
  private static final String BUILT = "node-daemon/target/millpond";
  private static final String INSTALLED = "/opt/millpond";

  @TempDir private Path directory;

  @BeforeEach
  void isAssembled() {
    assumeTrue(
        Files.exists(ROOT.resolve(BUILT).resolve("lib/millpond.aot")),
        "the daemon is not assembled: mvn package -DskipTests");
  }

  @Test
  void aDaemonInstalledAsTheReadmeSaysStartsWithItsCacheAndSaysNothing() throws Exception {
    Path home = directory.resolve("millpond");
    run("sh", "-ec", readmeCommand().replace(INSTALLED, home.toString()).replace(BUILT, built()));
    assertThat(errorsOfAStart(home)).isEmpty();
  }

  @Test
  void aCopyWithOtherTimesLosesTheCacheAndSaysSo() throws Exception {
    Path home = directory.resolve("millpond");
    run("cp", "-r", built(), home.toString());
    assertThat(errorsOfAStart(home)).contains("timestamp has changed");
  }

  /** Another program's options must not change a daemon of root, nor what it starts with. */
  @Test
  void theEnvironmentsOptionsForAJvmDoNothing() throws Exception {
    Path home = ROOT.resolve(BUILT);
    for (String name : List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")) {
      assertThat(
              run(
                  "env",
                  name + "=-javaagent:/nonexistent/evil.jar",
                  home.resolve("bin/millpondd").toString(),
                  "--print-settings"))
          .as(name)
          .isEmpty();
    }
  }

  private static String built() {
    return ROOT.resolve(BUILT).toString();
  }

  private static String readmeCommand() throws IOException {
    return Files.readAllLines(ROOT.resolve("README.md")).stream()
        .filter(line -> line.startsWith("$ ") && line.endsWith(BUILT + " " + INSTALLED))
        .map(line -> line.substring(2))
        .findFirst()
        .orElseThrow(() -> new AssertionError("the README does not install " + BUILT));
  }

  private String errorsOfAStart(Path home) throws IOException, InterruptedException {
    return run(home.resolve("bin/millpondd").toString(), "--print-settings");
  }

  /** Runs a program that must succeed; returns what it wrote to stderr. */
  private String run(String... command) throws IOException, InterruptedException {
    Path errors = directory.resolve("errors");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(errors.toFile())
            .start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(command[0] + " ends").isTrue();
    } finally {
      process.destroyForcibly();
    }
    String told = Files.readString(errors, UTF_8);
    assertThat(process.exitValue()).as(told).isZero();
    return told;
  }
}
