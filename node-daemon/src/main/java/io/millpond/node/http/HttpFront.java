package io.millpond.node.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The HTTP listeners: the page and the read-only interface on loopback, the metrics on their own
 * address. On loopback the Host header must name this machine's loopback, so that a web page
 * elsewhere cannot read through a person's browser by a name that it points here.
 *
 * <p>The listeners share no thread, so that whoever can reach the metrics cannot hold up the
 * answers to probes; and whoever sends half a request loses the connection after a deadline.
 */
public final class HttpFront implements AutoCloseable {
  private static final int BACKLOG = 64;

  /** Open connections of a listener; each may be in a request. More are closed at once. */
  private static final int CONNECTIONS = 64;

  private static final int REQUEST_SECONDS = 5;
  private static final int RESPONSE_SECONDS = 10;
  private static final int IDLE_SECONDS = 30;
  private static final int IDLE_THREAD_SECONDS = 1;

  // The JDK's server has no limits of its own, takes them from nowhere else, and reads them once,
  // when its first instance is made.
  static {
    limit("sun.net.httpserver.maxReqTime", REQUEST_SECONDS);
    limit("sun.net.httpserver.maxRspTime", RESPONSE_SECONDS);
    limit("sun.net.httpserver.idleInterval", IDLE_SECONDS);
    limit("jdk.httpserver.maxConnections", CONNECTIONS);
  }

  private final Listener readOnly;
  private final Listener metrics;

  private HttpFront(Listener readOnly, Listener metrics) {
    this.readOnly = readOnly;
    this.metrics = metrics;
  }

  private static void limit(String property, int value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, Integer.toString(value));
    }
  }

  /** A port and the threads that answer on it. */
  private record Listener(HttpServer server, ExecutorService threads) implements AutoCloseable {
    static Listener bind(InetSocketAddress address, String name) throws IOException {
      HttpServer server;
      try {
        server = HttpServer.create(address, BACKLOG);
      } catch (IOException e) {
        throw new IOException("cannot listen on " + address + " for HTTP: " + e.getMessage(), e);
      }
      // A thread for every request that is under way: none waits for another that never ends.
      ExecutorService threads =
          new ThreadPoolExecutor(
              0,
              CONNECTIONS,
              IDLE_THREAD_SECONDS,
              TimeUnit.SECONDS,
              new SynchronousQueue<>(),
              Thread.ofPlatform().daemon().name(name, 0).factory());
      server.setExecutor(threads);
      return new Listener(server, threads);
    }

    @Override
    public void close() {
      server.stop(0);
      threads.shutdownNow();
    }
  }

  /**
   * Binds and serves.
   *
   * @throws IOException if an address cannot be bound; nothing stays bound then
   */
  public static HttpFront start(
      InetSocketAddress readOnlyAddress,
      InetSocketAddress metricsAddress,
      NodeView view,
      Metrics metrics)
      throws IOException {
    Listener readOnly = Listener.bind(readOnlyAddress, "http-");
    Listener forMetrics;
    try {
      forMetrics = Listener.bind(metricsAddress, "metrics-");
    } catch (IOException e) {
      readOnly.close();
      throw e;
    }
    boolean loopback = readOnlyAddress.getAddress().isLoopbackAddress();
    readOnly.server().createContext("/", new Guard(loopback, exchange -> route(exchange, view)));
    forMetrics
        .server()
        .createContext(
            "/metrics",
            new Guard(false, exchange -> text(exchange, 200, Metrics.TYPE, metrics.scrape())));
    readOnly.server().start();
    forMetrics.server().start();
    return new HttpFront(readOnly, forMetrics);
  }

  /** Where the page is served, with the port that the kernel chose if none was asked for. */
  public InetSocketAddress readOnlyAddress() {
    return readOnly.server().getAddress();
  }

  /** Where the metrics are served. */
  public InetSocketAddress metricsAddress() {
    return metrics.server().getAddress();
  }

  private static void route(HttpExchange exchange, NodeView view) throws IOException {
    switch (exchange.getRequestURI().getPath()) {
      case "/" -> page(exchange);
      case "/healthz" -> health(exchange, view.sick(), List.of());
      case "/readyz" -> health(exchange, view.notReady(), view.findings());
      case "/v1/pool" -> text(exchange, 200, "application/json", view.poolJson());
      default -> text(exchange, 404, "text/plain", "not found\n");
    }
  }

  private static void health(HttpExchange exchange, Optional<String> trouble, List<String> findings)
      throws IOException {
    StringBuilder text = new StringBuilder(trouble.orElse("ok")).append('\n');
    findings.forEach(finding -> text.append(finding).append('\n'));
    text(exchange, trouble.isEmpty() ? 200 : 503, "text/plain", text.toString());
  }

  private static void page(HttpExchange exchange) throws IOException {
    try (InputStream page = HttpFront.class.getResourceAsStream("page.html")) {
      if (page == null) {
        text(exchange, 404, "text/plain", "the page is missing from this build\n");
        return;
      }
      exchange
          .getResponseHeaders()
          .set(
              "Content-Security-Policy",
              "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'");
      text(exchange, 200, "text/html; charset=utf-8", new String(page.readAllBytes(), UTF_8));
    }
  }

  static void text(HttpExchange exchange, int status, String type, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, head ? -1 : bytes.length);
    if (!head) {
      exchange.getResponseBody().write(bytes);
    }
  }

  /** Only GET and HEAD, only by a loopback name where asked for, always closed. */
  private record Guard(boolean loopbackOnly, HttpHandler next) implements HttpHandler {
    @Override
    public void handle(HttpExchange exchange) throws IOException {
      try (exchange) {
        String method = exchange.getRequestMethod();
        if (!method.equals("GET") && !method.equals("HEAD")) {
          text(exchange, 405, "text/plain", "read-only\n");
        } else if (loopbackOnly && !loopbackName(exchange.getRequestHeaders().getFirst("Host"))) {
          text(exchange, 421, "text/plain", "ask by a loopback address\n");
        } else {
          next.handle(exchange);
        }
      }
    }

    private static boolean loopbackName(String host) {
      if (host == null) {
        return false;
      }
      String name = host.toLowerCase(Locale.ROOT).replaceFirst(":[0-9]{1,5}$", "");
      return name.equals("localhost") || name.equals("127.0.0.1") || name.equals("[::1]");
    }
  }

  @Override
  public void close() {
    readOnly.close();
    metrics.close();
  }
}
