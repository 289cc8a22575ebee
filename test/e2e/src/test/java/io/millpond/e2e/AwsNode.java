package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A node with amazon-vpc-cni-k8s as it is: its daemon and its plugin, unmodified. There can be one
 * at a time in a mount namespace, because its socket has a fixed place.
 */
final class AwsNode implements CniNode {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path RUN = Path.of("/var/run/aws-node");
  private static final Duration READY = Duration.ofMinutes(2);
  private static final Duration FILLED = Duration.ofMinutes(3);

  /** What the plugin's chart sets. */
  static final String CONFIGURATION =
      """
      {"cniVersion": "1.0.0", "name": "aws-cni", "type": "aws-cni", "vethPrefix": "eni", "mtu": "9001",
       "podSGEnforcingMode": "strict", "pluginLogFile": "/dev/null", "pluginLogLevel": "ERROR"}
      """;

  private final Vpc vpc;
  private final String netns;
  private final String instanceId;
  private final Path programs;
  private final Path log;
  private final Process api;
  private final Map<String, String> settings;
  private final Path plugin;
  private @Nullable Process daemon;

  /** An instance of this type, known to the cluster as one with room for this many pods. */
  AwsNode(
      Vpc vpc, ApiServer server, String name, String type, int pods, Map<String, String> settings) {
    try {
      this.vpc = vpc;
      this.netns = name;
      this.settings = settings;
      this.programs = Path.of(System.getenv("MILLPOND_AWS_PROGRAMS"));
      Path home = Files.createTempDirectory("aws-node");
      this.log = home.resolve("log");
      // What is started often is started from memory.
      this.plugin =
          Files.copy(
              programs.resolve("aws-cni"),
              home.resolve("aws-cni"),
              java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
      this.instanceId = vpc.instance(name, type, Vpc.SUBNET_1).id();
      this.api = server.reachableIn(name);
      describe(server, pods);
      // What the kubelet and the chart's init container set on a node.
      Shell.in(name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.eth0.rp_filter=2")
          .orThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The objects that the daemon wants to find: its node and its own pod. */
  private void describe(ApiServer server, int pods) {
    server.create(
        "/api/v1/nodes", "{\"kind\": \"Node\", \"metadata\": {\"name\": \"%s\"}}".formatted(netns));
    server.patchStatus(
        "/api/v1/nodes/" + netns,
        "{\"status\": {\"capacity\": {\"pods\": \"%d\"}, \"allocatable\": {\"pods\": \"%1$d\"}}}"
            .formatted(pods));
    server.create(
        "/api/v1/namespaces/kube-system/serviceaccounts",
        "{\"metadata\": {\"name\": \"%s\"}}".formatted(netns));
    server.create(
        "/api/v1/namespaces/kube-system/pods",
        """
        {"metadata": {"name": "%s"}, "spec": {"nodeName": "%1$s", "hostNetwork": true,
         "serviceAccountName": "%1$s", "automountServiceAccountToken": false,
         "containers": [{"name": "aws-node", "image": "none"}]}}
        """
            .formatted(netns));
  }

  /** The kind of objects that its chart brings; once in a cluster. */
  static void prepare(ApiServer server) {
    server.create(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        """
        {"metadata": {"name": "eniconfigs.crd.k8s.amazonaws.com"},
         "spec": {"scope": "Cluster", "group": "crd.k8s.amazonaws.com",
          "names": {"plural": "eniconfigs", "singular": "eniconfig", "kind": "ENIConfig"},
          "versions": [{"name": "v1alpha1", "served": true, "storage": true,
           "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}
        """);
  }

  @Override
  public AwsNode start() {
    String key = vpc.get("/v1/instances/" + instanceId).at("/accessKeyId").asText();
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("ENABLE_IPv4", "true");
    environment.put("AWS_REGION", "eu-central-1");
    environment.put("AWS_ACCESS_KEY_ID", key);
    environment.put("AWS_SECRET_ACCESS_KEY", "secret");
    environment.put("AWS_EC2_ENDPOINT", "http://169.254.169.1:8000");
    environment.put("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254");
    environment.put("MY_NODE_NAME", netns);
    environment.put("MY_POD_NAME", netns);
    environment.put("CLUSTER_NAME", "test");
    environment.put("CLUSTER_ENDPOINT", ApiServer.URL);
    environment.put("KUBECONFIG", ApiServer.kubeconfig().toString());
    environment.put("AWS_VPC_K8S_CNI_LOG_FILE", "stderr");
    environment.put("AWS_VPC_K8S_CNI_LOGLEVEL", "DEBUG");
    daemon =
        Shell.start(
            environment,
            log,
            List.of(
                "nsenter",
                "--net=/run/netns/" + netns,
                programs.resolve("aws-k8s-agent").toString()));
    Process started = daemon;
    await("the AWS daemon serves")
        .atMost(READY)
        .pollInterval(Duration.ofMillis(200))
        .until(
            () -> {
              if (!started.isAlive()) {
                throw new AssertionError("the AWS daemon ended: " + log());
              }
              return enis().status() == 0;
            });
    return this;
  }

  private Shell.Ran enis() {
    return Page.get(netns, 61679, "/v1/enis");
  }

  @Override
  public int addresses() {
    try {
      return JSON.readTree(enis().orThrow()).at("/0/TotalIPs").asInt();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until its pool has so many addresses. */
  void awaitAddresses(int atLeast) {
    await(atLeast + " addresses of the AWS daemon")
        .atMost(FILLED)
        .pollInterval(Duration.ofMillis(300))
        .until(() -> addresses() >= atLeast);
  }

  @Override
  public String netns() {
    return netns;
  }

  @Override
  public String instanceId() {
    return instanceId;
  }

  Path plugin() {
    return plugin;
  }

  @Override
  public long pid() {
    return daemon == null ? 0 : daemon.pid();
  }

  /** What the daemon has logged. */
  String log() {
    try {
      return Files.exists(log) ? Files.readString(log) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lines of the log that complain. */
  List<String> complaints() {
    return log()
        .lines()
        .filter(
            line ->
                line.startsWith("{\"level\":\"warn")
                    || line.startsWith("{\"level\":\"error")
                    || !line.startsWith("{"))
        .collect(Collectors.toList());
  }

  @Override
  public Shell.Ran plugin(String verb, String pod) {
    Map<String, String> environment = new HashMap<>(Node.variables(verb, pod, "/run/netns/" + pod));
    environment.merge("CNI_ARGS", ";K8S_POD_INFRA_CONTAINER_ID=" + pod, String::concat);
    return Shell.run(
        environment, CONFIGURATION, "nsenter", "--net=/run/netns/" + netns, plugin.toString());
  }

  /** Ends the daemon; asked politely it would take half a minute. */
  @Override
  public void kill() {
    if (daemon != null) {
      Process killed = daemon.destroyForcibly();
      await().atMost(Duration.ofSeconds(20)).until(() -> !killed.isAlive());
    }
  }

  @Override
  public void close() {
    kill();
    Shell.stop(api);
    vpc.send("DELETE", "/v1/instances/" + instanceId, "");
    Shell.run("rm", "-rf", RUN.toString()).orThrow();
  }
}
