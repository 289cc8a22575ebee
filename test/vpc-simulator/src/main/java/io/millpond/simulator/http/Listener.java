package io.millpond.simulator.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.millpond.simulator.conditions.Outage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** One listening HTTP endpoint. */
public final class Listener implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Listener.class.getName());
  private static final int BACKLOG = 1024;
  private static final int REBIND_TRIES = 50;

  static {
    // Read once by the JDK's server when its class is loaded. Without it an answer can wait 40 ms
    // for the client's delayed acknowledgement.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty("sun.net.httpserver.maxIdleConnections", "2000");
  }

  /** Answers requests, or says nothing. */
  @FunctionalInterface
  public interface Handler {
    /** Called on a virtual thread; the exchange is closed afterwards. */
    void handle(HttpExchange exchange) throws IOException;

    /** A request that meets an outage, before it is answered with that. */
    default void missed(HttpExchange exchange, Outage outage) throws IOException {}
  }

  private final String name;
  private final Handler handler;
  private final InetSocketAddress address;
  private final ExecutorService threads;
  private HttpServer server;
  private Outage outage = Outage.NONE;

  /** Opened when what requests hang in ends: an outage, or the listener itself. */
  private CountDownLatch silence = new CountDownLatch(1);

  /**
   * Listens at once.
   *
   * @param name for the log
   * @param wanted port 0: a free one
   * @throws UncheckedIOException if the address cannot be had
   */
  public Listener(String name, InetSocketAddress wanted, Handler handler) {
    this.name = name;
    this.handler = handler;
    this.threads =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name(name + "-", 1).factory());
    this.server = open(name, wanted);
    this.address = server.getAddress();
    begin();
  }

  /** Where it listens. */
  public URI uri() {
    return URI.create("http://" + address.getAddress().getHostAddress() + ":" + address.getPort());
  }

  /** The port it listens on. */
  public int port() {
    return address.getPort();
  }

  /** Fails in this way from now on. */
  public synchronized void outage(Outage wanted) {
    if (wanted == outage) {
      return;
    }
    silence.countDown();
    silence = new CountDownLatch(1);
    if (wanted == Outage.REFUSED) {
      server.stop(0);
    } else if (outage == Outage.REFUSED) {
      server = reopen();
      begin();
    }
    outage = wanted;
  }

  /** Blocks the calling request until an outage begins or ends, or the listener is closed. */
  public void staySilent() {
    CountDownLatch end;
    synchronized (this) {
      end = silence;
    }
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Reads a request's body.
   *
   * @throws IOException if it is longer than {@code limit} bytes, or breaks off
   */
  public static String body(HttpExchange exchange, int limit) throws IOException {
    try (InputStream in = exchange.getRequestBody()) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw new IOException("a request of more than " + limit + " bytes");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  /** Answers with a text. */
  public static void answer(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, head || bytes.length == 0 ? -1 : bytes.length);
    if (!head && bytes.length > 0) {
      exchange.getResponseBody().write(bytes);
    }
  }

  private void begin() {
    server.createContext("/", this::serve);
    server.setExecutor(threads);
    server.start();
  }

  private void serve(HttpExchange exchange) {
    Outage now;
    synchronized (this) {
      now = outage;
    }
    try (exchange) {
      if (now != Outage.NONE) {
        handler.missed(exchange, now);
      }
      switch (now) {
        case NONE -> handler.handle(exchange);
        case UNAVAILABLE ->
            answer(exchange, 503, "text/plain", "Service Unavailable: an outage is simulated\n");
        case HANG -> staySilent();
        case REFUSED -> {}
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, () -> name + ": the client went away: " + e);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, name + ": " + exchange.getRequestURI(), e);
    }
  }

  private HttpServer reopen() {
    for (int tries = 1; ; tries++) {
      try {
        return open(name, address);
      } catch (UncheckedIOException e) {
        if (tries == REBIND_TRIES || !(e.getCause() instanceof BindException)) {
          throw e;
        }
        pause();
      }
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static HttpServer open(String name, InetSocketAddress wanted) {
    try {
      return HttpServer.create(wanted, BACKLOG);
    } catch (IOException e) {
      throw new UncheckedIOException(name + " cannot listen on " + wanted + ": " + e, e);
    }
  }

  @Override
  public synchronized void close() {
    silence.countDown();
    if (outage != Outage.REFUSED) {
      server.stop(0);
      outage = Outage.REFUSED;
    }
    threads.shutdownNow();
  }
}
