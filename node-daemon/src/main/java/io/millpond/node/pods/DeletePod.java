package io.millpond.node.pods;

import io.millpond.node.kernel.Netns;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.AllocationResult;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.value.AttachmentKey;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens on DEL: the pod goes, its address cools. Idempotent, with or without the pod's
 * namespace.
 */
public final class DeletePod {
  private static final Logger log = LoggerFactory.getLogger(DeletePod.class);

  /** Below the 20 s that the plugin waits for a DEL. */
  private static final Duration WAIT = Duration.ofSeconds(15);

  private final WarmPool pool;
  private final PodNetwork kernel;
  private final Attachments attachments;
  private final KeyLanes lanes;

  /** Ready to remove pods. */
  public DeletePod(WarmPool pool, PodNetwork kernel, Attachments attachments, KeyLanes lanes) {
    this.pool = pool;
    this.kernel = kernel;
    this.attachments = attachments;
    this.lanes = lanes;
  }

  /** The end of a DEL. */
  public sealed interface Outcome {}

  /** Nothing is left of the attachment. */
  public record Gone() implements Outcome {}

  /** Something is left; asking again can help. */
  public record Failed(String detail) implements Outcome {}

  /** Removes the attachment; waits for a running ADD of the same one to undo itself. */
  public Outcome delete(AttachmentKey key, Optional<Netns> netns) throws InterruptedException {
    try (KeyLanes.Turn turn = lanes.enterForRemoval(key)) {
      if (!turn.await(WAIT)) {
        return new Failed(
            "the ADD of "
                + key.shown()
                + " is still being undone after "
                + WAIT.toSeconds()
                + " s; try again");
      }
      return inTurn(key, netns);
    }
  }

  private Outcome inTurn(AttachmentKey key, Optional<Netns> netns) {
    AttachmentKey poolKey = attachments.poolKey(key);
    return switch (kernel.detach(key, netns)) {
      case PodNetwork.DetachFailed failed -> new Failed(failed.detail());
      case PodNetwork.Detached detached -> {
        Optional<AllocationResult.Granted> held = pool.snapshot().heldBy(poolKey);
        // The kernel knew nothing of it: its links are gone with its namespace, or somebody deleted
        // the veth and the slave lives on. Only a probe tells them apart.
        PoolEvent end =
            detached.found()
                ? new PoolEvent.Detached(poolKey, detached.at())
                : new PoolEvent.VethVanished(poolKey, detached.at());
        pool.apply(end).join();
        attachments.removed(poolKey);
        held.ifPresent(
            granted ->
                log.atInfo()
                    .addKeyValue("ip", granted.address())
                    .addKeyValue("eni", granted.eni())
                    .log(
                        detached.found()
                            ? "pod removed, its address cools down"
                            : "pod removed, its links were gone: its address cools down once nobody holds it"));
        yield new Gone();
      }
    };
  }
}
