package io.millpond.node.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says on the Node how its pods' network is: the condition {@code MillpondReady}; once it is ready,
 * {@code NetworkUnavailable} False if nobody else has said so; and the taint {@code
 * millpond.io/not-ready} goes. For one thread.
 *
 * <p>The condition is written when its status changes, its message at most once a minute, and else
 * every five minutes as a heartbeat (as the kubelet does). The taint is only ever removed: a node
 * that gets into trouble later keeps its pods, and new ones wait there for their address or are
 * told why; if it were tainted again, one failing subnet would send all of a cluster's pods around.
 */
final class NodeReport {
  static final String TAINT = "millpond.io/not-ready";
  static final String CONDITION = "MillpondReady";

  /** Between two writes that say nothing new, and two whose message alone is new. */
  static final Duration HEARTBEAT = Duration.ofMinutes(5);

  static final Duration MESSAGES = Duration.ofMinutes(1);

  private static final int LONGEST_MESSAGE = 1000;
  private static final String NETWORK = "NetworkUnavailable";
  private static final String OURS = "MillpondIsReady";
  private static final Logger log = LoggerFactory.getLogger(NodeReport.class);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final ApiServer server;
  private final String path;
  private final InstantSource clock;
  private boolean begun;
  private boolean tainted;
  private boolean networkSaid;

  /** Once: where somebody else says otherwise afterwards, it is theirs to say. */
  private boolean networkWritten;

  private @Nullable Said said;

  /** What the condition says, since when it has said so, and when that was written. */
  private record Said(boolean ready, String message, Instant since, Instant written) {}

  /**
   * What there is to say.
   *
   * @param notReady why pods cannot be attached, if so
   * @param settled whether enough addresses are usable for the taint to go
   */
  record State(Optional<String> notReady, boolean settled) {}

  NodeReport(ApiServer server, String nodeName, InstantSource clock) {
    this.server = server;
    this.path = "/api/v1/nodes/" + nodeName;
    this.clock = clock;
  }

  /**
   * Writes what has to be written now, if anything.
   *
   * @throws IOException if the API server does not take it; say it again later
   */
  void tell(State state) throws IOException, InterruptedException {
    if (!begun || tainted) {
      read(server.get(path));
      begun = true;
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    boolean ready = state.notReady().isEmpty();
    String message = cut(state.notReady().orElse("pods can be attached"));
    boolean network = ready && !networkSaid && !networkWritten;
    if (isDue(ready, message, now) || network) {
      write(ready, message, now, network);
    }
    if (tainted && ready && state.settled()) {
      untaint();
    }
  }

  private boolean isDue(boolean ready, String message, Instant now) {
    Said before = said;
    if (before == null || before.ready() != ready) {
      return true;
    }
    Duration age = Duration.between(before.written(), now);
    // A clock that was set back counts as time that has passed.
    return age.isNegative()
        || age.compareTo(HEARTBEAT) >= 0
        || (!before.message().equals(message) && age.compareTo(MESSAGES) >= 0);
  }

  private void write(boolean ready, String message, Instant now, boolean network)
      throws IOException, InterruptedException {
    Said before = said;
    Instant since = before != null && before.ready() == ready ? before.since() : now;
    ObjectNode body = JSON.createObjectNode();
    ArrayNode conditions = body.putObject("status").putArray("conditions");
    condition(
        conditions,
        CONDITION,
        ready,
        ready ? "PodsCanBeAttached" : "NotReady",
        message,
        since,
        now);
    if (network) {
      condition(conditions, NETWORK, false, OURS, "millpond attaches pods", now, now);
    }
    // A strategic merge patch: others' conditions, which it does not name, stay.
    read(
        server.send(
            "PATCH",
            path + "/status",
            "application/strategic-merge-patch+json",
            JSON.writeValueAsString(body)));
    said = new Said(ready, message, since, now);
    networkWritten |= network;
    if (before == null || before.ready() != ready) {
      log.info("the node's condition {} is {}: {}", CONDITION, ready, message);
    }
  }

  private static void condition(
      ArrayNode into,
      String type,
      boolean status,
      String reason,
      String message,
      Instant since,
      Instant now) {
    into.addObject()
        .put("type", type)
        .put("status", status ? "True" : "False")
        .put("reason", reason)
        .put("message", message)
        .put("lastTransitionTime", since.toString())
        .put("lastHeartbeatTime", now.toString());
  }

  /** Learns from the Node, which is the answer to reading and to writing. */
  private void read(ApiServer.Reply reply) throws IOException {
    if (!reply.successful()) {
      throw failure(reply);
    }
    JsonNode node = JSON.readTree(reply.body());
    tainted = taint(node) >= 0;
    networkSaid = false;
    for (JsonNode condition : node.path("status").path("conditions")) {
      switch (condition.path("type").asText()) {
        // Whoever says that there is a network has the say, and so has the cloud's route
        // controller, which says so when it has made routes.
        case NETWORK -> networkSaid = condition.path("status").asText().equals("False");
        case CONDITION -> {
          if (said == null) {
            said = written(condition);
          }
        }
        default -> {}
      }
    }
  }

  /** What a daemon before this one said; it is said again at once. */
  private static @Nullable Said written(JsonNode condition) {
    try {
      return new Said(
          condition.path("status").asText().equals("True"),
          "",
          Instant.parse(condition.path("lastTransitionTime").asText()),
          Instant.EPOCH);
    } catch (java.time.format.DateTimeParseException e) {
      return null;
    }
  }

  private static int taint(JsonNode node) {
    JsonNode taints = node.path("spec").path("taints");
    for (int i = 0; i < taints.size(); i++) {
      if (taints.get(i).path("key").asText().equals(TAINT)) {
        return i;
      }
    }
    return -1;
  }

  /**
   * Takes the taint away by its place, on the condition that it is still there: other taints,
   * whoever adds or removes them meanwhile, are not written at all.
   */
  private void untaint() throws IOException, InterruptedException {
    ApiServer.Reply reply = server.get(path);
    for (int tries = 0; tries < 5; tries++) {
      if (!reply.successful()) {
        throw failure(reply);
      }
      JsonNode node = JSON.readTree(reply.body());
      int at = taint(node);
      if (at < 0) {
        tainted = false;
        return;
      }
      String place = "/spec/taints/" + at;
      ArrayNode patch = JSON.createArrayNode();
      patch
          .addObject()
          .put("op", "test")
          .put("path", place)
          .set("value", node.path("spec").path("taints").get(at));
      patch.addObject().put("op", "remove").put("path", place);
      reply =
          server.send("PATCH", path, "application/json-patch+json", JSON.writeValueAsString(patch));
      if (reply.successful()) {
        log.info("the taint {} was taken from the node", TAINT);
      } else if (reply.code() == 409 || reply.code() == 422) {
        // Somebody else changed the taints.
        reply = server.get(path);
      }
    }
    throw new IOException("the taint " + TAINT + " could not be removed: others change the node");
  }

  private IOException failure(ApiServer.Reply reply) {
    String said = ApiServer.message(new java.io.ByteArrayInputStream(reply.body()));
    String remedy =
        switch (reply.code()) {
          case 401, 403 -> "; give the daemon's account the rights of docs/kubernetes.md";
          case 404 -> "; set MY_NODE_NAME to the name of this machine's Node object";
          default -> "";
        };
    return new IOException(path + ": " + reply.code() + " " + said + remedy);
  }

  private static String cut(String message) {
    return message.length() > LONGEST_MESSAGE
        ? message.substring(0, LONGEST_MESSAGE) + "…"
        : message;
  }
}
