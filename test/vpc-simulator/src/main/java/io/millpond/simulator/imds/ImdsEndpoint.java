package io.millpond.simulator.imds;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.http.Listener;
import io.millpond.simulator.model.Instance;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.function.Function;

/** IMDS over HTTP, for one instance or for all. */
public final class ImdsEndpoint implements AutoCloseable {
  private static final String TTL = "X-aws-ec2-metadata-token-ttl-seconds";
  private static final String TOKEN = "X-aws-ec2-metadata-token";
  private static final String TOKEN_PATH = "latest/api/token";

  private final Metadata metadata;
  private final Conditions conditions;
  private final Function<InetAddress, Optional<Instance>> whose;
  private final Tokens tokens = new Tokens(System::nanoTime, new SecureRandom());
  private final Listener listener;

  /**
   * Listens at once.
   *
   * @param whose the instance that asks, by the address it asks from; none: 404
   */
  public ImdsEndpoint(
      Metadata metadata,
      Conditions conditions,
      InetSocketAddress address,
      Function<InetAddress, Optional<Instance>> whose) {
    this.metadata = metadata;
    this.conditions = conditions;
    this.whose = whose;
    this.listener = new Listener("imds", address, this::handle);
  }

  /** The listener, for its address and its outages. */
  public Listener listener() {
    return listener;
  }

  /** Every token is void from now on, as after a restart of the service. */
  public void voidTokens() {
    tokens.voidAll();
  }

  private void handle(HttpExchange exchange) throws IOException {
    sleep(conditions.settings().imdsLatencyMillis());
    exchange.getResponseHeaders().set("Server", "EC2ws");
    Optional<Instance> instance = whose.apply(exchange.getRemoteAddress().getAddress());
    if (instance.isEmpty()) {
      refuse(exchange, 404, "Not Found");
      return;
    }
    String path = exchange.getRequestURI().getPath().replaceFirst("^/+", "");
    switch (exchange.getRequestMethod()) {
      case "PUT" -> put(exchange, instance.get(), path);
      case "GET", "HEAD" -> get(exchange, instance.get(), path);
      default -> notAllowed(exchange, path);
    }
  }

  private static void notAllowed(HttpExchange exchange, String path) throws IOException {
    exchange
        .getResponseHeaders()
        .set("Allow", path.equals(TOKEN_PATH) ? "OPTIONS, PUT" : "OPTIONS, GET, HEAD");
    refuse(exchange, 405, "Method Not Allowed");
  }

  private void put(HttpExchange exchange, Instance instance, String path) throws IOException {
    if (!path.equals(TOKEN_PATH)) {
      notAllowed(exchange, path);
      return;
    }
    Headers headers = exchange.getRequestHeaders();
    if (headers.containsKey("X-Forwarded-For")) {
      refuse(exchange, 403, "Forbidden");
      return;
    }
    int ttl = seconds(headers.getFirst(TTL));
    if (ttl < 1 || ttl > Tokens.MAX_TTL) {
      refuse(exchange, 400, "Bad Request");
      return;
    }
    exchange.getResponseHeaders().set(TTL, Integer.toString(ttl));
    Listener.answer(exchange, 200, "text/plain", tokens.issue(instance.id(), ttl));
  }

  private void get(HttpExchange exchange, Instance instance, String path) throws IOException {
    if (path.equals(TOKEN_PATH)) {
      notAllowed(exchange, path);
      return;
    }
    String token = exchange.getRequestHeaders().getFirst(TOKEN);
    long left = token == null ? 0 : tokens.secondsLeft(token, instance.id());
    if (left == 0) {
      refuse(exchange, 401, "Unauthorized");
      return;
    }
    Optional<String> text = metadata.read(instance, path);
    if (text.isEmpty()) {
      refuse(exchange, 404, "Not Found");
      return;
    }
    exchange.getResponseHeaders().set(TTL, Long.toString(left));
    Listener.answer(exchange, 200, "text/plain", text.get());
  }

  private static int seconds(String text) {
    return text != null && text.matches("[0-9]{1,6}") ? Integer.parseInt(text) : 0;
  }

  private static void refuse(HttpExchange exchange, int status, String reason) throws IOException {
    String page =
        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<html><head><title>"
            + status
            + " - "
            + reason
            + "</title></head><body><h1>"
            + status
            + " - "
            + reason
            + "</h1></body></html>\n";
    Listener.answer(exchange, status, "text/html", page);
  }

  private static void sleep(long millis) {
    if (millis == 0) {
      return;
    }
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    listener.close();
  }
}
