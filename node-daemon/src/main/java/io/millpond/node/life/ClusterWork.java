package io.millpond.node.life;

import io.millpond.node.cleaner.ClusterDuties;
import io.millpond.node.cleaner.Duty;
import io.millpond.node.cleaner.EniSweep;
import io.millpond.node.cleaner.LeaseObject;
import io.millpond.node.cloud.Cloud;
import io.millpond.node.http.Metrics;
import io.millpond.node.kubernetes.Cluster;
import io.millpond.node.kubernetes.Requests;
import io.millpond.node.policy.ClusterSettings;
import io.millpond.node.policy.NodePlacement;
import io.millpond.node.policy.NodePolicy;
import io.millpond.node.policy.PolicyStatuses;
import io.millpond.node.settings.Settings;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the daemon takes from the cluster's API server for itself, its settings, and what it does
 * for the whole cluster when it is elected. Nothing that serves pods waits for it, but for {@link
 * #steer}.
 */
public final class ClusterWork implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ClusterWork.class);

  /**
   * An API server that is well says within this time which settings are to be in force; without it
   * the node begins with its own, so that its pods come up.
   */
  private static final Duration FIRST_SETTINGS = Duration.ofSeconds(3);

  private final Settings settings;
  private final Requests requests;
  private final String node;
  private final NodePolicy policy;
  private final NodePlacement placement;
  private final ClusterSettings watches;
  private volatile @Nullable ClusterDuties duties;
  private volatile long began;

  /** Ready to begin. */
  public ClusterWork(Settings settings, Cluster cluster, NodePlacement placement) {
    this(settings, cluster, placement, ClusterSettings.SPREAD);
  }

  ClusterWork(Settings settings, Cluster cluster, NodePlacement placement, Duration spread) {
    this.settings = settings;
    this.requests = new Requests(cluster);
    this.node = cluster.nodeName();
    this.placement = placement;
    this.policy = new NodePolicy(settings.pool(), settings.cloud().customNetwork());
    this.watches = new ClusterSettings(cluster, policy, placement, spread);
  }

  /** Begins to watch. */
  void start() {
    began = System.nanoTime();
    watches.start();
  }

  /**
   * Has a node that has not started yet follow the cluster's settings; waits a moment until they
   * are known.
   */
  void steer(NodeCore core) throws InterruptedException {
    policy.tell(core::adopt);
    placement.whenChanged(core::placedElsewhere);
    // EC2 has been asked meanwhile.
    if (!watches.await(FIRST_SETTINGS.minusNanos(System.nanoTime() - began))) {
      log.warn(
          "the API server has not said within {} s which WarmPoolPolicy selects this node: it begins with its own settings",
          FIRST_SETTINGS.toSeconds());
    }
  }

  /** Stands for election. */
  void serve(Cloud cloud, String run, Metrics metrics) {
    List<Duty> all = new ArrayList<>();
    all.add(new PolicyStatuses(requests, Clock.systemUTC()));
    if (settings.cloud().cleaner() && settings.cloud().clusterName().isPresent()) {
      all.add(new EniSweep(cloud, metrics));
    } else {
      log.info(
          "this node does not delete ENIs that ended instances left behind: {}",
          settings.cloud().cleaner() ? "CLUSTER_NAME is not set" : "MILLPOND_ENI_CLEANER=false");
    }
    ClusterDuties standing =
        new ClusterDuties(new LeaseObject(requests, Clock.systemUTC()), node + "_" + run, all);
    duties = standing;
    standing.start();
    metrics.gauge(
        "millpond_cluster_duties",
        "1 on the node that has the lease of the cluster's duties.",
        () -> standing.elected() ? 1 : 0);
    metrics.gauges(
        "millpond_warm_pool_policy",
        "The WarmPoolPolicy that counts on this node: 1 in force, 0 refused.",
        "policy",
        () -> counting(policy.inForce()));
    metrics.gauge(
        "millpond_warm_pool_policies_overridden",
        "Other WarmPoolPolicies that select this node and have no effect here.",
        () -> policy.inForce().overridden().size());
  }

  private static Map<String, Integer> counting(NodePolicy.InForce now) {
    return now.policy()
        .map(name -> Map.of(name, now.refusal().isEmpty() ? 1 : 0))
        .orElseGet(Map::of);
  }

  /** What only an administrator can put right. */
  List<String> findings() {
    ClusterDuties standing = duties;
    return Stream.concat(
            watches.findings().stream(),
            standing == null ? Stream.of() : standing.findings().stream())
        .toList();
  }

  /** What is in force. */
  NodePolicy.InForce policy() {
    return policy.inForce();
  }

  /** Where ENIs are made. */
  NodePlacement placement() {
    return placement;
  }

  @Override
  public void close() {
    ClusterDuties standing = duties;
    if (standing != null) {
      standing.close();
    }
    watches.close();
  }
}
