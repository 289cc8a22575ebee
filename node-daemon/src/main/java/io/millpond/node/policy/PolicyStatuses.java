package io.millpond.node.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.node.cleaner.Duty;
import io.millpond.node.kubernetes.Requests;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the status of every WarmPoolPolicy: how many nodes it selects and what they say. One node
 * does it for the cluster, once a minute, and writes only what has changed, because every node
 * hears of each write. It asks for the nodes' labels and annotations in pages; nobody else lists
 * nodes. Two that do it at once write the same.
 */
public final class PolicyStatuses implements Duty {
  private static final Logger log = LoggerFactory.getLogger(PolicyStatuses.class);

  static final Duration USUAL = Duration.ofMinutes(1);
  private static final Duration AFTER_A_FAILURE = Duration.ofMinutes(5);
  private static final String PAGE = "100";
  private static final int MOST_PAGES = 200;

  private final Requests requests;
  private final Clock clock;
  private volatile List<String> findings = List.of();

  /** By these requests. */
  public PolicyStatuses(Requests requests, Clock clock) {
    this.requests = requests;
    this.clock = clock;
  }

  /** The server refused. */
  private static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
      super(message);
    }
  }

  @Override
  public Duration round(BooleanSupplier allowed) throws InterruptedException {
    try {
      tell(allowed);
      findings = List.of();
      return USUAL;
    } catch (RefusedException e) {
      String finding =
          "the status of WarmPoolPolicies is not written (this node does it for the cluster): "
              + e.getMessage()
              + "; allow it to the daemon's service account";
      log.warn(finding);
      findings = List.of(finding);
      return AFTER_A_FAILURE;
    } catch (IOException e) {
      log.info("the status of WarmPoolPolicies is not written now: {}", e.getMessage());
      return USUAL;
    }
  }

  @Override
  public List<String> findings() {
    return findings;
  }

  private void tell(BooleanSupplier allowed) throws IOException, InterruptedException {
    if (!allowed.getAsBoolean()) {
      return;
    }
    Requests.Answer answer = requests.get(ClusterSettings.POLICIES, Map.of("limit", "1000"));
    if (answer.status() == 404) {
      return; // nobody defined them
    }
    check(answer);
    JsonNode objects = answer.body().path("items");
    if (objects.isEmpty()) {
      return;
    }
    PolicyBook book = new PolicyBook();
    objects.forEach(book::put);
    PolicyTally tally = new PolicyTally(book.usable());
    count(tally, allowed);
    for (JsonNode object : objects) {
      if (!allowed.getAsBoolean()) {
        return;
      }
      write(object, book, tally);
    }
  }

  private void count(PolicyTally tally, BooleanSupplier allowed)
      throws IOException, InterruptedException {
    String next = "";
    int pages = 0;
    do {
      if (!allowed.getAsBoolean()) {
        throw new IOException("the lease is somebody else's now");
      }
      Map<String, String> parameters = new LinkedHashMap<>(Map.of("limit", PAGE));
      if (!next.isEmpty()) {
        parameters.put("continue", next);
      }
      Requests.Answer page = requests.metadata(ClusterSettings.NODES, parameters);
      check(page);
      for (JsonNode item : page.body().path("items")) {
        ClusterSettings.NodeSeen node = ClusterSettings.NodeSeen.of(item);
        tally.add(node.name(), node.labels(), node.annotations());
      }
      next = page.body().path("metadata").path("continue").asText("");
    } while (!next.isEmpty() && ++pages < MOST_PAGES);
  }

  private void write(JsonNode object, PolicyBook book, PolicyTally tally)
      throws IOException, InterruptedException {
    JsonNode metadata = object.path("metadata");
    String name = metadata.path("name").asText("");
    JsonNode before = object.path("status");
    ObjectNode status =
        tally.status(
            name,
            metadata.path("generation").asLong(0),
            before,
            book.refusal(name),
            clock.instant());
    if (status.equals(before)) {
      return;
    }
    ObjectNode patch = JsonNodeFactory.instance.objectNode();
    patch.set("status", status);
    Requests.Answer answer =
        requests.mergePatch(ClusterSettings.POLICIES + "/" + name + "/status", patch);
    if (answer.status() != 404) { // deleted meanwhile
      check(answer);
    }
  }

  private static void check(Requests.Answer answer) throws IOException {
    if (answer.status() == 401 || answer.status() == 403) {
      throw new RefusedException(answer.why());
    }
    if (!answer.ok()) {
      throw new IOException(answer.why());
    }
  }
}
