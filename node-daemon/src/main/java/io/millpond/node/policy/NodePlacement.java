package io.millpond.node.policy;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.eni.EniPlacement;
import io.millpond.eni.EniPool;
import io.millpond.node.settings.Settings;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where new ENIs of the default pool are made: where the node's {@code ENIConfig} says, or nowhere
 * as long as that is not known, because an ENI in a wrong subnet is worse than a pod that waits.
 * Without custom networking, where the settings say. What was known stays while the API server is
 * away. Safe for any thread.
 */
public final class NodePlacement implements Supplier<EniPlacement> {
  private static final Logger log = LoggerFactory.getLogger(NodePlacement.class);

  private final Settings.Cloud settings;
  private final EniConfigs configs = new EniConfigs();
  private boolean listed;
  private @Nullable String unlisted;
  private @Nullable Map<String, String> labels;
  private Map<String, String> annotations = Map.of();
  private volatile EniPlacement placement;
  private volatile @Nullable Runnable changed;

  /**
   * For a node.
   *
   * @param settings whether there is custom networking, and which keys name the ENIConfig
   * @param kubernetes why there is no API server to ask; empty: there is one
   */
  public NodePlacement(Settings.Cloud settings, Optional<String> kubernetes) {
    this.settings = settings;
    this.placement =
        !settings.customNetwork()
            ? EniPlacement.AS_CONFIGURED
            : new EniPlacement.Nowhere(
                kubernetes
                    .map(
                        why ->
                            "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true needs Kubernetes: "
                                + why
                                + "; set it to false, or give the daemon access to the API server")
                    .orElse(
                        "the node's ENIConfig is not known yet: the API server has not said; look at /readyz for why"));
  }

  /** Who hears that it has changed, on the thread that told; must not block. */
  public void whenChanged(Runnable listener) {
    changed = listener;
  }

  /** Whether ENIConfigs count at all. */
  public boolean inUse() {
    return settings.customNetwork();
  }

  @Override
  public EniPlacement get() {
    return placement;
  }

  /** The node's labels and annotations, first or changed. */
  public synchronized void node(Map<String, String> itsLabels, Map<String, String> itsAnnotations) {
    labels = Map.copyOf(itsLabels);
    annotations = Map.copyOf(itsAnnotations);
    judge();
  }

  /** These are all ENIConfigs. */
  public synchronized void replace(Collection<JsonNode> objects) {
    configs.replace(objects);
    listed = true;
    unlisted = null;
    judge();
  }

  /** An ENIConfig is new or has changed. */
  public synchronized void put(JsonNode object) {
    configs.put(object);
    judge();
  }

  /** An ENIConfig is gone. */
  public synchronized void remove(String name) {
    configs.remove(name);
    judge();
  }

  /**
   * The API server has no such objects, or does not let this node read them.
   *
   * @param why with what helps
   */
  public synchronized void unreadable(String why) {
    unlisted = why;
    judge();
  }

  /** What is wrong, for people. */
  public List<String> findings() {
    return inUse() && placement instanceof EniPlacement.Nowhere(String why)
        ? List.of("no ENI is made: " + why)
        : List.of();
  }

  private void judge() {
    Map<String, String> mine = labels;
    if (!inUse() || mine == null) {
      return;
    }
    EniPlacement now;
    String why = unlisted;
    if (!listed) {
      if (why == null) {
        return;
      }
      now = new EniPlacement.Nowhere(why);
    } else {
      now =
          switch (configs.of(
              EniConfigs.named(
                  mine, annotations, settings.eniConfigAnnotation(), settings.eniConfigLabel()))) {
            case EniConfigs.Chosen(EniConfigs.Named named, EniConfigs.Place place) ->
                new EniPlacement.In(
                    new EniPool(List.of(place.subnet()), place.securityGroups()),
                    "ENIConfig \"%s\" (%s)".formatted(named.name(), named.source()));
            case EniConfigs.Missing(EniConfigs.Named _, String missing) ->
                new EniPlacement.Nowhere(missing);
          };
    }
    if (now.equals(placement)) {
      return;
    }
    placement = now;
    switch (now) {
      case EniPlacement.In(EniPool place, String source) ->
          log.info(
              "new ENIs are made in {} with security groups {}, as {} says; those that are there stay",
              place.subnets().getFirst(),
              place.securityGroups().isEmpty() ? "of the primary ENI" : place.securityGroups(),
              source);
      case EniPlacement.Nowhere(String what) -> log.warn("no ENI is made: {}", what);
      case EniPlacement.AsConfigured _ -> {}
    }
    Runnable listener = changed;
    if (listener != null) {
      listener.run();
    }
  }
}
