package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Debian's containerd runs pods as the kubelet has it do, over CRI, and containers with {@code ctr
 * run --cni}, on a node without Kubernetes: the daemon installs the plugin and the network's
 * configuration itself, and containerd, which ran before, takes them up.
 */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class ContainerdTest {
  private static final String IMAGE = "millpond.test/exchange:1";
  private static final String PAUSE = "millpond.test/pause:1";

  private static final String CONFIG =
      """
      version = 2
      [plugins."io.containerd.grpc.v1.cri"]
        sandbox_image = "%s"
        # Not every machine that tests run on lets root lower the score.
        restrict_oom_score_adj = true
        [plugins."io.containerd.grpc.v1.cri".containerd]
          snapshotter = "native"
        [plugins."io.containerd.grpc.v1.cri".cni]
          bin_dir = "/opt/cni/bin"
          conf_dir = "/etc/cni/net.d"
      """
          .formatted(PAUSE);

  private final Exchange exchange = new Exchange();
  private Node node;
  private NodeFiles files;
  private String networkBefore = "";

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
                "3",
                "MAX_ENI",
                "1",
                "IP_COOLDOWN_PERIOD",
                "6s",
                "MILLPOND_RELEASE_DELAY",
                "2s",
                "MILLPOND_CNI_CONF_DIR",
                "/etc/cni/net.d",
                "MILLPOND_CNI_BIN_DIR",
                "/opt/cni/bin"));
    files = new NodeFiles(node);
    files.run("cp", "/usr/lib/cni/loopback", "/opt/cni/bin/").orThrow();
    exchange.serve(Vpc.HOST);
    startContainerd();
    networkBefore = cri("network").orThrow();
    node.start().awaitSize(3, 1);
    await("containerd takes the network up")
        .atMost(Duration.ofSeconds(60))
        .until(() -> cri("network").orThrow().strip().equals("true"));
  }

  private Path home() {
    return files.home();
  }

  private void startContainerd() throws Exception {
    Files.writeString(home().resolve("config.toml"), CONFIG);
    files.start(
        Map.of(),
        home().resolve("log"),
        "containerd",
        "--config",
        home() + "/config.toml",
        "--root",
        home() + "/root",
        "--state",
        home() + "/state",
        "--address",
        home() + "/sock",
        "--log-level",
        "info");
    await("containerd answers")
        .atMost(Duration.ofSeconds(60))
        .until(() -> Files.exists(home().resolve("sock")) && ctr("version").status() == 0);
    image(IMAGE);
    image(PAUSE, "/bin/sleep", "999999");
  }

  private void image(String name, String... command) {
    List<String> make =
        new ArrayList<>(
            List.of(
                Vpc.ROOT.resolve("test/e2e/container-image").toString(),
                home() + "/image.tar",
                name));
    make.addAll(List.of(command));
    Shell.run(make.toArray(String[]::new)).orThrow();
    for (String namespace : List.of("default", "k8s.io")) {
      ctr("-n", namespace, "images", "import", "--snapshotter", "native", home() + "/image.tar")
          .orThrow();
    }
  }

  @AfterAll
  void stop() {
    exchange.close();
    if (files != null) {
      files.close();
    }
    node.close();
  }

  private List<String> ctrCommand(String... arguments) {
    return files.command(
        Stream.concat(Stream.of("ctr", "--address", home() + "/sock"), Stream.of(arguments))
            .toArray(String[]::new));
  }

  private Shell.Ran ctr(String... arguments) {
    return Shell.run(ctrCommand(arguments).toArray(String[]::new));
  }

  /** Asks over CRI. */
  private Shell.Ran cri(String... arguments) {
    String client =
        Objects.requireNonNull(
                System.getenv("MILLPOND_CRI_CLIENT"),
                "MILLPOND_CRI_CLIENT: what test/peers/cri-client prints")
            + "/cri";
    return files.run(
        Stream.concat(Stream.of(client, home() + "/sock"), Stream.of(arguments))
            .toArray(String[]::new));
  }

  /** A sandbox with an address. */
  private record Sandbox(String id, String address) {}

  private Sandbox sandbox(String name) {
    String id = cri("run", name, "uid-" + name).orThrow().strip();
    String[] status = cri("status", id).orThrow().strip().split(" ");
    assertThat(status).as("READY and an address").hasSize(2);
    assertThat(status[0]).isEqualTo("READY");
    assertThat(node.state(status[1])).isEqualTo("owned");
    return new Sandbox(id, status[1]);
  }

  private void rests(Sandbox gone) {
    node.awaitPool("nobody owns", pool -> pool.at("/counts/owned").asInt() == 0);
    node.awaitPool("nobody rests", pool -> pool.at("/counts/cooling").asInt() == 0);
    // The pool needs three only, and may have given this one back.
    assertThat(node.state(gone.address())).isIn("free", "leaving", "gone");
    assertThat(cri("list").orThrow()).isBlank();
  }

  @AfterEach
  void removePods() {
    if (node.pid() == 0) {
      node.start();
    }
    removeSandboxes();
  }

  private void removeSandboxes() {
    cri("list")
        .orThrow()
        .lines()
        .filter(id -> !id.isBlank())
        .forEach(
            id -> {
              cri("stop", id).orThrow();
              cri("remove", id).orThrow();
            });
  }

  private String[] kept() {
    String[] kept = node.run().resolve("spool").toFile().list();
    return kept == null ? new String[0] : kept;
  }

  @Test
  void theConfigurationCameWhenPodsCouldBeAttachedAndContainerdSawIt() throws Exception {
    assertThat(networkBefore).startsWith("false");
    assertThat(files.outside("/etc/cni/net.d/10-millpond.conflist")).exists();
    assertThat(Files.getPosixFilePermissions(files.outside("/etc/cni/net.d/10-millpond.conflist")))
        .hasSize(2);
    assertThat(files.outside("/opt/cni/bin/millpond"))
        .hasSameBinaryContentAs(Vpc.ROOT.resolve("cni-binary/target/millpond"));
  }

  @Test
  @Tag("cni-78")
  void aPodOfTheKubeletsGetsAnAddressTalksAndGivesItBackAtTheFirstOfManyDels() {
    Sandbox pod = sandbox("pod-a");
    String container =
        cri("start", pod.id(), "pod-a", "uid-pod-a", IMAGE, "/bin/exchange", "serve", "8080")
            .orThrow()
            .strip();
    assertThat(cri("exec", container, "/bin/exchange", "tcp", Vpc.HOST_ADDRESS, "8080").orThrow())
        .as("what a host of the VPC saw")
        .isEqualToIgnoringWhitespace(pod.address());
    assertThat(Exchange.tcp(Vpc.HOST, pod.address(), 8080))
        .as("what the pod saw")
        .isEqualTo(Vpc.HOST_ADDRESS);

    cri("stop", pod.id()).orThrow();
    node.awaitState(pod.address(), "cooling");
    cri("stop", pod.id()).orThrow();
    assertThat(cri("status", pod.id()).orThrow()).startsWith("NOTREADY");
    cri("remove", pod.id()).orThrow();
    cri("remove", pod.id()).orThrow();
    rests(pod);
  }

  @Test
  @Tag("cni-83")
  void aPodLeavesWhileNoDaemonRunsAndItsAddressIsFreeWhenOneComesBack() {
    Sandbox pod = sandbox("pod-b");
    node.kill();

    cri("stop", pod.id()).orThrow();
    assertThat(kept()).as("kept DELs").isNotEmpty();
    cri("stop", pod.id()).orThrow();
    cri("remove", pod.id()).orThrow();

    node.start();
    assertThat(kept()).as("kept DELs").isEmpty();
    rests(pod);
  }

  @Test
  @Tag("cni-73")
  void aPodThatComesWhileNoDaemonRunsIsToldToComeAgainAndThenServed() {
    node.kill();
    Shell.Ran refused = cri("run", "pod-c", "uid-pod-c");
    assertThat(refused.status()).isNotZero();
    assertThat(refused.err()).contains("millpond");

    node.start();
    Sandbox pod = sandbox("pod-c");
    cri("stop", pod.id()).orThrow();
    cri("remove", pod.id()).orThrow();
    removeSandboxes();
    rests(pod);
  }

  @Test
  void aContainerOfCtrGetsAnAddressTalksToTheVpcAndGivesItBack() throws Exception {
    Path log = home().resolve("run.log");
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
      rests(new Sandbox("c1", address));
    } finally {
      ctr("task", "kill", "-s", "KILL", "c1");
      Shell.stop(run);
    }
  }

  private String exec(String id, String... command) {
    List<String> all = new ArrayList<>(List.of("task", "exec", "--exec-id", id, "c1"));
    all.addAll(List.of(command));
    return ctr(all.toArray(String[]::new)).orThrow();
  }
}
