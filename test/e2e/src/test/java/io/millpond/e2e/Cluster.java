package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A Kubernetes cluster in a VPC: nodes with containerd, kubelet and kube-proxy on instances, and
 * one that stands for the control plane, which runs outside of the machine ({@code
 * test/e2e/with-cluster}). What gives pods their network is somebody else's to install.
 */
final class Cluster implements AutoCloseable {
  /** What a test writes here before a cluster starts is there on its nodes. */
  static final Path SEEN_BY_NODES = Path.of("/srv");

  private static final Duration STARTED = Duration.ofMinutes(5);
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /**
   * The link between the machine and the control plane; both ends' addresses are with-cluster's.
   */
  private static final String LINK = "outside";

  private static final String NEAR = "192.168.99.2/24";
  private static final String FAR = "192.168.99.1";

  private final Vpc vpc;
  private final Programs programs;
  private final Path directory;
  private final Vpc.Instance control;
  private final Outside outside;
  private final List<ClusterNode> nodes = new ArrayList<>();

  /**
   * What strangers built, and the scripts in {@code test/peers} print the place of.
   *
   * @param kubernetes all programs of Kubernetes that are used
   * @param images archives
   */
  record Programs(Path kubernetes, Path images) {
    /** Those of this run; without them the test is skipped, and says so. */
    static Programs find() {
      return new Programs(
          Path.of(Given.ofCluster("MILLPOND_KUBERNETES_PROGRAMS")),
          Path.of(Given.ofCluster("MILLPOND_CLUSTER_IMAGES")));
    }

    /** The name of an image. */
    String image(String kind) {
      try {
        return Files.readAllLines(images.resolve("names")).stream()
            .filter(line -> line.startsWith(kind + "="))
            .map(line -> line.substring(kind.length() + 1))
            .findFirst()
            .orElseThrow();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Starts it; its nodes are ready once they have a network.
   *
   * @param sizes instance types by node name
   */
  Cluster(Vpc vpc, Map<String, String> sizes, ClusterNode.Proxy proxy, List<Path> images) {
    this.vpc = vpc;
    this.programs = Programs.find();
    this.directory = Path.of(Given.ofCluster("MILLPOND_CLUSTER"));
    this.control =
        vpc.instance(
            "control", "t3.medium", Vpc.SUBNET_1, Given.ofCluster("MILLPOND_CLUSTER_ADDRESS"));
    this.outside = new Outside(control.name());
    try {
      join();
      String subnet = Vpc.SUBNET_1;
      for (Map.Entry<String, String> node : sizes.entrySet()) {
        Vpc.Instance instance = vpc.instance(node.getKey(), node.getValue(), subnet);
        nodes.add(
            new ClusterNode(
                instance,
                programs,
                directory.resolve("kubeconfig-" + node.getKey()),
                proxy,
                images));
        subnet = Vpc.SUBNET_2;
      }
      for (ClusterNode node : nodes) {
        await(node.name() + " is known to the cluster")
            .atMost(STARTED)
            .pollInterval(Duration.ofSeconds(1))
            .until(
                () -> {
                  node.mustRun();
                  return kubectl("get", "node", node.name()).status() == 0;
                });
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * The machine's network interface becomes the instance's, which passes on what is for the API
   * server.
   */
  private void join() {
    String device =
        Shell.run("sh", "-c", "basename $(dirname /sys/class/net/*/device)").orThrow().strip();
    for (String step :
        List.of(
            "ip link set %s down".formatted(device),
            "ip link set %s name %s".formatted(device, LINK),
            "ip link set %s netns /run/netns/%s".formatted(LINK, control.name()))) {
      Shell.run("sh", "-c", step).orThrow();
    }
    Shell.in(
            control.name(),
            "sh",
            "-euc",
            """
            ip addr add %s dev %s
            ip link set %2$s up
            sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
            nft -f - << 'RULES'
            table ip control {
              chain before { type nat hook prerouting priority -100; ip daddr %s tcp dport 6443 dnat to %s; }
              chain after { type nat hook postrouting priority 100; ip saddr %4$s masquerade; }
            }
            RULES
            """
                .formatted(NEAR, LINK, control.address(), FAR))
        .orThrow();
  }

  /** The namespace of the control plane, a plain host of the VPC. */
  String netns() {
    return control.name();
  }

  /** The address of the control plane in the VPC. */
  String address() {
    return control.address();
  }

  /** Sends the API server a signal: STOP and CONT make it not answer for a while. */
  void apiServer(String signal) {
    outside(
            LIMIT,
            "sh",
            "-c",
            "kill -%s $(cat %s/kube-apiserver.process)".formatted(signal, directory))
        .orThrow();
  }

  /** Where an administrator finds the API server. */
  Path kubeconfig() {
    return directory.resolve("kubeconfig");
  }

  Programs programs() {
    return programs;
  }

  List<ClusterNode> nodes() {
    return List.copyOf(nodes);
  }

  /** Asks or tells the API server. */
  Shell.Ran kubectl(String... words) {
    return kubectlWith("", words);
  }

  private Shell.Ran kubectlWith(String input, String... words) {
    List<String> command =
        new ArrayList<>(
            List.of(
                programs.kubernetes().resolve("kubectl").toString(),
                "--kubeconfig",
                kubeconfig().toString()));
    command.addAll(List.of(words));
    return outside.run(input, LIMIT, command);
  }

  /** Runs a program beside the control plane. */
  Shell.Ran outside(Duration limit, String... command) {
    return outside.run("", limit, List.of(command));
  }

  /** Creates or changes objects. */
  void apply(String yaml) {
    kubectlWith(yaml, "apply", "-f", "-").orThrow();
  }

  /** Waits until every pod that a selector chooses is ready, and there are so many. */
  void awaitReady(String namespace, String selector, int pods) {
    await("%d pods %s are ready".formatted(pods, selector))
        .atMost(STARTED)
        .pollInterval(Duration.ofMillis(500))
        .until(
            () -> {
              List<ClusterPods.One> all = new ClusterPods(this).of(namespace, selector);
              return all.size() == pods && all.stream().allMatch(ClusterPods.One::ready);
            });
  }

  /** What each node's programs have written last, for whoever wonders why. */
  String logs() {
    return nodes.stream().map(ClusterNode::logs).collect(Collectors.joining());
  }

  @Override
  public void close() {
    nodes.forEach(ClusterNode::close);
    nodes.forEach(node -> vpc.terminate(node.instance()));
    vpc.terminate(control);
  }
}
