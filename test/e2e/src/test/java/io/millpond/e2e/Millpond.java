package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** millpond as an administrator installs it: its own image and chart, by Helm. */
final class Millpond {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PAGES = 61681;
  private static final Duration HELM = Duration.ofMinutes(5);

  /** Chooses the daemon's pods. */
  static final String SELECTOR = "app.kubernetes.io/name=millpond";

  private static final String RELEASE = "millpond";
  private static final String NAMESPACE = "kube-system";

  private final Cluster cluster;

  Millpond(Cluster cluster) {
    this.cluster = cluster;
  }

  /** The archive of the image that was built for this run. */
  static Path image() {
    return Path.of(Given.ofCluster("MILLPOND_IMAGE_ARCHIVE"));
  }

  /** {@code helm install} with these settings of the daemon; returns when every node is ready. */
  void install(Map<String, String> settings) {
    Map<String, String> all = new HashMap<>(settings);
    all.put("AWS_ENDPOINT_URL_EC2", "http://169.254.169.1:8000");
    all.put("CLUSTER_NAME", "test");
    List<String> command =
        new ArrayList<>(
            List.of(
                Given.ofCluster("MILLPOND_HELM") + "/helm",
                "--kubeconfig",
                cluster.kubeconfig().toString(),
                "install",
                RELEASE,
                Vpc.ROOT.resolve("deploy/chart").toAbsolutePath().normalize().toString(),
                "-n",
                NAMESPACE));
    all.forEach(
        (name, value) -> command.addAll(List.of("--set-string", "env." + name + "=" + value)));
    cluster.outside(HELM, command.toArray(String[]::new)).orThrow();
    cluster.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=110s").orThrow();
  }

  /** Waits until every daemon is of the version that was asked for last, and serves. */
  void awaitRolledOut() {
    await("the update is everywhere")
        .atMost(Duration.ofMinutes(8))
        .pollInterval(Duration.ofSeconds(2))
        .until(
            () ->
                cluster
                        .kubectl(
                            "rollout",
                            "status",
                            "daemonset/" + RELEASE,
                            "-n",
                            NAMESPACE,
                            "--timeout=5s")
                        .status()
                    == 0);
  }

  /** The pool as the daemon of a node shows it. */
  JsonNode pool(ClusterNode node) {
    try {
      return JSON.readTree(Page.get(node.name(), PAGES, "/v1/pool").orThrow());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Which ENI has which address, on all nodes. */
  Map<String, String> enis() {
    Map<String, String> enis = new HashMap<>();
    for (ClusterNode node : cluster.nodes()) {
      for (JsonNode eni : pool(node).at("/enis")) {
        for (JsonNode address : eni.at("/addresses")) {
          enis.put(address.at("/ip").asText(), eni.at("/id").asText());
        }
      }
    }
    return enis;
  }
}
