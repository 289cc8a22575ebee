package io.millpond.node.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.node.kubernetes.Backoff;
import io.millpond.node.kubernetes.Cluster;
import io.millpond.node.kubernetes.ObjectWatch;
import io.millpond.node.kubernetes.Requests;
import io.millpond.node.threads.Threads;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has {@link NodePolicy} and {@link NodePlacement} know what the API server says, and says in the
 * Node's annotation what came of it. Three watches: the node itself (its metadata), policies, and
 * with custom networking ENIConfigs.
 */
public final class ClusterSettings implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ClusterSettings.class);

  static final String POLICIES = "/apis/millpond.io/v1alpha1/warmpoolpolicies";
  private static final String ENI_CONFIGS = "/apis/crd.k8s.amazonaws.com/v1alpha1/eniconfigs";
  static final String NODES = "/api/v1/nodes";

  /** A change of policy is reported within this time, so that 2,000 nodes do not write at once. */
  public static final Duration SPREAD = Duration.ofMinutes(1);

  private final Requests requests;
  private final String node;
  private final NodePolicy policy;
  private final NodePlacement placement;
  private final Duration spread;
  private final List<ObjectWatch<?>> watches = new ArrayList<>();
  private final Map<String, String> unreadable = new ConcurrentHashMap<>();
  private final Thread reporter =
      Thread.ofPlatform().daemon().name("policy-report").unstarted(this::report);

  /** The node's annotation as it was last seen; null: the node is not known, or has none. */
  private @Nullable String reported;

  private boolean nodeSeen;
  private boolean policyChanged;

  /**
   * Ready to watch.
   *
   * @param spread within which a change is reported
   */
  public ClusterSettings(
      Cluster cluster, NodePolicy policy, NodePlacement placement, Duration spread) {
    this.requests = new Requests(cluster);
    this.node = cluster.nodeName();
    this.policy = policy;
    this.placement = placement;
    this.spread = spread;
    watches.add(
        new ObjectWatch<>(
            cluster,
            new ObjectWatch.Kind<>(
                NODES, Map.of("fieldSelector", "metadata.name=" + node), true, NodeSeen::of),
            new OfNode()));
    watches.add(
        new ObjectWatch<>(
            cluster, new ObjectWatch.Kind<>(POLICIES, Map.of(), false, o -> o), new OfPolicies()));
    if (placement.inUse()) {
      watches.add(
          new ObjectWatch<>(
              cluster,
              new ObjectWatch.Kind<>(ENI_CONFIGS, Map.of(), false, o -> o),
              new OfEniConfigs()));
    }
  }

  /** What counts of a Node. */
  record NodeSeen(String name, Map<String, String> labels, Map<String, String> annotations) {
    static NodeSeen of(JsonNode object) {
      JsonNode metadata = object.path("metadata");
      return new NodeSeen(
          metadata.path("name").asText(""),
          texts(metadata.path("labels")),
          texts(metadata.path("annotations")));
    }

    private static Map<String, String> texts(JsonNode map) {
      Map<String, String> texts = new TreeMap<>();
      map.properties().forEach(one -> texts.put(one.getKey(), one.getValue().asText("")));
      return texts;
    }
  }

  private final class OfNode implements ObjectWatch.Listener<NodeSeen> {
    @Override
    public void listed(List<NodeSeen> all) {
      readable("the node " + node);
      all.forEach(this::changed);
    }

    @Override
    public void changed(NodeSeen seen) {
      policy.labels(seen.labels());
      placement.node(seen.labels(), seen.annotations());
      seen(Optional.ofNullable(seen.annotations().get(PolicyReport.ANNOTATION)));
      changedPolicy();
    }

    /** It comes back when the kubelet registers again; until then what was known stays. */
    @Override
    public void gone(NodeSeen seen) {}

    @Override
    public void unreadable(int status, String why) {
      refused(status, "the node " + node, why, "get, list and watch of nodes");
    }
  }

  private final class OfPolicies implements ObjectWatch.Listener<JsonNode> {
    @Override
    public void listed(List<JsonNode> all) {
      readable("WarmPoolPolicies");
      policy.replace(all);
      changedPolicy();
    }

    @Override
    public void changed(JsonNode one) {
      policy.put(one);
      changedPolicy();
    }

    @Override
    public void gone(JsonNode one) {
      policy.remove(one.path("metadata").path("name").asText(""));
      changedPolicy();
    }

    @Override
    public void unreadable(int status, String why) {
      if (status == 404) {
        // No such kind: nobody wants policies here.
        policy.replace(List.of());
        changedPolicy();
      }
      refused(
          status, "WarmPoolPolicies", why, "get, list and watch of warmpoolpolicies.millpond.io");
    }
  }

  private final class OfEniConfigs implements ObjectWatch.Listener<JsonNode> {
    @Override
    public void listed(List<JsonNode> all) {
      placement.replace(all);
    }

    @Override
    public void changed(JsonNode one) {
      placement.put(one);
    }

    @Override
    public void gone(JsonNode one) {
      placement.remove(one.path("metadata").path("name").asText(""));
    }

    @Override
    public void unreadable(int status, String why) {
      if (status == 404) {
        placement.unreadable(
            "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true, but the cluster has no ENIConfigs (definition eniconfigs.crd.k8s.amazonaws.com): install it, which EKS has, and make one for each zone; or set it to false");
      } else if (status == 401 || status == 403) {
        placement.unreadable(
            "ENIConfigs cannot be read: "
                + why
                + "; allow get, list and watch of eniconfigs.crd.k8s.amazonaws.com to the daemon's service account");
      }
    }
  }

  private void readable(String what) {
    unreadable.remove(what);
  }

  /** That the server is away is no finding: it comes back by itself. */
  private void refused(int status, String what, String why, String right) {
    if (status == 401 || status == 403) {
      unreadable.put(
          what,
          "%s cannot be read, so that no WarmPoolPolicy is in force here: %s; allow %s to the daemon's service account"
              .formatted(what, why, right));
    }
  }

  /** Begins. */
  public void start() {
    watches.forEach(ObjectWatch::start);
    reporter.start();
  }

  /**
   * Waits until it is known what is to be in force, so that a node does not begin with other
   * settings.
   *
   * @return false if it is not known after this time: the node begins with its own
   */
  public boolean await(Duration time) throws InterruptedException {
    long deadline = System.nanoTime() + time.toNanos();
    while (!policy.known()) {
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      Thread.sleep(20);
    }
    return true;
  }

  /** What only an administrator can put right. */
  public List<String> findings() {
    return Stream.of(policy.findings(), placement.findings(), unreadable.values())
        .flatMap(Collection::stream)
        .toList();
  }

  private synchronized void seen(Optional<String> annotation) {
    reported = annotation.orElse(null);
    nodeSeen = true;
  }

  private synchronized void changedPolicy() {
    policyChanged = true;
    notifyAll();
  }

  private void report() {
    Backoff backoff =
        new Backoff(
            Duration.ofSeconds(5),
            Duration.ofMinutes(5),
            () -> ThreadLocalRandom.current().nextDouble());
    try {
      while (true) {
        awaitDifference();
        Thread.sleep(ThreadLocalRandom.current().nextLong(spread.toMillis() + 1));
        if (write()) {
          backoff.reset();
        } else {
          Thread.sleep(backoff.next());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void awaitDifference() throws InterruptedException {
    while (!policyChanged || !nodeSeen || !policy.known() || Objects.equals(wanted(), reported)) {
      policyChanged = false;
      wait();
    }
  }

  private @Nullable String wanted() {
    return PolicyReport.of(policy.inForce()).map(PolicyReport::text).orElse(null);
  }

  /** Whether it was written; if not, it is tried again. */
  private boolean write() throws InterruptedException {
    String wanted = wanted();
    ObjectNode patch = JsonNodeFactory.instance.objectNode();
    patch.putObject("metadata").putObject("annotations").put(PolicyReport.ANNOTATION, wanted);
    try {
      Requests.Answer answer = requests.mergePatch(NODES + "/" + node, patch);
      if (answer.ok()) {
        seen(Optional.ofNullable(wanted));
        return true;
      }
      log.warn(
          "the node's annotation {} cannot be written: {}", PolicyReport.ANNOTATION, answer.why());
    } catch (IOException e) {
      log.info(
          "the node's annotation {} is not written yet: {}",
          PolicyReport.ANNOTATION,
          e.getMessage());
    }
    return false;
  }

  @Override
  public void close() {
    reporter.interrupt();
    watches.forEach(ObjectWatch::close);
    Threads.end(reporter);
  }
}
