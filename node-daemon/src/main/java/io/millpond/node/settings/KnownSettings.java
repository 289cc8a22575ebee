package io.millpond.node.settings;

import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Every setting there is. Names without our prefix are those that users of Amazon EKS know from the
 * AWS VPC CNI, with the same meaning.
 */
public final class KnownSettings {
  private static final List<Setting<?>> COLLECTED = new ArrayList<>();

  /** Of a label or an annotation: a domain, a slash, a name; or a name alone. */
  private static final Pattern LABEL_KEY =
      Pattern.compile(
          "([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?");

  // The pool.
  static final Setting<Integer> WARM_ENI_TARGET =
      setting(
          "WARM_ENI_TARGET",
          SettingType.number(0, 128),
          "1",
          "Whole ENIs' worth of free addresses to keep. Ignored when WARM_IP_TARGET or"
              + " MINIMUM_IP_TARGET is set.");
  static final Setting<Integer> WARM_IP_TARGET =
      setting(
          "WARM_IP_TARGET",
          SettingType.number(0, 8192),
          null,
          "Free addresses to keep ready; 0 is not set.");
  static final Setting<Integer> MINIMUM_IP_TARGET =
      setting(
          "MINIMUM_IP_TARGET",
          SettingType.number(0, 8192),
          null,
          "Addresses the node always has, used or free; 0 is not set.");
  static final Setting<Integer> MAX_ENI =
      setting(
          "MAX_ENI",
          SettingType.number(0, 128),
          "0",
          "ENIs the node may have, the primary one included; 0 or more than the instance type"
              + " allows means the type's limit.");
  static final Setting<Duration> IP_COOLDOWN_PERIOD =
      setting(
          "IP_COOLDOWN_PERIOD",
          SettingType.duration(Duration.ZERO, Duration.ofHours(1)),
          "30s",
          "How long a released address rests before another pod gets it, so that all nodes forget"
              + " the old pod.");
  static final Setting<Duration> RELEASE_DELAY =
      setting(
          "MILLPOND_RELEASE_DELAY",
          SettingType.duration(Duration.ZERO, Duration.ofHours(24)),
          "180s",
          "How long there must be too many addresses before some are given back to EC2.");
  static final Setting<Integer> FIRST_ENI =
      setting(
          "MILLPOND_FIRST_ENI",
          SettingType.number(0, 1),
          "0",
          "Device index of the first ENI that pods may use: 1 keeps the primary ENI for the node"
              + " alone.");
  static final Setting<Integer> MAX_PODS =
      setting(
          "MILLPOND_MAX_PODS",
          SettingType.number(0, 1000),
          "0",
          "Addresses a pool has at most, so that no more are kept than pods can use; 0 means as"
              + " many as the node's ENIs can have.");

  // EC2.
  static final Setting<String> CLUSTER_NAME =
      setting(
          "CLUSTER_NAME",
          SettingType.text("cluster name", Pattern.compile("[0-9A-Za-z][0-9A-Za-z_-]{0,99}")),
          null,
          "The cluster's name: tags ENIs with it, and chooses subnets tagged for it.");
  static final Setting<List<String>> SUBNETS =
      setting(
          "MILLPOND_SUBNETS",
          SettingType.texts("subnet ids", PoolsText.SUBNET),
          "",
          "Subnets for new ENIs; empty means those of the node's zone that are tagged for it, else"
              + " the primary ENI's.");
  static final Setting<List<String>> SECURITY_GROUPS =
      setting(
          "MILLPOND_SECURITY_GROUPS",
          SettingType.texts("security group ids", PoolsText.GROUP),
          "",
          "Security groups of new ENIs; empty means those of the primary ENI.");
  static final Setting<SortedMap<PoolName, Settings.NamedPool>> POOLS =
      setting(
          "MILLPOND_POOLS",
          SettingType.POOLS,
          "",
          "Further pools, whose ENIs stand in other subnets or have other security groups: a"
              + " network's key pool names the one that its addresses come from.");
  static final Setting<Boolean> CUSTOM_NETWORK =
      setting(
          "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
          SettingType.FLAG,
          "false",
          "Whether the node's ENIConfig object says where new ENIs are made, in place of MILLPOND_SUBNETS and MILLPOND_SECURITY_GROUPS. The primary ENI is the node's alone then, as with MILLPOND_FIRST_ENI=1.");
  static final Setting<String> ENI_CONFIG_ANNOTATION =
      setting(
          "ENI_CONFIG_ANNOTATION_DEF",
          SettingType.text("key of an annotation", LABEL_KEY),
          "k8s.amazonaws.com/eniConfig",
          "The annotation of the Node that names its ENIConfig; it comes before the label.");
  static final Setting<String> ENI_CONFIG_LABEL =
      setting(
          "ENI_CONFIG_LABEL_DEF",
          SettingType.text("key of a label", LABEL_KEY),
          "k8s.amazonaws.com/eniConfig",
          "The label of the Node that names its ENIConfig, such as topology.kubernetes.io/zone; without it the one called default counts.");
  static final Setting<Boolean> ENI_CLEANER =
      setting(
          "MILLPOND_ENI_CLEANER",
          SettingType.FLAG,
          "true",
          "Whether this node may be the one that deletes, for its whole cluster, ENIs that ended instances left behind. Needs CLUSTER_NAME and Kubernetes.");
  static final Setting<Map<String, String>> ENI_TAGS =
      setting("MILLPOND_ENI_TAGS", SettingType.PAIRS, "", "Tags for new ENIs, beside our own.");
  static final Setting<URI> EC2_ENDPOINT =
      setting(
          "AWS_ENDPOINT_URL_EC2", SettingType.URL, null, "Another EC2 endpoint than the region's.");
  static final Setting<URI> METADATA_ENDPOINT =
      setting(
          "AWS_EC2_METADATA_SERVICE_ENDPOINT",
          SettingType.URL,
          "http://169.254.169.254",
          "The instance metadata service.");

  // The pods' network.
  static final Setting<Integer> MTU =
      setting(
          "AWS_VPC_ENI_MTU",
          SettingType.number(1280, 9001),
          "9001",
          "MTU of the pods and of the ENIs that millpond adds. The primary ENI keeps the one it"
              + " has, and no pod gets more than its ENI; a network's own key mtu comes first for"
              + " pods.");
  static final Setting<List<Prefix>> SERVICE_CIDRS =
      setting(
          "MILLPOND_SERVICE_CIDRS",
          SettingType.PREFIXES,
          "",
          "The cluster's service addresses, which pods reach through the node; empty means those"
              + " that the cluster says (docs/kubernetes.md).");
  static final Setting<List<Prefix>> EXTRA_ROUTES =
      setting(
          "MILLPOND_EXTRA_ROUTES",
          SettingType.PREFIXES,
          "",
          "Networks beside the VPC's own that pods reach through their ENI with their own address"
              + " (peered VPCs, on-premises).");

  // Kubernetes.
  static final Setting<KubernetesUse> KUBERNETES =
      setting(
          "MILLPOND_KUBERNETES",
          SettingType.oneOf(KubernetesUse.class),
          "auto",
          "Whether the cluster's API server is used: auto means yes where KUBECONFIG is set or the"
              + " daemon runs in a pod with a service account.");
  static final Setting<Path> KUBECONFIG =
      setting(
          "KUBECONFIG",
          SettingType.PATH,
          null,
          "The file that says where the API server is and with which credentials; not set: the"
              + " pod's service account.");
  static final Setting<String> NODE_NAME =
      setting(
          "MY_NODE_NAME",
          SettingType.text(
              "name of a Node", Pattern.compile("[0-9a-z]([0-9a-z.-]{0,251}[0-9a-z])?")),
          null,
          "The name of this machine's Node object; not set: its host name in lower case, as the"
              + " kubelet has it.");
  static final Setting<URI> CLUSTER_ENDPOINT =
      setting(
          "CLUSTER_ENDPOINT",
          SettingType.URL,
          null,
          "The API server's own address, which needs no kube-proxy; not set: that of KUBECONFIG, or"
              + " the service that a pod finds in its environment.");
  static final Setting<Integer> READY_ADDRESSES =
      setting(
          "MILLPOND_READY_ADDRESSES",
          SettingType.number(0, 1000),
          "1",
          "Addresses that have to be usable before the taint millpond.io/not-ready is taken from"
              + " the Node; fewer where the node cannot have so many.");

  // The daemon.
  static final Setting<Duration> ADD_WAIT =
      setting(
          "MILLPOND_ADD_WAIT",
          SettingType.duration(Duration.ZERO, Duration.ofSeconds(55)),
          "45s",
          "How long an ADD waits for an address before it fails with code 11. Below the 60 s that"
              + " the plugin waits.");
  static final Setting<Duration> RECONCILE_PERIOD =
      setting(
          "MILLPOND_RECONCILE_PERIOD",
          SettingType.duration(Duration.ofSeconds(1), Duration.ofHours(1)),
          "30s",
          "How often everything of ours in the kernel is compared with what it should be.");
  static final Setting<Duration> CLOUD_CHECK_PERIOD =
      setting(
          "MILLPOND_CLOUD_CHECK_PERIOD",
          SettingType.duration(Duration.ofSeconds(5), Duration.ofHours(24)),
          "60s",
          "How often the instance metadata is compared with what the pool knows; only a difference"
              + " is asked of EC2.");
  static final Setting<Integer> MAX_CONNECTIONS =
      setting(
          "MILLPOND_MAX_CONNECTIONS",
          SettingType.number(8, 4096),
          "512",
          "Requests of plugins worked on or waiting at once; more wait in the socket's backlog.");
  static final Setting<Path> RUN_DIR =
      setting(
          "MILLPOND_RUN_DIR",
          SettingType.PATH,
          "/run/millpond",
          "Directory of the sockets, the lock and the spool.");
  static final Setting<Path> CNI_CONF_DIR =
      setting(
          "MILLPOND_CNI_CONF_DIR",
          SettingType.PATH,
          null,
          "Directory of network configurations, such as /etc/cni/net.d: 10-millpond.conflist is"
              + " written there once pods can be attached. Not set: nothing is written.");
  static final Setting<Path> CNI_BIN_DIR =
      setting(
          "MILLPOND_CNI_BIN_DIR",
          SettingType.PATH,
          null,
          "Directory of CNI plugins, such as /opt/cni/bin: the plugin of the daemon's own version"
              + " is put there once pods can be attached. Not set: nothing is written.");
  static final Setting<Path> CONFLIST =
      setting(
          "MILLPOND_CONFLIST",
          SettingType.PATH,
          "/etc/millpond/10-millpond.conflist",
          "A network configuration of your own to be written into MILLPOND_CNI_CONF_DIR, with"
              + " plugins behind millpond for instance; where there is no such file, the one that"
              + " comes with millpond.");
  static final Setting<InetSocketAddress> HTTP_ADDRESS =
      setting(
          "MILLPOND_HTTP_ADDRESS",
          SettingType.ADDRESS_AND_PORT,
          "127.0.0.1:61681",
          "Where the page and the read-only HTTP listen.");
  static final Setting<InetSocketAddress> METRICS_ADDRESS =
      setting(
          "MILLPOND_METRICS_ADDRESS",
          SettingType.ADDRESS_AND_PORT,
          ":61680",
          "Where Prometheus metrics are served.");
  static final Setting<Path> SYSCTL_DIR =
      setting(
          "MILLPOND_SYSCTL_DIR",
          SettingType.PATH,
          "/proc/sys/net",
          "Directory of the kernel's network settings. In a container /proc/sys is read-only: the node's /proc/sys/net is mounted elsewhere, and this says where.");
  static final Setting<Path> PROBE_SOCKET =
      setting(
          "MILLPOND_PROBE_SOCKET",
          SettingType.PATH,
          null,
          "Unix socket on which this daemon alone, also while it stands by, tells millpond-probe how it is. Not set: none.");
  static final Setting<LogLevel> LOG_LEVEL =
      setting(
          "MILLPOND_LOG_LEVEL",
          SettingType.oneOf(LogLevel.class),
          "info",
          "How much is logged: only errors, also warnings, also what happened to pods, also how.");

  private KnownSettings() {}

  /** All of them, in the order in which people should read them. */
  public static List<Setting<?>> all() {
    return Collections.unmodifiableList(COLLECTED);
  }

  private static <T> Setting<T> setting(
      String environment, SettingType<T> type, @Nullable String defaultText, String description) {
    Setting<T> setting = new Setting<>(environment, type, defaultText, description);
    COLLECTED.add(setting);
    return setting;
  }
}
