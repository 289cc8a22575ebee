package io.millpond.node.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpFrontTest {
  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final FakeView view = new FakeView();
  private final Metrics metrics = new Metrics();
  private HttpFront http;

  static final class FakeView implements NodeView {
    private Optional<String> sick = Optional.empty();
    private Optional<String> notReady = Optional.empty();
    private List<String> findings = List.of();

    @Override
    public Optional<String> sick() {
      return sick;
    }

    @Override
    public Optional<String> notReady() {
      return notReady;
    }

    @Override
    public List<String> findings() {
      return findings;
    }

    @Override
    public String poolJson() {
      return "{\"enis\":[]}";
    }
  }

  @BeforeEach
  void start() throws IOException {
    http = HttpFront.start(ANY, ANY, view, metrics);
  }

  @AfterEach
  void stop() {
    http.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET mailto:x HTTP/1.1",
        "GET * HTTP/1.1",
        "GET //evil.example/ HTTP/1.1",
        "GET http://evil.example/v1/pool HTTP/1.1",
        "GET /../../etc/passwd HTTP/1.1",
        "GET /%00 HTTP/1.1",
        "GET /v1/pool HTTP/9.9",
        "GET /v1/pool",
        "CONNECT 169.254.169.254:80 HTTP/1.1",
        "\0\1\2\3",
        "POST /v1/pool HTTP/1.1\r\nContent-Length: 99999999999",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example",
        "GET / HTTP/1.1\r\nHost: localhost@evil.example",
        "GET / HTTP/1.1\r\nHost: localhost.evil.example",
        "GET / HTTP/1.1\r\nHost: localhost:80:80",
      })
  void whateverIsAskedNothingIsGivenToOthersAndTheNextIsAnswered(String request)
      throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(http.readOnlyAddress(), 10_000);
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write((request + "\r\n\r\n").getBytes(UTF_8));
      socket.shutdownOutput();
      String answer;
      try {
        answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      } catch (SocketException e) {
        answer = ""; // closed with something unread
      }
      if (!request.contains("localhost\r\nHost")) {
        assertThat(answer).doesNotContain("enis", "HTTP/1.1 200");
      }
    }
    assertThat(get("GET", "/healthz", "localhost")).startsWith("HTTP/1.1 200");
  }

  @Test
  void healthAndReadinessSayWhyNot() throws IOException {
    assertThat(get("GET", "/healthz", "localhost")).startsWith("HTTP/1.1 200");
    assertThat(get("GET", "/readyz", "localhost")).startsWith("HTTP/1.1 200");
    view.sick = Optional.of("the loop is stuck");
    view.notReady = Optional.of("no usable address");
    assertThat(get("GET", "/healthz", "127.0.0.1"))
        .startsWith("HTTP/1.1 503")
        .endsWith("the loop is stuck\n");
    assertThat(get("GET", "/readyz", "127.0.0.1"))
        .startsWith("HTTP/1.1 503")
        .endsWith("no usable address\n");
  }

  @Test
  void whatOnlyAnAdministratorCanPutRightIsSaidAndIsNoReasonToSendPodsElsewhere()
      throws IOException {
    view.findings = List.of("a firewall drops: let it accept");
    assertThat(get("GET", "/readyz", "localhost"))
        .startsWith("HTTP/1.1 200")
        .endsWith("ok\na firewall drops: let it accept\n");
  }

  @Test
  void thePoolIsJsonAndThePageIsSelfContained() throws IOException {
    assertThat(get("GET", "/v1/pool", "localhost"))
        .contains("application/json")
        .endsWith("{\"enis\":[]}");
    assertThat(get("GET", "/", "localhost"))
        .contains("text/html", "Content-security-policy", "<title>millpond")
        .doesNotContain("http://", "https://", "src=");
  }

  @Test
  void aNameOfAnotherMachineInTheHostHeaderIsRefused() throws IOException {
    for (String host :
        new String[] {
          "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:61681", "10.0.0.1"
        }) {
      assertThat(get("GET", "/v1/pool", host)).as(host).startsWith("HTTP/1.1 421");
    }
    for (String host :
        new String[] {"localhost:61681", "127.0.0.1:8", "[::1]:61681", "LOCALHOST"}) {
      assertThat(get("GET", "/v1/pool", host)).as(host).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void nothingCanBeChangedAndUnknownPathsAreNotFound() throws IOException {
    assertThat(get("POST", "/v1/pool", "localhost")).startsWith("HTTP/1.1 405");
    assertThat(get("DELETE", "/healthz", "localhost")).startsWith("HTTP/1.1 405");
    assertThat(get("GET", "/v1/pool/../../etc/passwd", "localhost")).startsWith("HTTP/1.1 404");
    assertThat(get("HEAD", "/healthz", "localhost"))
        .startsWith("HTTP/1.1 200")
        .doesNotContain("ok");
  }

  @Test
  void metricsAreServedByAnyNameWithOurPrefix() throws IOException {
    metrics.request("ADD", 11, Duration.ofMillis(3));
    metrics.gauges("millpond_addresses", "Addresses by state.", "state", () -> Map.of("free", 3));
    assertThat(exchange(http.metricsAddress(), "GET", "/metrics", "node.example"))
        .startsWith("HTTP/1.1 200")
        .contains("millpond_cni_request_seconds_bucket{code=\"11\",verb=\"ADD\",le=\"0.005\"} 1")
        .contains("millpond_addresses{state=\"free\"} 3.0");
  }

  @Test
  void anAddressInUseIsNamedAndNothingStaysBound() throws IOException {
    try (var taken = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress busy =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), taken.getLocalPort());
      assertThatThrownBy(() -> HttpFront.start(ANY, busy, view, metrics))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(Integer.toString(taken.getLocalPort()));
    }
  }

  @Test
  void halfSentRequestsForMetricsDoNotHoldUpTheProbes() throws IOException {
    try (var _ = HalfSent.requests(http.metricsAddress(), 20)) {
      assertThat(get("GET", "/healthz", "localhost")).startsWith("HTTP/1.1 200");
      assertThat(get("GET", "/readyz", "localhost")).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void halfSentRequestsForThePageDoNotHoldUpTheProbes() throws IOException {
    try (var _ = HalfSent.requests(http.readOnlyAddress(), 20)) {
      assertThat(get("GET", "/healthz", "localhost")).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void aHalfSentRequestLosesItsConnectionAfterADeadline() throws Exception {
    try (var daemon = HttpFrontAlone.start();
        var halfSent = HalfSent.requests(daemon.metricsAddress(), 1)) {
      assertThat(halfSent.closedByTheServer(0)).isTrue();
    }
  }

  @Test
  void moreConnectionsThanTheLimitAreClosedAndThoseOfTheOtherListenerAreNot() throws Exception {
    try (var daemon = HttpFrontAlone.start();
        var halfSent = HalfSent.requests(daemon.metricsAddress(), 65)) {
      assertThat(halfSent.closedByTheServer(64)).isTrue();
      assertThat(exchange(daemon.readOnlyAddress(), "GET", "/healthz", "localhost"))
          .startsWith("HTTP/1.1 200");
    }
  }

  private String get(String method, String path, String host) throws IOException {
    return exchange(http.readOnlyAddress(), method, path, host);
  }

  private static String exchange(InetSocketAddress to, String method, String path, String host)
      throws IOException {
    try (Socket socket = new Socket(to.getAddress(), to.getPort())) {
      socket.setSoTimeout(10_000);
      String request =
          method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }
}
