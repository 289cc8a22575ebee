package io.millpond.node.kubernetes;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.millpond.node.settings.KubernetesUse;
import io.millpond.node.settings.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Finds out whether there is a cluster, where its API server is, and who the daemon is there. */
public final class ClusterAccess {
  /**
   * Where every pod with a service account finds it (Kubernetes, "Accessing the API from a Pod").
   */
  private static final Path SERVICE_ACCOUNT =
      Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

  private static final int CONNECT_MILLIS = 5_000;
  private static final int REQUEST_MILLIS = 10_000;

  /** More than any token or certificate bundle has, in octets. */
  private static final long LARGEST_FILE = 1 << 20;

  private final Settings.Kubernetes settings;
  private final Map<String, String> environment;
  private final Path serviceAccount;

  /** What was found. */
  public sealed interface Found {}

  /** A cluster; whether it answers is not known. The receiver closes it. */
  public record Usable(Cluster cluster) implements Found {}

  /** The daemon runs without Kubernetes, as it should. */
  public record NotUsed(String reason) implements Found {}

  /** Kubernetes should be used and cannot be: for people, with what helps. */
  public record Unusable(String reason, String remedy) implements Found {}

  /**
   * For this process.
   *
   * @param environment of the process: in a pod it says where the API server's service is
   */
  public ClusterAccess(Settings.Kubernetes settings, Map<String, String> environment) {
    this(settings, environment, SERVICE_ACCOUNT);
  }

  /**
   * For a service account that stands elsewhere.
   *
   * @param serviceAccount the directory of its {@code token} and {@code ca.crt}
   */
  public ClusterAccess(
      Settings.Kubernetes settings, Map<String, String> environment, Path serviceAccount) {
    this.settings = settings;
    this.environment = Map.copyOf(environment);
    this.serviceAccount = serviceAccount;
  }

  /** Looks at files and the environment alone; asks nobody. */
  public Found find() {
    if (settings.use() == KubernetesUse.OFF) {
      return new NotUsed("MILLPOND_KUBERNETES=off");
    }
    try {
      if (settings.kubeconfig().isPresent()) {
        return usable(fromKubeconfig(settings.kubeconfig().get()));
      }
      if (Files.exists(token())) {
        return usable(fromServiceAccount());
      }
    } catch (IOException | KubernetesClientException | IllegalArgumentException e) {
      return new Unusable(
          "Kubernetes cannot be used: " + reason(e),
          "correct KUBECONFIG or the pod's service account and start the daemon again");
    }
    return settings.use() == KubernetesUse.ON
        ? new Unusable(
            "MILLPOND_KUBERNETES=on, but KUBECONFIG is not set and there is no " + token(),
            "set KUBECONFIG, or run the daemon in a pod with a service account, and start it again")
        : new NotUsed("KUBECONFIG is not set and there is no " + token());
  }

  private static String reason(Exception e) {
    Throwable cause = e.getCause();
    return cause == null || cause.getMessage() == null
        ? String.valueOf(e.getMessage())
        : e.getMessage() + " (" + cause.getMessage() + ")";
  }

  private Found usable(ConfigBuilder config) throws IOException {
    settings.endpoint().map(URI::toString).ifPresent(config::withMasterUrl);
    return new Usable(
        Cluster.open(
            config
                .withAutoConfigure(false)
                .withHttp2Disable(true)
                .withConnectionTimeout(CONNECT_MILLIS)
                .withRequestTimeout(REQUEST_MILLIS)
                .withRequestRetryBackoffLimit(0)
                .withWatchReconnectLimit(0)
                .withUserAgent("millpond")
                .build(),
            nodeName()));
  }

  private static ConfigBuilder fromKubeconfig(Path file) throws IOException {
    bounded(file);
    Config read = Config.fromKubeconfig(file.toFile());
    if (read.getCurrentContext() == null) {
      throw new IOException(file + " has no current context");
    }
    return new ConfigBuilder(read);
  }

  private ConfigBuilder fromServiceAccount() throws IOException {
    Path authority = serviceAccount.resolve("ca.crt");
    bounded(token());
    bounded(authority);
    if (!Files.readString(authority).contains("-----BEGIN CERTIFICATE-----")) {
      // The JVM's own authorities would be trusted instead, which know nothing of the cluster.
      throw new IOException(authority + " has no certificate");
    }
    // The kubelet writes a new token long before the old one ends.
    return new ConfigBuilder(Config.empty())
        .withMasterUrl(service())
        .withCaCertFile(authority.toString())
        .withOauthTokenProvider(this::readToken);
  }

  private Path token() {
    return serviceAccount.resolve("token");
  }

  private String readToken() {
    try {
      bounded(token());
      return Files.readString(token()).strip();
    } catch (IOException e) {
      throw new UncheckedIOException("the service account's token cannot be read: " + token(), e);
    }
  }

  private static void bounded(Path file) throws IOException {
    if (!Files.isReadable(file)) {
      throw new IOException(file + " cannot be read");
    }
    if (Files.size(file) > LARGEST_FILE) {
      throw new IOException(file + " has more than " + LARGEST_FILE + " octets");
    }
  }

  private String service() throws IOException {
    if (settings.endpoint().isPresent()) {
      return settings.endpoint().get().toString();
    }
    String host = environment.getOrDefault("KUBERNETES_SERVICE_HOST", "");
    String port = environment.getOrDefault("KUBERNETES_SERVICE_PORT", "443");
    if (host.isEmpty()) {
      throw new IOException(
          "neither CLUSTER_ENDPOINT nor KUBERNETES_SERVICE_HOST says where the API server is");
    }
    String address = host.contains(":") ? "[" + host + "]" : host;
    return URI.create("https://" + address + ":" + port).toString();
  }

  private String nodeName() throws IOException {
    Optional<String> given = settings.nodeName();
    try {
      return given.isPresent()
          ? given.get()
          : InetAddress.getLocalHost().getHostName().strip().toLowerCase(Locale.ROOT);
    } catch (UnknownHostException e) {
      throw new IOException("MY_NODE_NAME is not set and this machine has no name", e);
    }
  }
}
