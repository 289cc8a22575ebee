package io.millpond.node.kubernetes;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.node.pods.PodNotices;
import io.millpond.node.pods.PodRequest;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells pods' owners by Events why an address is late or impossible. What happens again to a pod is
 * the same Event with a higher count, written at most every five minutes; a node writes twenty at
 * once and then one in two seconds; what cannot be written is dropped. Notices may come from any
 * thread and are only put down; one thread writes.
 */
final class PodEvents implements PodNotices.Listener {
  /** Notices that wait to be written. */
  static final int QUEUE = 100;

  /** Between two writes of one Event. */
  static final Duration AGAIN = Duration.ofMinutes(5);

  /** Events that a node writes at once, and how long it then has to save for one. */
  static final int BURST = 20;

  static final Duration EACH = Duration.ofSeconds(2);

  /** Pods and reasons that are remembered. */
  private static final int REMEMBERED = 500;

  private static final int LONGEST_MESSAGE = 1000;
  private static final Logger log = LoggerFactory.getLogger(PodEvents.class);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final ApiServer server;
  private final String node;
  private final InstantSource clock;
  private final Queue<Notice> queue = new ArrayDeque<>();
  private final Map<Subject, Told> told =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Subject, Told> eldest) {
          return size() > REMEMBERED;
        }
      };
  private double savings = BURST;
  private Instant saved;

  private record Notice(PodRequest pod, PodNotices.Kind kind, String message, Instant at) {}

  private record Subject(String pod, String uid, PodNotices.Kind kind) {}

  /**
   * An Event that was written.
   *
   * @param count how often it has happened
   */
  private record Told(String name, int count, Instant written) {}

  PodEvents(ApiServer server, String node, InstantSource clock) {
    this.server = server;
    this.node = node;
    this.clock = clock;
    this.saved = clock.instant();
  }

  @Override
  public void notice(PodRequest pod, PodNotices.Kind kind, String cause, String remedy) {
    if (!pod.pod().contains("/")) {
      return; // No runtime of Kubernetes: there is no object to tell it to.
    }
    String text = remedy.isEmpty() ? cause : cause + "; " + remedy;
    String message =
        text.length() > LONGEST_MESSAGE ? text.substring(0, LONGEST_MESSAGE) + "…" : text;
    synchronized (queue) {
      if (queue.size() < QUEUE) {
        queue.add(new Notice(pod, kind, message, clock.instant()));
      }
    }
  }

  /** Writes one of what there is, if the node may. @return whether there may be more */
  boolean write() throws IOException, InterruptedException {
    save();
    Notice notice = next();
    if (notice == null) {
      return false;
    }
    Subject subject = new Subject(notice.pod().pod(), notice.pod().podUid(), notice.kind());
    Told before = told.get(subject);
    if (before != null && Duration.between(before.written(), notice.at()).compareTo(AGAIN) < 0) {
      told.put(subject, new Told(before.name(), before.count() + 1, before.written()));
      return true;
    }
    if (savings < 1) {
      return true; // Dropped: an Event that comes late explains nothing.
    }
    savings -= 1;
    told.put(subject, before == null ? fresh(notice) : again(notice, before));
    return true;
  }

  private @Nullable Notice next() {
    synchronized (queue) {
      return queue.poll();
    }
  }

  private void save() {
    Instant now = clock.instant();
    double more = (double) Duration.between(saved, now).toMillis() / EACH.toMillis();
    savings = Math.min(BURST, savings + Math.max(0, more));
    saved = now;
  }

  private Told fresh(Notice notice) throws IOException, InterruptedException {
    String[] pod = notice.pod().pod().split("/", 2);
    Instant at = notice.at().truncatedTo(ChronoUnit.SECONDS);
    // As Kubernetes' own recorder names them.
    String suffix = "." + Long.toHexString(notice.at().toEpochMilli() * 1_000_000);
    String name = (pod[1].length() > 230 ? pod[1].substring(0, 230) : pod[1]) + suffix;
    ObjectNode event = JSON.createObjectNode();
    event.put("apiVersion", "v1").put("kind", "Event");
    event.putObject("metadata").put("name", name).put("namespace", pod[0]);
    ObjectNode about = event.putObject("involvedObject");
    about.put("apiVersion", "v1").put("kind", "Pod").put("namespace", pod[0]).put("name", pod[1]);
    if (!notice.pod().podUid().isEmpty()) {
      about.put("uid", notice.pod().podUid());
    }
    event
        .put("type", "Warning")
        .put("reason", reason(notice.kind()))
        .put("message", notice.message())
        .put("count", 1)
        .put("firstTimestamp", at.toString())
        .put("lastTimestamp", at.toString())
        .put("reportingComponent", "millpond.io/node")
        .put("reportingInstance", node);
    event.putObject("source").put("component", "millpond").put("host", node);
    taken(
        server.send(
            "POST",
            "/api/v1/namespaces/" + pod[0] + "/events",
            "application/json",
            JSON.writeValueAsString(event)),
        notice);
    return new Told(name, 1, notice.at());
  }

  private Told again(Notice notice, Told before) throws IOException, InterruptedException {
    String namespace = notice.pod().pod().split("/", 2)[0];
    int count = before.count() + 1;
    ObjectNode change =
        JSON.createObjectNode()
            .put("count", count)
            .put("message", notice.message())
            .put("lastTimestamp", notice.at().truncatedTo(ChronoUnit.SECONDS).toString());
    ApiServer.Reply reply =
        server.send(
            "PATCH",
            "/api/v1/namespaces/" + namespace + "/events/" + before.name(),
            "application/strategic-merge-patch+json",
            JSON.writeValueAsString(change));
    if (reply.code() == 404) {
      return fresh(notice); // Events end after an hour.
    }
    taken(reply, notice);
    return new Told(before.name(), count, notice.at());
  }

  private static String reason(PodNotices.Kind kind) {
    return switch (kind) {
      case LATE -> "AddressLate";
      case NO_ADDRESS -> "NoAddress";
      case REFUSED -> "NetworkRefused";
      case FAILED -> "NetworkFailed";
    };
  }

  /** A namespace that is being deleted takes no Events, and nobody misses them there. */
  private static void taken(ApiServer.Reply reply, Notice notice) throws IOException {
    if (reply.code() == 429 || reply.code() >= 500) {
      throw new IOException("Events: the API server says " + reply.code());
    }
    if (!reply.successful()) {
      log.warn(
          "an Event on the pod {} was refused: {} {}",
          notice.pod().pod(),
          reply.code(),
          ApiServer.message(new java.io.ByteArrayInputStream(reply.body())));
    }
  }
}
