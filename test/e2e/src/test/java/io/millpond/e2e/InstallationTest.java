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

  @Test
  void anArchiveUnpackedOnANodeInstallsAVersionBesideTheOthersAndKeepsTheCache() throws Exception {
    Path archive = directory.resolve("millpond.tar.gz");
    Path root = Files.createDirectories(directory.resolve("root"));
    run(ROOT.resolve("deploy/systemd/archive").toString(), archive.toString());
    Path uninstalled =
        Files.createDirectories(root.resolve("etc/cni/net.d")).resolve(".millpond-uninstalled");
    Files.writeString(uninstalled, "");
    for (int time = 1; time <= 2; time++) {
      run("tar", "-C", directory.toString(), "-xzf", archive.toString());
      run("sh", "-ec", directory + "/millpond-*/install " + root);
    }
    Path home = root.resolve("opt/millpond");
    assertThat(uninstalled).as("the daemon may install").doesNotExist();
    assertThat(home).isSymbolicLink();
    assertThat(home.resolve("cni/millpond")).isExecutable();
    assertThat(home.resolve("doc/install-node.md")).exists();
    assertThat(root.resolve("etc/systemd/system/millpondd.service")).exists();
    try (var names = Files.list(root.resolve("opt"))) {
      assertThat(names).as("the version and the link to it").hasSize(2);
    }
    assertThat(errorsOfAStart(home)).isEmpty();
  }

  @Test
  void whereADirectoryStandsInPlaceOfTheLinkNothingIsInstalledAndTheRemedyIsSaid()
      throws Exception {
    Path archive = directory.resolve("millpond.tar.gz");
    Path root = directory.resolve("root");
    Files.createDirectories(root.resolve("opt/millpond"));
    run(ROOT.resolve("deploy/systemd/archive").toString(), archive.toString());
    run("tar", "-C", directory.toString(), "-xzf", archive.toString());
    Shell.Ran ran = Shell.run("sh", "-c", directory + "/millpond-*/install " + root);
    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err()).contains("is a directory", "remove it");
    try (var names = Files.list(root.resolve("opt"))) {
      assertThat(names).hasSize(1);
    }
  }

  @Test
  void theUnitIsOneThatSystemdAcceptsAndFindsWellConfined() throws Exception {
    String unit =
        Files.readString(ROOT.resolve("deploy/systemd/millpondd.service"))
            .replace(INSTALLED + "/bin", built() + "/bin")
            .replace("file://" + INSTALLED, "file://" + ROOT);
    Path file = Files.writeString(directory.resolve("millpondd.service"), unit);
    assertThat(run("systemd-analyze", "verify", file.toString())).isEmpty();
    // Of 100: what docs/install-node.md says.
    String ignored =
        run("systemd-analyze", "security", "--offline=true", "--threshold=33", file.toString());
  }

  @Test
  void networkAgentsThatAreThereAreToldOfThePrimaryInterface() throws Exception {
    Path root = directory.resolve("root");
    for (String agent :
        new String[] {
          "usr/lib/systemd/systemd-networkd",
          "usr/sbin/NetworkManager",
          "usr/lib/udev/rules.d/99-vpc-policy-routes.rules"
        }) {
      Files.createDirectories(root.resolve(agent));
    }
    run(ROOT.resolve("deploy/os/install").toString(), "ens5", root.toString());
    assertThat(root.resolve("etc/systemd/network/11-millpond-eni.network"))
        .content()
        .contains("Name=!ens5\n", "Unmanaged=yes");
    assertThat(root.resolve("etc/NetworkManager/conf.d/10-millpond.conf"))
        .content()
        .contains("except:interface-name:ens5");
    assertThat(root.resolve("etc/udev/rules.d/99-vpc-policy-routes.rules")).exists();
    assertThat(root.resolve("etc/cloud")).as("of what is not there").doesNotExist();
    try (var all = Files.walk(root.resolve("etc"))) {
      assertThat(all.filter(Files::isRegularFile))
          .allSatisfy(file -> assertThat(Files.readString(file)).doesNotContain("@PRIMARY@"));
    }
  }

  @Test
  void aNodeWithAmazonLinuxTwosAgentIsRefused() throws Exception {
    Path root = directory.resolve("root");
    Path rules = Files.createDirectories(root.resolve("etc/udev/rules.d"));
    Files.writeString(rules.resolve("53-ec2-network-interfaces.rules"), "");
    Files.createDirectories(root.resolve("usr/sbin/NetworkManager"));
    run(
        "sh",
        "-ec",
        "! '%s' ens5 '%s' 2> '%s'"
            .formatted(ROOT.resolve("deploy/os/install"), root, directory.resolve("said")));
    assertThat(directory.resolve("said")).content().contains("Amazon Linux 2", "not supported");
    assertThat(root.resolve("etc/NetworkManager")).doesNotExist();
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
