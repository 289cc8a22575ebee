package io.millpond.linux.datapath;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ports of the node that lead to pods: who sees which source address, and who has which port. */
@Tag("vm")
final class HostPortsVmTest {
  private static final String NODE = "10.0.1.5";
  private static final int PORT = 18_080;
  private static final String SCTP_SERVER =
      """
      ip netns exec lx-pod-a timeout 60 python3 -c '
      import socket
      s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
      s.bind(("0.0.0.0", 8080)); s.listen(5)
      open("/run/mpsctp", "w").close()
      while True:
        c, a = s.accept(); c.send(a[0].encode()); c.close()
      ' > /dev/null 2>&1 & echo $!
      for i in $(seq 100); do [ -e /run/mpsctp ] && break; sleep 0.1; done; rm /run/mpsctp
      """;
  private static final String SCTP_CLIENT =
      """
      ip netns exec lx-FROM timeout 10 python3 -c '
      import socket
      s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
      s.settimeout(5); s.connect(("TO", 18080)); print(s.recv(64).decode())'
      """;

  private final Map<String, Netns> pods = new HashMap<>();
  private final Map<Netns, Echo> servers = new HashMap<>();
  private PoolRoutes routes;
  private Fabric fabric;

  @SuppressWarnings("NullAway.Init")
  HostPortsVmTest() {}

  @BeforeEach
  void build() throws IOException {
    fabric = new Fabric();
    routes = new PoolRoutes();
    fabric.node1.inside(
        () -> {
          new HostDatapath(Fabric.NODE1, routes).install();
          return true;
        });
    for (Netns netns : List.of(fabric.node1, fabric.host, fabric.internet)) {
      servers.put(netns, Echo.in(netns));
    }
    for (String name : List.of("a", "b", "c")) {
      Netns netns = Fabric.pod("pod-" + name);
      pods.put(name, netns);
      servers.put(netns, Echo.in(netns));
    }
  }

  @AfterEach
  void remove() throws IOException {
    for (Echo server : servers.values()) {
      server.close();
    }
    pods.values().forEach(Netns::close);
    fabric.close();
    assertThat(Netns.openCount()).as("open namespaces").isZero();
  }

  private Netns pod(String name) {
    Netns netns = pods.get(name);
    if (netns == null) {
      throw new AssertionError(name);
    }
    return netns;
  }

  private static HostPort port(String hostIp, HostPort.Protocol protocol, int port) {
    return new HostPort(
        Optional.of(hostIp).filter(text -> !text.isEmpty()).map(IpAddress::parse),
        protocol,
        port,
        Echo.PORT);
  }

  private static List<HostPort> everywhere(int port) {
    return List.of(
        port("", HostPort.Protocol.TCP, port),
        port("", HostPort.Protocol.UDP, port),
        port("", HostPort.Protocol.SCTP, port));
  }

  /** The pods a, b and c have the addresses 10.0.1.21 to .23. */
  private AttachOutcome attach(String name, List<HostPort> ports) throws IOException {
    return fabric.node1.inside(
        () ->
            new PodDatapath(routes)
                .attach(
                    Fabric.asking(
                        Fabric.attachment(
                            Fabric.key(name), "10.0.1.2" + index(name), "eth1", Fabric.NODE1),
                        new PodDemands(ports, Bandwidth.UNLIMITED)),
                    pod(name)));
  }

  private static int index(String name) {
    return name.charAt(0) - 'a' + 1;
  }

  private void attached(String name, HostPort... ports) throws IOException {
    assertThat(attach(name, List.of(ports))).isInstanceOf(AttachOutcome.Attached.class);
  }

  private void detached(String name) throws IOException {
    assertThat(
            fabric
                .node1
                .inside(
                    () -> new PodDatapath(routes).detach(Fabric.key(name), Optional.of(pod(name))))
                .problem())
        .isEmpty();
  }

  private void dies(String name) throws IOException {
    Echo server = servers.remove(pod(name));
    if (server != null) {
      server.close();
    }
    pod(name).close();
    Shell.run("ip netns del lx-pod-" + name);
    String veth = HostVeth.of(Fabric.key(name)).name();
    await().until(() -> !Shell.run("ip -n lx-n1 -o link").contains(veth));
  }

  private static void sees(Netns from, String to, int port, String source) throws IOException {
    assertThat(Echo.tcp(from, to, port)).as("TCP to %s:%d", to, port).isEqualTo(source);
    assertThat(Echo.udp(from, to, port)).as("UDP to %s:%d", to, port).isEqualTo(source);
    assertThat(Fabric.dropped()).as("frames dropped by the source check").isZero();
  }

  private static void isClosed(Netns from, String to, int port) throws IOException {
    assertThat(Echo.tcp(from, to, port)).as("TCP to %s:%d", to, port).contains("Exception");
  }

  /** F12, F12b: the client's address is kept, but for the pod itself and the node's loopback. */
  @Test
  void thePodSeesTheClientWhereverThatIs() throws IOException {
    attached("a", everywhere(PORT).toArray(HostPort[]::new));
    attached("b");
    sees(fabric.host, NODE, PORT, "10.0.1.9");
    sees(fabric.internet, NODE, PORT, "203.0.113.9");
    sees(fabric.node2, NODE, PORT, "10.0.1.6");
    sees(pod("b"), NODE, PORT, "10.0.1.22");
    sees(fabric.node1, NODE, PORT, NODE);
    sees(fabric.node1, "127.0.0.1", PORT, NODE);
    sees(pod("a"), NODE, PORT, NODE);
  }

  @Test
  void sctpIsLedToThePodToo() throws IOException {
    attached("a", everywhere(PORT).toArray(HostPort[]::new));
    attached("b");
    String pid = Shell.run(SCTP_SERVER).strip();
    try {
      for (List<String> flow :
          List.of(
              List.of("host", NODE, "10.0.1.9"),
              List.of("pod-b", NODE, "10.0.1.22"),
              List.of("n1", NODE, NODE),
              List.of("n1", "127.0.0.1", NODE),
              List.of("pod-a", NODE, NODE))) {
        assertThat(
                Shell.run(SCTP_CLIENT.replace("FROM", flow.getFirst()).replace("TO", flow.get(1)))
                    .strip())
            .as("%s", flow)
            .isEqualTo(flow.getLast());
      }
    } finally {
      Shell.run("kill " + pid + " || true");
    }
  }

  @Test
  void oneNumberIsAnotherPortOnAnotherAddressOrProtocol() throws IOException {
    attached("a", port(NODE, HostPort.Protocol.TCP, PORT), port("", HostPort.Protocol.UDP, 53));
    attached("b", port("127.0.0.1", HostPort.Protocol.TCP, PORT));
    attached("c", port(NODE, HostPort.Protocol.UDP, PORT), port("", HostPort.Protocol.TCP, 53));
    // Nobody tells callers which pod they reached: a pod sees itself as the node only.
    sees2(pod("a"), NODE, PORT, NODE, "10.0.1.21");
    sees2(pod("c"), NODE, PORT, "10.0.1.23", NODE);
    sees2(pod("a"), NODE, 53, "10.0.1.21", NODE);
    sees2(pod("c"), NODE, 53, NODE, "10.0.1.23");
    assertThat(Echo.tcp(fabric.node1, "127.0.0.1", PORT)).isEqualTo(NODE);
    detached("b");
    isClosed(fabric.node1, "127.0.0.1", PORT);
  }

  private static void sees2(Netns from, String to, int port, String tcp, String udp)
      throws IOException {
    assertThat(Echo.tcp(from, to, port)).as("TCP to %s:%d", to, port).isEqualTo(tcp);
    assertThat(Echo.udp(from, to, port)).as("UDP to %s:%d", to, port).isEqualTo(udp);
  }

  /** CVE-2025-67499. */
  @Test
  void whatGoesThroughTheNodeToSomebodyElseIsNotTaken() throws IOException {
    attached(
        "a",
        port("", HostPort.Protocol.TCP, Echo.PORT),
        port("", HostPort.Protocol.UDP, Echo.PORT),
        port("203.0.113.9", HostPort.Protocol.TCP, 80));
    attached("b");
    sees(pod("b"), "203.0.113.9", Echo.PORT, NODE);
    isClosed(pod("b"), "203.0.113.9", 80);
    sees(fabric.node1, "10.0.1.9", Echo.PORT, NODE);
    sees(pod("b"), NODE, Echo.PORT, "10.0.1.22");
  }

  /** CVE-2020-8558, and a port that is on the loopback address alone. */
  @Test
  void nobodyElseReachesTheNodesLoopbackAddress() throws IOException {
    attached("a", port("127.0.0.1", HostPort.Protocol.UDP, PORT));
    attached("b");
    assertThat(Echo.udp(fabric.node1, "127.0.0.1", PORT)).isEqualTo(NODE);
    for (String from : List.of("pod-a", "pod-b", "host")) {
      Shell.run(
          """
          ip netns exec lx-FROM sysctl -qw net.ipv4.conf.all.route_localnet=1
          ip -n lx-FROM route del local 127.0.0.0/8 dev lo table local
          ip -n lx-FROM route del local 127.0.0.1 dev lo table local
          ip -n lx-FROM route replace 127.0.0.1/32 via 10.0.1.5 dev LINK onlink
          """
              .replace("FROM", from)
              .replace("LINK", from.equals("host") ? "eth0" : "mpd0"));
      Netns netns = from.equals("host") ? fabric.host : pod(from.substring(4));
      assertThat(Echo.udp(netns, "127.0.0.1", PORT)).as(from).contains("Timeout");
      assertThat(Echo.udp(netns, "127.0.0.1", Echo.PORT)).as(from).contains("Timeout");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', '', true",
    "'', 10.0.1.5, true",
    "127.0.0.1, '', true",
    "10.0.1.5, 10.0.1.5, true",
    "127.0.0.1, 10.0.1.5, false"
  })
  void aTakenPortIsRefusedAndItsOwnerNamed(String first, String second, boolean taken)
      throws IOException {
    attached("a", port(first, HostPort.Protocol.TCP, PORT));
    String before = Fabric.snapshot("n1") + Fabric.snapshot("pod-b");
    AttachOutcome outcome =
        attach(
            "b",
            List.of(
                port("", HostPort.Protocol.UDP, PORT), port(second, HostPort.Protocol.TCP, PORT)));
    if (!taken) {
      assertThat(outcome).isInstanceOf(AttachOutcome.Attached.class);
      return;
    }
    assertThat(outcome)
        .isInstanceOfSatisfying(
            AttachOutcome.PortTaken.class,
            refused ->
                assertThat(refused.detail())
                    .contains(PORT + "/tcp", "default/a", "10.0.1.21")
                    .contains(second.isEmpty() ? "every address" : second));
    assertThat(Fabric.snapshot("n1") + Fabric.snapshot("pod-b")).isEqualTo(before);
    detached("a");
    attached("b", port(second, HostPort.Protocol.TCP, PORT));
  }

  @Test
  void aPortIsFreeWithTheDelAndLeadsToTheNextPodAtOnce() throws IOException {
    attached("b");
    try (DatagramSocket client = fabric.host.inside(HostPortsVmTest::socket)) {
      // What the node forgets when the port opens, although the sender never pauses.
      assertThat(asked(client)).isEqualTo("nobody");
      attached("a", port("", HostPort.Protocol.TCP, PORT), port("", HostPort.Protocol.UDP, PORT));
      assertThat(asked(client)).isEqualTo("10.0.1.9");
      detached("a");
      assertThat(asked(client)).isEqualTo("nobody");
      isClosed(fabric.host, NODE, PORT);
      attached("c", port("", HostPort.Protocol.TCP, PORT), port("", HostPort.Protocol.UDP, PORT));
      assertThat(asked(client)).isEqualTo("10.0.1.9");
    }
    sees(fabric.host, NODE, PORT, "10.0.1.9");
    sees(pod("c"), NODE, PORT, NODE);
  }

  /** The sender goes on while the rules are gone, and the node remembers where that went. */
  @Test
  void aSenderThatNeverPausesReachesThePodAgainAfterAFlush() throws IOException {
    HostDatapath host = new HostDatapath(Fabric.NODE1, routes);
    attached("a", port("", HostPort.Protocol.UDP, PORT));
    // Something else follows connections.
    Shell.run(
        "ip netns exec lx-n1 nft 'add table ip sees; add chain ip sees c { type filter hook input priority 0; }; add rule ip sees c ct state new counter'");
    Shell.run("ip netns exec lx-n1 nft delete table inet millpond");
    try (DatagramSocket client = fabric.host.inside(HostPortsVmTest::socket)) {
      assertThat(asked(client)).isEqualTo("nobody");

      assertThat(repairs(host)).isNotEmpty();

      assertThat(asked(client)).isEqualTo("10.0.1.9");
    }
  }

  private static DatagramSocket socket() throws IOException {
    DatagramSocket socket = new DatagramSocket(4711, Inet4Address.ofLiteral("10.0.1.9"));
    socket.setSoTimeout(1500);
    return socket;
  }

  private static String asked(DatagramSocket client) throws IOException {
    client.send(
        new DatagramPacket(
            new byte[1], 1, new InetSocketAddress(Inet4Address.ofLiteral(NODE), PORT)));
    DatagramPacket answer = new DatagramPacket(new byte[64], 64);
    try {
      client.receive(answer);
      return new String(answer.getData(), 0, answer.getLength(), US_ASCII);
    } catch (SocketTimeoutException e) {
      return "nobody";
    }
  }

  @Test
  void aStartAfterSomebodyFlushedNfTablesOpensThePortsAgain() throws IOException {
    attached("a", everywhere(PORT).toArray(HostPort[]::new));
    attached("b", port("10.0.1.5", HostPort.Protocol.TCP, PORT + 1));
    String before = Fabric.snapshot("n1");
    Shell.run("ip netns exec lx-n1 nft flush ruleset");
    isClosed(fabric.host, NODE, PORT);
    fabric.node1.inside(
        () -> {
          new HostDatapath(Fabric.NODE1, new PoolRoutes()).install();
          return true;
        });
    assertThat(Fabric.snapshot("n1")).isEqualTo(before);
    sees(fabric.host, NODE, PORT, "10.0.1.9");
  }

  @Test
  void aRunningDaemonPutsPortsRightAndClosesThoseOfAPodThatDied() throws IOException {
    HostDatapath host = new HostDatapath(Fabric.NODE1, routes);
    attached("a", everywhere(PORT).toArray(HostPort[]::new));
    attached("b", port("", HostPort.Protocol.TCP, PORT + 1));
    assertThat(repairs(host)).isEmpty();
    for (String damage :
        List.of(
            "nft delete table inet millpond",
            "nft flush map inet millpond host_ports_everywhere",
            "nft flush set inet millpond to_themselves",
            "nft flush chain inet millpond host_port",
            "nft flush chain inet millpond loopback",
            "nft add element inet millpond host_ports_everywhere '{ 6 . 22 : 10.0.1.22 . 22 }'",
            "sysctl -qw net.ipv4.conf.%s.route_localnet=0"
                .formatted(HostVeth.of(Fabric.key("a")).name()))) {
      Shell.run("ip netns exec lx-n1 " + damage);
      assertThat(repairs(host)).as(damage).hasSize(1);
      assertThat(repairs(host)).as(damage).isEmpty();
    }
    sees(fabric.host, NODE, PORT, "10.0.1.9");
    dies("b");
    assertThat(repairs(host)).anyMatch(repair -> repair.contains("host ports"));
    assertThat(Shell.run("ip netns exec lx-n1 nft list table inet millpond"))
        .doesNotContain("10.0.1.22");
  }

  private List<String> repairs(HostDatapath host) throws IOException {
    return fabric.node1.inside(() -> host.reconcile(List.of())).repairs();
  }

  /** Nobody looked since: the rules still have the dead pod's port. */
  @Test
  void aDeadPodsPortIsFreeBeforeTheRulesArePutRight() throws IOException {
    attached("a", port("", HostPort.Protocol.TCP, PORT));
    dies("a");
    attached("b", port("", HostPort.Protocol.TCP, PORT));
    assertThat(Echo.tcp(fabric.host, NODE, PORT)).isEqualTo("10.0.1.9");
    assertThat(Shell.run("ip netns exec lx-n1 nft list table inet millpond"))
        .doesNotContain("10.0.1.21");
  }
}
