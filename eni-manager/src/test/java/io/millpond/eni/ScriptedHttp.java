package io.millpond.eni;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A server that says what it is told to, and its last word again and again. */
final class ScriptedHttp implements AutoCloseable {
  private final HttpServer server;

  private ScriptedHttp(HttpServer server) {
    this.server = server;
  }

  static ScriptedHttp answering(int status, String... bodies) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      AtomicInteger asked = new AtomicInteger();
      server.createContext(
          "/",
          exchange -> {
            try (exchange) {
              exchange.getRequestBody().readAllBytes();
              int turn = Math.min(asked.getAndIncrement(), bodies.length - 1);
              byte[] octets = bodies[turn].getBytes(UTF_8);
              exchange.sendResponseHeaders(status, octets.length);
              exchange.getResponseBody().write(octets);
            }
          });
      server.start();
      return new ScriptedHttp(server);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  CloudSettings settings() {
    return new CloudSettings(
        Optional.of(uri()),
        Optional.empty(),
        "mill",
        List.of(),
        List.of(),
        Map.of(),
        Duration.ofSeconds(10));
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
