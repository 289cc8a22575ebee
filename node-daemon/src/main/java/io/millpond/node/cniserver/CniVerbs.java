package io.millpond.node.cniserver;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.cni.CniError;
import io.millpond.cni.CniException;
import io.millpond.cni.CniFrame;
import io.millpond.cni.CniRequest;
import io.millpond.cni.CniResult;
import io.millpond.cni.Documents;
import io.millpond.cni.NetworkConfiguration;
import io.millpond.cni.PodName;
import io.millpond.cni.RequestParser;
import io.millpond.node.http.Metrics;
import io.millpond.node.kernel.Netns;
import io.millpond.node.kernel.PodPlan;
import io.millpond.node.log.LogContext;
import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.CollectGarbage;
import io.millpond.node.pods.DeletePod;
import io.millpond.node.pods.PodRequest;
import io.millpond.node.pods.PodVerbs;
import io.millpond.node.pods.PoolWish;
import io.millpond.node.pods.Readiness;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;
import org.slf4j.spi.LoggingEventBuilder;

/** Translates between the CNI boundary and what is done for pods. Safe for any thread. */
public final class CniVerbs implements CniServer.Verbs {
  private static final Logger log = LoggerFactory.getLogger(CniVerbs.class);

  private final PodVerbs pods;
  private final SpoolLookup spool;
  private final List<Prefix> direct;
  private final Metrics metrics;

  /** What may have been spooled for an attachment while no daemon listened. */
  @FunctionalInterface
  public interface SpoolLookup {
    /** Lets spooled DELs for this container and interface take effect. */
    void before(String containerId, String ifName) throws InterruptedException;
  }

  /**
   * Ready to answer.
   *
   * @param direct prefixes that every pod reaches through its own interface, for results
   */
  public CniVerbs(PodVerbs pods, SpoolLookup spool, List<Prefix> direct, Metrics metrics) {
    this.pods = pods;
    this.spool = spool;
    this.direct = List.copyOf(direct);
    this.metrics = metrics;
  }

  @Override
  public Answer answer(ByteBuffer octets, Optional<Netns> netns, PluginConnection caller)
      throws InterruptedException {
    long began = System.nanoTime();
    Optional<CniFrame> frame = CniFrame.read(octets);
    if (frame.isEmpty()) {
      return new Answer(
          failure(
              new CniError(
                  "1.0.0",
                  CniError.IO,
                  "the request is not whole",
                  "use the plugin of this release")),
          Undo.NOTHING);
    }
    String verb = frame.get().variables().getOrDefault("CNI_COMMAND", "");
    Outcome outcome;
    try {
      CniRequest request = RequestParser.parse(frame.get());
      try (LogContext _ = LogContext.with(context(frame.get(), request))) {
        outcome = perform(request, netns, caller);
        told(verb, outcome, began);
      }
    } catch (CniException e) {
      outcome = Outcome.of(e.error());
      log.info("{} refused: {}", verb.isEmpty() ? "a request" : verb, e.getMessage());
    }
    metrics.request(known(verb), outcome.code(), Duration.ofNanos(System.nanoTime() - began));
    return new Answer(outcome.reply(), outcome.undo());
  }

  /**
   * What is printed and what may have to be undone.
   *
   * @param code 0, or the error's
   * @param facts for the log
   */
  private record Outcome(
      int code, String document, String why, List<KeyValuePair> facts, Undo undo) {
    static Outcome done(String document) {
      return new Outcome(0, document, "", List.of(), Undo.NOTHING);
    }

    static Outcome of(CniError error) {
      String why = error.details().isEmpty() ? error.msg() : error.msg() + ": " + error.details();
      return new Outcome(error.code(), Documents.error(error), why, List.of(), Undo.NOTHING);
    }

    byte[] reply() {
      return CniFrame.reply(code == 0 ? 0 : 1, document);
    }
  }

  private static byte[] failure(CniError error) {
    return Outcome.of(error).reply();
  }

  private static String known(String verb) {
    return switch (verb) {
      case "ADD", "DEL", "CHECK", "GC", "STATUS" -> verb;
      default -> "other";
    };
  }

  private static void told(String verb, Outcome outcome, long began) {
    long millis = (System.nanoTime() - began) / 1_000_000;
    if (outcome.code() != 0) {
      log.atWarn()
          .addKeyValue("ms", millis)
          .addKeyValue("err", outcome.why())
          .log("{} failed with code {}", verb, outcome.code());
    } else if (!verb.equals("STATUS")) {
      LoggingEventBuilder line = log.atInfo().addKeyValue("ms", millis);
      for (KeyValuePair fact : outcome.facts()) {
        line = line.addKeyValue(fact.key, fact.value);
      }
      line.log("{} done", verb);
    }
  }

  private static Map<String, String> context(CniFrame frame, CniRequest request) {
    Map<String, String> fields = new HashMap<>();
    if (!frame.requestName().isEmpty()) {
      fields.put(LogContext.REQ, frame.requestName());
    }
    switch (request) {
      case CniRequest.Add add -> pod(fields, add.key(), add.pod());
      case CniRequest.Del del -> pod(fields, del.key(), del.pod());
      case CniRequest.Check check -> pod(fields, check.key(), check.pod());
      case CniRequest.Gc _, CniRequest.Status _ -> {}
    }
    return fields;
  }

  private static void pod(Map<String, String> fields, AttachmentKey key, PodName pod) {
    fields.put(LogContext.CID, key.containerId());
    if (!pod.toString().isEmpty()) {
      fields.put(LogContext.POD, pod.toString());
    }
  }

  private Outcome perform(CniRequest request, Optional<Netns> netns, PluginConnection caller)
      throws InterruptedException {
    return switch (request) {
      case CniRequest.Add add -> add(add, netns, caller);
      case CniRequest.Del del -> delete(del, netns);
      case CniRequest.Check check -> check(check, netns);
      case CniRequest.Gc gc -> collect(gc);
      case CniRequest.Status status -> status(status);
    };
  }

  private static PodRequest pod(
      AttachmentKey key, PodName pod, NetworkConfiguration configuration) {
    return new PodRequest(
        key,
        pod.toString(),
        pod.uid(),
        configuration.mtu(),
        configuration.extraRoutes(),
        configuration.demands(),
        wish(configuration));
  }

  private static PoolWish wish(NetworkConfiguration configuration) {
    return new PoolWish(configuration.pool(), configuration.subnet());
  }

  private Outcome add(CniRequest.Add add, Optional<Netns> netns, PluginConnection caller)
      throws InterruptedException {
    if (netns.isEmpty()) {
      return error(
          add,
          CniError.INVALID_NETNS,
          "ADD needs the pod's network namespace",
          "the plugin sent no descriptor");
    }
    spool.before(add.key().containerId(), add.key().ifName());
    AddOutcome outcome =
        pods.add().add(pod(add.key(), add.pod(), add.configuration()), netns.get(), caller);
    return switch (outcome) {
      case AddOutcome.Added added -> added(add, added);
      case AddOutcome.NoAddress none ->
          error(add, CniError.TRY_LATER, "no address for the pod now", explained(none));
      case AddOutcome.NoSuchPool(String what, String remedy) ->
          error(add, CniError.UNSUPPORTED_FIELD, what, remedy);
      case AddOutcome.TooManyPorts(String detail) ->
          error(add, CniError.UNSUPPORTED_FIELD, "the pod asks for too many host ports", detail);
      case AddOutcome.Abandoned abandoned ->
          error(add, CniError.TRY_LATER, "the ADD was abandoned and undone", abandoned.why());
      case AddOutcome.ExistsElsewhere elsewhere ->
          error(
              add,
              CniError.EXISTS_ELSEWHERE,
              "the attachment exists in another namespace",
              elsewhere.detail());
      case AddOutcome.PortTaken taken ->
          error(add, CniError.HOST_PORT_TAKEN, "a host port is taken", taken.detail());
      case AddOutcome.BadNamespace bad ->
          error(
              add,
              CniError.INVALID_NETNS,
              "the pod's network namespace cannot be used",
              bad.detail());
      case AddOutcome.Failed failed ->
          error(add, CniError.DATAPATH, "the pod's network could not be built", failed.detail());
    };
  }

  private static String explained(AddOutcome.NoAddress none) {
    StringBuilder text = new StringBuilder(none.cause());
    if (!none.remedy().isEmpty()) {
      text.append("; remedy: ").append(none.remedy());
    }
    none.expectedIn()
        .ifPresent(
            in ->
                text.append("; expected in about ")
                    .append(Math.max(1, in.toSeconds()))
                    .append(" s"));
    return text.toString();
  }

  private Outcome added(CniRequest.Add add, AddOutcome.Added added) {
    PodPlan plan = added.plan();
    CniResult result =
        new CniResult(
            add.key().ifName(),
            added.mac(),
            added.mtu(),
            add.netnsPath(),
            plan.address(),
            plan.eni().subnet().length(),
            plan.eni().gateway(),
            added.leads() ? plan.direct(direct) : plan.extraRoutes(),
            added.leads());
    return new Outcome(
        0,
        Documents.result(result, add),
        "",
        List.of(
            new KeyValuePair(LogContext.ENI, plan.eni().id()),
            new KeyValuePair(LogContext.IP, plan.address()),
            new KeyValuePair("veth", added.hostLink())),
        () -> {
          log.warn("the plugin did not take its answer: the ADD is undone");
          if (pods.delete().delete(add.key(), Optional.empty())
              instanceof DeletePod.Failed failed) {
            log.error(
                "an ADD could not be undone; the address stays taken until a DEL or a restart: {}",
                failed.detail());
          }
        });
  }

  private Outcome delete(CniRequest.Del del, Optional<Netns> netns) throws InterruptedException {
    return switch (pods.delete().delete(del.key(), netns)) {
      case DeletePod.Gone _ -> Outcome.done("");
      case DeletePod.Failed failed ->
          error(del, CniError.DATAPATH, "the pod's network could not be removed", failed.detail());
    };
  }

  private Outcome check(CniRequest.Check check, Optional<Netns> netns) throws InterruptedException {
    if (netns.isEmpty()) {
      return error(
          check,
          CniError.INVALID_NETNS,
          "CHECK needs the pod's network namespace",
          "the plugin sent no descriptor");
    }
    List<String> differences =
        pods.check()
            .check(
                pod(check.key(), check.pod(), check.configuration()),
                addresses(check.previous()),
                netns.get());
    return differences.isEmpty()
        ? Outcome.done("")
        : error(
            check,
            CniError.DATAPATH,
            "the pod's network is not as it should be",
            String.join("; ", differences));
  }

  /** The addresses in a result of any version: {@code ips[].address}, or {@code ip4.ip}. */
  private static Set<IpAddress> addresses(JsonNode result) {
    Set<IpAddress> found = new HashSet<>();
    result
        .path("ips")
        .forEach(entry -> address(entry.path("address").asText()).ifPresent(found::add));
    address(result.path("ip4").path("ip").asText()).ifPresent(found::add);
    return found;
  }

  private static Optional<IpAddress> address(String text) {
    int slash = text.indexOf('/');
    try {
      return text.isEmpty()
          ? Optional.empty()
          : Optional.of(IpAddress.parse(slash < 0 ? text : text.substring(0, slash)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private Outcome collect(CniRequest.Gc gc) throws InterruptedException {
    Optional<Set<CollectGarbage.Valid>> valid =
        gc.valid()
            .map(
                list ->
                    list.stream()
                        .map(one -> new CollectGarbage.Valid(one.containerId(), one.ifName()))
                        .collect(Collectors.toSet()));
    List<String> failures = pods.collect().collect(gc.network(), valid);
    return failures.isEmpty()
        ? Outcome.done("")
        : error(
            gc,
            CniError.DATAPATH,
            failures.size() + " things could not be removed; the rest is gone",
            String.join("; ", failures));
  }

  private Outcome status(CniRequest.Status status) {
    return switch (pods.readiness().apply(wish(status.configuration()))) {
      case Readiness.Ready _ -> Outcome.done("");
      case Readiness.NotReady(String why) ->
          error(status, CniError.NOT_AVAILABLE, "pods cannot be attached now", why);
      case Readiness.Degraded(String why) ->
          error(
              status,
              CniError.LIMITED_CONNECTIVITY,
              "pods cannot be attached now, and running ones suffer",
              why);
    };
  }

  private static Outcome error(CniRequest request, int code, String msg, String details) {
    // Runtimes take DEL errors with these words for success (go-cni, libcni).
    String safe =
        details.replace("not found", "missing").replace("no such file or directory", "missing");
    return Outcome.of(CniError.of(request.version(), code, msg, safe));
  }
}
