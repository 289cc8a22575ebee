package io.millpond.eni;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The instance metadata service, version 2: a token by PUT, then GETs with it. Costs no EC2
 * request; lags behind EC2. Thread-safe.
 */
public final class InstanceMetadata {
  private static final String TOKEN_HEADER = "X-aws-ec2-metadata-token";
  private static final String MACS = "meta-data/network/interfaces/macs/";
  private static final int BODY_LIMIT = 256 * 1024;
  private static final Duration TOKEN_LIFE = Duration.ofHours(1);

  private final URI endpoint;
  private final int timeoutMillis;
  private @Nullable String token;
  private long tokenUntil;

  /**
   * @param endpoint {@code http://169.254.169.254} on EC2
   * @param timeout for connecting, and again for every answer
   */
  public InstanceMetadata(URI endpoint, Duration timeout) {
    OneRequest.perCall();
    this.endpoint = endpoint;
    this.timeoutMillis = (int) timeout.toMillis();
  }

  /**
   * A value below {@code /latest/}.
   *
   * @return empty if there is none (404)
   * @throws IOException if the service does not answer, or refuses
   */
  public Optional<String> get(String path) throws IOException {
    for (int attempt = 0; ; attempt++) {
      String token = token();
      HttpURLConnection connection = open("/latest/" + path);
      connection.setRequestProperty(TOKEN_HEADER, token);
      Answer answer = ask(connection);
      int status = answer.status();
      if (status == 200) {
        return Optional.of(answer.body());
      }
      if (status == 404) {
        return Optional.empty();
      }
      forgetToken();
      if (status != 401 || attempt > 0) {
        throw new IOException("instance metadata " + path + ": HTTP status " + status);
      }
    }
  }

  /** As {@link #get}, of a value that every instance has. */
  public String require(String path) throws IOException {
    return get(path)
        .map(String::trim)
        .orElseThrow(() -> new IOException("instance metadata has no " + path));
  }

  private synchronized String token() throws IOException {
    if (token == null || System.nanoTime() - tokenUntil > 0) {
      HttpURLConnection connection = open("/latest/api/token");
      connection.setRequestMethod("PUT");
      connection.setRequestProperty(
          "X-aws-ec2-metadata-token-ttl-seconds", Long.toString(TOKEN_LIFE.toSeconds()));
      Answer answer = ask(connection);
      if (answer.status() != 200) {
        throw new IOException("instance metadata gives no token: HTTP status " + answer.status());
      }
      token = answer.body();
      tokenUntil = System.nanoTime() + TOKEN_LIFE.minusMinutes(5).toNanos();
    }
    return token;
  }

  private synchronized void forgetToken() {
    token = null;
  }

  private HttpURLConnection open(String path) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) endpoint.resolve(path).toURL().openConnection(Proxy.NO_PROXY);
    connection.setConnectTimeout(timeoutMillis);
    connection.setReadTimeout(timeoutMillis);
    connection.setInstanceFollowRedirects(false);
    connection.setUseCaches(false);
    return connection;
  }

  /** What was answered; the body only of a success. */
  private record Answer(int status, String body) {}

  /**
   * Asks, and closes the connection: one whose answer is not read to its end (a 404) would stay
   * open until the garbage collector finds it.
   */
  private static Answer ask(HttpURLConnection connection) throws IOException {
    try {
      int status = connection.getResponseCode();
      return new Answer(status, status == 200 ? body(connection) : "");
    } finally {
      connection.disconnect();
    }
  }

  private static String body(HttpURLConnection connection) throws IOException {
    try (InputStream in = connection.getInputStream()) {
      byte[] octets = in.readNBytes(BODY_LIMIT + 1);
      if (octets.length > BODY_LIMIT) {
        throw new IOException("instance metadata sent more than 256 KiB");
      }
      return new String(octets, UTF_8);
    }
  }

  /**
   * Who this instance is.
   *
   * @throws IOException if the service does not answer
   * @throws IllegalArgumentException if something is not of its form
   */
  public InstanceIdentity identity() throws IOException {
    MacAddress mac = MacAddress.parse(require("meta-data/mac"));
    String primary = MACS + mac + "/";
    return new InstanceIdentity(
        require("meta-data/instance-id"),
        require("meta-data/instance-type"),
        require("meta-data/placement/region"),
        require("meta-data/placement/availability-zone"),
        IpAddress.parse(require("meta-data/local-ipv4")),
        mac,
        require(primary + "vpc-id"),
        require(primary + "subnet-id"),
        lines(require(primary + "security-group-ids")),
        prefixes(primary + "vpc-ipv4-cidr-blocks"));
  }

  private List<Prefix> prefixes(String path) throws IOException {
    return lines(require(path)).stream().map(Prefix::parse).toList();
  }

  private static List<String> lines(String text) {
    return text.lines().map(String::trim).filter(line -> !line.isEmpty()).toList();
  }

  /**
   * The ENIs that the service shows.
   *
   * @throws IOException if it does not answer
   * @throws IllegalArgumentException if something is not of its form
   */
  public List<CloudEni> enis() throws IOException {
    List<CloudEni> enis = new ArrayList<>();
    for (String line : lines(require(MACS))) {
      eni(MacAddress.parse(line.replaceFirst("/$", ""))).ifPresent(enis::add);
    }
    return enis;
  }

  /**
   * The prefixes of the subnets in which the ENIs stand that the service shows, by the subnet's id.
   *
   * @throws IOException if it does not answer
   * @throws IllegalArgumentException if something is not of its form
   */
  public Map<String, Prefix> subnets() throws IOException {
    Map<String, Prefix> subnets = new HashMap<>();
    for (String line : lines(require(MACS))) {
      String base = MACS + MacAddress.parse(line.replaceFirst("/$", "")) + "/";
      Optional<String> id = get(base + "subnet-id");
      Optional<String> prefix = get(base + "subnet-ipv4-cidr-block");
      if (id.isPresent() && prefix.isPresent()) {
        subnets.put(id.get().strip(), Prefix.parse(prefix.get().strip()));
      }
    }
    return subnets;
  }

  /** Empty if it is being attached or detached at this moment: then some of it is missing. */
  private Optional<CloudEni> eni(MacAddress mac) throws IOException {
    String base = MACS + mac + "/";
    Optional<String> id = get(base + "interface-id");
    Optional<String> device = get(base + "device-number");
    Optional<String> subnet = get(base + "subnet-ipv4-cidr-block");
    List<String> addresses = lines(get(base + "local-ipv4s").orElse(""));
    if (id.isEmpty() || device.isEmpty() || subnet.isEmpty() || addresses.isEmpty()) {
      return Optional.empty();
    }
    List<IpAddress> all = addresses.stream().map(IpAddress::parse).toList();
    int card = get(base + "network-card").map(c -> Integer.parseInt(c.strip())).orElse(0);
    return Optional.of(
        new CloudEni(
            new EniId(id.get().strip()),
            new DeviceIndex(card, Integer.parseInt(device.get().strip())),
            mac,
            all.getFirst(),
            Prefix.parse(subnet.get().strip()),
            Optional.empty(),
            true,
            new TreeSet<>(all.subList(1, all.size()))));
  }
}
