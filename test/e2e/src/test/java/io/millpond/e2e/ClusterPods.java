package io.millpond.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Pods of a cluster as its API server knows them. */
final class ClusterPods {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Cluster cluster;

  ClusterPods(Cluster cluster) {
    this.cluster = cluster;
  }

  /**
   * A pod.
   *
   * @param address empty as long as it has none
   * @param ready whether it serves, and is not about to end
   */
  record One(String name, String node, String address, boolean ready) {}

  /** Those that a selector chooses. */
  List<One> of(String namespace, String selector) {
    List<One> pods = new ArrayList<>();
    for (JsonNode pod : list("-n", namespace, "-l", selector)) {
      pods.add(one(pod));
    }
    return pods;
  }

  /** Those on nodes, of all namespaces, that are not in their node's network. */
  List<One> withNetworkOfTheirOwn() {
    List<One> pods = new ArrayList<>();
    for (JsonNode pod : list("-A", "--field-selector=spec.nodeName!=")) {
      if (!pod.at("/spec/hostNetwork").asBoolean()) {
        pods.add(one(pod));
      }
    }
    return pods;
  }

  private JsonNode list(String... choice) {
    List<String> words = new ArrayList<>(List.of("get", "pods", "-o", "json"));
    words.addAll(List.of(choice));
    try {
      return JSON.readTree(cluster.kubectl(words.toArray(String[]::new)).orThrow()).at("/items");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static One one(JsonNode pod) {
    return new One(
        pod.at("/metadata/name").asText(),
        pod.at("/spec/nodeName").asText(),
        pod.at("/status/podIP").asText(),
        ready(pod) && pod.at("/metadata/deletionTimestamp").isMissingNode());
  }

  private static boolean ready(JsonNode pod) {
    for (JsonNode condition : pod.at("/status/conditions")) {
      if (condition.at("/type").asText().equals("Ready")) {
        return condition.at("/status").asText().equals("True");
      }
    }
    return false;
  }

  /** Runs a program in a pod of the default namespace. */
  Shell.Ran exec(String pod, String... command) {
    List<String> words = new ArrayList<>(List.of("exec", pod, "--"));
    words.addAll(List.of(command));
    return cluster.kubectl(words.toArray(String[]::new));
  }

  /** The source address that a server saw over TCP, and over UDP; or what went wrong. */
  List<String> seen(String pod, String address, int port) {
    Shell.Ran ran =
        exec(
            pod,
            "sh",
            "-c",
            "for p in tcp udp; do exchange $p %s %d || echo none; done".formatted(address, port));
    return ran.status() == 0 ? ran.out().lines().toList() : List.of(ran.out() + ran.err());
  }
}
