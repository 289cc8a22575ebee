package io.millpond.simulator.fabric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program with {@code --fabric}, started from a namespace of the test, as a node sees it. */
@Tag("root")
final class FabricProgramTest {
  private static final String OUTER = "sfab-pouter";
  private static final String VPC = "sfab-pvpc";
  private static final String NODE_A = "sfab-pa";
  private static final String NODE_B = "sfab-pb";
  private static final String CONTROL = "http://169.254.171.2:8001/v1/";
  private static final Duration SOON = Duration.ofSeconds(90);
  private static final String CONFIGURATION =
      """
      instances:
        - {id: i-0a00000000000000a, name: pa, netns: sfab-pa, type: t3.medium,
           subnet: subnet-0a00000000000001a}
        - {id: i-0a00000000000000b, name: pb, netns: sfab-pb, type: t3.medium,
           subnet: subnet-0a00000000000002a}
      hosts: []
      internet: {name: sfab-pinet, address: 203.0.113.9}
      onPremises: {name: sfab-ponp, network: 192.168.50.0/24, address: 192.168.50.9}
      fabric: {namespace: sfab-pvpc}
      """;

  @TempDir static Path directory;
  private static Process program;

  @BeforeAll
  static void startTheProgram() throws IOException {
    TestVpc.run("ip", "netns", "add", OUTER);
    Path configuration = Files.writeString(directory.resolve("vpc.yaml"), CONFIGURATION);
    List<String> line = new ArrayList<>(NetworkCommands.inside(OUTER));
    line.addAll(
        List.of(
            System.getProperty("java.home") + "/bin/java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            "io.millpond.simulator.VpcSimulator",
            "--fabric",
            "--config",
            configuration.toString()));
    Path output = directory.resolve("output");
    program =
        new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    await()
        .atMost(SOON)
        .failFast(
            () -> {
              if (!program.isAlive()) {
                throw new AssertionError(Files.readString(output));
              }
            })
        .until(() -> Files.readString(output).contains("\"ready\":true"));
  }

  @AfterAll
  static void endTheProgram() throws InterruptedException {
    program.destroy();
    program.waitFor();
    List<String> left = new Namespaces(VPC).ours();
    new Namespaces(VPC).deleteAll();
    TestVpc.run("ip", "netns", "del", OUTER);
    assertThat(left).as("namespaces that the program left behind").isEmpty();
  }

  @Test
  void metadataKnowsAnInstanceByItsSourceAddress() {
    assertThat(metadata(NODE_A, "instance-id")).isEqualTo("i-0a00000000000000a");
    assertThat(metadata(NODE_B, "instance-id")).isEqualTo("i-0a00000000000000b");
  }

  @Test
  void ec2AnswersInstancesAndTheControlApiAnswersTheNamespaceOutside() {
    assertThat(curl(NODE_B, "-w", "%{http_code}", "-o", "/dev/null", "http://169.254.169.1:8000/"))
        .startsWith("4");
    assertThat(curl(OUTER, CONTROL + "state")).contains("\"failures\" : [ ]");
  }

  @Test
  void theLinkOfAnAttachedInterfaceAppearsAfterTheAttachDelayAndNotBefore() {
    curl(OUTER, "-X", "PATCH", "-d", "{\"attachMillis\": 3000}", CONTROL + "settings");
    long begun = System.nanoTime();

    String eni =
        curl(
            OUTER,
            "-d",
            "{\"subnet\": \"subnet-0a00000000000001a\", \"secondaryAddresses\": 3}",
            CONTROL + "instances/pa/interfaces");
    assertThat(eni).contains("\"mac\"");
    await().atMost(SOON).until(() -> TestVpc.links(NODE_A).anyMatch(l -> l.startsWith("eth1")));

    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThan(Duration.ofSeconds(3));
    String mac = eni.replaceAll("(?s).*\"mac\" : \"([^\"]*)\".*", "$1");
    assertThat(TestVpc.links(NODE_A)).anyMatch(l -> l.startsWith("eth1") && l.contains(mac));
  }

  @Test
  void aRebootedInstanceHasTheLinksOfItsInterfacesAndNothingElse() {
    curl(OUTER, "-X", "PATCH", "-d", "{\"attachMillis\": 0}", CONTROL + "settings");
    curl(OUTER, "-d", "{}", CONTROL + "instances/pb/interfaces");
    await().atMost(SOON).until(() -> TestVpc.links(NODE_B).anyMatch(l -> l.startsWith("eth1")));
    List<String> links = macs(NODE_B);
    NetworkCommands.ip(
        NODE_B,
        List.of(
            "link add theirs type veth peer name theirs2",
            "link set eth1 up",
            "addr add 10.9.9.9/32 dev lo",
            "route add unreachable 10.9.9.8",
            "rule add from 10.9.9.9 table 77"));
    NetworkCommands.nft(NODE_B, "add table inet theirs\n");
    NetworkCommands.sysctl(NODE_B, List.of("net.ipv4.ip_default_ttl=63"));

    curl(OUTER, "-X", "POST", CONTROL + "instances/pb/reboot");

    assertThat(macs(NODE_B)).as("the links of before, no other").isEqualTo(links);
    assertThat(TestVpc.run("ip", "-n", NODE_B, "addr")).doesNotContain("10.9.9.9");
    assertThat(TestVpc.run("ip", "-n", NODE_B, "route", "show", "table", "all"))
        .doesNotContain("10.9.9.8");
    assertThat(TestVpc.run("ip", "-n", NODE_B, "rule")).doesNotContain("10.9.9.9");
    assertThat(TestVpc.exec(NODE_B, "nft", "list", "tables").output()).isEmpty();
    assertThat(TestVpc.exec(NODE_B, "cat", "/proc/sys/net/ipv4/ip_default_ttl").output().strip())
        .isEqualTo("64");
    assertThat(metadata(NODE_B, "instance-id")).isEqualTo("i-0a00000000000000b");
  }

  /** Name and hardware address of each link. */
  private static List<String> macs(String netns) {
    return TestVpc.links(netns)
        .map(line -> line.replaceAll("^(\\w+)\\S* +\\S+ +(\\S+).*", "$1 $2"))
        .sorted()
        .toList();
  }

  private static String metadata(String netns, String path) {
    String imds = "http://169.254.169.254/latest/";
    String token =
        curl(
            netns,
            "-X",
            "PUT",
            "-H",
            "X-aws-ec2-metadata-token-ttl-seconds: 60",
            imds + "api/token");
    return curl(netns, "-H", "X-aws-ec2-metadata-token: " + token, imds + "meta-data/" + path);
  }

  private static String curl(String netns, String... options) {
    List<String> command = new ArrayList<>(List.of("curl", "-s", "-S", "-m", "20"));
    command.addAll(List.of(options));
    return NetworkCommands.run(NetworkCommands.inside(netns, command.toArray(String[]::new)), "");
  }
}
