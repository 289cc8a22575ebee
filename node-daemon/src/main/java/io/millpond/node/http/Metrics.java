package io.millpond.node.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The daemon's numbers, all with the prefix {@code millpond_}. Safe for any thread. */
public final class Metrics {
  static final String TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
  private final Histogram requests =
      Histogram.builder()
          .name("millpond_cni_request_seconds")
          .help("CNI requests by verb and exit code, as the daemon saw them.")
          .labelNames("verb", "code")
          .classicOnly()
          .classicUpperBounds(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60)
          .register(registry);
  private final Histogram cloud =
      Histogram.builder()
          .name("millpond_ec2_call_seconds")
          .help("Calls to EC2, tries again included, by EC2's name of the action and outcome.")
          .labelNames("action", "outcome")
          .classicOnly()
          .classicUpperBounds(.05, .1, .25, .5, 1, 2.5, 5, 10, 30)
          .register(registry);
  private final Counter repairs =
      Counter.builder()
          .name("millpond_kernel_repairs_total")
          .help("What was ours in the kernel and had to be put right, by kind.")
          .labelNames("kind")
          .register(registry);
  private final Counter inUse =
      Counter.builder()
          .name("millpond_address_in_use_total")
          .help("Addresses that a slave unknown to us held when a pod should have got them.")
          .register(registry);

  private final Gauge outOfBounds =
      Gauge.builder()
          .name("millpond_pods_out_of_bounds")
          .help("Pods that have an address that is not theirs, or whose ENI's mode was changed.")
          .register(registry);

  private final Counter leftDeleted =
      Counter.builder()
          .name("millpond_left_enis_deleted_total")
          .help("ENIs that ended instances left behind and this node deleted for the cluster.")
          .register(registry);
  private final Gauge left =
      Gauge.builder()
          .name("millpond_left_enis")
          .help(
              "ENIs that ended instances left behind and that are still there, as this node saw when it last looked for the cluster.")
          .register(registry);

  /** A round of sweeping for the cluster ended. */
  public void leftEnis(int deleted, int remaining) {
    leftDeleted.inc(deleted);
    left.set(remaining);
  }

  /** A request of a plugin was answered. */
  public void request(String verb, int code, Duration took) {
    requests.labelValues(verb, Integer.toString(code)).observe(took.toNanos() / 1e9);
  }

  /** An EC2 call ended. */
  public void cloudCall(String action, String outcome, Duration took) {
    cloud.labelValues(action, outcome).observe(took.toNanos() / 1e9);
  }

  /** Something of ours was put right. */
  public void repaired(String kind) {
    repairs.labelValues(kind).inc();
  }

  /** So many pods took what was not given to them. */
  public void podsOutOfBounds(int pods) {
    outOfBounds.set(pods);
  }

  /** An address was held by a slave that is not in the ledger. */
  public void addressInUse() {
    inUse.inc();
  }

  /**
   * A number that is asked for at each scrape.
   *
   * @param name with the prefix
   */
  public void gauge(String name, String help, Supplier<Number> value) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .callback(callback -> callback.call(value.get().doubleValue()))
        .register(registry);
  }

  /** Numbers by the value of one label, asked for at each scrape. */
  public void gauges(
      String name, String help, String label, Supplier<Map<String, ? extends Number>> values) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .labelNames(label)
        .callback(
            callback ->
                values.get().forEach((key, value) -> callback.call(value.doubleValue(), key)))
        .register(registry);
  }

  /** Numbers by the values of some labels, asked for at each scrape. */
  public void gauges(
      String name,
      String help,
      List<String> labels,
      Supplier<Map<List<String>, ? extends Number>> values) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .labelNames(labels.toArray(String[]::new))
        .callback(
            callback ->
                values
                    .get()
                    .forEach(
                        (key, value) ->
                            callback.call(value.doubleValue(), key.toArray(String[]::new))))
        .register(registry);
  }

  /** All of them in the text format of Prometheus. */
  public String scrape() {
    ByteArrayOutputStream out = new ByteArrayOutputStream(4096);
    try {
      writer.write(out, registry.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return out.toString(UTF_8);
  }
}
