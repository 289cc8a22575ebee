package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A node without Kubernetes as {@code docs/install-node.md} sets it up: the unit as it is shipped,
 * started by a real systemd, with all that it forbids.
 */
@Tag("vm")
@Tag("patient")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class SystemdTest {
  private static final String SETTINGS =
      """
      warmIpTarget: 6
      maxEni: 2
      ipCooldownPeriod: 1s
      awsEndpointUrlEc2: http://169.254.169.1:8000
      """;
  private static final String CONFLIST = "/etc/cni/net.d/10-millpond.conflist";
  private static final String PLUGIN = "/opt/cni/bin/millpond";

  private Node node;
  private NodeMachine machine;

  @SuppressWarnings("NullAway.Init")
  SystemdTest() {}

  @BeforeAll
  void install(Vpc vpc) throws Exception {
    node = vpc.launch("sysd-a", "t3.small", Vpc.SUBNET_1, Map.of());
    machine = new NodeMachine("sysd-a");
    machine.bash(
        """
        rm -rf /opt/cni /etc/cni /opt/millpond
        mkdir -p /etc/millpond /run/netns
        ln -s %1$s/node-daemon/target/millpond /opt/millpond
        cp %1$s/deploy/systemd/millpondd.service /etc/systemd/system/
        echo JAVA_HOME=%2$s > /etc/millpond/environment
        systemctl daemon-reload
        """
            .formatted(Vpc.ROOT.toAbsolutePath().normalize(), System.getProperty("java.home")));
    Files.writeString(machine.outside("/etc/millpond/config.yaml"), SETTINGS);
    startService();
  }

  @AfterAll
  void stop() {
    if (machine != null) {
      System.out.println(log());
      machine.close();
    }
    node.close();
  }

  private String log() {
    return machine.run("journalctl", "--no-pager", "-b", "-u", "millpondd", "-o", "cat").out();
  }

  /** Returns when the daemon serves. */
  private void startService() {
    Shell.Ran ran = machine.run("systemctl", "start", "millpondd");
    assertThat(ran.status()).as("%s%s", ran.err(), log()).isZero();
    // All that two ENIs have, so that no pod makes the pool grow.
    node.awaitSize(6, 2);
    await("each has its route")
        .atMost(Duration.ofMinutes(1))
        .until(() -> machine.bash("ip route show type unreachable").lines().count() == 6);
  }

  private String show(String property) {
    return machine
        .run("systemctl", "show", "millpondd", "--value", "-p", property)
        .orThrow()
        .strip();
  }

  private Shell.Ran plugin(String verb, String pod) {
    return machine.run(Node.variables(verb, pod, "/run/netns/" + pod), Pod.CONFIGURATION, PLUGIN);
  }

  private String added(String pod) {
    machine.bash("ip netns add %1$s; ip -n %1$s link set lo up".formatted(pod));
    Shell.Ran ran = plugin("ADD", pod);
    assertThat(ran.status()).as("%s%s%s", ran.out(), ran.err(), log()).isZero();
    return Pod.document(ran).at("/ips/0/address").asText().replaceAll("/.*", "");
  }

  private void removed(String pod) {
    Shell.Ran ran = plugin("DEL", pod);
    assertThat(ran.status()).as("%s%s%s", ran.out(), ran.err(), log()).isZero();
    machine.bash("ip netns del " + pod);
  }

  private void ping(String pod, String address) {
    machine.run("ip", "netns", "exec", pod, "ping", "-c", "3", "-W", "5", "-q", address).orThrow();
  }

  @Test
  void aPodComesTalksAndLeavesUnderTheUnitAndIsHealedMeanwhile() {
    assertThat(node.page("/readyz").orThrow()).as("no findings").isEqualTo("ok\n");
    assertThat(machine.outside(CONFLIST)).exists();
    assertThat(machine.outside(PLUGIN)).exists();
    String address = added("pod-a");
    ping("pod-a", Vpc.HOST_ADDRESS);
    ping("pod-a", node.address());

    // The namespace was mounted after the unit started: it is seen only if mounts propagate.
    machine.bash("ip -n pod-a route flush table 7301; ip -n pod-a link set mpd0 down");
    await("the pod is healed, seen in:\n" + log())
        .atMost(Duration.ofMinutes(1))
        .until(
            () ->
                machine.bash("ip -n pod-a -o link show mpd0").contains("state UP")
                    && !machine.bash("ip -n pod-a route show table 7301").isBlank());
    ping("pod-a", node.address());
    assertThat(node.page("/readyz").orThrow()).as("no findings").isEqualTo("ok\n");

    removed("pod-a");
    node.awaitState(address, "free");
  }

  @Test
  void theUnitForbidsWhatTheDaemonDoesNotNeed() throws Exception {
    String status = Files.readString(machine.outside("/proc/" + show("MainPID") + "/status"));
    // NET_ADMIN, NET_RAW, SYS_PTRACE, SYS_ADMIN
    assertThat(status).contains("CapBnd:\t0000000000283000");
    assertThat(status).contains("Seccomp:\t2").contains("NoNewPrivs:\t1");
    for (String path :
        new String[] {"/etc/millpond/x", "/opt/x", "/run/x", "/proc/sys/kernel/domainname"}) {
      Shell.Ran ran =
          machine.run(
              "nsenter",
              "--target",
              show("MainPID"),
              "--mount",
              "bash",
              "-c",
              "echo x > %1$s && cat /proc/self/mountinfo".formatted(path));
      assertThat(ran.status()).as("writing %s: %s", path, ran.out()).isNotZero();
    }
  }

  @Test
  void podsAndKeptDelsSurviveTheServicesEnd() {
    String stays = added("pod-s");
    String leaves = added("pod-l");
    machine.run("systemctl", "stop", "millpondd").orThrow();
    assertThat(log()).contains("\"stopped\"");
    ping("pod-s", Vpc.HOST_ADDRESS);
    removed("pod-l");
    assertThat(machine.bash("ls /run/millpond/spool")).as("kept DELs").isNotBlank();

    startService();
    assertThat(machine.bash("ls /run/millpond/spool")).isBlank();
    assertThat(node.state(stays)).isEqualTo("owned");
    node.awaitState(leaves, "free");
    removed("pod-s");
  }

  @Test
  void aKilledDaemonComesBackByItself() {
    String before = show("MainPID");
    machine.bash("kill -9 " + before);
    await("another daemon serves")
        .atMost(Duration.ofMinutes(2))
        .until(() -> show("ActiveState").equals("active") && !show("MainPID").equals(before));
    assertThat(show("StatusText")).endsWith("serves");
  }

  @Test
  void settingsThatCannotBeUsedEndTheServiceInsteadOfTryingAgain() throws Exception {
    Path config = machine.outside("/etc/millpond/config.yaml");
    Files.writeString(config, SETTINGS + "warmIpTargt: 3\n");
    assertThat(machine.run("systemctl", "restart", "millpondd").status()).isNotZero();
    assertThat(show("ExecMainStatus")).isEqualTo("78");
    assertThat(show("ActiveState")).isEqualTo("failed");
    assertThat(log()).contains("warmIpTargt");
    Files.writeString(config, SETTINGS);
    machine.run("systemctl", "reset-failed", "millpondd").orThrow();
    startService();
  }

  /** A networkd that would give every link an address of its own. */
  @Test
  void networkdLeavesPodsAndTheirEnisAlone() throws Exception {
    String primary =
        machine.bash("ip -o -4 route show default").replaceAll("(?s).* dev (\\S+).*", "$1");
    machine.bash(
        """
        %1$s/deploy/os/install %2$s
        # The driver of a simulated ENI.
        sed -i 's/^Driver=.*/Driver=veth/' /etc/systemd/network/11-millpond-eni.network
        cat > /etc/systemd/network/50-all.network << FILE
        [Match]
        Name=!%2$s lo
        [Network]
        Address=10.99.0.1/24
        FILE
        """
            .formatted(Vpc.ROOT.toAbsolutePath().normalize(), primary));
    added("pod-n");
    machine.run("systemctl", "start", "systemd-networkd").orThrow();
    try {
      machine.bash("ip link add other type dummy; ip link set other up");
      await("networkd is at work")
          .atMost(Duration.ofMinutes(1))
          .until(() -> machine.bash("ip -4 -o addr show other").contains("10.99.0.1"));
      assertThat(machine.bash("ip -4 -o addr").lines().filter(line -> line.contains("10.99.0.")))
          .as("links that networkd set up, of %s", machine.bash("networkctl list --no-pager"))
          .allMatch(line -> line.contains("other"));
      ping("pod-n", Vpc.HOST_ADDRESS);
      ping("pod-n", node.address());
    } finally {
      machine.bash("systemctl stop systemd-networkd; ip link del other");
    }
    removed("pod-n");
  }

  @Test
  void uninstallTakesTheConfigurationFirstAndThePluginWhenNoPodNeedsIt() {
    added("pod-u");
    Shell.Ran first = machine.run("/opt/millpond/bin/millpond-ctl", "uninstall");
    assertThat(first.status()).as("%s%s", first.out(), first.err()).isEqualTo(1);
    assertThat(first.err()).contains("default/pod-u");
    assertThat(machine.outside(CONFLIST)).doesNotExist();
    removed("pod-u");
    Shell.Ran second = machine.run("/opt/millpond/bin/millpond-ctl", "uninstall");
    assertThat(second.status()).as("%s%s", second.out(), second.err()).isEqualTo(1);
    assertThat(second.err()).contains("a daemon runs");
    assertThat(machine.outside(PLUGIN)).doesNotExist();

    machine.run("systemctl", "stop", "millpondd").orThrow();
    machine.run("/opt/millpond/bin/millpond-ctl", "uninstall").orThrow();
    assertThat(machine.run("ip", "route", "show", "proto", "109").orThrow()).isEmpty();

    machine.run("systemctl", "restart", "millpondd").orThrow();
    await("the daemon says that it installs nothing")
        .atMost(Duration.ofMinutes(1))
        .until(() -> log().contains("millpond was uninstalled on this node"));
    assertThat(machine.outside(CONFLIST)).doesNotExist();
    machine.run("rm", "/etc/cni/net.d/.millpond-uninstalled").orThrow();
    await("installed again")
        .atMost(Duration.ofMinutes(1))
        .until(() -> Files.exists(machine.outside(PLUGIN)));
  }
}
