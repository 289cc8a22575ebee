package io.millpond.node.settings;

import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * The daemon's settings, validated. {@link KnownSettings} says what each means; the names here are
 * its groups.
 *
 * @param pool how many addresses are kept
 * @param cloud where and how ENIs are made
 * @param network what pods are given
 * @param kubernetes the cluster's API server
 * @param daemon the daemon itself
 * @param installation what is put where container runtimes look
 */
public record Settings(
    Pool pool,
    Cloud cloud,
    Network network,
    Kubernetes kubernetes,
    Daemon daemon,
    Installation installation) {

  /** Fixed in the plugin, whose environment is the runtime's. */
  private static final Path PLUGIN_RUN_DIR = Path.of("/run/millpond");

  /** How many addresses are kept, and when they are given back. */
  public record Pool(
      int warmEniTarget,
      Optional<Integer> warmIpTarget,
      Optional<Integer> minimumIpTarget,
      int maxEni,
      Duration cooldown,
      Duration releaseDelay,
      int firstEni,
      int maxPods) {

    /**
     * What makes these settings useless, with what helps.
     *
     * @param customNetwork whether an ENIConfig places ENIs, and the primary one is therefore the
     *     node's alone
     */
    public Optional<String> contradiction(boolean customNetwork) {
      if (maxEni == 0 || maxEni > (customNetwork ? 1 : firstEni)) {
        return Optional.empty();
      }
      String alone =
          customNetwork
              ? "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true"
              : "MILLPOND_FIRST_ENI=" + firstEni;
      return Optional.of(
          "MAX_ENI=%d with %s leaves no ENI for pods: raise MAX_ENI or set %s"
              .formatted(
                  maxEni,
                  alone,
                  customNetwork
                      ? "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=false"
                      : "MILLPOND_FIRST_ENI=0"));
    }
  }

  /**
   * Where and how ENIs are made.
   *
   * @param subnets of the default pool
   * @param securityGroups of ENIs for whose pool no others are named
   * @param pools those beside the default one
   * @param customNetwork whether the node's ENIConfig places the default pool's ENIs, instead of
   *     the above
   * @param eniConfigAnnotation key of the Node's annotation that names it
   * @param eniConfigLabel key of the Node's label that names it
   * @param cleaner whether this node may delete what ended instances of the cluster left behind
   */
  public record Cloud(
      Optional<String> clusterName,
      List<String> subnets,
      List<String> securityGroups,
      SortedMap<PoolName, NamedPool> pools,
      boolean customNetwork,
      String eniConfigAnnotation,
      String eniConfigLabel,
      boolean cleaner,
      Map<String, String> eniTags,
      Optional<URI> ec2Endpoint,
      URI metadataEndpoint,
      Duration checkPeriod) {}

  /** What pods are given. */
  public record Network(int mtu, List<Prefix> serviceCidrs, List<Prefix> extraRoutes) {}

  /**
   * The cluster's API server.
   *
   * @param endpoint its own address, where it is not to be found otherwise
   * @param readyAddresses that have to be usable before the node's taint goes
   */
  public record Kubernetes(
      KubernetesUse use,
      Optional<Path> kubeconfig,
      Optional<String> nodeName,
      Optional<URI> endpoint,
      int readyAddresses) {}

  /** The daemon itself. */
  public record Daemon(
      Duration addWait,
      Duration reconcilePeriod,
      int maxConnections,
      Path runDir,
      InetSocketAddress httpAddress,
      InetSocketAddress metricsAddress,
      Path sysctlDir,
      Optional<Path> probeSocket,
      LogLevel logLevel) {}

  /**
   * A pool beside the default one.
   *
   * @param subnets of its ENIs; of those, the node's zone's count
   * @param securityGroups of its ENIs; empty: those of the node's other ENIs
   * @param warmIpTarget free addresses to keep ready
   * @param minimumIpTarget addresses it always has
   */
  public record NamedPool(
      List<String> subnets, List<String> securityGroups, int warmIpTarget, int minimumIpTarget) {
    /** Copies the lists. */
    public NamedPool {
      subnets = List.copyOf(subnets);
      securityGroups = List.copyOf(securityGroups);
    }
  }

  /** What is put where container runtimes look. */
  public record Installation(Optional<Path> confDir, Optional<Path> binDir, Path conflist) {}

  /** Every setting at its default. */
  public static Settings defaults() {
    return read(new SettingValues(Map.of(), Map.of(), List.of()));
  }

  /**
   * @throws InvalidSettingsException with everything that is wrong
   */
  static Settings of(SettingValues values) throws InvalidSettingsException {
    Settings settings = read(values);
    List<String> errors = new ArrayList<>(values.errors());
    if (errors.isEmpty()) {
      errors.addAll(settings.contradictions());
    }
    if (!errors.isEmpty()) {
      throw new InvalidSettingsException(errors);
    }
    return settings;
  }

  private List<String> contradictions() {
    List<String> found = new ArrayList<>();
    pool.contradiction(cloud.customNetwork()).ifPresent(found::add);
    if (installation.binDir().isPresent() && !daemon.runDir().equals(PLUGIN_RUN_DIR)) {
      found.add(
          "MILLPOND_CNI_BIN_DIR=%s with MILLPOND_RUN_DIR=%s: the plugin looks for the daemon in %s alone; leave one of them out"
              .formatted(installation.binDir().get(), daemon.runDir(), PLUGIN_RUN_DIR));
    }
    return found;
  }

  private static Settings read(SettingValues values) {
    return new Settings(
        new Pool(
            values.get(KnownSettings.WARM_ENI_TARGET),
            values.find(KnownSettings.WARM_IP_TARGET),
            values.find(KnownSettings.MINIMUM_IP_TARGET),
            values.get(KnownSettings.MAX_ENI),
            values.get(KnownSettings.IP_COOLDOWN_PERIOD),
            values.get(KnownSettings.RELEASE_DELAY),
            values.get(KnownSettings.FIRST_ENI),
            values.get(KnownSettings.MAX_PODS)),
        new Cloud(
            values.find(KnownSettings.CLUSTER_NAME),
            values.get(KnownSettings.SUBNETS),
            values.get(KnownSettings.SECURITY_GROUPS),
            values.get(KnownSettings.POOLS),
            values.get(KnownSettings.CUSTOM_NETWORK),
            values.get(KnownSettings.ENI_CONFIG_ANNOTATION),
            values.get(KnownSettings.ENI_CONFIG_LABEL),
            values.get(KnownSettings.ENI_CLEANER),
            values.get(KnownSettings.ENI_TAGS),
            values.find(KnownSettings.EC2_ENDPOINT),
            values.get(KnownSettings.METADATA_ENDPOINT),
            values.get(KnownSettings.CLOUD_CHECK_PERIOD)),
        new Network(
            values.get(KnownSettings.MTU),
            values.get(KnownSettings.SERVICE_CIDRS),
            values.get(KnownSettings.EXTRA_ROUTES)),
        new Kubernetes(
            values.get(KnownSettings.KUBERNETES),
            values.find(KnownSettings.KUBECONFIG),
            values.find(KnownSettings.NODE_NAME),
            values.find(KnownSettings.CLUSTER_ENDPOINT),
            values.get(KnownSettings.READY_ADDRESSES)),
        new Daemon(
            values.get(KnownSettings.ADD_WAIT),
            values.get(KnownSettings.RECONCILE_PERIOD),
            values.get(KnownSettings.MAX_CONNECTIONS),
            values.get(KnownSettings.RUN_DIR),
            values.get(KnownSettings.HTTP_ADDRESS),
            values.get(KnownSettings.METRICS_ADDRESS),
            values.get(KnownSettings.SYSCTL_DIR),
            values.find(KnownSettings.PROBE_SOCKET),
            values.get(KnownSettings.LOG_LEVEL)),
        new Installation(
            values.find(KnownSettings.CNI_CONF_DIR),
            values.find(KnownSettings.CNI_BIN_DIR),
            values.get(KnownSettings.CONFLIST)));
  }
}
