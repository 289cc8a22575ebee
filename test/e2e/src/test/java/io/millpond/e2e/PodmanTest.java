package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Debian's podman with its CNI back end, on the network that the daemon installs. It asks for the
 * plugin's version first, reads {@code .conflist} files alone, and converts results to 0.4.0.
 */
@Tag("vm")
@Tag("patient")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class PodmanTest {
  private static final String IMAGE = "millpond.test/exchange:1";

  private static final String CONFIG =
      """
      [network]
      network_backend = "cni"
      cni_plugin_dirs = ["/opt/cni/bin"]
      network_config_dir = "/etc/cni/net.d"
      [engine]
      cgroup_manager = "cgroupfs"
      events_logger = "none"
      runtime = "runc"
      [containers]
      pids_limit = 0
      # Not every machine that tests run on lets root raise its limits.
      default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
      """;

  private final Exchange exchange = new Exchange();
  private Node node;
  private NodeFiles files;

  @SuppressWarnings("NullAway.Init")
  PodmanTest() {}

  @BeforeAll
  void start(Vpc vpc) throws Exception {
    node =
        vpc.launch(
            "podman-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of(
                "WARM_IP_TARGET",
                "3",
                "MAX_ENI",
                "1",
                "IP_COOLDOWN_PERIOD",
                "6s",
                "MILLPOND_CNI_CONF_DIR",
                "/etc/cni/net.d",
                "MILLPOND_CNI_BIN_DIR",
                "/opt/cni/bin"));
    files = new NodeFiles(node);
    node.start().awaitSize(3, 1);
    Awaitility.await("the network is installed")
        .atMost(Duration.ofSeconds(30))
        .until(() -> Files.exists(files.outside("/etc/cni/net.d/10-millpond.conflist")));
    exchange.serve(Vpc.HOST);
    Files.writeString(home().resolve("containers.conf"), CONFIG);
    Files.writeString(
        home().resolve("storage.conf"),
        "[storage]\ndriver = \"vfs\"\ngraphroot = \"%1$s/root\"\nrunroot = \"%1$s/state\"\n"
            .formatted(home()));
    Shell.run(Vpc.ROOT.resolve("test/e2e/container-image").toString(), home() + "/image.tar", IMAGE)
        .orThrow();
    podman("load", "-i", home() + "/image.tar").orThrow();
  }

  private Path home() {
    return files.home();
  }

  @AfterAll
  void stop() {
    exchange.close();
    if (files != null) {
      files.close();
    }
    node.close();
  }

  @AfterEach
  void removeContainers() {
    if (node.pid() == 0) {
      node.start();
    }
    podman("rm", "-f", "-a", "-t", "0").orThrow();
  }

  private Shell.Ran podman(String... arguments) {
    return files.run(
        Stream.concat(
                Stream.of(
                    "env",
                    "CONTAINERS_CONF=" + home() + "/containers.conf",
                    "CONTAINERS_STORAGE_CONF=" + home() + "/storage.conf",
                    "podman"),
                Stream.of(arguments))
            .toArray(String[]::new));
  }

  /** Starts a container that serves; its address. */
  private String started(String name) {
    Shell.Ran ran =
        podman(
            "run",
            "-d",
            "--name",
            name,
            "--network",
            "millpond",
            IMAGE,
            "/bin/exchange",
            "serve",
            "8080");
    assertThat(ran.status()).as("%s%s%s", ran.out(), ran.err(), node.log()).isZero();
    String address =
        podman("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name)
            .orThrow()
            .strip();
    assertThat(node.state(address)).isEqualTo("owned");
    return address;
  }

  @Test
  void podmanSeesTheNetwork() {
    assertThat(podman("network", "ls", "--format", "{{.Name}}").orThrow().lines())
        .contains("millpond");
  }

  @Test
  @Tag("cni-57")
  void aContainerGetsAnAddressTalksToTheVpcAndGivesItBack() {
    String address = started("c1");
    assertThat(
            podman("exec", "c1", "/bin/exchange", "tcp", Vpc.HOST_ADDRESS, "8080")
                .orThrow()
                .strip())
        .as("what a host of the VPC saw")
        .isEqualTo(address);
    assertThat(Exchange.tcp(Vpc.HOST, address, 8080))
        .as("what the container saw")
        .isEqualTo(Vpc.HOST_ADDRESS);

    podman("stop", "-t", "0", "c1").orThrow();
    node.awaitState(address, "cooling");
    podman("rm", "c1").orThrow();
    node.awaitPool("all are free", pool -> pool.at("/counts/free").asInt() == 3);
  }

  @Test
  @Tag("cni-83")
  void aContainerLeavesWhileNoDaemonRunsAndItsAddressIsFreeWhenOneComesBack() {
    String address = started("c2");
    node.kill();
    podman("rm", "-f", "-t", "0", "c2").orThrow();
    assertThat(node.run().resolve("spool")).isNotEmptyDirectory();

    node.start();
    assertThat(node.run().resolve("spool")).isEmptyDirectory();
    node.awaitPool("all are free", pool -> pool.at("/counts/free").asInt() == 3);
    assertThat(node.state(address)).isEqualTo("free");
  }

  @Test
  @Tag("cni-73")
  void aContainerThatComesWhileNoDaemonRunsIsToldWhy() {
    node.kill();
    Shell.Ran refused =
        podman("run", "--rm", "--network", "millpond", IMAGE, "/bin/sh", "-c", "true");
    assertThat(refused.status()).isNotZero();
    assertThat(refused.err()).contains("millpond");
    node.start();
    podman("run", "--rm", "--network", "millpond", IMAGE, "/bin/sh", "-c", "true").orThrow();
    node.awaitPool("all are free", pool -> pool.at("/counts/free").asInt() == 3);
  }
}
