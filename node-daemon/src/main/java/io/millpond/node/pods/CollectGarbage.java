package io.millpond.node.pods;

import io.millpond.pool.value.AttachmentKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens on GC: attachments of one network that the runtime does not name are removed as by
 * DEL.
 */
public final class CollectGarbage {
  private static final Logger log = LoggerFactory.getLogger(CollectGarbage.class);

  private final Attachments attachments;
  private final DeletePod deletePod;
  private final Function<AttachmentKey, String> linkName;

  /** Ready to collect. */
  public CollectGarbage(
      Attachments attachments, DeletePod deletePod, Function<AttachmentKey, String> linkName) {
    this.attachments = attachments;
    this.deletePod = deletePod;
    this.linkName = linkName;
  }

  /** An attachment that the runtime wants to keep. */
  public record Valid(String containerId, String ifName) {}

  /**
   * Removes all of the network's attachments but the valid ones, and goes on past failures.
   *
   * @return what could not be removed
   */
  public List<String> collect(String network, Set<Valid> valid) throws InterruptedException {
    List<String> failures = new ArrayList<>();
    Set<String> keep = new HashSet<>();
    for (Valid one : valid) {
      keep.add(linkName.apply(new AttachmentKey(network, one.containerId(), one.ifName())));
    }
    for (Attachments.Attachment attachment : attachments.all()) {
      AttachmentKey key = attachment.key();
      if (!key.network().equals(network) || keep.contains(attachment.hostLink())) {
        continue;
      }
      log.info("garbage collection removes {}, which the runtime does not know", key);
      switch (deletePod.delete(key, Optional.empty())) {
        case DeletePod.Gone _ -> {}
        case DeletePod.Failed failed -> failures.add(key + ": " + failed.detail());
      }
    }
    return failures;
  }
}
