package io.millpond.simulator.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import com.sun.net.httpserver.HttpExchange;
import io.millpond.simulator.account.Account;
import io.millpond.simulator.account.AwsError;
import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.conditions.FaultRule;
import io.millpond.simulator.conditions.Settings;
import io.millpond.simulator.fabric.FabricException;
import io.millpond.simulator.http.Listener;
import io.millpond.simulator.imds.Metadata;
import io.millpond.simulator.model.Instance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/** The control API over HTTP. */
public final class ControlEndpoint implements AutoCloseable {
  private static final int MAX_BODY = 1 << 20;

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .registerModule(
              new SimpleModule().addSerializer(Instant.class, ToStringSerializer.instance));

  private final Account account;
  private final Conditions conditions;
  private final Metadata metadata;
  private final Controlled simulator;
  private final Listener listener;

  /** Listens at once. */
  public ControlEndpoint(
      Account account,
      Conditions conditions,
      Metadata metadata,
      Controlled simulator,
      InetSocketAddress address) {
    this.account = account;
    this.conditions = conditions;
    this.metadata = metadata;
    this.simulator = simulator;
    this.listener = new Listener("control", address, this::handle);
  }

  /** The listener, for its address. */
  public Listener listener() {
    return listener;
  }

  private void handle(HttpExchange exchange) throws IOException {
    int status = 200;
    Object answer;
    try {
      answer = route(exchange);
    } catch (NoSuchElementException e) {
      status = 404;
      answer = Map.of("error", String.valueOf(e.getMessage()));
    } catch (JsonProcessingException e) {
      status = 400;
      answer = Map.of("error", e.getOriginalMessage());
    } catch (AwsError e) {
      status = 400;
      answer = Map.of("error", e.getMessage(), "code", e.code());
    } catch (IllegalArgumentException | UncheckedIOException e) {
      status = 400;
      answer = Map.of("error", String.valueOf(e.getMessage()));
    } catch (FabricException e) {
      status = 500;
      answer = Map.of("error", String.valueOf(e.getMessage()));
    }
    Listener.answer(exchange, status, "application/json", JSON.writeValueAsString(answer) + "\n");
  }

  private Object route(HttpExchange exchange) throws IOException {
    List<String> path =
        Arrays.stream(exchange.getRequestURI().getPath().split("/", -1))
            .filter(part -> !part.isEmpty())
            .toList();
    String body = Listener.body(exchange, MAX_BODY);
    String query = exchange.getRequestURI().getRawQuery();
    String root = path.size() > 1 ? path.get(1) : "";
    String of = path.size() > 2 ? path.get(2) : "";
    String what = path.size() > 3 ? path.get(3) : "";
    String form =
        exchange.getRequestMethod()
            + " "
            + String.join("/", path.stream().limit(1).toList())
            + "/"
            + root
            + (of.isEmpty() ? "" : root.equals("calls") ? "/" + of : "/*")
            + (what.isEmpty() ? "" : "/" + what);
    return switch (form) {
      case "GET v1/state" -> StateView.of(account, simulator);
      case "GET v1/settings" -> conditions.settings();
      case "PATCH v1/settings" -> settings(body);
      case "GET v1/throttle" -> conditions.throttle().limits();
      case "PUT v1/throttle" -> {
        conditions.throttle().replaceAll(read(body, Requests.Buckets.class).limits());
        yield conditions.throttle().limits();
      }
      case "PATCH v1/throttle" -> {
        conditions.throttle().putAll(read(body, Requests.Buckets.class).limits());
        yield conditions.throttle().limits();
      }
      case "GET v1/faults" -> conditions.faults().pending();
      case "POST v1/faults" -> Map.of("id", conditions.faults().add(read(body, FaultRule.class)));
      case "DELETE v1/faults" -> {
        conditions.faults().clear();
        yield Map.of();
      }
      case "DELETE v1/faults/*" -> {
        if (!of.matches("[0-9]{1,18}") || !conditions.faults().remove(Long.parseLong(of))) {
          throw new NoSuchElementException("no fault rule " + of + " (any more)");
        }
        yield Map.of();
      }
      case "GET v1/outage" -> outage();
      case "PUT v1/outage" -> outage(read(body, Requests.Outages.class));
      case "GET v1/calls" -> new CallQuery(query).of(conditions.calls());
      case "GET v1/calls/counts" -> new CallQuery(query).counts(conditions.calls());
      case "DELETE v1/calls" -> {
        conditions.calls().clear();
        yield Map.of();
      }
      case "POST v1/instances" -> {
        Requests.Launch launch = read(body, Requests.Launch.class);
        yield simulator.launch(launch.toInstance(), launch.imdsPort());
      }
      case "GET v1/instances/*" -> instance(of);
      case "DELETE v1/instances/*" -> {
        simulator.terminate(instance(of).id());
        yield Map.of();
      }
      case "POST v1/instances/*/reboot" -> {
        simulator.reboot(instance(of).id());
        yield Map.of();
      }
      case "POST v1/instances/*/interfaces" -> {
        Requests.AddInterface add = read(body, Requests.AddInterface.class);
        yield simulator.addInterface(instance(of).id(), add.subnet(), add.secondaryAddresses());
      }
      case "PUT v1/instances/*/metadata" -> {
        Requests.Overlay overlay = read(body, Requests.Overlay.class);
        if (overlay.path() == null || overlay.text() == null) {
          throw new IllegalArgumentException("\"path\" and \"text\" are wanted");
        }
        metadata.overlay(instance(of).id(), overlay.path(), overlay.text());
        yield Map.of();
      }
      case "DELETE v1/instances/*/metadata" -> {
        metadata.clearOverlays(instance(of).id());
        yield Map.of();
      }
      case "DELETE v1/imds-tokens" -> {
        simulator.voidImdsTokens();
        yield Map.of();
      }
      default ->
          throw new NoSuchElementException(
              "nothing is at " + form + "; the simulator's README.md says what there is");
    };
  }

  private Instance instance(String nameOrId) {
    return account
        .findInstance(nameOrId)
        .orElseThrow(() -> new NoSuchElementException("no instance " + nameOrId));
  }

  private Object outage() {
    return Map.of("ec2", simulator.ec2Outage(), "imds", simulator.imdsOutage());
  }

  private Object outage(Requests.Outages wanted) {
    if (wanted.ec2() != null) {
      simulator.ec2Outage(wanted.ec2());
    }
    if (wanted.imds() != null) {
      simulator.imdsOutage(wanted.imds());
    }
    return outage();
  }

  /** The settings in force with the fields of a JSON object in the place of theirs. */
  private Settings settings(String body) throws JsonProcessingException {
    JsonNode changes = JSON.readTree(body);
    if (!(changes instanceof ObjectNode fields)) {
      throw new IllegalArgumentException("a JSON object with settings is wanted");
    }
    ObjectNode merged = JSON.valueToTree(conditions.settings());
    merged.setAll(fields);
    Settings settings = JSON.treeToValue(merged, Settings.class);
    conditions.adjust(before -> settings);
    return settings;
  }

  private static <T> T read(String body, Class<T> type) throws JsonProcessingException {
    T value = JSON.readValue(body.isBlank() ? "{}" : body, type);
    if (value == null) {
      throw new IllegalArgumentException("a JSON object is wanted, not null");
    }
    return value;
  }

  @Override
  public void close() {
    listener.close();
  }
}
