package io.millpond.node.cleaner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.node.kubernetes.Requests;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;

/** The Lease {@code kube-system/millpond-eni-cleaner} (coordination.k8s.io/v1). For one thread. */
public final class LeaseObject implements Leases {
  private static final String NAMESPACE = "kube-system";
  private static final String NAME = "millpond-eni-cleaner";
  private static final String PATH =
      "/apis/coordination.k8s.io/v1/namespaces/" + NAMESPACE + "/leases";

  /** MicroTime of meta/v1. */
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private final Requests requests;
  private final Clock clock;

  /** By these requests; the clock's time is for people, nobody compares it. */
  public LeaseObject(Requests requests, Clock clock) {
    this.requests = requests;
    this.clock = clock;
  }

  @Override
  public Optional<Lease> read() throws IOException {
    Requests.Answer answer = asked(() -> requests.get(PATH + "/" + NAME, Map.of()));
    if (answer.status() == 404) {
      return Optional.empty();
    }
    if (!answer.ok()) {
      throw refused("read", answer);
    }
    JsonNode spec = answer.body().path("spec");
    return Optional.of(
        new Lease(
            spec.path("holderIdentity").asText(""),
            answer.body().path("metadata").path("resourceVersion").asText(""),
            Duration.ofSeconds(Math.max(0, spec.path("leaseDurationSeconds").asInt(0))),
            spec.path("leaseTransitions").asLong(0)));
  }

  @Override
  public boolean create(String holder) throws IOException {
    ObjectNode lease = object("", holder, 0);
    Requests.Answer answer = asked(() -> requests.post(PATH, lease));
    if (answer.status() == 409) {
      return false;
    }
    if (!answer.ok()) {
      throw refused("create", answer);
    }
    return true;
  }

  @Override
  public boolean update(Lease before, String holder) throws IOException {
    long transitions = before.transitions() + (before.holder().equals(holder) ? 0 : 1);
    ObjectNode lease = object(before.version(), holder, transitions);
    Requests.Answer answer = asked(() -> requests.put(PATH + "/" + NAME, lease));
    if (answer.status() == 409 || answer.status() == 404) {
      return false;
    }
    if (!answer.ok()) {
      throw refused("update", answer);
    }
    return true;
  }

  private ObjectNode object(String version, String holder, long transitions) {
    ObjectNode lease = JsonNodeFactory.instance.objectNode();
    lease.put("apiVersion", "coordination.k8s.io/v1").put("kind", "Lease");
    ObjectNode metadata = lease.putObject("metadata").put("name", NAME).put("namespace", NAMESPACE);
    if (!version.isEmpty()) {
      metadata.put("resourceVersion", version);
    }
    String now = TIME.format(clock.instant());
    lease
        .putObject("spec")
        .put("holderIdentity", holder)
        .put("leaseDurationSeconds", (int) Election.TERM.toSeconds())
        .put("renewTime", now)
        .put("leaseTransitions", transitions);
    return lease;
  }

  private interface Asking {
    Requests.Answer ask() throws IOException, InterruptedException;
  }

  private static Requests.Answer asked(Asking asking) throws IOException {
    try {
      return asking.ask();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the daemon stops", e);
    }
  }

  private static IOException refused(String verb, Requests.Answer answer) {
    String why = "cannot %s the Lease %s/%s: %s".formatted(verb, NAMESPACE, NAME, answer.why());
    return answer.status() == 401 || answer.status() == 403
        ? new RefusedException(
            why + "; allow get, create and update of it to the daemon's service account")
        : new IOException(why);
  }
}
