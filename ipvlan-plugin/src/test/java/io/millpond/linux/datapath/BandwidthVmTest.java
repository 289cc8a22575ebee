package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.PodDemands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ten seconds of TCP bring through a pod's limits, whichever way they take. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BandwidthVmTest {
  private static final int SECONDS = 10;
  private static final Pattern RECEIVED =
      Pattern.compile("\"sum_received\":\\s*\\{[^}]*\"bits_per_second\":\\s*([0-9.e+]+)");
  private static final long MBIT = 1_000_000;
  private static final Map<String, String> ADDRESSES =
      Map.of("n1", "10.0.1.5", "host", "10.0.1.9", "pod-a", "10.0.1.21", "pod-b", "10.0.1.22");

  /** The pod a receives 50 Mbit/s and sends 10; b has no limits. */
  private static final PodDemands LIMITS =
      new PodDemands(
          List.of(),
          new Bandwidth(
              Optional.of(Bandwidth.Limit.withUsualBurst(50 * MBIT)),
              Optional.of(Bandwidth.Limit.withUsualBurst(10 * MBIT))));

  private final Map<String, Netns> pods = new TreeMap<>();
  private final PoolRoutes routes = new PoolRoutes();
  private Fabric fabric;

  @SuppressWarnings("NullAway.Init")
  BandwidthVmTest() {}

  @BeforeAll
  void build() throws IOException {
    fabric = new Fabric();
    for (String name : List.of("a", "b")) {
      pods.put(name, Fabric.pod("pod-" + name));
    }
    fabric.node1.inside(
        () -> {
          new HostDatapath(Fabric.NODE1, routes).install();
          return true;
        });
    attach("a", LIMITS);
    attach("b", PodDemands.NONE);
  }

  private PodAttachment attachment(String name, PodDemands demands) throws IOException {
    return Fabric.asking(
        Fabric.attachment(
            Fabric.key(name), String.valueOf(ADDRESSES.get("pod-" + name)), "eth1", Fabric.NODE1),
        demands);
  }

  private Netns pod(String name) {
    return Optional.ofNullable(pods.get(name)).orElseThrow();
  }

  private void attach(String name, PodDemands demands) throws IOException {
    fabric.node1.inside(
        () -> {
          assertThat(new PodDatapath(routes).attach(attachment(name, demands), pod(name)))
              .isInstanceOf(AttachOutcome.Attached.class);
          return true;
        });
  }

  @AfterAll
  void remove() {
    pods.values().forEach(Netns::close);
    fabric.close();
  }

  private static String serve(String to, int port) {
    return """
        ip netns exec lx-TO timeout 60 iperf3 -s -1 -p PORT > /dev/null &
        for i in $(seq 200); do ip netns exec lx-TO ss -Hlnt "sport = :PORT" | grep -q . && break; sleep 0.1; done
        """
        .replace("TO", to)
        .replace("PORT", String.valueOf(port));
  }

  /** Starts a transfer, and leaves iperf3's own report in a file. */
  private static String transfer(String from, String to, int port) {
    return """
        ip netns exec lx-FROM timeout 50 iperf3 -c ADDRESS -p PORT -t TIME -J > /run/mpiperf-PORT &
        """
        .replace("FROM", from)
        .replace("PORT", String.valueOf(port))
        .replace("TIME", String.valueOf(SECONDS))
        .replace("ADDRESS", String.valueOf(ADDRESSES.get(to)));
  }

  /** What receivers got of transfers at the same time, in Mbit/s. */
  private static List<Double> received(List<List<String>> transfers) throws IOException {
    StringBuilder servers = new StringBuilder();
    StringBuilder clients = new StringBuilder();
    int port = 5201;
    for (List<String> one : transfers) {
      servers.append(serve(one.getLast(), port));
      clients.append(transfer(one.getFirst(), one.getLast(), port++));
    }
    String ignored = Shell.run(servers.toString() + clients + "wait");
    List<Double> rates = new ArrayList<>();
    for (int read = 5201; read < port; read++) {
      Matcher report = RECEIVED.matcher(Files.readString(Path.of("/run/mpiperf-" + read)));
      assertThat(report.find()).as("a report of iperf3").isTrue();
      rates.add(Double.parseDouble(report.group(1)) / MBIT);
    }
    System.out.printf("%s: %s Mbit/s%n", transfers, rates);
    return rates;
  }

  @ParameterizedTest
  @CsvSource({
    "pod-a, pod-b, 10", "pod-b, pod-a, 50",
    "pod-a, host, 10", "host, pod-a, 50",
    "pod-a, n1, 10", "n1, pod-a, 50"
  })
  void tenSecondsOfTcpAreWithinTenPercentOfTheLimit(String from, String to, double limit)
      throws IOException {
    assertThat(received(List.of(List.of(from, to))).getFirst())
        .isCloseTo(limit, within(limit / 10));
  }

  /** By the IPvlan slave and by the veth at once: there is one limit for both. */
  @Test
  void theLimitIsThePodsAndNotThatOfEachWay() throws IOException {
    double sum =
        received(List.of(List.of("pod-a", "host"), List.of("pod-a", "n1"))).stream()
            .mapToDouble(rate -> rate)
            .sum();
    assertThat(sum).isCloseTo(10, within(1.0));
  }

  @Test
  void whoAsksForNoLimitHasNone() throws IOException {
    assertThat(received(List.of(List.of("pod-b", "host"))).getFirst()).isGreaterThan(60);
  }

  @Test
  void healingSetsLimitsThatAPodTookAway() throws IOException {
    for (String damage :
        List.of(
            "tc qdisc del dev eth0 clsact",
            "tc filter del dev mpd0 ingress",
            "ip link del mpd0e",
            "ip link set mpd0i down",
            "tc qdisc del dev mpd0i root")) {
      Shell.run("ip netns exec lx-pod-a " + damage);
      assertThat(fabric.node1.inside(this::heal)).as(damage).isNotEmpty();
      assertThat(fabric.node1.inside(this::heal)).as(damage).isEmpty();
    }
    assertThat(Shell.run("ip netns exec lx-pod-a tc qdisc"))
        .contains("tbf 1: dev mpd0i", "rate 50Mbit", "tbf 1: dev mpd0e", "rate 10Mbit");
  }

  private List<String> heal() throws IOException {
    return new PodDatapath(routes).heal(attachment("a", LIMITS), pod("a"));
  }
}
