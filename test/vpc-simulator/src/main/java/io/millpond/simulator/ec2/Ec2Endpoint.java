package io.millpond.simulator.ec2;

import com.sun.net.httpserver.HttpExchange;
import io.millpond.simulator.account.Account;
import io.millpond.simulator.conditions.CallRecord;
import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.conditions.Outage;
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
import org.jspecify.annotations.Nullable;

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
    this.listener = new Listener("ec2", address, new Handler());
  }

  /** The listener, for its address and its outages. */
  public Listener listener() {
    return listener;
  }

  /** A request as it came. */
  private record Call(
      Instant at,
      long begin,
      String requestId,
      SortedMap<String, String> parameters,
      Optional<String> caller,
      @Nullable String instanceId) {}

  private final class Handler implements Listener.Handler {
    @Override
    public void handle(HttpExchange exchange) throws IOException {
      SortedMap<String, String> parameters = new TreeMap<>();
      String requestId = UUID.randomUUID().toString();
      Optional<Dispatcher.Outcome> malformed = read(exchange, requestId, parameters);
      Call call = call(exchange, requestId, parameters);
      Dispatcher.Outcome outcome =
          malformed.orElseGet(
              () ->
                  dispatcher.call(call.requestId(), parameters, call.caller(), call.instanceId()));
      record(call, outcome.outcome());
      switch (outcome.delivery()) {
        case Dispatcher.Delivery.Sent(var delay) -> {
          boolean _ = Dispatcher.sleep(delay);
          exchange.getResponseHeaders().set("x-amzn-RequestId", call.requestId());
          Listener.answer(exchange, outcome.status(), "text/xml;charset=UTF-8", outcome.body());
        }
        case Dispatcher.Delivery.Lost _ -> {}
        case Dispatcher.Delivery.Silent _ -> listener.staySilent();
      }
    }

    @Override
    public void missed(HttpExchange exchange, Outage outage) throws IOException {
      SortedMap<String, String> parameters = new TreeMap<>();
      String requestId = UUID.randomUUID().toString();
      Optional<Dispatcher.Outcome> _ = read(exchange, requestId, parameters);
      record(call(exchange, requestId, parameters), "outage (" + outage + ")");
    }
  }

  /** Reads the parameters; what is not of the form of a Query request is refused. */
  private static Optional<Dispatcher.Outcome> read(
      HttpExchange exchange, String requestId, SortedMap<String, String> parameters)
      throws IOException {
    try {
      Protocol.decode(exchange.getRequestURI().getRawQuery(), parameters);
      Protocol.decode(Listener.body(exchange, MAX_BODY), parameters);
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.of(
          Dispatcher.refused(
              requestId,
              "MalformedQueryString",
              "The query string is malformed: " + e.getMessage()));
    }
  }

  private Call call(HttpExchange exchange, String requestId, SortedMap<String, String> parameters) {
    Optional<String> caller =
        Credential.of(exchange.getRequestHeaders().getFirst("Authorization"), parameters);
    return new Call(
        clock.instant(),
        System.nanoTime(),
        requestId,
        parameters,
        caller,
        instanceOf(caller, exchange.getRemoteAddress().getAddress())
            .map(Instance::id)
            .orElse(null));
  }

  private void record(Call call, String outcome) {
    double millis = (System.nanoTime() - call.begin()) / 1e6;
    conditions
        .calls()
        .add(
            sequence ->
                new CallRecord(
                    sequence,
                    call.at(),
                    call.requestId(),
                    call.parameters().getOrDefault("Action", ""),
                    call.caller().orElse(""),
                    call.instanceId(),
                    outcome,
                    millis,
                    Protocol.memorable(call.parameters())));
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
