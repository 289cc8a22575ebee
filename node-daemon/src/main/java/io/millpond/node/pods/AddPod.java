package io.millpond.node.pods;

import io.millpond.node.cloud.Cloud;
import io.millpond.node.cloud.EniPlaces;
import io.millpond.node.http.Metrics;
import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.Netns;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.kernel.PodPlan;
import io.millpond.node.log.LogContext;
import io.millpond.node.settings.Settings;
import io.millpond.node.warm.PoolAnswer;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.AllocationResult;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens on ADD: an address from the pool, then the pod on it. A DEL that comes meanwhile, or
 * a caller that hangs up, undoes it.
 */
public final class AddPod {
  private static final Logger log = LoggerFactory.getLogger(AddPod.class);

  /** Addresses tried when the kernel says that one is held by an unknown slave. */
  private static final int TRIES = 5;

  /** How often a waiting request looks whether its caller is still there. */
  private static final Duration LOOK = Duration.ofMillis(100);

  /** A pod that has waited so long for an address is told why. */
  private static final Duration LATE = Duration.ofSeconds(5);

  private final WarmPool pool;
  private final ExpectedPods expected;
  private final PodNotices notices;
  private final FirstEni firstEni;
  private final PoolChoice choice;
  private final PodNetwork kernel;
  private final EniPlaces places;
  private final Attachments attachments;
  private final KeyLanes lanes;
  private final Settings settings;
  private final Metrics metrics;

  /**
   * Ready to add pods.
   *
   * @param check whether ENIs of a pool can be made for this node; may block
   */
  public AddPod(
      WarmPool pool,
      ExpectedPods expected,
      PodNotices notices,
      Function<PoolName, Cloud.Result<Cloud.Done>> check,
      PodNetwork kernel,
      EniPlaces places,
      Attachments attachments,
      KeyLanes lanes,
      Settings settings,
      Metrics metrics) {
    this.pool = pool;
    this.expected = expected;
    this.notices = notices;
    this.firstEni = new FirstEni(check);
    this.choice = new PoolChoice(settings.cloud().pools());
    this.kernel = kernel;
    this.places = places;
    this.attachments = attachments;
    this.lanes = lanes;
    this.settings = settings;
    this.metrics = metrics;
  }

  /**
   * Adds the pod; blocks for at most {@code MILLPOND_ADD_WAIT} and the time the kernel takes. After
   * any outcome but {@link AddOutcome.Added} nothing of it is left.
   */
  public AddOutcome add(PodRequest request, Netns netns, Caller caller)
      throws InterruptedException {
    long began = System.nanoTime();
    try (KeyLanes.Turn turn = lanes.enter(request.key())) {
      if (!turn.await(settings.daemon().addWait())) {
        return new AddOutcome.NoAddress(
            "another request for the same attachment has not ended yet",
            "try again",
            Optional.empty());
      }
      AddOutcome end = inTurn(request, netns, new Wanted(turn, caller), began);
      notices.tell(request, end);
      return end;
    }
  }

  /** Whether the work still has a purpose. */
  private record Wanted(KeyLanes.Turn turn, Caller caller) {
    Optional<String> not() {
      if (turn.unwanted()) {
        return Optional.of("a DEL for the same attachment came");
      }
      return caller.gone() ? Optional.of("the plugin hung up") : Optional.empty();
    }
  }

  private AddOutcome inTurn(PodRequest request, Netns netns, Wanted wanted, long began)
      throws InterruptedException {
    Optional<AddOutcome> exists = existing(request.key(), netns.inode());
    if (exists.isPresent()) {
      return exists.get();
    }
    Optional<String> excess = kernel.excess(request.demands());
    if (excess.isPresent()) {
      return new AddOutcome.TooManyPorts(excess.get());
    }
    return switch (choice.of(request.pool())) {
      case PoolChoice.Chosen(PoolName name) -> {
        Optional<AddOutcome> not = impossible(name, wanted, began);
        yield not.isPresent() ? not.get() : from(name, request, netns, wanted, began);
      }
      case PoolChoice.NoSuchPool(String what, String remedy) ->
          new AddOutcome.NoSuchPool(what, remedy);
    };
  }

  /**
   * Before anything is ordered for a pool's first ENI: another pool would make place for it in
   * vain.
   */
  private Optional<AddOutcome> impossible(PoolName name, Wanted wanted, long began)
      throws InterruptedException {
    if (name.isDefault()
        || pool.snapshot().enis().values().stream().anyMatch(eni -> eni.pool().equals(name))) {
      return Optional.empty();
    }
    CompletableFuture<Cloud.Result<Cloud.Done>> answer = firstEni.ask(name);
    while (true) {
      try {
        return refusal(name, answer.get(LOOK.toMillis(), TimeUnit.MILLISECONDS));
      } catch (TimeoutException e) {
        Optional<String> not = wanted.not();
        if (not.isPresent()) {
          return Optional.of(new AddOutcome.Abandoned(not.get()));
        }
        if (left(began).isZero()) {
          return Optional.of(
              new AddOutcome.NoAddress(
                  "EC2 has not said in time whether the first ENI of pool \""
                      + name
                      + "\" can be made for this node: it is slow or silent, or this node has used"
                      + " up its share of calls",
                  "try again; it is still being asked",
                  Optional.empty()));
        }
      } catch (ExecutionException e) {
        return Optional.of(
            new AddOutcome.NoAddress(
                "internal error: " + e.getCause(), "see the daemon's log", Optional.empty()));
      }
    }
  }

  private static Optional<AddOutcome> refusal(PoolName name, Cloud.Result<Cloud.Done> answer) {
    return switch (answer) {
      case Cloud.Success<Cloud.Done> _ -> Optional.empty();
      case Cloud.Failure<Cloud.Done> failure ->
          Optional.of(
              failure.lasting()
                  ? new AddOutcome.NoSuchPool(
                      "pool \"" + name + "\" cannot be used on this node: " + failure.reason(),
                      failure.remedy())
                  : new AddOutcome.NoAddress(
                      failure.reason(), failure.remedy(), Optional.of(failure.retryAfter())));
    };
  }

  /** What is left of {@code MILLPOND_ADD_WAIT}. */
  private Duration left(long began) {
    Duration left = settings.daemon().addWait().minusNanos(System.nanoTime() - began);
    return left.isNegative() ? Duration.ZERO : left;
  }

  private AddOutcome from(PoolName name, PodRequest request, Netns netns, Wanted wanted, long began)
      throws InterruptedException {
    try {
      return tried(name, request, netns, wanted, began);
    } finally {
      expected.answered(request.key());
    }
  }

  private AddOutcome tried(
      PoolName name, PodRequest request, Netns netns, Wanted wanted, long began)
      throws InterruptedException {
    for (int i = 0; i < TRIES; i++) {
      switch (address(request, name, left(began), wanted)) {
        case PoolAnswer.Granted granted -> {
          Optional<AddOutcome> end = build(request, granted, netns, wanted);
          if (end.isPresent()) {
            return end.get();
          }
        }
        case PoolAnswer.None none -> {
          return new AddOutcome.NoAddress(none.cause(), none.remedy(), none.expectedIn());
        }
        case PoolAnswer.Withdrawn _ -> {
          return new AddOutcome.Abandoned(wanted.not().orElse("the request was withdrawn"));
        }
      }
    }
    return new AddOutcome.NoAddress(
        TRIES + " addresses in a row are held by interfaces that this node's records do not know",
        "look for slaves of the ENIs that another program made; the addresses are in quarantine",
        Optional.empty());
  }

  private Optional<AddOutcome> existing(AttachmentKey key, long inode) {
    AttachmentKey poolKey = attachments.poolKey(key);
    if (pool.snapshot().heldBy(poolKey).isEmpty()) {
      return Optional.empty();
    }
    long known = attachments.byPoolKey(poolKey).map(Attachments.Attachment::netnsInode).orElse(0L);
    return Optional.of(exists(key, known, inode));
  }

  private static AddOutcome exists(AttachmentKey key, long known, long asked) {
    return known == asked
        ? new AddOutcome.Failed(
            key.shown()
                + " exists already in this namespace and was left untouched; a DEL must come before"
                + " another ADD")
        : new AddOutcome.ExistsElsewhere(
            "%s exists in another network namespace (inode %d, asked for %d) until its DEL"
                .formatted(key.shown(), known, asked));
  }

  private PoolAnswer address(PodRequest request, PoolName name, Duration wait, Wanted wanted)
      throws InterruptedException {
    AttachmentKey key = request.key();
    long late = System.nanoTime() + LATE.toNanos();
    boolean told = false;
    CompletableFuture<PoolAnswer> answer = expected.request(request, name, wait);
    wanted.turn().whenUnwanted(() -> pool.withdraw(key));
    while (true) {
      try {
        return answer.get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (wanted.not().isPresent()) {
          pool.withdraw(key);
        } else if (!told && System.nanoTime() - late >= 0) {
          told = true;
          late(request, name);
        }
      } catch (ExecutionException e) {
        return new PoolAnswer.None(
            "internal error: " + e.getCause(), "see the daemon's log", Optional.empty());
      } catch (InterruptedException e) {
        pool.withdraw(key);
        throw e;
      }
    }
  }

  private void late(PodRequest request, PoolName name) {
    if (pool.snapshot().explain(request.key(), name, pool.policy(), pool.now())
        instanceof AllocationResult.Wait(var reason, var expectedIn)) {
      notices.tell(
          request,
          PodNotices.Kind.LATE,
          reason + " (expected in " + Math.max(1, expectedIn.toSeconds()) + " s)",
          "");
    }
  }

  /** Empty if another address is to be tried. */
  private Optional<AddOutcome> build(
      PodRequest request, PoolAnswer.Granted granted, Netns netns, Wanted wanted) {
    AttachmentKey key = request.key();
    Optional<EniPlace> place = places.find(granted.eni());
    if (place.isEmpty() || wanted.not().isPresent()) {
      attachFailed(key, false);
      return Optional.of(
          wanted
              .not()
              .<AddOutcome>map(AddOutcome.Abandoned::new)
              .orElseGet(() -> new AddOutcome.Failed("the link of " + granted.eni() + " is gone")));
    }
    PodPlan plan = request.plan(granted.address(), place.get(), settings.network());
    try (LogContext _ =
        LogContext.with(
            java.util.Map.of(
                LogContext.IP, plan.address().toString(), LogContext.ENI, granted.eni().value()))) {
      return switch (kernel.attach(plan, netns)) {
        case PodNetwork.Attached attached ->
            Optional.of(attached(plan, request.podUid(), attached, netns, wanted));
        case PodNetwork.AddressInUse inUse -> {
          log.warn(
              "an unknown interface holds the address: it goes into quarantine, another is taken"
                  + " ({})",
              inUse.detail());
          metrics.addressInUse();
          pool.apply(new PoolEvent.AddressInUse(key, plan.address(), pool.now())).join();
          yield Optional.empty();
        }
        case PodNetwork.AlreadyAttached already -> {
          attachFailed(key, false);
          yield Optional.of(exists(key, already.netnsInode(), netns.inode()));
        }
        case PodNetwork.InterfaceExists exists -> {
          attachFailed(key, false);
          yield Optional.of(new AddOutcome.Failed(exists.detail()));
        }
        case PodNetwork.PortTaken taken -> {
          attachFailed(key, false);
          yield Optional.of(new AddOutcome.PortTaken(taken.detail()));
        }
        case PodNetwork.NoNamespace gone -> {
          attachFailed(key, false);
          yield Optional.of(new AddOutcome.BadNamespace(gone.detail()));
        }
        case PodNetwork.AttachFailed failed -> {
          attachFailed(key, failed.exposed());
          yield Optional.of(new AddOutcome.Failed(failed.detail()));
        }
      };
    } catch (RuntimeException e) {
      // What is there of the pod is unknown after a bug: take it down before the address cools.
      log.error("a bug while the pod was built; it is removed", e);
      undo(key, netns);
      return Optional.of(new AddOutcome.Failed("internal error: " + e));
    }
  }

  private AddOutcome attached(
      PodPlan plan, String podUid, PodNetwork.Attached attached, Netns netns, Wanted wanted) {
    Optional<String> unwanted = wanted.not();
    if (unwanted.isPresent()) {
      log.info("undoing an ADD: {}", unwanted.get());
      undo(plan.key(), netns);
      return new AddOutcome.Abandoned(unwanted.get());
    }
    attachments.built(plan, podUid, netns.inode());
    pool.apply(new PoolEvent.Attached(plan.key(), pool.now())).join();
    return new AddOutcome.Added(
        plan, attached.hostLink(), attached.mac(), attached.mtu(), attached.leads());
  }

  private void attachFailed(AttachmentKey key, boolean exposed) {
    pool.apply(new PoolEvent.AttachFailed(key, exposed, pool.now())).join();
  }

  private void undo(AttachmentKey key, Netns netns) {
    switch (kernel.detach(key, Optional.of(netns))) {
      case PodNetwork.Detached detached ->
          pool.apply(new PoolEvent.Detached(key, detached.at())).join();
      case PodNetwork.DetachFailed failed ->
          // The address stays owned: nobody else may have it while part of the pod is there.
          log.error(
              "an ADD could not be undone; the address stays taken until a DEL or a restart: {}",
              failed.detail());
    }
  }
}
