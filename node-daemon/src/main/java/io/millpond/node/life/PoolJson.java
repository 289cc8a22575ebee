package io.millpond.node.life;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.millpond.eni.EniPlacement;
import io.millpond.eni.EniPool;
import io.millpond.node.pods.Attachments;
import io.millpond.node.pods.Readiness;
import io.millpond.node.policy.NodePlacement;
import io.millpond.node.policy.NodePolicy;
import io.millpond.pool.PoolReport;
import io.millpond.pool.PoolState;
import io.millpond.pool.PoolSummary;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.PoolName;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;

/** The pool as the page, {@code /v1/pool} and {@code millpond-ctl} show it. */
final class PoolJson {
  private static final JsonFactory JSON = new JsonFactory();

  private PoolJson() {}

  static String of(
      String instance,
      PoolReport report,
      Readiness readiness,
      List<String> findings,
      Attachments attachments,
      Optional<ClusterWork> cluster,
      BootTime now) {
    return object(
        json -> {
          json.writeStringField("instance", instance);
          json.writeBooleanField("verified", report.verified());
          Optional<String> why = why(readiness);
          if (why.isPresent()) {
            json.writeStringField("notReady", why.get());
          }
          json.writeObjectFieldStart("counts");
          for (Map.Entry<String, Integer> count : counts(report.summary()).entrySet()) {
            json.writeNumberField(count.getKey(), count.getValue());
          }
          json.writeEndObject();
          json.writeArrayFieldStart("enis");
          for (PoolReport.EniLine eni : report.enis()) {
            eni(json, eni, attachments, now);
          }
          json.writeEndArray();
          if (cluster.isPresent()) {
            policy(json, cluster.get().policy());
            placement(json, cluster.get().placement());
          }
          json.writeArrayFieldStart("troubles");
          for (String trouble : report.troubles()) {
            json.writeString(trouble);
          }
          json.writeEndArray();
          json.writeArrayFieldStart("findings");
          for (String finding : findings) {
            json.writeString(finding);
          }
          json.writeEndArray();
        });
  }

  /** While nothing is known of the pool yet. */
  static String starting(String instance, String progress) {
    return object(
        json -> {
          json.writeStringField("instance", instance);
          json.writeStringField("notReady", progress);
          json.writeObjectFieldStart("counts");
          json.writeEndObject();
          json.writeArrayFieldStart("enis");
          json.writeEndArray();
        });
  }

  /** Whether all is well. */
  static String status(String instance, Optional<String> notReady, Optional<String> sick) {
    return object(
        json -> {
          json.writeStringField("instance", instance);
          json.writeBooleanField("ready", notReady.isEmpty());
          if (notReady.isPresent()) {
            json.writeStringField("notReady", notReady.get());
          }
          if (sick.isPresent()) {
            json.writeStringField("sick", sick.get());
          }
        });
  }

  @FunctionalInterface
  private interface Fields {
    void write(JsonGenerator json) throws IOException;
  }

  private static String object(Fields fields) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      fields.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return text.toString();
  }

  /** Empty if an ADD could be served. */
  static Optional<String> why(Readiness readiness) {
    return switch (readiness) {
      case Readiness.Ready _ -> Optional.empty();
      case Readiness.NotReady(String why) -> Optional.of(why);
      case Readiness.Degraded(String why) -> Optional.of(why);
    };
  }

  /** The counts by name, the six states first. */
  static Map<String, Integer> counts(PoolSummary sum) {
    Map<String, Integer> counts = new LinkedHashMap<>(states(sum));
    counts.put("total", sum.total());
    counts.put("enis", sum.enis());
    counts.put("waiting", sum.waiting());
    counts.put("expected", sum.expected());
    return counts;
  }

  /** Addresses by state. */
  static Map<String, Integer> states(PoolSummary sum) {
    Map<String, Integer> states = new LinkedHashMap<>();
    states.put("owned", sum.owned());
    states.put("free", sum.free());
    states.put("cooling", sum.cooling());
    states.put("quarantined", sum.quarantined());
    states.put("frozen", sum.frozen());
    states.put("leaving", sum.leaving());
    return states;
  }

  /** What {@code number} says of every pool. */
  static Map<List<String>, Number> byPool(PoolState state, ToIntFunction<PoolSummary> number) {
    Map<List<String>, Number> numbers = new LinkedHashMap<>();
    for (PoolName name : state.pools()) {
      numbers.put(List.of(name.value()), number.applyAsInt(state.summary(name)));
    }
    return numbers;
  }

  /** Addresses by pool and state. */
  static Map<List<String>, Number> statesByPool(PoolState state) {
    Map<List<String>, Number> numbers = new LinkedHashMap<>();
    for (PoolName name : state.pools()) {
      states(state.summary(name))
          .forEach((label, count) -> numbers.put(List.of(name.value(), label), count));
    }
    return numbers;
  }

  private static void policy(JsonGenerator json, NodePolicy.InForce policy) throws IOException {
    if (policy.policy().isEmpty()) {
      return;
    }
    json.writeObjectFieldStart("policy");
    json.writeStringField("name", policy.policy().get());
    json.writeNumberField("generation", policy.generation());
    json.writeObjectFieldStart("settings");
    for (Map.Entry<String, String> setting : policy.settings().entrySet()) {
      json.writeStringField(setting.getKey(), setting.getValue());
    }
    json.writeEndObject();
    json.writeArrayFieldStart("overridden");
    for (String name : policy.overridden()) {
      json.writeString(name);
    }
    json.writeEndArray();
    if (policy.refusal().isPresent()) {
      json.writeStringField("refused", policy.refusal().get());
    }
    json.writeEndObject();
  }

  private static void placement(JsonGenerator json, NodePlacement placement) throws IOException {
    switch (placement.get()) {
      case EniPlacement.AsConfigured _ -> {}
      case EniPlacement.Nowhere(String why) -> {
        json.writeObjectFieldStart("newEnis");
        json.writeStringField("none", why);
        json.writeEndObject();
      }
      case EniPlacement.In(EniPool place, String source) -> {
        json.writeObjectFieldStart("newEnis");
        json.writeStringField("subnet", String.join(", ", place.subnets()));
        json.writeStringField("securityGroups", String.join(", ", place.securityGroups()));
        json.writeStringField("source", source);
        json.writeEndObject();
      }
    }
  }

  private static void eni(
      JsonGenerator json, PoolReport.EniLine eni, Attachments attachments, BootTime now)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("id", eni.id().value());
    json.writeStringField("device", eni.device());
    json.writeStringField("pool", eni.pool().value());
    if (eni.leaving()) {
      json.writeStringField("note", "being given back");
    }
    json.writeArrayFieldStart("addresses");
    for (PoolReport.AddressLine address : eni.addresses()) {
      json.writeStartObject();
      json.writeStringField("ip", address.address().toString());
      json.writeStringField("state", address.state());
      json.writeNumberField("sinceSeconds", Math.max(0, now.since(address.since()).toSeconds()));
      if (address.key() != null) {
        json.writeStringField("container", address.key().containerId());
        json.writeStringField("interface", address.key().ifName());
        json.writeStringField(
            "pod",
            attachments.byPoolKey(address.key()).map(Attachments.Attachment::pod).orElse(""));
      }
      if (address.missing()) {
        json.writeBooleanField("missingInEc2", true);
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
