package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The container image as `deploy/image/build` made it, unpacked as a runtime would, and its
 * programs run in its root, which is read-only: those for the other kind of machine by QEMU.
 */
@Tag("image")
class ImageTest {
  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String AMD64 = "amd64";
  private static final String ARM64 = "arm64";

  /** In bytes, of one kind of machine, compressed; docs/image.md says what it is. */
  private static final long SIZE = 110_000_000;

  @TempDir private static Path directory;
  private static Path tar = Path.of("/nonexistent");
  private static Path layout = Path.of("/nonexistent");

  @BeforeAll
  static void unpack() throws IOException {
    String built = System.getenv("MILLPOND_IMAGE_TAR");
    assumeTrue(built != null, "needs the image: ./verify --only image builds it and runs this");
    tar = Path.of(String.valueOf(built));
    layout = Files.createDirectory(directory.resolve("layout"));
    Shell.run("tar", "-xf", tar.toString(), "-C", layout.toString()).orThrow();
    for (String arch : List.of(AMD64, ARM64)) {
      Files.createDirectory(root(arch));
      for (JsonNode layer : manifest(arch).path("layers")) {
        Shell.run(
                "tar",
                "-xzf",
                blob(layer.path("digest").asText()).toString(),
                "-C",
                root(arch).toString())
            .orThrow();
      }
    }
  }

  private static Path root(String arch) {
    return directory.resolve(arch);
  }

  private static Path blob(String digest) {
    return layout.resolve("blobs").resolve(digest.replace(':', '/'));
  }

  private static JsonNode read(String digest) throws IOException {
    return JSON.readTree(blob(digest).toFile());
  }

  private static JsonNode entry() throws IOException {
    return JSON.readTree(layout.resolve("index.json").toFile()).at("/manifests/0");
  }

  private static JsonNode manifest(String arch) throws IOException {
    for (JsonNode one : read(entry().path("digest").asText()).path("manifests")) {
      if (one.at("/platform/architecture").asText().equals(arch)) {
        return read(one.path("digest").asText());
      }
    }
    throw new AssertionError("no image for " + arch);
  }

  private static List<String> inside(String arch, List<String> binds, String... program) {
    List<String> command = new ArrayList<>(List.of(ROOT + "/deploy/image/inside"));
    binds.forEach(bind -> command.addAll(List.of("-b", bind)));
    command.addAll(List.of(arch, root(arch).toString(), "ro"));
    command.addAll(Arrays.asList(program));
    return command;
  }

  private static Shell.Ran run(String arch, String... program) {
    return Shell.run(inside(arch, List.of(), program).toArray(String[]::new));
  }

  @Test
  void itHasTheNameThatTheChartAsksForAndSaysWhatItIs() throws IOException {
    JsonNode names = entry().path("annotations");
    String chart = Files.readString(ROOT.resolve("deploy/chart/Chart.yaml"));
    String values = Files.readString(ROOT.resolve("deploy/chart/values.yaml"));
    String version =
        chart
            .lines()
            .filter(line -> line.startsWith("appVersion: "))
            .findFirst()
            .orElseThrow()
            .substring(12);
    String repository =
        values
            .lines()
            .map(String::strip)
            .filter(line -> line.startsWith("repository: "))
            .findFirst()
            .orElseThrow()
            .substring(12);
    assertThat(names.path("io.containerd.image.name").asText())
        .isEqualTo(repository + ":" + version);
    for (String arch : List.of(AMD64, ARM64)) {
      JsonNode config = read(manifest(arch).at("/config/digest").asText());
      assertThat(config.path("architecture").asText()).isEqualTo(arch);
      assertThat(config.at("/config/Entrypoint/0").asText())
          .isEqualTo("/opt/millpond/bin/millpondd");
      assertThat(config.at("/config/Env/0").asText()).isEqualTo("PATH=/opt/millpond/bin");
      assertThat(config.at("/config/User").asText()).isEqualTo("0:0");
    }
  }

  @Test
  void theSameBuildWithTheSameCacheHasTheSameOctets() throws IOException {
    Path again = Path.of(System.getenv("MILLPOND_IMAGE_AGAIN"));
    assertThat(Files.mismatch(tar, again)).isEqualTo(-1);
  }

  @ParameterizedTest
  @ValueSource(strings = {AMD64, ARM64})
  void itStaysSmall(String arch) throws IOException {
    long size = 0;
    for (JsonNode layer : manifest(arch).path("layers")) {
      size += layer.path("size").asLong();
    }
    System.out.println(arch + ": " + size + " bytes compressed");
    assertThat(size).isLessThan(SIZE);
  }

  @ParameterizedTest
  @ValueSource(strings = {AMD64, ARM64})
  void itHasNoShellAndNoProgramsButItsOwn(String arch) throws IOException {
    Set<String> programs = new TreeSet<>();
    try (Stream<Path> files = Files.walk(root(arch))) {
      for (Path file :
          files.filter(one -> Files.isRegularFile(one, LinkOption.NOFOLLOW_LINKS)).toList()) {
        String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
        int bits = (int) Files.getAttribute(file, "unix:mode");
        assertThat(bits & 07022)
            .as(file + " is no setuid program and its owner's to write: " + mode)
            .isZero();
        if (mode.contains("x")) {
          programs.add(
              root(arch)
                  .relativize(file)
                  .toString()
                  .replaceFirst("^lib(64)?/ld-linux-.*", "the loader"));
        }
      }
    }
    assertThat(programs)
        .containsExactly(
            "opt/millpond/bin/millpond-ctl",
            "opt/millpond/bin/millpond-probe",
            "opt/millpond/bin/millpondd",
            "opt/millpond/cni/millpond",
            "opt/millpond/jre/bin/java",
            "opt/millpond/jre/lib/jspawnhelper",
            "the loader");
  }

  /** With another cache than its own the JVM would say so, on stderr. */
  @ParameterizedTest
  @ValueSource(strings = {AMD64, ARM64})
  void theDaemonStartsInItWithItsCacheAndSaysNothing(String arch) {
    Shell.Ran version = run(arch, "millpondd", "--version");
    assertThat(version.orThrow()).startsWith("millpond ").hasLineCount(1);
    assertThat(version.err()).isEmpty();
    Shell.Ran settings = run(arch, "WARM_IP_TARGET=7", "millpondd", "--print-settings");
    assertThat(settings.orThrow()).contains("WARM_IP_TARGET=7\n");
    assertThat(settings.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {AMD64, ARM64})
  void theOtherProgramsStartInItByTheirNamesAlone(String arch) {
    Shell.Ran ctl = run(arch, "millpond-ctl", "status");
    assertThat(ctl.status()).isEqualTo(69);
    assertThat(ctl.err()).contains("nobody listens on /run/millpond/admin.sock");
    assertThat(run(arch, "millpond-probe", "live").out()).contains("the daemon does not answer");
    Shell.Ran plugin = run(arch, "CNI_COMMAND=VERSION", "/opt/millpond/cni/millpond");
    assertThat(plugin.orThrow()).contains("\"supportedVersions\"");
  }

  /**
   * It loads libnftables, opens netlink, and waits for an instance's metadata that nobody serves.
   */
  @ParameterizedTest
  @ValueSource(strings = {AMD64, ARM64})
  void theDaemonRunsInItAndItsProbeAnswers(String arch) throws Exception {
    Path run = Files.createDirectories(directory.resolve("run-" + arch));
    Path own = Files.createDirectories(directory.resolve("own-" + arch));
    Path log = directory.resolve("log-" + arch);
    Process daemon =
        Shell.start(
            Map.of(),
            log,
            inside(
                arch,
                List.of(run + ":/run/millpond", own + ":/run/millpond-probe"),
                "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1",
                "MILLPOND_PROBE_SOCKET=/run/millpond-probe/probe.sock",
                "millpondd"));
    try {
      String probe = root(AMD64).resolve("opt/millpond/bin/millpond-probe").toString();
      String socket = own.resolve("probe.sock").toString();
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> Shell.run(probe, "live", socket).out().startsWith("starting: "));
      await().atMost(Duration.ofSeconds(60)).until(() -> Files.exists(run.resolve("admin.sock")));
      assertThat(Shell.run(probe, "ready", socket).status()).isEqualTo(1);
      assertThat(Files.readString(log).lines()).isNotEmpty().allMatch(line -> line.startsWith("{"));
    } finally {
      daemon.destroyForcibly().waitFor(); // its namespaces end with it
    }
  }

  /** With the capabilities of root and in a network namespace of its own, as nobody's node. */
  @Test
  void theCleanupWaitsForTheDaemonsLockAndLeavesNothingOfMillpond() throws Exception {
    Path node = Files.createDirectory(directory.resolve("node"));
    List<String> binds = new ArrayList<>();
    for (String path :
        List.of("/opt/cni/bin", "/etc/cni/net.d", "/run/millpond", "/run/millpond-probe")) {
      Files.createDirectories(root(AMD64).resolve(path.substring(1))); // as a runtime does
      binds.add(Files.createDirectories(node.resolve(path.substring(1))) + ":" + path);
    }
    Files.copy(
        root(AMD64).resolve("opt/millpond/cni/millpond"), node.resolve("opt/cni/bin/millpond"));
    Path conflist = node.resolve("etc/cni/net.d/10-millpond.conflist");
    Files.copy(
        ROOT.resolve(
            "node-daemon/src/main/resources/io/millpond/node/install/10-millpond.conflist"),
        conflist);
    String lock = node.resolve("run/millpond/lock").toString();
    Process daemon = new ProcessBuilder("flock", lock, "sleep", "600").start();
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> Shell.run("flock", "-n", lock, "true").status() != 0);
    Process cleanup =
        Shell.start(
            Map.of(),
            directory.resolve("cleanup"),
            inside(
                AMD64,
                binds,
                "millpond-ctl",
                "uninstall",
                "--until-clean",
                "--probe-socket=/run/millpond-probe/probe.sock"));
    try {
      String probe = root(AMD64).resolve("opt/millpond/bin/millpond-probe").toString();
      String socket = node.resolve("run/millpond-probe/probe.sock").toString();
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> Shell.run(probe, "ready", socket).out().contains("a daemon serves"));
      assertThat(conflist).exists();
      daemon.descendants().forEach(ProcessHandle::destroyForcibly);
      daemon.destroyForcibly().waitFor();
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> Shell.run(probe, "ready", socket).status() == 0);
      assertThat(conflist).doesNotExist();
      assertThat(node.resolve("opt/cni/bin")).isEmptyDirectory();
    } finally {
      daemon.descendants().forEach(ProcessHandle::destroyForcibly);
      daemon.destroyForcibly();
      cleanup.destroyForcibly().waitFor();
    }
  }

  /** What jdeps finds beside these is optional to the libraries, and missing here on purpose. */
  @Test
  void itsJvmHasTheModulesThatTheLibrariesUse() throws IOException {
    String java = System.getProperty("java.home");
    Set<String> used = new TreeSet<>();
    String lib = root(AMD64).resolve("opt/millpond/lib").toString();
    List<String> command =
        new ArrayList<>(
            List.of(
                java + "/bin/jdeps",
                "--multi-release",
                "25",
                "--ignore-missing-deps",
                "-s",
                "-cp",
                lib + "/*"));
    try (Stream<Path> jars = Files.list(Path.of(lib))) {
      jars.filter(jar -> jar.toString().endsWith(".jar"))
          .forEach(jar -> command.add(jar.toString()));
    }
    for (String line : Shell.run(command.toArray(String[]::new)).orThrow().lines().toList()) {
      String on = line.substring(line.indexOf("-> ") + 3).strip();
      if (on.startsWith("java.") || on.startsWith("jdk.")) {
        used.add(on);
      }
    }
    used.removeAll(Set.of("java.desktop", "java.sql"));
    for (String arch : List.of(AMD64, ARM64)) {
      String release = Files.readString(root(arch).resolve("opt/millpond/jre/release"));
      String modules =
          release.lines().filter(line -> line.startsWith("MODULES=")).findFirst().orElseThrow();
      assertThat(List.of(modules.substring(9, modules.length() - 1).split(" "))).containsAll(used);
    }
  }
}
