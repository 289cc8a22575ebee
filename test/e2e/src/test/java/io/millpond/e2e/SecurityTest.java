package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Rows of docs/security.md that need a whole daemon: what it may do, who reaches it, what a pod
 * takes.
 */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class SecurityTest {
  /** Bits 12, 13, 19 and 21: net_admin, net_raw, sys_ptrace, sys_admin. */
  private static final String KEPT = "0000000000283000";

  private static final Duration SOON = Duration.ofSeconds(60);

  /**
   * Tries all that a process of another user can try, until a file says stop; prints what worked.
   */
  private static final String INTRUDER =
      """
      import os, socket, sys
      run, stop = sys.argv[1:]
      tries = 0
      print('begun', flush=True)
      while not os.path.exists(stop):
          tries += 1
          for name in ('cni.sock', 'admin.sock'):
              s = socket.socket(socket.AF_UNIX)
              try:
                  s.connect(run + '/' + name)
                  print('connected', name)
              except OSError:
                  pass
              s.close()
          for name in ('', '/spool'):
              try:
                  print('listed', os.listdir(run + name))
              except OSError:
                  pass
              try:
                  os.close(os.open(run + name + '/evil', os.O_CREAT | os.O_WRONLY))
                  print('written', name)
              except OSError:
                  pass
      print('tries', tries)
      """;

  private Node node;
  private Pods pods;
  private Path parent;

  @SuppressWarnings("NullAway.Init")
  SecurityTest() {}

  @BeforeAll
  void start(Vpc vpc) throws IOException {
    // Only the daemon's own directory keeps others out, none above it.
    parent = Files.createTempDirectory("security");
    Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
    node =
        Pods.nodeOfThree(
            vpc,
            "sec-a",
            Map.of(
                "IP_COOLDOWN_PERIOD",
                "0s",
                "MILLPOND_RECONCILE_PERIOD",
                "2s",
                "MILLPOND_RUN_DIR",
                parent.resolve("run").toString()));
    pods = new Pods(node);
  }

  @AfterAll
  void stop() {
    node.close();
    Shell.run("rm", "-rf", parent.toString()).orThrow();
  }

  @AfterEach
  void removePods() {
    pods.closeAndRest(3);
  }

  @Test
  void theDaemonHasFourCapabilitiesInAllOfItsThreadsAndSaysSo() throws IOException {
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + node.pid() + "/task"))) {
      List<Path> all = threads.toList();
      assertThat(all).hasSizeGreaterThan(5);
      for (Path thread : all) {
        assertThat(Files.readAllLines(thread.resolve("status")))
            .as(thread.toString())
            .contains(
                "CapInh:\t0000000000000000",
                "CapPrm:\t" + KEPT,
                "CapEff:\t" + KEPT,
                "CapBnd:\t" + KEPT,
                "CapAmb:\t0000000000000000",
                "NoNewPrivs:\t1");
      }
    }
    assertThat(node.log())
        .contains("capabilities: net_admin, net_raw, sys_ptrace, sys_admin")
        .doesNotContain("may do more than it needs", "without the capability");
  }

  @Test
  void withThoseAloneItAttachesHealsRestartsAndDetaches() {
    Pod pod = pods.added("sec-1");
    pod.in("ip", "link", "set", "mpd0", "down").orThrow();
    awaitLog(0, "put right in the pod default/sec-1");
    node.kill();
    int before = node.log().length();
    node.start();
    pod.in("nft", "flush", "ruleset").orThrow();
    awaitLog(before, "put right in the pod default/sec-1");
    assertThat(node.in("ping", "-c1", "-W2", pod.address()).out()).contains("1 received");
    pod.mustDel();
    assertThat(pod.in("ip", "link", "show", "eth0").status()).isNotZero();
  }

  /** No file stands for its namespace, and its processes are another user's, with more rights. */
  @Test
  void aPodThatOnlyItsProcessesKnowIsFoundAndPutRight() {
    Process sleeper =
        Shell.start(
            Map.of(),
            parent.resolve("sleeper"),
            List.of(
                "unshare",
                "--net",
                "setpriv",
                "--reuid=1000",
                "--clear-groups",
                "--inh-caps=+dac_override,+chown",
                "--ambient-caps=+dac_override,+chown",
                "sleep",
                "600"));
    try {
      String path = "/proc/" + sleeper.pid() + "/ns/net";
      await()
          .atMost(SOON)
          .until(
              () ->
                  !Files.readSymbolicLink(Path.of(path))
                      .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/net"))));
      node.plugin("ADD", "sec-2", path, Pod.CONFIGURATION).orThrow();
      int before = node.log().length();
      Shell.run("nsenter", "--net=" + path, "ip", "link", "set", "mpd0", "down").orThrow();
      awaitLog(before, "put right in the pod default/sec-2");
      node.plugin("DEL", "sec-2", path, Pod.CONFIGURATION).orThrow();
    } finally {
      Shell.stop(sleeper);
    }
  }

  @Test
  void nobodyElseReachesSocketsOrSpoolFromTheirFirstInstantOn() throws IOException {
    Path script = Files.writeString(parent.resolve("intruder"), INTRUDER);
    Path stop = parent.resolve("stop");
    Shell.Running intruder =
        Shell.begin(
            Map.of(),
            "",
            "setpriv",
            "--reuid=1000",
            "--regid=1000",
            "--clear-groups",
            "--inh-caps=-all",
            "--bounding-set=-all",
            "/usr/bin/python3",
            script.toString(),
            node.run().toString(),
            stop.toString());
    Shell.Ran ran;
    try {
      await().atMost(SOON).until(() -> Files.readString(intruder.out()).contains("begun"));
      node.kill();
      // From nothing: the plugin makes the directory and the spool, then the daemon its sockets.
      Shell.run("rm", "-rf", node.run().toString()).orThrow();
      node.plugin("DEL", "sec-3", "", Pod.CONFIGURATION).orThrow();
      node.start();
      pods.added("sec-4");
    } finally {
      Files.writeString(stop, "");
      ran = intruder.await();
    }
    assertThat(ran.orThrow()).doesNotContain("connected", "listed", "written");
    assertThat(Integer.parseInt(ran.out().replaceAll("(?s).*tries ", "").strip()))
        .isGreaterThan(100);
  }

  @Test
  void aPodThatTakesAnAddressOfItsEniIsFoundAndAnothersAddressItCannotTake() {
    Pod thief = pods.added("sec-5");
    Pod other = pods.added("sec-6");
    assertThat(thief.in("ip", "addr", "add", other.address() + "/32", "dev", "eth0").status())
        .as("an address that another pod has")
        .isNotZero();
    String unused = unusedAddress();
    thief.in("ip", "addr", "add", unused + "/32", "dev", "eth0").orThrow();
    await()
        .atMost(SOON)
        .until(
            () ->
                node.page("/readyz")
                    .out()
                    .contains(
                        "default/sec-5 (%s) is out of bounds: it has %s"
                            .formatted(thief.address(), unused)));
    assertThat(node.log()).contains("cannot be put right: the pod default/sec-5");
    thief.in("ip", "addr", "del", unused + "/32", "dev", "eth0").orThrow();
    await().atMost(SOON).until(() -> !node.page("/readyz").out().contains("out of bounds"));
  }

  private String unusedAddress() {
    for (var eni : node.pool().at("/enis")) {
      for (var one : eni.at("/addresses")) {
        if (one.at("/state").asText().equals("free")) {
          return one.at("/ip").asText();
        }
      }
    }
    throw new AssertionError("no free address: " + node.pool());
  }

  @Test
  void noCredentialIsInTheLogOrOnAPage() {
    String token =
        node.in(
                "curl",
                "-sS",
                "-X",
                "PUT",
                "-H",
                "X-aws-ec2-metadata-token-ttl-seconds: 60",
                "http://169.254.169.254/latest/api/token")
            .orThrow();
    String base = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
    String role =
        node.in("curl", "-sS", "-H", "X-aws-ec2-metadata-token: " + token, base).orThrow().strip();
    Shell.Ran credentials =
        node.in("curl", "-sS", "-H", "X-aws-ec2-metadata-token: " + token, base + role);
    List<String> secrets =
        Stream.of("/SecretAccessKey", "/Token")
            .map(key -> Pod.document(credentials).at(key).asText())
            .toList();
    assertThat(secrets).allSatisfy(secret -> assertThat(secret).hasSizeBetween(8, 2000));
    assertThat(node.log() + node.page("/v1/pool").out() + node.page("/readyz").out())
        .doesNotContain(secrets)
        .doesNotContain(token.strip());
  }

  private void awaitLog(int from, String text) {
    await().atMost(SOON).until(() -> node.log().substring(from).contains(text));
  }
}
