package io.millpond.node.pods;

import io.millpond.node.cloud.EniPlaces;
import io.millpond.node.http.Metrics;
import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.KernelView;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.settings.Settings;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.AllocationResult;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts back what is missing inside running pods. The node hears nothing of what goes on in there
 * but for the end of a veth that goes down, and to look costs about a millisecond a pod: so each
 * round looks into the pods whose veth is down, and into some others in turn. One thread.
 */
public final class HealPods {
  private static final Logger log = LoggerFactory.getLogger(HealPods.class);

  /** Pods of either kind that one round looks into at most. */
  static final int AT_ONCE = 8;

  private final WarmPool pool;
  private final PodNetwork kernel;
  private final EniPlaces places;
  private final Attachments attachments;
  private final KeyLanes lanes;
  private final Settings settings;
  private final Metrics metrics;

  /** Why a pod whose veth is down stays so, by its host veth. */
  private final NavigableMap<String, String> unhealed = new TreeMap<>();

  /** What a pod took that is not its own, by its host veth. */
  private final NavigableMap<String, String> liberties = new TreeMap<>();

  /** The host veth of the pod that was looked into last in its turn. */
  private String last = "";

  /** Ready to heal. */
  public HealPods(
      WarmPool pool,
      PodNetwork kernel,
      EniPlaces places,
      Attachments attachments,
      KeyLanes lanes,
      Settings settings,
      Metrics metrics) {
    this.pool = pool;
    this.kernel = kernel;
    this.places = places;
    this.attachments = attachments;
    this.lanes = lanes;
    this.settings = settings;
    this.metrics = metrics;
  }

  /**
   * One round.
   *
   * @param view what the node has now
   * @return what is wrong with pods and cannot be put right, one sentence each, with its remedy
   */
  public List<String> look(KernelView view) throws InterruptedException {
    NavigableMap<String, KernelView.Seen> there =
        view.attachments().stream()
            .filter(seen -> !seen.key().network().equals(KernelView.UNKNOWN_NETWORK))
            .collect(
                Collectors.toMap(
                    KernelView.Seen::hostLink, Function.identity(), (a, _) -> a, TreeMap::new));
    unhealed.keySet().retainAll(there.keySet());
    liberties.keySet().retainAll(there.keySet());
    Set<KernelView.Seen> chosen =
        there.values().stream()
            .filter(seen -> !seen.connected())
            .limit(AT_ONCE)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    List<KernelView.Seen> inTurn =
        Stream.concat(
                there.tailMap(last, false).values().stream(),
                there.headMap(last, true).values().stream())
            .limit(AT_ONCE)
            .toList();
    if (!inTurn.isEmpty()) {
      last = inTurn.getLast().hostLink();
    }
    chosen.addAll(inTurn);
    for (KernelView.Seen seen : chosen) {
      heal(seen);
    }
    metrics.podsOutOfBounds(liberties.size());
    return Stream.concat(unhealed.values().stream(), liberties.values().stream()).toList();
  }

  /** In the attachment's lane; while a request is in it, it is left for another round. */
  private void heal(KernelView.Seen seen) throws InterruptedException {
    try (KeyLanes.Turn turn = lanes.enter(seen.key())) {
      Optional<Attachments.Attachment> attachment = attachments.byLink(seen.hostLink());
      Optional<AllocationResult.Granted> held = pool.snapshot().heldBy(seen.key());
      Optional<EniPlace> place = held.flatMap(granted -> places.find(granted.eni()));
      if (!turn.await(Duration.ZERO)
          || attachment.isEmpty()
          || place.isEmpty()
          || !held.get().address().equals(seen.address())) {
        return;
      }
      PodRequest pod =
          new PodRequest(
              seen.key(),
              seen.pod(),
              OptionalInt.empty(),
              attachment.get().extraRoutes(),
              attachment.get().demands(),
              PoolWish.NONE);
      String who = "in the pod %s (%s)".formatted(seen.pod(), seen.address());
      unhealed.remove(seen.hostLink());
      switch (kernel.heal(
          pod.plan(seen.address(), place.get(), settings.network()), seen.netnsInode())) {
        case PodNetwork.Healed healed -> {
          liberties.remove(seen.hostLink());
          if (!healed.liberties().isEmpty()) {
            liberties.put(
                seen.hostLink(),
                "the pod %s (%s) is out of bounds: %s; whoever is in it has NET_ADMIN: delete it, and take that from it"
                    .formatted(seen.pod(), seen.address(), String.join("; ", healed.liberties())));
          }
          if (!healed.repairs().isEmpty()) {
            metrics.repaired("pod");
            log.atWarn()
                .addKeyValue("pod", seen.pod())
                .addKeyValue("ip", seen.address())
                .log("put right {}: {} (pod)", who, String.join("; ", healed.repairs()));
          }
        }
        case PodNetwork.NotHealed not -> {
          if (!seen.connected()) {
            unhealed.put(
                seen.hostLink(),
                "the veth %s is down %s and cannot be put right (%s): restart the pod"
                    .formatted(seen.hostLink(), who, not.detail()));
          }
        }
      }
    }
  }
}
