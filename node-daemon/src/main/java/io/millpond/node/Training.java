package io.millpond.node;

import io.millpond.node.http.HttpFront;
import io.millpond.node.http.Metrics;
import io.millpond.node.http.NodeView;
import io.millpond.node.settings.Settings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run without root, node or network beyond loopback that touches what the daemon touches, so that
 * the AOT cache made of it holds the classes that a start needs.
 */
final class Training {
  private static final Logger log = LoggerFactory.getLogger(Training.class);

  private Training() {}

  static int run() throws Exception {
    Settings settings = Settings.defaults();
    Metrics metrics = new Metrics();
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    NodeView nothing = new NothingToSee();
    metrics.request("ADD", 0, Duration.ofMillis(1));
    try (HttpFront http = HttpFront.start(any, any, nothing, metrics);
        HttpClient client = HttpClient.newHttpClient()) {
      get(client, "http://127.0.0.1:" + http.readOnlyAddress().getPort() + "/readyz");
      get(client, "http://127.0.0.1:" + http.metricsAddress().getPort() + "/metrics");
    }
    log.info("trained with {} settings", settings.daemon().maxConnections());
    return 0;
  }

  private static void get(HttpClient client, String url) throws Exception {
    client.send(
        HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static final class NothingToSee implements NodeView {
    @Override
    public Optional<String> sick() {
      return Optional.empty();
    }

    @Override
    public Optional<String> notReady() {
      return Optional.empty();
    }

    @Override
    public String poolJson() {
      return "{}";
    }
  }
}
