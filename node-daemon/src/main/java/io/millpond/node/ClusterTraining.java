package io.millpond.node;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.millpond.linux.BootClock;
import io.millpond.node.kubernetes.ClusterAccess;
import io.millpond.node.kubernetes.ClusterCare;
import io.millpond.node.kubernetes.ServiceCidrs;
import io.millpond.node.pods.Attachments;
import io.millpond.node.pods.ExpectedPods;
import io.millpond.node.pods.PodNotices;
import io.millpond.node.policy.ClusterSettings;
import io.millpond.node.policy.NodePlacement;
import io.millpond.node.policy.NodePolicy;
import io.millpond.node.settings.KubernetesUse;
import io.millpond.node.settings.Settings;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.PoolPolicy;
import io.millpond.pool.PoolState;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of the training that talks to an API server: one on loopback that says what every API
 * server says in the first seconds, over TLS where the JDK can make a certificate.
 */
final class ClusterTraining {
  private static final Logger log = LoggerFactory.getLogger(ClusterTraining.class);
  private static final char[] PASSWORD = "training".toCharArray();

  private static final String POD =
      """
      {"metadata":{"name":"p","namespace":"d","uid":"u","resourceVersion":"2","annotations":{"a":"b"}},
       "spec":{"nodeName":"training"},"status":{"phase":"Pending"}}
      """
          .replace("\n", "");

  private static final String NODE =
      """
      {"spec":{"taints":[{"key":"millpond.io/not-ready","effect":"NoSchedule"}]},"status":{"conditions":[
       {"type":"MillpondReady","status":"False","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}
      """;

  private static final String METADATA =
      "{\"metadata\":{\"name\":\"training\",\"resourceVersion\":\"2\",\"labels\":{\"a\":\"b\"}}}";

  private static final String POLICY =
      """
      {"metadata":{"name":"p","uid":"u","generation":1,"resourceVersion":"2",
       "creationTimestamp":"2026-01-01T00:00:00Z"},
       "spec":{"nodeSelector":{"matchLabels":{"a":"b"}},"priority":1,"warmIpTarget":2}}
      """
          .replace("\n", "");

  private final CountDownLatch untainted = new CountDownLatch(1);
  private final CountDownLatch watched = new CountDownLatch(1);

  private ClusterTraining() {}

  static void run() throws Exception {
    Path directory = Files.createTempDirectory("millpond-training");
    try {
      new ClusterTraining().with(directory);
    } finally {
      for (String name : List.of("keys", "ca.crt", "token")) {
        Files.deleteIfExists(directory.resolve(name));
      }
      Files.delete(directory);
    }
  }

  private void with(Path directory) throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    Optional<SSLContext> keys = certificate(directory);
    HttpServer server;
    if (keys.isPresent()) {
      HttpsServer secure = HttpsServer.create(any, 0);
      secure.setHttpsConfigurator(new HttpsConfigurator(keys.get()));
      server = secure;
    } else {
      server = HttpServer.create(any, 0);
    }
    server.setExecutor(task -> Thread.ofPlatform().daemon().start(task));
    server.createContext("/", this::answer);
    server.start();
    String scheme = keys.isPresent() ? "https" : "http";
    talk(directory, URI.create(scheme + "://127.0.0.1:" + server.getAddress().getPort()));
    server.stop(0);
  }

  private void talk(Path directory, URI address) throws InterruptedException {
    ClusterAccess.Found found =
        new ClusterAccess(
                new Settings.Kubernetes(
                    KubernetesUse.ON,
                    Optional.empty(),
                    Optional.of("training"),
                    Optional.of(address),
                    1),
                Map.of(),
                directory)
            .find();
    if (!(found instanceof ClusterAccess.Usable(var cluster))) {
      log.warn("no training with a cluster: {}", found);
      return;
    }
    ServiceCidrs cidrs = new ServiceCidrs(List.of(), Map.of());
    try (WarmPool pool =
            new WarmPool(
                PoolState.empty(new PoolLimits(3, 4)),
                PoolPolicy.defaults(),
                BootClock::now,
                (_, _) -> {});
        ClusterSettings settings =
            new ClusterSettings(
                cluster,
                new NodePolicy(Settings.defaults().pool(), false),
                new NodePlacement(Settings.defaults().cloud(), Optional.empty()),
                Duration.ZERO);
        ClusterCare care = new ClusterCare(cluster, cidrs, Optional::empty)) {
      settings.start();
      pool.start();
      care.start();
      care.awaitServiceCidrs(Duration.ofSeconds(10));
      care.serves(
          new ExpectedPods(pool, new Attachments(key -> "mpd")), new PodNotices(), () -> true);
      boolean steered = settings.await(Duration.ofSeconds(10));
      log.info("the cluster's settings are known: {}; {}", steered, settings.findings());
      boolean all = untainted.await(20, TimeUnit.SECONDS) && watched.await(20, TimeUnit.SECONDS);
      log.info("a cluster was talked to: {}; {} {}", all, cidrs.get(), care.findings());
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      String request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
      if (request.contains("watch=true")) {
        watched.countDown();
      } else if (request.equals("PATCH /api/v1/nodes/training")) {
        untainted.countDown();
      }
      byte[] answer = answer(request).getBytes(UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private static String answer(String request) {
    if (request.contains("/warmpoolpolicies?")) {
      return request.contains("watch=true")
          ? "{\"type\":\"MODIFIED\",\"object\":" + POLICY + "}\n"
          : "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[" + POLICY + "]}";
    }
    if (request.contains("/nodes?")) {
      return request.contains("watch=true")
          ? "{\"type\":\"MODIFIED\",\"object\":" + METADATA + "}\n"
          : "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[" + METADATA + "]}";
    }
    if (request.contains("watch=true")) {
      return "{\"type\":\"ADDED\",\"object\":" + POD + "}\n";
    }
    if (request.contains("/pods?")) {
      return "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[" + POD + "]}";
    }
    if (request.equals("PATCH /api/v1/nodes/training")) {
      return "{}";
    }
    return request.contains("/servicecidrs")
        ? "{\"items\":[{\"spec\":{\"cidrs\":[\"10.96.0.0/16\"]}}]}"
        : NODE;
  }

  /** A certificate that is trusted as a cluster's; without keytool (a slim runtime) none. */
  private static Optional<SSLContext> certificate(Path directory) throws Exception {
    Files.writeString(directory.resolve("token"), "training");
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    Path keys = directory.resolve("keys");
    if (!Files.isExecutable(keytool)) {
      log.warn("no training with TLS: there is no {}", keytool);
      return Optional.empty();
    }
    Process made =
        new ProcessBuilder(
                keytool.toString(),
                "-genkeypair",
                "-alias",
                "training",
                "-keyalg",
                "EC",
                "-dname",
                "CN=127.0.0.1",
                "-ext",
                "SAN=IP:127.0.0.1",
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                keys.toString())
            .inheritIO()
            .start();
    if (made.waitFor() != 0) {
      throw new IOException("keytool made no certificate");
    }
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(keys)) {
      store.load(in, PASSWORD);
    }
    Files.writeString(
        directory.resolve("ca.crt"),
        "-----BEGIN CERTIFICATE-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'})
                .encodeToString(store.getCertificate("training").getEncoded())
            + "\n-----END CERTIFICATE-----\n");
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(store, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return Optional.of(context);
  }
}
