package io.millpond.simulator.ec2;

import com.sun.net.httpserver.HttpExchange;
import io.millpond.simulator.account.Account;
import io.millpond.simulator.conditions.CallRecord;
import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.http.Listener;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.Ipv4;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/** EC2 over HTTP. */
public final class Ec2Endpoint implements AutoCloseable {
  private static final int MAX_BODY = 1 << 20;

  private final Account account;
  private final Conditions conditions;
  private final Clock clock;
  private final Dispatcher dispatcher;
  private final Listener listener;

  /** Listens at once. */
  public Ec2Endpoint(
      Account account, Conditions conditions, Clock clock, InetSocketAddress address) {
    this.account = account;
    this.conditions = conditions;
    this.clock = clock;
    this.dispatcher = new Dispatcher(account, conditions);
    this.listener = new Listener("ec2", address, this::handle);
  }

  /** The listener, for its address and its outages. */
  public Listener listener() {
    return listener;
  }

  private void handle(HttpExchange exchange) throws IOException {
    Instant arrived = clock.instant();
    long start = System.nanoTime();
    String requestId = UUID.randomUUID().toString();
    SortedMap<String, String> parameters = new TreeMap<>();
    try {
      Protocol.decode(exchange.getRequestURI().getRawQuery(), parameters);
      Protocol.decode(Listener.body(exchange, MAX_BODY), parameters);
    } catch (IllegalArgumentException e) {
      Listener.answer(exchange, 400, "text/plain", "not a Query request: " + e.getMessage() + "\n");
      return;
    }
    Optional<String> caller =
        Credential.of(exchange.getRequestHeaders().getFirst("Authorization"), parameters);
    Optional<Instance> instance = instanceOf(caller, exchange.getRemoteAddress().getAddress());
    String instanceId = instance.map(Instance::id).orElse(null);

    Dispatcher.Outcome outcome = dispatcher.call(requestId, parameters, caller, instanceId);
    double millis = (System.nanoTime() - start) / 1e6;
    conditions
        .calls()
        .add(
            sequence ->
                new CallRecord(
                    sequence,
                    arrived,
                    requestId,
                    parameters.getOrDefault("Action", ""),
                    caller.orElse(""),
                    instanceId,
                    outcome.outcome(),
                    millis,
                    Protocol.memorable(parameters)));
    switch (outcome.delivery()) {
      case Dispatcher.Delivery.Sent(var delay) -> {
        Dispatcher.sleep(delay);
        exchange.getResponseHeaders().set("x-amzn-RequestId", requestId);
        Listener.answer(exchange, outcome.status(), "text/xml;charset=UTF-8", outcome.body());
      }
      case Dispatcher.Delivery.Lost _ -> {}
      case Dispatcher.Delivery.Silent _ -> listener.staySilent();
    }
  }

  private Optional<Instance> instanceOf(Optional<String> caller, InetAddress source) {
    Optional<Instance> byKey =
        account.listInstances().stream()
            .filter(instance -> caller.filter(instance.accessKeyId()::equals).isPresent())
            .findFirst();
    return byKey.isPresent() || source.isLoopbackAddress()
        ? byKey
        : account.instanceAt(Ipv4.parse(source.getHostAddress()));
  }

  @Override
  public void close() {
    listener.close();
  }
}
