package io.millpond.node.pods;

import io.millpond.node.cloud.EniPlaces;
import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.Netns;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.kernel.PodPlan;
import io.millpond.node.settings.Settings;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.AllocationResult;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What happens on CHECK: what the runtime remembers, what the pool knows and what the kernel has
 * are compared.
 */
public final class CheckPod {
  private static final Duration WAIT = Duration.ofSeconds(15);

  private final WarmPool pool;
  private final PodNetwork kernel;
  private final EniPlaces places;
  private final Attachments attachments;
  private final KeyLanes lanes;
  private final Settings settings;

  /** Ready to check pods. */
  public CheckPod(
      WarmPool pool,
      PodNetwork kernel,
      EniPlaces places,
      Attachments attachments,
      KeyLanes lanes,
      Settings settings) {
    this.pool = pool;
    this.kernel = kernel;
    this.places = places;
    this.attachments = attachments;
    this.lanes = lanes;
    this.settings = settings;
  }

  /**
   * Compares and changes nothing.
   *
   * @param remembered the pod's addresses in the runtime's result
   * @return what differs; empty if nothing does
   */
  public List<String> check(PodRequest request, Set<IpAddress> remembered, Netns netns)
      throws InterruptedException {
    try (KeyLanes.Turn turn = lanes.enter(request.key())) {
      return turn.await(WAIT)
          ? compare(request, remembered, netns)
          : List.of("another request for the same attachment has not ended");
    }
  }

  private List<String> compare(PodRequest request, Set<IpAddress> remembered, Netns netns) {
    AttachmentKey key = attachments.poolKey(request.key());
    Optional<AllocationResult.Granted> held = pool.snapshot().heldBy(key);
    if (held.isEmpty()) {
      return List.of("no address of this node belongs to " + request.key());
    }
    IpAddress address = held.get().address();
    if (!remembered.contains(address)) {
      return List.of(
          "the pod's address is " + address + ", the previous result says " + remembered);
    }
    Optional<EniPlace> place = places.find(held.get().eni());
    if (place.isEmpty()) {
      return List.of(held.get().eni() + ", which has " + address + ", has no link on this node");
    }
    PodPlan plan = request.plan(address, place.get(), settings.network());
    return switch (kernel.check(plan, netns)) {
      case PodNetwork.AsPlanned _ -> List.of();
      case PodNetwork.Differs differs -> differs.differences();
    };
  }
}
