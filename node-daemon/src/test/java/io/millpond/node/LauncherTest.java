package io.millpond.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The image's launcher in C, whose JVM is a script that tells how it was called. */
class LauncherTest {
  private static final Path PROGRAMS = Path.of("target/programs").toAbsolutePath();
  private static final Path HOME = PROGRAMS.resolve("home");

  LauncherTest() {}

  @BeforeAll
  static void makeAJvm() throws IOException {
    Path java = HOME.resolve("jre/bin/java");
    Files.createDirectories(java.getParent());
    Files.writeString(
        java,
        """
        #!/bin/sh
        for argument in "$@"; do echo "argument $argument"; done
        env | sort
        grep NoNewPrivs /proc/self/status
        """);
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private record Run(int status, List<String> lines) {
    List<String> arguments() {
      return lines.stream()
          .filter(line -> line.startsWith("argument "))
          .map(line -> line.substring("argument ".length()))
          .toList();
    }
  }

  private static Run run(Map<String, String> environment, String program, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(PROGRAMS.resolve(program).toString()));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), UTF_8).lines().toList();
    return new Run(process.waitFor(), lines);
  }

  @Test
  void theNameChoosesTheProgramAndItsArgumentsFollowAsTheyAre() throws Exception {
    Run ctl = run(Map.of(), "millpond-ctl", "pool", "--json", "@a b", "");
    assertThat(ctl.arguments())
        .containsExactly(
            "@" + HOME + "/bin/jvm-flags",
            "-XX:AOTCache=" + HOME + "/lib/millpond.aot",
            "-Dmillpond.home=" + HOME,
            "-Djffi.boot.library.path=" + HOME + "/lib",
            "@" + HOME + "/lib/class-path",
            "io.millpond.node.MillpondCtl",
            "pool",
            "--json",
            "@a b",
            "");
    assertThat(run(Map.of(), "millpondd").arguments()).endsWith("io.millpond.node.Millpondd");
  }

  @Test
  void theCHeapIsFixedAndAnotherProgramsOptionsForTheJvmAreTakenAway() throws Exception {
    Run run =
        run(
            Map.of(
                "JAVA_TOOL_OPTIONS", "-Dx=1",
                "JDK_JAVA_OPTIONS", "-Dx=1",
                "_JAVA_OPTIONS", "-Dx=1",
                "MALLOC_ARENA_MAX", "99",
                "WARM_IP_TARGET", "3"),
            "millpondd");
    assertThat(run.lines())
        .contains(
            "MALLOC_ARENA_MAX=1",
            "MALLOC_MMAP_THRESHOLD_=131072",
            "MALLOC_TRIM_THRESHOLD_=131072",
            "WARM_IP_TARGET=3",
            "NoNewPrivs:\t1")
        .noneMatch(line -> line.contains("-Dx=1"));
  }

  @Test
  void theHeapIsWhatTheEnvironmentSaysAndComesAfterTheSharedFlags() throws Exception {
    assertThat(run(Map.of("MILLPOND_HEAP", "64m"), "millpondd").arguments())
        .startsWith("@" + HOME + "/bin/jvm-flags", "-Xmx64m");
    assertThat(run(Map.of("MILLPOND_HEAP", ""), "millpondd").arguments())
        .noneMatch(argument -> argument.startsWith("-Xmx"));
  }

  @Test
  void aTrainingRunWritesTheCacheAndDoesNotReadOne() throws Exception {
    assertThat(run(Map.of("MILLPOND_AOT_OUTPUT", "/x/a.aot"), "millpondd", "--train").arguments())
        .contains("-XX:AOTCacheOutput=/x/a.aot", "-Xlog:aot*=error:stderr")
        .noneMatch(argument -> argument.startsWith("-XX:AOTCache="));
  }

  @Test
  void whatCannotBeDoneIsSaid() throws Exception {
    String[] many = new String[64];
    Arrays.fill(many, "x");
    Run tooMany = run(Map.of(), "millpond-ctl", many);
    assertThat(tooMany.status()).isEqualTo(64);
    assertThat(tooMany.lines()).containsExactly("millpond-ctl: more than 64 arguments");
    Run tooLong = run(Map.of("MILLPOND_HEAP", "9".repeat(5000)), "millpondd");
    assertThat(tooLong.status()).isEqualTo(64);
    Path other =
        Files.copy(
            PROGRAMS.resolve("millpondd"),
            PROGRAMS.resolve("other"),
            StandardCopyOption.REPLACE_EXISTING,
            StandardCopyOption.COPY_ATTRIBUTES);
    assertThat(run(Map.of(), other.getFileName().toString()).lines())
        .containsExactly("millpond: this program is called millpondd or millpond-ctl");
  }
}
