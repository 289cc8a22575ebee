package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Two nodes, pods on the primary ENI and on a second one, a server everywhere; and those flows of
 * docs/datapath.md that are looked at under more than one condition.
 */
final class Flows implements AutoCloseable {
  static final String REMOTE_POD = "172.20.0.10";
  static final String LOCAL_POD = "172.20.0.11";
  static final String LOCAL_HOST = "172.20.0.12";
  static final String REMOTE_HOST = "172.20.0.13";
  static final int SERVICE_PORT = 80;
  static final int CLUSTER_NODE_PORT_REMOTE = 30081;
  static final int CLUSTER_NODE_PORT_LOCAL = 30082;
  static final int HOST_PORT = 9090;
  private static final String SERVICES = "172.20.0.0/16";
  private static final int LOCAL_NODE_PORT = 30080;

  private static final Map<String, String> SETTINGS =
      Map.of("WARM_IP_TARGET", "1", "MINIMUM_IP_TARGET", "5", "MILLPOND_SERVICE_CIDRS", SERVICES);

  private final List<Pod> pods = new ArrayList<>();
  private final Exchange exchange = new Exchange();
  private final Node node;
  private final Node other;
  private final Pod first;
  private final Pod second;
  private final Pod onSecondEni;
  private final Pod remote;

  /**
   * Builds all of it.
   *
   * @param name begins the nodes' names
   */
  Flows(Vpc vpc, String name) {
    node = vpc.launch(name + "-a", "t3.small", Vpc.SUBNET_1, SETTINGS);
    other = vpc.launch(name + "-b", "t3.small", Vpc.SUBNET_2, SETTINGS);
    node.launch();
    other.launch();
    node.awaitReady().awaitSize(5, 2);
    other.awaitReady();
    for (String host :
        List.of(Vpc.HOST, Vpc.INTERNET, Vpc.ON_PREMISES, node.netns(), other.netns())) {
      exchange.serve(host);
    }
    first = pod(node, "pod-a1");
    second = pod(node, "pod-a2");
    Pod third = pod(node, "pod-a3");
    onSecondEni = pod(node, "pod-a4"); // the primary ENI has three addresses
    remote = pod(other, "pod-b1");
    node.awaitSize(5, 2);
    assertThat(third.address()).isNotEmpty();
  }

  private Pod pod(Node where, String name) {
    Pod pod = Pod.added(where, name);
    pods.add(pod);
    exchange.serve(name);
    return pod;
  }

  Node node() {
    return node;
  }

  Node other() {
    return other;
  }

  /** On the primary ENI, as is {@link #second}. */
  Pod first() {
    return first;
  }

  Pod second() {
    return second;
  }

  Pod onSecondEni() {
    return onSecondEni;
  }

  /** On the other node. */
  Pod remote() {
    return remote;
  }

  Exchange exchange() {
    return exchange;
  }

  static void sees(String from, String to, int port, String source) {
    assertThat(Exchange.tcp(from, to, port))
        .as("TCP %s -> %s:%d", from, to, port)
        .isEqualTo(source);
    assertThat(Exchange.udp(from, to, port))
        .as("UDP %s -> %s:%d", from, to, port)
        .isEqualTo(source);
  }

  static void sees(String from, String to, String source) {
    sees(from, to, Exchange.PORT, source);
  }

  void f1() {
    sees(node.netns(), first.address(), node.address());
    sees(node.netns(), onSecondEni.address(), node.address());
  }

  void f5() {
    sees(first.name(), remote.address(), first.address());
    sees(remote.name(), onSecondEni.address(), remote.address());
    sees(onSecondEni.name(), remote.address(), onSecondEni.address());
  }

  void f7() {
    sees(first.name(), Vpc.INTERNET_ADDRESS, node.address());
    sees(onSecondEni.name(), Vpc.INTERNET_ADDRESS, node.address());
  }

  void f8(KubeProxy.Form form) {
    try (KubeProxy _ = services(form)) {
      sees(first.name(), REMOTE_POD, SERVICE_PORT, node.address());
      sees(onSecondEni.name(), REMOTE_POD, SERVICE_PORT, node.address());
    }
  }

  void f9(KubeProxy.Form form) {
    try (KubeProxy _ = services(form)) {
      sees(first.name(), LOCAL_POD, SERVICE_PORT, first.address());
      sees(onSecondEni.name(), LOCAL_POD, SERVICE_PORT, onSecondEni.address());
    }
  }

  void f11(KubeProxy.Form form) {
    try (KubeProxy _ = services(form)) {
      sees(Vpc.HOST, node.address(), LOCAL_NODE_PORT, Vpc.HOST_ADDRESS);
      sees(Vpc.ON_PREMISES, node.address(), LOCAL_NODE_PORT, Vpc.ON_PREMISES_ADDRESS);
    }
  }

  void f13() {
    for (Pod pod : List.of(first, onSecondEni)) {
      sees(Vpc.ON_PREMISES, pod.address(), Vpc.ON_PREMISES_ADDRESS);
      sees(Vpc.INTERNET, pod.address(), Vpc.INTERNET_ADDRESS);
    }
  }

  /** Services of all kinds, as kube-proxy makes them on the node. */
  KubeProxy services(KubeProxy.Form form) {
    String n = node.address();
    return new KubeProxy(
        node.netns(),
        form,
        List.of(
            new KubeProxy.Service(REMOTE_POD, SERVICE_PORT, remote.address(), false),
            new KubeProxy.Service(LOCAL_POD, SERVICE_PORT, second.address(), false),
            new KubeProxy.Service(LOCAL_HOST, SERVICE_PORT, n, false),
            new KubeProxy.Service(REMOTE_HOST, SERVICE_PORT, other.address(), false),
            new KubeProxy.Service(n, LOCAL_NODE_PORT, onSecondEni.address(), false),
            new KubeProxy.Service(n, CLUSTER_NODE_PORT_REMOTE, remote.address(), true),
            new KubeProxy.Service(n, CLUSTER_NODE_PORT_LOCAL, second.address(), true),
            new KubeProxy.Service(n, HOST_PORT, second.address(), false)),
        List.of(second.address()));
  }

  @Override
  public void close() {
    exchange.close();
    pods.forEach(Pod::close);
    node.close();
    other.close();
  }
}
