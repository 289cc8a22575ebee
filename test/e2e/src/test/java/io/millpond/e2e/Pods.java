package io.millpond.e2e;

import java.util.ArrayList;
import java.util.List;

/** The pods of one scenario on a node; all of them go with it. */
final class Pods implements AutoCloseable {
  private final List<Pod> pods = new ArrayList<>();
  private final Node node;

  Pods(Node node) {
    this.node = node;
  }

  /** A pod with an address. */
  Pod added(String name) {
    Pod pod = namespace(name);
    String ignored = pod.mustAdd();
    return pod;
  }

  /** A namespace that has no address yet. */
  Pod namespace(String name) {
    Pod pod = new Pod(node, name);
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
