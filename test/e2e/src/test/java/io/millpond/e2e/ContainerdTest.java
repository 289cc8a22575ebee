package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Debian's containerd runs a container with {@code ctr run --cni}: the plugin as installed, and the
 * daemon with its own run directory. containerd lives in a mount namespace of its own, where {@code
 * /opt/cni}, {@code /etc/cni} and {@code /run/millpond} are the scenario's.
 */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class ContainerdTest {
  private static final String IMAGE = "millpond.test/exchange:1";
  private static final String CONFLIST =
      """
      {
        "cniVersion": "1.0.0",
        "cniVersions": ["0.3.1", "0.4.0", "1.0.0", "1.1.0"],
        "name": "millpond",
        "plugins": [{ "type": "millpond" }]
      }
      """;

  private final Exchange exchange = new Exchange();
  private Node node;
  private Path home;
  private Process containerd;

  @SuppressWarnings("NullAway.Init")
  ContainerdTest() {}

  @BeforeAll
  void start(Vpc vpc) throws Exception {
    node =
        vpc.launch(
            "ctr-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of(
                "WARM_IP_TARGET",
                "2",
                "MAX_ENI",
                "1",
                "IP_COOLDOWN_PERIOD",
                "6s",
                "MILLPOND_RELEASE_DELAY",
                "2s"));
    node.start().awaitSize(2, 1);
    exchange.serve(Vpc.HOST);
    // No overlay file system below it, as there may be below /tmp.
    home = Files.createTempDirectory(Path.of("/run"), "containerd");
    Files.writeString(home.resolve("10-millpond.conflist"), CONFLIST);
    Files.writeString(
        home.resolve("config.toml"),
        "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n");
    Path script = home.resolve("start");
    Files.writeString(script, script());
    containerd =
        Shell.start(
            Map.of(),
            home.resolve("log"),
            List.of(
                "nsenter",
                "--net=/run/netns/" + node.netns(),
                "unshare",
                "--mount",
                "bash",
                script.toString()));
    await("containerd answers")
        .atMost(Duration.ofSeconds(60))
        .until(() -> Files.exists(home.resolve("sock")) && ctr("version").status() == 0);
    Shell.run(Vpc.ROOT.resolve("test/e2e/container-image").toString(), home + "/image.tar", IMAGE)
        .orThrow();
    ctr("images", "import", "--snapshotter", "native", home + "/image.tar").orThrow();
  }

  private String script() {
    return """
        set -eu
        mkdir -p /opt/cni /etc/cni /var/lib/cni /run/millpond
        for d in /opt/cni /etc/cni /var/lib/cni; do mount -t tmpfs tmpfs $d; done
        mount --bind %1$s /run/millpond
        install -D %2$s /opt/cni/bin/millpond
        install -D -m 600 %3$s/10-millpond.conflist /etc/cni/net.d/10-millpond.conflist
        exec containerd --config %3$s/config.toml --root %3$s/root --state %3$s/state --address %3$s/sock --log-level info
        """
        .formatted(node.run(), Vpc.ROOT.resolve("cni-binary/target/millpond"), home);
  }

  @AfterAll
  void stop() {
    exchange.close();
    if (containerd != null) {
      Shell.stop(containerd);
    }
    node.close();
  }

  private List<String> ctrCommand(String... arguments) {
    var command =
        new java.util.ArrayList<>(
            List.of(
                "nsenter",
                "--mount=/proc/" + containerd.pid() + "/ns/mnt",
                "--net=/run/netns/" + node.netns(),
                "ctr",
                "--address",
                home + "/sock"));
    command.addAll(List.of(arguments));
    return command;
  }

  private Shell.Ran ctr(String... arguments) {
    return Shell.run(ctrCommand(arguments).toArray(String[]::new));
  }

  @Test
  void aContainerGetsAnAddressTalksToTheVpcAndGivesItBack() throws Exception {
    Path log = home.resolve("run.log");
    Process run =
        Shell.start(
            Map.of(),
            log,
            ctrCommand(
                "run",
                "--rm",
                "--cni",
                "--snapshotter",
                "native",
                IMAGE,
                "c1",
                "/bin/exchange",
                "serve",
                "8080"));
    try {
      await("the container runs")
          .atMost(Duration.ofSeconds(90))
          .until(
              () -> {
                if (!run.isAlive()) {
                  throw new AssertionError("ctr run ended: " + Files.readString(log) + node.log());
                }
                return ctr("task", "ls").out().contains("RUNNING");
              });
      String address =
          exec("a", "/bin/ip", "-4", "-o", "addr", "show", "eth0")
              .replaceAll("(?s).* inet (\\S+)/24 .*", "$1");
      assertThat(node.state(address)).isEqualTo("owned");
      assertThat(exec("b", "/bin/exchange", "tcp", Vpc.HOST_ADDRESS, "8080").strip())
          .as("what a host of the VPC saw")
          .isEqualTo(address);
      assertThat(Exchange.tcp(Vpc.HOST, address, 8080))
          .as("what the container saw")
          .isEqualTo(Vpc.HOST_ADDRESS);

      ctr("task", "kill", "-s", "KILL", "c1").orThrow();
      run.waitFor();

      node.awaitState(address, "cooling");
      node.awaitPool("nobody rests", pool -> pool.at("/counts/cooling").asInt() == 0);
      // The pool needs two only, and may have given this one back.
      assertThat(node.state(address)).isIn("free", "leaving", "gone");
    } finally {
      Shell.stop(run);
    }
  }

  private String exec(String id, String... command) {
    List<String> all = new java.util.ArrayList<>(List.of("task", "exec", "--exec-id", id, "c1"));
    all.addAll(List.of(command));
    return ctr(all.toArray(String[]::new)).orThrow();
  }
}
