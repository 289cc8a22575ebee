package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Who sees which source address: the flows of docs/datapath.md, over TCP and over UDP. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class FlowsVmTest {
  private static final String KUBE_PROXY =
      """
      ip netns exec lx-n1 nft -f - <<'N'
      table ip kp {
        chain pre {
          type nat hook prerouting priority -100;
          ip daddr 172.20.0.10 th dport 80 dnat to 10.0.1.9:8080
          ip daddr 172.20.0.11 th dport 80 dnat to 10.0.1.22:8080
          ip daddr 10.0.1.5 th dport 30080 dnat to 10.0.1.21:8080
        }
        chain post {
          type nat hook postrouting priority 100;
          ip saddr 10.0.1.22 ip daddr 10.0.1.22 masquerade
        }
      }
      N
      """;

  private final Map<String, Netns> pods = new HashMap<>();
  private final List<Echo> servers = new ArrayList<>();
  private Fabric fabric;

  @SuppressWarnings("NullAway.Init")
  FlowsVmTest() {}

  @BeforeAll
  void build() throws IOException {
    fabric = new Fabric();
    node(fabric.node1, Fabric.NODE1, Map.of("a", "10.0.1.21", "b", "10.0.1.22"), "eth1");
    node(fabric.node1, Fabric.NODE1, Map.of("e", "10.0.1.31"), "eth2");
    node(fabric.node2, Fabric.NODE2, Map.of("d", "10.0.1.41"), "eth1");
    Shell.run(KUBE_PROXY.replace("th dport", "tcp dport"));
    Shell.run(KUBE_PROXY.replace("th dport", "udp dport").replace("table ip kp", "table ip kpu"));
    for (Netns netns : List.of(fabric.node1, fabric.host, fabric.internet)) {
      servers.add(Echo.in(netns));
    }
    for (Netns netns : pods.values()) {
      servers.add(Echo.in(netns));
    }
  }

  private void node(Netns netns, IpAddress node, Map<String, String> wanted, String eni)
      throws IOException {
    for (String name : wanted.keySet()) {
      pods.put(name, Fabric.pod("pod-" + name));
    }
    netns.inside(
        () -> {
          PoolRoutes routes = new PoolRoutes();
          new HostDatapath(node, routes).install();
          for (Map.Entry<String, String> pod : wanted.entrySet()) {
            assertThat(
                    new PodDatapath(routes)
                        .attach(
                            Fabric.attachment(Fabric.key(pod.getKey()), pod.getValue(), eni, node),
                            pod(pod.getKey())))
                .isInstanceOf(AttachOutcome.Attached.class);
          }
          return true;
        });
  }

  private Netns pod(String name) {
    Netns netns = pods.get(name);
    if (netns == null) {
      throw new AssertionError(name);
    }
    return netns;
  }

  @AfterAll
  void remove() throws IOException {
    for (Echo server : servers) {
      server.close();
    }
    pods.values().forEach(Netns::close);
    fabric.close();
  }

  private static void sees(Netns from, String to, int port, String source) throws IOException {
    assertThat(Echo.tcp(from, to, port)).as("TCP to %s:%d", to, port).isEqualTo(source);
    assertThat(Echo.udp(from, to, port)).as("UDP to %s:%d", to, port).isEqualTo(source);
    assertThat(Fabric.dropped()).as("frames dropped by the source check").isZero();
  }

  @Test
  void f1TheNodeReachesItsPodWithItsOwnAddress() throws IOException {
    sees(fabric.node1, "10.0.1.21", Echo.PORT, "10.0.1.5");
  }

  @Test
  void f2APodReachesItsNodeWithItsOwnAddress() throws IOException {
    sees(pod("a"), "10.0.1.5", Echo.PORT, "10.0.1.21");
  }

  @Test
  void f3PodsOfOneEniSeeEachOthersAddress() throws IOException {
    sees(pod("a"), "10.0.1.22", Echo.PORT, "10.0.1.21");
  }

  @Test
  void f4PodsOfTwoEnisSeeEachOthersAddress() throws IOException {
    sees(pod("a"), "10.0.1.31", Echo.PORT, "10.0.1.21");
    sees(pod("e"), "10.0.1.22", Echo.PORT, "10.0.1.31");
  }

  @Test
  void f5PodsOfTwoNodesSeeEachOthersAddress() throws IOException {
    sees(pod("a"), "10.0.1.41", Echo.PORT, "10.0.1.21");
    sees(pod("d"), "10.0.1.21", Echo.PORT, "10.0.1.41");
  }

  @Test
  void f6APodAndAHostOfTheVpcSeeEachOthersAddress() throws IOException {
    sees(pod("a"), "10.0.1.9", Echo.PORT, "10.0.1.21");
    sees(fabric.host, "10.0.1.21", Echo.PORT, "10.0.1.9");
  }

  @Test
  void f7TheInternetSeesTheNode() throws IOException {
    sees(pod("a"), "203.0.113.9", Echo.PORT, "10.0.1.5");
  }

  @Test
  void f8AServicesRemoteBackendSeesTheNode() throws IOException {
    sees(pod("a"), "172.20.0.10", 80, "10.0.1.5");
  }

  @Test
  void f9AServicesLocalBackendSeesThePod() throws IOException {
    sees(pod("a"), "172.20.0.11", 80, "10.0.1.21");
  }

  @Test
  void f9bAPodReachesItselfThroughAService() throws IOException {
    assertThat(Echo.tcp(pod("b"), "172.20.0.11", 80)).isEqualTo("10.0.1.5");
  }

  @Test
  void f11ANodePortsLocalBackendSeesTheClient() throws IOException {
    sees(fabric.host, "10.0.1.5", 30080, "10.0.1.9");
  }

  @Test
  void f13AClientFromOutsideOfTheVpcIsAnsweredByTheEni() throws IOException {
    sees(fabric.internet, "10.0.1.21", Echo.PORT, "203.0.113.9");
  }

  @Test
  void aPodCannotSendWithAnothersAddress() throws IOException {
    Shell.run("ip -n lx-pod-a addr add 10.0.1.29/32 dev lo");
    try {
      String before = Echo.udp(pod("a"), "10.0.1.5", Echo.PORT);
      assertThat(before).isEqualTo("10.0.1.21");
      assertThat(
              pod("a")
                  .inside(
                      () -> {
                        try (java.net.DatagramSocket forged =
                            new java.net.DatagramSocket(
                                0, java.net.Inet4Address.ofLiteral("10.0.1.29"))) {
                          forged.setSoTimeout(1500);
                          forged.send(
                              new java.net.DatagramPacket(
                                  new byte[1],
                                  1,
                                  new java.net.InetSocketAddress(
                                      java.net.Inet4Address.ofLiteral("10.0.1.5"), Echo.PORT)));
                          forged.receive(new java.net.DatagramPacket(new byte[64], 64));
                          return "answered";
                        } catch (java.net.SocketTimeoutException e) {
                          return "dropped";
                        }
                      }))
          .isEqualTo("dropped");
    } finally {
      Shell.run("ip -n lx-pod-a addr del 10.0.1.29/32 dev lo");
    }
  }
}
