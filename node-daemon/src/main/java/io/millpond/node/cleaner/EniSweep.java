package io.millpond.node.cleaner;

import io.millpond.node.cloud.Cloud;
import io.millpond.node.http.Metrics;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the ENIs deleted that instances of the cluster left behind when they ended: a round every ten
 * minutes, or a minute after something was seen that is to be seen again.
 */
public final class EniSweep implements Duty {
  private static final Logger log = LoggerFactory.getLogger(EniSweep.class);

  static final Duration USUAL = Duration.ofMinutes(10);
  static final Duration SOON = Duration.ofSeconds(65);

  private final Cloud cloud;
  private final Metrics metrics;
  private volatile List<String> findings = List.of();

  /** In the node's account. */
  public EniSweep(Cloud cloud, Metrics metrics) {
    this.cloud = cloud;
    this.metrics = metrics;
  }

  @Override
  public Duration round(BooleanSupplier allowed) {
    return switch (cloud.sweep(allowed)) {
      case Cloud.Success<Cloud.Swept>(Cloud.Swept swept) -> {
        metrics.leftEnis(swept.deleted().size(), swept.left());
        swept
            .trouble()
            .ifPresentOrElse(
                trouble -> said(trouble.reason(), trouble.remedy()), () -> findings = List.of());
        yield swept.trouble().isPresent()
            ? longer(swept.trouble().get().retryAfter())
            : swept.left() > 0 ? SOON : USUAL;
      }
      case Cloud.Failure<Cloud.Swept> failure -> {
        said(failure.reason(), failure.remedy());
        yield longer(failure.retryAfter());
      }
    };
  }

  private static Duration longer(Duration retryAfter) {
    return retryAfter.compareTo(USUAL) > 0 ? retryAfter : USUAL;
  }

  private void said(String reason, String remedy) {
    String finding =
        "ENIs that ended instances left behind stay (this node deletes them for the cluster): "
            + reason
            + "; "
            + remedy;
    if (!findings.equals(List.of(finding))) {
      log.warn(finding);
    }
    findings = List.of(finding);
  }

  @Override
  public List<String> findings() {
    return findings;
  }
}
