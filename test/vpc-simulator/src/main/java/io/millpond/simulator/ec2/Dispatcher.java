package io.millpond.simulator.ec2;

import io.millpond.simulator.account.Account;
import io.millpond.simulator.account.AwsError;
import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.conditions.Fault;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Does what a call asks for, under the conditions of the moment. */
final class Dispatcher {
  private static final String VERSION = "2016-11-15";

  private final Conditions conditions;
  private final Map<String, Action> actions = new HashMap<>();

  /** How an answer reaches the caller. */
  sealed interface Delivery {
    /** At once, or so much later. */
    record Sent(Duration delay) implements Delivery {}

    /** The connection closes without an answer. */
    record Lost() implements Delivery {}

    /** Never; the connection stays open. */
    record Silent() implements Delivery {}
  }

  /**
   * What came of a call.
   *
   * @param outcome for the log of calls: {@code ok}, or the error's code, and in brackets what the
   *     caller does not see
   */
  record Outcome(String outcome, int status, String body, Delivery delivery) {}

  Dispatcher(Account account, Conditions conditions) {
    this.conditions = conditions;
    actions.putAll(new InterfaceActions(account).byName());
    actions.putAll(new InterfaceDescribe(account, conditions).byName());
    actions.putAll(new InstanceActions(account, conditions).byName());
    actions.putAll(new PlaceDescribes(account).byName());
    actions.putAll(new TagActions(account).byName());
  }

  /**
   * Does a call.
   *
   * @param caller the access key id; none: the call is not signed
   * @param instanceId the calling instance, if it is known
   */
  Outcome call(
      String requestId,
      SortedMap<String, String> parameters,
      Optional<String> caller,
      @Nullable String instanceId) {
    String name = parameters.getOrDefault("Action", "");
    Optional<Fault> fault = conditions.faults().strike(name, instanceId);
    try {
      if (fault.isPresent()
          && fault.get() instanceof Fault.Refused(var code, var message, var _, var afterEffect)
          && !afterEffect) {
        throw new AwsError(code, message == null ? ErrorCodes.message(code) : message);
      }
      if (caller.isEmpty()) {
        throw new AwsError(
            "MissingAuthenticationToken", ErrorCodes.message("MissingAuthenticationToken"));
      }
      Consumer<Xml> content = effect(name, parameters, fault);
      String body =
          new Xml()
              .element(
                  name + "Response",
                  " xmlns=\"http://ec2.amazonaws.com/doc/" + VERSION + "/\"",
                  xml -> {
                    xml.text("requestId", requestId);
                    content.accept(xml);
                  })
              .toString();
      return delivered(requestId, body, fault);
    } catch (AwsError e) {
      int status =
          fault.isPresent()
                  && fault.get() instanceof Fault.Refused refused
                  && refused.status() != null
              ? refused.status()
              : ErrorCodes.status(e.code());
      return refused(requestId, e.code(), e.code(), status, e.getMessage());
    } catch (RuntimeException e) {
      System.getLogger(Dispatcher.class.getName()).log(System.Logger.Level.ERROR, name, e);
      return refused(
          requestId, "InternalError", "InternalError (bug)", 500, "a bug in the simulator: " + e);
    }
  }

  private Consumer<Xml> effect(
      String name, SortedMap<String, String> parameters, Optional<Fault> fault) {
    if (name.isEmpty()) {
      throw new AwsError("MissingAction", "The request must contain the parameter Action");
    }
    Action action = actions.get(name);
    String version = parameters.get("Version");
    if (action == null || (version != null && !version.equals(VERSION))) {
      throw new AwsError(
          "InvalidAction",
          "The action " + name + " is not valid for this web service, version " + version + ".");
    }
    Action.Prepared prepared = prepare(action, parameters);
    if (!conditions.throttle().take(name, prepared.unfiltered())) {
      throw new AwsError("RequestLimitExceeded", ErrorCodes.message("RequestLimitExceeded"));
    }
    long wait = conditions.settings().latencyMillis();
    if (fault.isPresent() && fault.get() instanceof Fault.Slow(long millis)) {
      wait += millis;
    }
    if (!sleep(Duration.ofMillis(wait))) {
      throw new AwsError("Unavailable", "The simulator is ending.");
    }
    return prepared.effect().get();
  }

  /** Reads the parameters; those that are not right refuse the call when it has its token. */
  private static Action.Prepared prepare(Action action, SortedMap<String, String> parameters) {
    try {
      Parameters call = new Parameters(parameters);
      Protocol.NAMES.forEach(call::text);
      boolean dryRun = call.flag("DryRun").orElse(false);
      Action.Prepared prepared = action.read(call);
      call.rejectUnknown();
      if (dryRun) {
        throw new AwsError(
            "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
      }
      return prepared;
    } catch (AwsError e) {
      return Action.Prepared.change(
          () -> {
            throw e;
          });
    }
  }

  private static Outcome delivered(String requestId, String body, Optional<Fault> fault) {
    Delivery now = new Delivery.Sent(Duration.ZERO);
    if (fault.isEmpty()) {
      return new Outcome("ok", 200, body, now);
    }
    return switch (fault.get()) {
      case Fault.Slow _ -> new Outcome("ok", 200, body, now);
      case Fault.LateAnswer(long millis) ->
          new Outcome("ok (late)", 200, body, new Delivery.Sent(Duration.ofMillis(millis)));
      case Fault.LostAnswer _ -> new Outcome("ok (lost)", 200, body, new Delivery.Lost());
      case Fault.NoAnswer _ -> new Outcome("ok (silent)", 200, body, new Delivery.Silent());
      case Fault.Refused(var code, var message, var status, var _) ->
          refused(
              requestId,
              code,
              code + " (took effect)",
              status == null ? ErrorCodes.status(code) : status,
              message == null ? ErrorCodes.message(code) : message);
    };
  }

  /** A request that is refused before it is understood. */
  static Outcome refused(String requestId, String code, String message) {
    return refused(requestId, code, code, ErrorCodes.status(code), message);
  }

  private static Outcome refused(
      String requestId, String code, String outcome, int status, String message) {
    String body =
        new Xml()
            .element(
                "Response",
                r ->
                    r.element(
                            "Errors",
                            errors ->
                                errors.element(
                                    "Error", e -> e.text("Code", code).text("Message", message)))
                        .text("RequestID", requestId))
            .toString();
    return new Outcome(outcome, status, body, new Delivery.Sent(Duration.ZERO));
  }

  /** False if the simulator ends meanwhile. */
  static boolean sleep(Duration time) {
    try {
      Thread.sleep(time);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
