package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The flows of docs/datapath.md in a cluster: servers in pods on two nodes, on their networks and
 * on hosts of the VPC and beyond, services of each kind, and who sees whom.
 */
final class ClusterFlows implements AutoCloseable {
  /** The node's own server; pods have theirs at {@link Exchange#PORT}. */
  private static final int HOST_SERVER = 8085;

  private static final int SERVICE_PORT = 80;
  private static final int HOST_PORT = 9090;
  private static final Duration SOON = Duration.ofMinutes(2);

  private final Cluster cluster;
  private final ClusterPods pods;
  private final Exchange exchange = new Exchange();
  private final ClusterNode node;
  private final ClusterNode other;
  private final ClusterPods.One first;
  private final ClusterPods.One second;
  private final ClusterPods.One further;
  private final ClusterPods.One remote;

  /**
   * Labels servers that are there, makes services for them and waits until they have endpoints.
   *
   * @param image with the program {@code exchange}
   * @param servers pods on two nodes, on the first one of which they have more than one ENI
   * @param enis of each address: the ENI that has it
   */
  ClusterFlows(
      Cluster cluster, String image, List<ClusterPods.One> servers, Map<String, String> enis) {
    this.cluster = cluster;
    this.pods = new ClusterPods(cluster);
    node = cluster.nodes().get(0);
    other = cluster.nodes().get(1);
    List<ClusterPods.One> here =
        servers.stream().filter(pod -> pod.node().equals(node.name())).toList();
    first = here.get(0);
    second =
        here.stream()
            .skip(1)
            .filter(pod -> eni(enis, pod).equals(eni(enis, first)))
            .findFirst()
            .orElseThrow();
    further =
        here.stream()
            .filter(pod -> !eni(enis, pod).equals(eni(enis, first)))
            .findFirst()
            .orElseThrow();
    remote =
        servers.stream().filter(pod -> pod.node().equals(other.name())).findFirst().orElseThrow();
    for (String host : List.of(Vpc.HOST, Vpc.INTERNET, Vpc.ON_PREMISES)) {
      exchange.serve(host);
    }
    label("second", second);
    label("further", further);
    label("remote", remote);
    cluster.apply(
        String.join(
            "---\n",
            clusterService("second", Exchange.PORT),
            clusterService("remote", Exchange.PORT),
            nodePortService("local-node-port", "further", "Local"),
            nodePortService("remote-node-port", "remote", "Cluster"),
            nodePortService("second-node-port", "second", "Cluster"),
            hostServer(image, node),
            clusterService(node.name(), HOST_SERVER),
            hostServer(image, other),
            clusterService(other.name(), HOST_SERVER),
            hostPort(image, node)));
    cluster.awaitReady("default", "flow-host", 3);
    await("every service has an endpoint")
        .atMost(SOON)
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> endpoints() == 7);
  }

  private static String eni(Map<String, String> enis, ClusterPods.One pod) {
    return enis.getOrDefault(pod.address(), "");
  }

  private long endpoints() {
    return cluster
        .kubectl(
            "get",
            "endpointslices",
            "-l",
            "flow",
            "-o",
            "jsonpath={range .items[*]}{.endpoints[?(@.conditions.ready==true)].addresses[0]}{\"\\n\"}{end}")
        .orThrow()
        .lines()
        .filter(line -> !line.isBlank())
        .count();
  }

  private void label(String role, ClusterPods.One pod) {
    cluster.kubectl("label", "--overwrite", "pod", pod.name(), "flow=" + role).orThrow();
  }

  private static String clusterService(String role, int target) {
    return service(role, role, "type: ClusterIP", target);
  }

  private static String nodePortService(String name, String role, String policy) {
    return service(name, role, "type: NodePort, externalTrafficPolicy: " + policy, Exchange.PORT);
  }

  private static String service(String name, String role, String kind, int target) {
    return """
        apiVersion: v1
        kind: Service
        metadata: {name: %s, labels: {flow: %1$s}}
        spec: {%s, selector: {flow: %s}, ports: [
          {name: tcp, protocol: TCP, port: %d, targetPort: %d},
          {name: udp, protocol: UDP, port: %4$d, targetPort: %5$d}]}
        """
        .formatted(name, kind, role, SERVICE_PORT, target);
  }

  private static String hostServer(String image, ClusterNode node) {
    return """
        apiVersion: v1
        kind: Pod
        metadata: {name: host-%s, labels: {flow: %1$s, flow-host: "1"}}
        spec:
          nodeName: %1$s
          hostNetwork: true
          terminationGracePeriodSeconds: 0
          containers: [{name: main, image: %s, imagePullPolicy: Never, command: [exchange, serve, "%d"]}]
        """
        .formatted(node.name(), image, HOST_SERVER);
  }

  private static String hostPort(String image, ClusterNode node) {
    return """
        apiVersion: v1
        kind: Pod
        metadata: {name: host-port, labels: {flow-host: "1"}}
        spec:
          nodeName: %s
          terminationGracePeriodSeconds: 0
          containers:
            - name: main
              image: %s
              imagePullPolicy: Never
              command: [exchange, serve, "%d"]
              ports: [{containerPort: %3$d, hostPort: %d}, {containerPort: %3$d, hostPort: %4$d, protocol: UDP}]
        """
        .formatted(node.name(), image, Exchange.PORT, HOST_PORT);
  }

  private String clusterAddress(String service) {
    return cluster.kubectl("get", "service", service, "-o", "jsonpath={.spec.clusterIP}").orThrow();
  }

  private int nodePort(String service, String protocol) {
    return Integer.parseInt(
        cluster
            .kubectl(
                "get",
                "service",
                service,
                "-o",
                "jsonpath={.spec.ports[?(@.name==\"" + protocol + "\")].nodePort}")
            .orThrow());
  }

  /** A pod that asks: the servers see one of these. */
  private void podSees(ClusterPods.One from, String to, int port, String... sources) {
    await(from.name() + " -> " + to + ":" + port)
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(pods.seen(from.name(), to, port))
                    .as("%s -> %s:%d over TCP and UDP", from.name(), to, port)
                    .hasSize(2)
                    .isSubsetOf(sources));
  }

  private static void hostSees(String netns, String to, int tcp, int udp, String... sources) {
    await(netns + " -> " + to + ":" + tcp)
        .atMost(SOON)
        .untilAsserted(
            () -> {
              assertThat(Exchange.tcp(netns, to, tcp))
                  .as("TCP from %s", netns)
                  .isIn((Object[]) sources);
              assertThat(Exchange.udp(netns, to, udp))
                  .as("UDP from %s", netns)
                  .isIn((Object[]) sources);
            });
  }

  private static void hostSees(String netns, String to, int port, String... sources) {
    hostSees(netns, to, port, port, sources);
  }

  private String nodeAddress() {
    return node.instance().address();
  }

  /** The addresses of the node: kube-proxy may masquerade with any. */
  private String[] nodeAddresses() {
    return node.run("hostname", "-I").orThrow().strip().split(" +", -1);
  }

  /** What becomes of each flow, by its name in the table: run one after the other. */
  Map<String, Runnable> all() {
    Map<String, Runnable> flows = new LinkedHashMap<>();
    String n = nodeAddress();
    String o = other.instance().address();
    int p = Exchange.PORT;
    flows.put(
        "F1 node -> pod",
        () -> {
          hostSees(node.name(), first.address(), p, n);
          hostSees(node.name(), further.address(), p, n);
        });
    flows.put("F2 pod -> node", () -> podSees(first, n, HOST_SERVER, first.address()));
    flows.put(
        "F3 pod -> pod, same ENI", () -> podSees(first, second.address(), p, first.address()));
    flows.put(
        "F4 pod -> pod, another ENI",
        () -> {
          podSees(first, further.address(), p, first.address());
          podSees(further, first.address(), p, further.address());
        });
    flows.put(
        "F5 pod -> pod, another node",
        () -> {
          podSees(first, remote.address(), p, first.address());
          podSees(remote, further.address(), p, remote.address());
        });
    flows.put(
        "F6 pod <-> host of the VPC",
        () -> {
          podSees(further, Vpc.HOST_ADDRESS, p, further.address());
          hostSees(Vpc.HOST, further.address(), p, Vpc.HOST_ADDRESS);
          podSees(first, o, HOST_SERVER, first.address());
        });
    flows.put("F7 pod -> internet", () -> podSees(further, Vpc.INTERNET_ADDRESS, p, n));
    flows.put(
        "F8 pod -> ClusterIP -> remote pod",
        () -> podSees(first, clusterAddress("remote"), SERVICE_PORT, n));
    flows.put(
        "F9 pod -> ClusterIP -> local pod",
        () -> podSees(first, clusterAddress("second"), SERVICE_PORT, first.address()));
    flows.put(
        "F9b pod -> ClusterIP -> itself",
        () -> podSees(second, clusterAddress("second"), SERVICE_PORT, nodeAddresses()));
    flows.put(
        "F10 pod -> ClusterIP -> host network, local and remote",
        () -> {
          podSees(first, clusterAddress(node.name()), SERVICE_PORT, first.address());
          podSees(first, clusterAddress(other.name()), SERVICE_PORT, n);
        });
    flows.put(
        "F11 client -> NodePort, policy Local",
        () -> {
          int tcp = nodePort("local-node-port", "tcp");
          int udp = nodePort("local-node-port", "udp");
          hostSees(Vpc.HOST, n, tcp, udp, Vpc.HOST_ADDRESS);
          hostSees(Vpc.ON_PREMISES, n, tcp, udp, Vpc.ON_PREMISES_ADDRESS);
        });
    flows.put(
        "F11b client -> NodePort, policy Cluster",
        () -> {
          for (String service : List.of("remote-node-port", "second-node-port")) {
            hostSees(
                Vpc.HOST, n, nodePort(service, "tcp"), nodePort(service, "udp"), nodeAddresses());
          }
        });
    flows.put("F12 client -> hostPort", () -> hostSees(Vpc.HOST, n, HOST_PORT, Vpc.HOST_ADDRESS));
    flows.put(
        "F12b node -> its own hostPort",
        () -> {
          hostSees(node.name(), n, HOST_PORT, n);
          hostSees(node.name(), "127.0.0.1", HOST_PORT, n);
        });
    flows.put(
        "F13 client from outside the VPC -> pod",
        () -> {
          for (ClusterPods.One pod : List.of(first, further)) {
            hostSees(Vpc.ON_PREMISES, pod.address(), p, Vpc.ON_PREMISES_ADDRESS);
            hostSees(Vpc.INTERNET, pod.address(), p, Vpc.INTERNET_ADDRESS);
          }
        });
    flows.put("F14 pod -> link-local services of the node", this::linkLocal);
    flows.put("API server <-> pod", this::apiServer);
    return flows;
  }

  private void linkLocal() {
    String podIdentity = "169.254.170.23";
    node.run("ip", "addr", "add", podIdentity + "/32", "dev", "lo").orThrow();
    try {
      podSees(first, podIdentity, HOST_SERVER, first.address());
      podSees(further, podIdentity, HOST_SERVER, further.address());
    } finally {
      node.run("ip", "addr", "del", podIdentity + "/32", "dev", "lo").orThrow();
    }
  }

  /** By its service, and back: kubectl exec goes by the kubelet, a proxied request to the pod. */
  private void apiServer() {
    Shell.Ran version =
        pods.exec(first.name(), "sh", "-c", "echo | busybox nc -w 5 10.96.0.1 443 && echo reached");
    assertThat(version.out()).as(version.err()).contains("reached");
    assertThat(Exchange.tcp(cluster.netns(), further.address(), Exchange.PORT))
        .as("the control plane is a host of the VPC")
        .isEqualTo(cluster.address());
  }

  @Override
  public void close() {
    exchange.close();
    cluster
        .kubectl("delete", "services,pods", "-l", "flow in (second,remote)", "--wait=false")
        .orThrow();
  }
}
