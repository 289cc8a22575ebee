package io.millpond.e2e;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The pods of one scenario on a node; all of them go with it. */
final class Pods implements AutoCloseable {
  private final List<Pod> pods = new ArrayList<>();
  private final Node node;

  Pods(Node node) {
    this.node = node;
  }

  /**
   * A node that has three addresses and no more, all of them free, with its daemon at work.
   *
   * @param settings beside those that make it so
   */
  static Node nodeOfThree(Vpc vpc, String name, Map<String, String> settings) {
    Map<String, String> all = new HashMap<>(settings);
    all.put("WARM_IP_TARGET", "3");
    all.put("MAX_ENI", "1");
    Node node = vpc.launch(name, "t3.small", Vpc.SUBNET_1, all);
    node.start().awaitSize(3, 1);
    return node;
  }

  /** A pod with an address. */
  Pod added(String name) {
    Pod pod = namespace(name);
    String ignored = pod.mustAdd();
    return pod;
  }

  /** The address of the pod of this name. */
  String address(String name) {
    return pods.stream().filter(pod -> pod.name().equals(name)).findFirst().orElseThrow().address();
  }

  /** A namespace that has no address yet. */
  Pod namespace(String name) {
    return namespace(name, Pod.CONFIGURATION);
  }

  /** The same for a network of this configuration. */
  Pod namespace(String name, String configuration) {
    Pod pod = new Pod(node, name, configuration);
    pods.add(pod);
    return pod;
  }

  /** Removes them, from a node that may have lost its daemon, and waits until nobody rests. */
  void closeAndRest(int free) {
    close();
    if (node.pid() == 0) {
      node.start();
    }
    node.awaitPool("nobody rests", pool -> pool.at("/counts/free").asInt() == free);
  }

  @Override
  public void close() {
    pods.forEach(Pod::close);
    pods.clear();
  }
}
