package io.millpond.node.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster's service addresses: those of the settings; else those of the cluster's ServiceCIDR
 * objects; else, while the API server does not say or in a cluster that has no such objects (before
 * Kubernetes 1.33), the default range of EKS or kubeadm that the API server's own service is the
 * first address of. Safe for any thread.
 */
public final class ServiceCidrs implements Supplier<List<Prefix>> {
  private static final String PATH = "/apis/networking.k8s.io/v1/servicecidrs?limit=100";

  /** Kubernetes allows no range that is larger than a /12; nobody's traffic is to be misled. */
  private static final int SHORTEST = 8;

  /** Ranges that installers give clusters: EKS (both), kubeadm. */
  private static final List<Prefix> DEFAULTS =
      List.of(
          Prefix.parse("10.100.0.0/16"),
          Prefix.parse("172.20.0.0/16"),
          Prefix.parse("10.96.0.0/12"));

  private static final Logger log = LoggerFactory.getLogger(ServiceCidrs.class);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final List<Prefix> configured;
  private volatile List<Prefix> known;
  private volatile @Nullable String trouble;

  /**
   * Nothing has been asked.
   *
   * @param configured of the settings; if there are any, nothing else counts
   * @param environment of the process: in a pod it names the API server's service
   */
  public ServiceCidrs(List<Prefix> configured, Map<String, String> environment) {
    this.configured = List.copyOf(configured);
    this.known =
        configured.isEmpty()
            ? guess(environment.getOrDefault("KUBERNETES_SERVICE_HOST", ""))
            : this.configured;
  }

  /** As far as they are known. */
  @Override
  public List<Prefix> get() {
    return known;
  }

  /** Whether the API server is to be asked. */
  boolean areOpen() {
    return configured.isEmpty();
  }

  /** What an administrator should know. */
  public Optional<String> finding() {
    String why = trouble;
    return !areOpen() || (why == null && !known.isEmpty())
        ? Optional.empty()
        : Optional.of(
            "the cluster's service addresses are "
                + (known.isEmpty()
                    ? "not known, and pods cannot reach services"
                    : "guessed as " + known)
                + ": "
                + (why == null ? "nothing says what they are" : why)
                + "; set MILLPOND_SERVICE_CIDRS");
  }

  /**
   * Asks.
   *
   * @throws IOException if the API server does not say; what was known stays
   */
  void ask(ApiServer server) throws IOException, InterruptedException {
    ApiServer.Reply reply;
    try {
      reply = server.get(PATH);
      if (reply.code() == 404) {
        trouble = known.isEmpty() ? "this cluster has no ServiceCIDR objects" : null;
        return;
      }
      if (!reply.successful()) {
        throw new IOException("the API server says " + reply.code() + " of ServiceCIDR objects");
      }
    } catch (IOException e) {
      trouble = e.getMessage();
      throw e;
    }
    List<Prefix> now = read(reply.body());
    if (now.isEmpty()) {
      trouble = "the cluster's ServiceCIDR objects have no IPv4 range";
      throw new IOException(trouble);
    }
    if (!now.equals(known)) {
      log.info("the cluster's service addresses are {} (before: {})", now, known);
      known = now;
    }
    trouble = null;
  }

  private static List<Prefix> read(byte[] body) throws IOException {
    TreeSet<Prefix> found = new TreeSet<>();
    for (JsonNode item : JSON.readTree(body).path("items")) {
      for (JsonNode cidr : item.path("spec").path("cidrs")) {
        try {
          Prefix prefix = Prefix.parse(cidr.asText());
          if (prefix.address().isIpv4() && prefix.length() >= SHORTEST) {
            found.add(prefix);
          }
        } catch (IllegalArgumentException e) {
          throw new IOException("a ServiceCIDR has no range: " + e.getMessage(), e);
        }
      }
    }
    return List.copyOf(found);
  }

  private static List<Prefix> guess(String host) {
    try {
      IpAddress address = IpAddress.parse(host);
      // The first of the primary range is the API server's service (Kubernetes, "Service
      // ClusterIP allocation").
      return DEFAULTS.stream()
          .filter(range -> range.contains(address))
          .filter(range -> Prefix.containing(address, 31).address().equals(range.address()))
          .limit(1)
          .toList();
    } catch (IllegalArgumentException e) {
      return List.of();
    }
  }
}
