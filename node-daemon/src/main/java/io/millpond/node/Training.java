package io.millpond.node;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import io.millpond.cni.CniException;
import io.millpond.cni.CniFrame;
import io.millpond.cni.CniRequest;
import io.millpond.cni.CniResult;
import io.millpond.cni.Documents;
import io.millpond.cni.RequestParser;
import io.millpond.eni.CallBudget;
import io.millpond.eni.CloudEnis;
import io.millpond.eni.CloudSettings;
import io.millpond.eni.InstanceIdentity;
import io.millpond.linux.BootClock;
import io.millpond.linux.datapath.KernelSupport;
import io.millpond.node.http.HttpFront;
import io.millpond.node.http.Metrics;
import io.millpond.node.http.NodeView;
import io.millpond.node.settings.SettingsReader;
import io.millpond.pool.Planner;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.PoolPolicy;
import io.millpond.pool.PoolState;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run that needs neither root nor node nor a network beyond loopback and touches what the daemon
 * touches, so that the AOT cache made of it holds the classes that a start needs. Where it may make
 * network namespaces it rehearses a pod too; where not, a first start loads some classes itself.
 */
final class Training {
  private static final Logger log = LoggerFactory.getLogger(Training.class);
  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private static final String NO_ENIS =
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <DescribeNetworkInterfacesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
        <requestId>training</requestId><networkInterfaceSet/>
      </DescribeNetworkInterfacesResponse>
      """;

  private static final String STDIN =
      """
      {"cniVersion":"1.0.0","name":"millpond","type":"millpond","mtu":1500,"extraRoutes":["10.9.0.0/16"]}
      """;

  private Training() {}

  static int run() throws Exception {
    log.info("training at {} with {} settings", BootClock.now(), SettingsReader.help().length());
    log.info("pods on this kernel: {}", KernelSupport.missing(1).orElse("yes"));
    pages();
    requests();
    pool();
    ec2();
    ClusterTraining.run();
    return 0;
  }

  private static void pages() throws IOException {
    Metrics metrics = new Metrics();
    metrics.request("ADD", 0, Duration.ofMillis(1));
    metrics.gauges("millpond_training", "None.", "state", () -> Map.of("free", 1));
    try (HttpFront http = HttpFront.start(ANY, ANY, new NothingToSee(), metrics)) {
      get("http://127.0.0.1:" + http.readOnlyAddress().getPort() + "/readyz");
      get("http://127.0.0.1:" + http.metricsAddress().getPort() + "/metrics");
    }
  }

  private static void get(String url) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
    try (var in = connection.getInputStream()) {
      in.readAllBytes();
    }
  }

  private static void requests() throws CniException {
    CniFrame frame =
        new CniFrame(
            Map.of(
                "CNI_COMMAND", "ADD",
                "CNI_CONTAINERID", "training",
                "CNI_NETNS", "/run/netns/training",
                "CNI_IFNAME", "eth0",
                "CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=training"),
            ByteBuffer.wrap(STDIN.getBytes(UTF_8)),
            "training");
    CniRequest request =
        RequestParser.parse(CniFrame.read(ByteBuffer.wrap(frame.write())).orElseThrow());
    CniResult result =
        new CniResult(
            "eth0",
            MacAddress.parse("02:00:00:00:00:01"),
            1500,
            "/run/netns/training",
            IpAddress.parse("10.0.1.9"),
            24,
            IpAddress.parse("10.0.1.1"),
            List.of(Prefix.parse("10.0.0.0/16")),
            true);
    if (request instanceof CniRequest.Add add) {
      log.debug("a result: {}", Documents.result(result, add));
    }
  }

  private static void pool() {
    PoolState state = PoolState.empty(new PoolLimits(3, 4));
    log.debug("a plan: {}", Planner.plan(state, PoolPolicy.defaults(), BootClock.now()));
  }

  private static void ec2() throws IOException {
    System.setProperty("aws.accessKeyId", "training");
    System.setProperty("aws.secretAccessKey", "training");
    HttpServer server = HttpServer.create(ANY, 0);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            exchange.getRequestBody().readAllBytes();
            byte[] answer = NO_ENIS.getBytes(UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/xml;charset=UTF-8");
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
          }
        });
    server.start();
    CloudSettings settings =
        new CloudSettings(
            Optional.of(URI.create("http://127.0.0.1:" + server.getAddress().getPort())),
            Optional.empty(),
            "",
            List.of(),
            List.of(),
            Map.of(),
            Duration.ofSeconds(10));
    InstanceIdentity self =
        new InstanceIdentity(
            "i-0123456789abcdef0",
            "t3.small",
            "eu-central-1",
            "eu-central-1a",
            IpAddress.parse("10.0.1.10"),
            MacAddress.parse("02:00:00:00:00:01"),
            "vpc-0123456789abcdef0",
            "subnet-0123456789abcdef0",
            List.of(),
            List.of(Prefix.parse("10.0.0.0/16")));
    try (CloudEnis enis =
        new CloudEnis(
            CloudEnis.client(settings, self.region()),
            new CallBudget(System::nanoTime),
            self,
            Map.of(self.subnetId(), Prefix.parse("10.0.1.0/24")),
            settings,
            Clock.systemUTC())) {
      log.info("EC2 answered: {}", enis.attached(CallBudget.Urgency.WARM_UP));
    } finally {
      server.stop(0);
    }
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
    public List<String> findings() {
      return List.of();
    }

    @Override
    public String poolJson() {
      return "{}";
    }
  }
}
