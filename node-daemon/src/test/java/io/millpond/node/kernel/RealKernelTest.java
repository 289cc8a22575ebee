package io.millpond.node.kernel;

import static io.millpond.node.kernel.Ip.ip;
import static io.millpond.node.kernel.Ip.quietly;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.linux.BootClock;
import io.millpond.linux.datapath.HostVeth;
import io.millpond.node.http.Metrics;
import io.millpond.node.life.NodeCore;
import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.Caller;
import io.millpond.node.pods.DeletePod;
import io.millpond.node.pods.PodRequest;
import io.millpond.node.settings.SettingsReader;
import io.millpond.node.testing.ModelCloud;
import io.millpond.node.testing.ModelKernel;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.PoolSummary;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The daemon's core on a kernel with IPvlan, in the machine's own namespace; EC2 is a model. */
@Tag("vm")
class RealKernelTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  private final ModelCloud cloud = new ModelCloud(new ModelKernel(BootClock::now));
  private NodeCore core;

  @BeforeEach
  void start() throws Exception {
    ip("link add mpnoeni type veth peer name mpnowire");
    ip("link set mpnoeni address 02:00:00:00:00:01");
    ip("addr add 10.0.1.10/24 dev mpnoeni");
    ip("link set mpnowire up");
    ip("link set mpnoeni up");
    for (String pod : List.of("mpno-a", "mpno-b")) {
      ip("netns add " + pod);
    }
    run();
  }

  private void run() throws Exception {
    NodeFacts facts =
        new NodeFacts(
            IpAddress.parse("10.0.1.10"),
            List.of(Prefix.parse("10.0.0.0/16")),
            List.of(Prefix.parse("172.20.0.0/16")),
            1500);
    LinuxHost host = new LinuxHost(facts);
    NodeCore.Node node =
        new NodeCore.Node(
            new PoolLimits(1, 6), BootClock::now, key -> HostVeth.of(key).name(), "run");
    core =
        new NodeCore(
            SettingsReader.read(
                Path.of("/nonexistent"),
                Map.of(
                    "WARM_IP_TARGET", "2", "AWS_VPC_ENI_MTU", "1500", "IP_COOLDOWN_PERIOD", "5s")),
            node,
            cloud,
            host,
            host.pods(),
            new Metrics());
    core.start(_ -> {});
    awaitPool(sum -> sum.free() >= 2);
  }

  @AfterEach
  void stop() throws Exception {
    for (String pod : List.of("mpno-a", "mpno-b")) {
      quietly("netns del " + pod);
    }
    quietly("link del mpnoeni");
    core.close();
    quietly("route flush type unreachable");
  }

  @Test
  void podsAreBuiltReachOneAnotherAndTheNodeAndGoAwayWithoutATrace() throws Exception {
    String before = ip("-o link") + ip("-4 route show proto 109 scope link");
    IpAddress a = added("mpno-a");
    IpAddress b = added("mpno-b");
    assertThat(ping("mpno-a", b)).as("pod to pod").isZero();
    assertThat(ping("mpno-a", IpAddress.parse("10.0.1.10"))).as("pod to node").isZero();
    assertThat(exec("ping", "-c1", "-W5", a.toString())).as("node to pod").isZero();
    assertThat(delete("mpno-a")).isEqualTo(new DeletePod.Gone());
    assertThat(delete("mpno-a")).isEqualTo(new DeletePod.Gone());
    assertThat(delete("mpno-b")).isEqualTo(new DeletePod.Gone());
    assertThat(ip("-o link") + ip("-4 route show proto 109 scope link")).isEqualTo(before);
    assertThat(counts().cooling()).isEqualTo(2);
    assertThat(exec("ping", "-c1", "-W2", a.toString()))
        .as("a dead pod's address is refused")
        .isNotZero();
  }

  @Test
  void aRestartKnowsThePodsAndACrashedPodCools() throws Exception {
    IpAddress a = added("mpno-a");
    added("mpno-b");
    core.close();
    ip("netns del mpno-b");
    await().atMost(SOON).until(() -> !ip("-o link").contains(HostVeth.of(key("mpno-b")).name()));
    run();
    assertThat(core.pool().snapshot().heldBy(key("mpno-a")))
        .hasValueSatisfying(held -> assertThat(held.address()).isEqualTo(a));
    assertThat(counts().owned()).isEqualTo(1);
    assertThat(counts().cooling()).isEqualTo(1);
    awaitPool(sum -> sum.cooling() == 0);
  }

  @Test
  void aVethDeletedUnderALivingPodQuarantinesTheAddressUntilTheNamespaceDies() throws Exception {
    added("mpno-a");
    ip("link del " + HostVeth.of(key("mpno-a")).name());
    awaitPool(sum -> sum.quarantined() == 1);
    await().during(Duration.ofSeconds(3)).atMost(SOON).until(() -> counts().quarantined() == 1);
    ip("netns del mpno-a");
    awaitPool(sum -> sum.quarantined() == 0);
  }

  @Test
  void aFlushedPoolRouteComesBack() throws Exception {
    IpAddress any = cloud.addresses().iterator().next();
    await().atMost(SOON).until(() -> ip("route show type unreachable").contains(any.toString()));
    ip("route flush type unreachable");
    await().atMost(SOON).until(() -> ip("route show type unreachable").contains(any.toString()));
  }

  private static AttachmentKey key(String pod) {
    return new AttachmentKey("millpond", pod, "eth0");
  }

  private IpAddress added(String pod) throws Exception {
    Path path = Path.of("/run/netns", pod);
    long inode = ((Number) Files.getAttribute(path, "unix:ino")).longValue();
    io.millpond.linux.netns.Netns opened = io.millpond.linux.netns.Netns.open(path);
    try (LinuxNetns netns = LinuxNetns.adopt(opened.fd(), inode)) {
      PodRequest request =
          new PodRequest(key(pod), "default/" + pod, OptionalInt.empty(), List.of());
      return switch (core.addPod().add(request, netns, Caller.PATIENT)) {
        case AddOutcome.Added added -> added.plan().address();
        case AddOutcome other -> throw new AssertionError("ADD of " + pod + " ended so: " + other);
      };
    }
  }

  private DeletePod.Outcome delete(String pod) throws InterruptedException {
    return core.deletePod().delete(key(pod), Optional.empty());
  }

  private PoolSummary counts() {
    return core.pool().snapshot().summary();
  }

  private void awaitPool(Predicate<PoolSummary> condition) {
    await().atMost(SOON).until(() -> condition.test(counts()));
  }

  private static int ping(String pod, IpAddress to) throws Exception {
    return exec("ip", "netns", "exec", pod, "ping", "-c1", "-W5", to.toString());
  }

  private static int exec(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }
}
