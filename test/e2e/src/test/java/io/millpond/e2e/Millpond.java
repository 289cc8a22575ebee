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
import org.junit.jupiter.api.Assumptions;

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
    String value = System.getenv("MILLPOND_IMAGE_ARCHIVE");
    Assumptions.assumeTrue(
        value != null, "needs MILLPOND_IMAGE_ARCHIVE: ./verify --only kubernetes builds it");
    return Path.of(String.valueOf(value));
  }

  /** {@code helm install} with these settings of the daemon; returns when every node is ready. */
  void install(Map<String, String> settings) {
    List<String> words = new ArrayList<>(List.of("install", RELEASE, chart(), "-n", NAMESPACE));
    words.addAll(values(settings));
    helm(words);
    cluster.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=110s").orThrow();
  }

  /** {@code helm uninstall}. */
  void uninstall() {
    helm(List.of("uninstall", RELEASE, "-n", NAMESPACE, "--wait"));
  }

  /** {@code helm upgrade} to another version of the same image; returns at once. */
  void upgrade(String tag, Map<String, String> settings) {
    List<String> words = new ArrayList<>(List.of("upgrade", RELEASE, chart(), "-n", NAMESPACE));
    words.addAll(List.of("--set-string", "image.tag=" + tag));
    words.addAll(values(settings));
    helm(words);
  }

  /** {@code helm rollback} to the version before; returns at once. */
  void rollback() {
    helm(List.of("rollback", RELEASE, "-n", NAMESPACE));
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

  private static String chart() {
    return Vpc.ROOT.resolve("deploy/chart").toAbsolutePath().normalize().toString();
  }

  private static List<String> values(Map<String, String> settings) {
    List<String> words = new ArrayList<>();
    Map<String, String> all = new HashMap<>(settings);
    all.put("AWS_ENDPOINT_URL_EC2", "http://169.254.169.1:8000");
    all.put("CLUSTER_NAME", "test");
    all.forEach(
        (name, value) -> words.addAll(List.of("--set-string", "env." + name + "=" + value)));
    return words;
  }

  private void helm(List<String> words) {
    String programs = System.getenv("MILLPOND_HELM");
    Assumptions.assumeTrue(
        programs != null, "needs MILLPOND_HELM: ./verify --only kubernetes builds it");
    List<String> command =
        new ArrayList<>(
            List.of(programs + "/helm", "--kubeconfig", cluster.kubeconfig().toString()));
    command.addAll(words);
    cluster.outside(HELM, command.toArray(String[]::new)).orThrow();
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

  /** How many addresses of a node are in this state. */
  int count(ClusterNode node, String state) {
    return pool(node).at("/counts/" + state).asInt();
  }
}
