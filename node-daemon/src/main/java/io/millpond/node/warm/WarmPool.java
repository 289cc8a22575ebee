package io.millpond.node.warm;

import io.millpond.node.threads.Threads;
import io.millpond.pool.AllocationResult;
import io.millpond.pool.Planner;
import io.millpond.pool.PoolAction;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.PoolPolicy;
import io.millpond.pool.PoolState;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pool's one thread and its queue. Methods are safe for any thread and do not block; what they
 * return is completed by the loop.
 */
public final class WarmPool implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WarmPool.class);

  /** How long the loop sleeps at most: cooled addresses and surpluses are noticed that soon. */
  private static final Duration TICK = Duration.ofMillis(500);

  /** Longer than it nearly ever takes to add an ENI. */
  private static final Duration SLOW = Duration.ofSeconds(12);

  /** What is to be done while the node goes on trying. */
  private static final String PATIENCE =
      "wait: the node goes on trying and the kubelet asks again; if it lasts, look at /readyz and"
          + " the log of millpondd for what EC2 says";

  private static final PoolAnswer STOPPING =
      new PoolAnswer.None(
          "the daemon is stopping", "wait: the kubelet asks the next daemon", Optional.empty());

  private final Supplier<BootTime> clock;
  private volatile PoolPolicy policy;
  private final ActionRunner runner;
  private final LinkedBlockingQueue<Command> queue = new LinkedBlockingQueue<>();
  private final Map<AttachmentKey, Asked> asked = new HashMap<>();
  private final Thread thread;
  private volatile PoolState state;
  private final Map<PoolName, String> growthFailures = new HashMap<>();
  private volatile @Nullable String trouble;
  private volatile BootTime turned;
  private volatile boolean closed;

  private sealed interface Command {}

  private record Apply(PoolEvent event, CompletableFuture<PoolState> applied) implements Command {}

  private record Ask(
      AttachmentKey key,
      PoolName pool,
      BootTime deadline,
      List<PoolEvent> first,
      CompletableFuture<PoolAnswer> answer)
      implements Command {}

  private record Withdraw(AttachmentKey key) implements Command {}

  private record Adopt(PoolPolicy policy) implements Command {}

  private record Asked(PoolName pool, BootTime deadline, CompletableFuture<PoolAnswer> answer) {}

  /**
   * A pool that begins in this state; nothing moves before {@link #start}.
   *
   * @param clock the time since boot
   * @param runner starts planned actions; called by the loop, must not block
   */
  public WarmPool(
      PoolState initial, PoolPolicy policy, Supplier<BootTime> clock, ActionRunner runner) {
    this.state = initial;
    this.policy = policy;
    this.clock = clock;
    this.runner = runner;
    this.turned = clock.get();
    this.thread = Thread.ofPlatform().daemon().name("pool").unstarted(this::loop);
  }

  /** Begins to apply events. */
  public void start() {
    thread.start();
  }

  /** The state after the last event. */
  public PoolState snapshot() {
    return state;
  }

  /** How much is kept ready. */
  public PoolPolicy policy() {
    return policy;
  }

  /** From now on so much is kept ready; nobody waits for that. */
  public void adopt(PoolPolicy other) {
    submit(new Adopt(other));
  }

  /** Now, as the pool counts time. */
  public BootTime now() {
    return clock.get();
  }

  /** Why the process should be restarted, if so. */
  public Optional<String> sick() {
    if (trouble != null) {
      return Optional.of("the pool's loop failed: " + trouble);
    }
    Duration silent = clock.get().since(turned);
    return silent.compareTo(Duration.ofSeconds(30)) > 0
        ? Optional.of("the pool's loop has not turned for " + silent.toSeconds() + " s")
        : Optional.empty();
  }

  /**
   * Asks for an address for the attachment.
   *
   * @param name of the pool that the address has to be from
   * @param wait how long to wait for one that is not there yet
   * @param first events that are to take effect right before, in the same step: the pool plans
   *     nothing between them and the request
   */
  public CompletableFuture<PoolAnswer> request(
      AttachmentKey key, PoolName name, Duration wait, List<PoolEvent> first) {
    CompletableFuture<PoolAnswer> answer = new CompletableFuture<>();
    submit(new Ask(key, name, clock.get().plus(wait), List.copyOf(first), answer));
    return answer;
  }

  /** Withdraws a request; one that was answered meanwhile keeps its answer. */
  public void withdraw(AttachmentKey key) {
    submit(new Withdraw(key));
  }

  /** Applies an event in turn; completed with the state right after it. */
  public CompletableFuture<PoolState> apply(PoolEvent event) {
    CompletableFuture<PoolState> applied = new CompletableFuture<>();
    submit(new Apply(event, applied));
    return applied;
  }

  private void submit(Command command) {
    queue.add(command);
    if (closed) {
      refuseAll();
    }
  }

  private void loop() {
    List<Command> commands = new ArrayList<>();
    while (!closed) {
      try {
        Command first = queue.poll(untilNext().toMillis(), TimeUnit.MILLISECONDS);
        if (first != null) {
          commands.add(first);
          queue.drainTo(commands);
        }
        commands.forEach(this::guarded);
        commands.clear();
        turn();
      } catch (InterruptedException e) {
        break;
      } catch (RuntimeException | Error e) {
        failed("planning", e);
        pause();
      }
    }
    refuseAll();
  }

  private void pause() {
    try {
      Thread.sleep(TICK);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Duration untilNext() {
    BootTime now = clock.get();
    Duration settles = state.expected().settlesIn(now);
    Duration shortest = settles.isZero() || settles.compareTo(TICK) > 0 ? TICK : settles;
    for (Asked waiting : asked.values()) {
      Duration left = waiting.deadline().since(now);
      shortest = left.compareTo(shortest) < 0 ? left : shortest;
    }
    return shortest.isNegative() ? Duration.ZERO : shortest.plusMillis(1);
  }

  private void guarded(Command command) {
    try {
      obey(command);
    } catch (RuntimeException | Error e) {
      failed(command.toString(), e);
      switch (command) {
        case Apply apply -> apply.applied().completeExceptionally(e);
        case Ask ask -> ask.answer().completeExceptionally(e);
        case Withdraw _, Adopt _ -> {}
      }
    }
  }

  private void obey(Command command) {
    BootTime now = clock.get();
    switch (command) {
      case Apply apply -> {
        note(apply.event());
        state = state.apply(apply.event());
        apply.applied().complete(state);
      }
      case Ask ask -> ask(ask, now);
      case Adopt adopt -> policy = adopt.policy();
      case Withdraw withdraw -> {
        Asked waiting = asked.remove(withdraw.key());
        if (waiting != null) {
          state = state.apply(new PoolEvent.Cancelled(withdraw.key(), now));
          waiting.answer().complete(new PoolAnswer.Withdrawn());
        }
      }
    }
  }

  private void ask(Ask ask, BootTime now) {
    for (PoolEvent event : ask.first()) {
      state = state.apply(event);
    }
    PoolState.Allocation allocation = state.request(ask.key(), ask.pool(), policy, now);
    state = allocation.state();
    switch (allocation.result()) {
      case AllocationResult.Granted _, AllocationResult.Refused _ ->
          ask.answer().complete(explained(allocation.result(), ask.pool()));
      case AllocationResult.Wait wait -> {
        log.info(
            "waiting for an address of pool {} for {}: {} (expected in {} ms)",
            ask.pool(),
            ask.key(),
            wait.reason(),
            wait.expectedIn().toMillis());
        Asked before = asked.put(ask.key(), new Asked(ask.pool(), ask.deadline(), ask.answer()));
        if (before != null) {
          before.answer().complete(new PoolAnswer.Withdrawn());
        }
      }
    }
  }

  private void turn() {
    BootTime now = clock.get();
    turned = now;
    PoolState.Served served = state.serve(policy, now);
    state = served.state();
    for (AllocationResult.Granted granted : served.grants()) {
      Asked waiting = asked.remove(granted.key());
      if (waiting != null) {
        waiting.answer().complete(new PoolAnswer.Granted(granted.address(), granted.eni()));
      }
    }
    expire(now);
    for (PoolAction action : Planner.plan(state, policy, now)) {
      state = state.apply(new PoolEvent.Ordered(action, now));
      runner.start(action, podWaits(action));
    }
  }

  /** For what it brings to its pool, or for the place that it leaves to another. */
  private boolean podWaits(PoolAction action) {
    return asked.values().stream()
        .anyMatch(
            waiting ->
                action.destructive()
                    ? action.kind() == PoolAction.Kind.RELEASE_ENI
                        && !waiting.pool().equals(action.pool())
                    : waiting.pool().equals(action.pool()));
  }

  private void expire(BootTime now) {
    for (AttachmentKey key : List.copyOf(asked.keySet())) {
      Asked waiting = asked.get(key);
      if (waiting != null && !now.isBefore(waiting.deadline())) {
        PoolAnswer answer = explained(state.explain(key, policy, now), waiting.pool());
        asked.remove(key);
        state = state.apply(new PoolEvent.Cancelled(key, now));
        waiting.answer().complete(answer);
      }
    }
  }

  private PoolAnswer explained(AllocationResult result, PoolName pool) {
    return switch (result) {
      case AllocationResult.Granted granted ->
          new PoolAnswer.Granted(granted.address(), granted.eni());
      case AllocationResult.Wait wait ->
          new PoolAnswer.None(
              wait.reason() + outlook(wait.reason(), pool),
              PATIENCE,
              Optional.of(wait.expectedIn()));
      case AllocationResult.Refused refused ->
          new PoolAnswer.None(
              refused.reason() + outlook(refused.reason(), pool),
              refused.remedy(),
              Optional.empty());
    };
  }

  /** What EC2 said when the pool was last to grow in vain, and how long it has been growing. */
  private String outlook(String reason, PoolName pool) {
    String failure = growthFailures.get(pool);
    String before =
        failure == null || reason.contains(failure) ? "" : "; the last try failed: " + failure;
    return before + growing(pool);
  }

  private String growing(PoolName pool) {
    return state.inFlight().values().stream()
        .filter(flight -> flight.action().incoming() > 0)
        .filter(flight -> flight.action().pool().equals(pool))
        .min(Comparator.comparing(PoolState.InFlight::since))
        .map(
            oldest -> {
              Duration age = clock.get().since(oldest.since());
              String said = "; ordered " + age.toSeconds() + " s ago";
              if (oldest.uncertain() != null) {
                return said + ", and EC2 did not say how it ended: it is asked";
              }
              return age.compareTo(SLOW) < 0
                  ? said
                  : said + ": EC2 is slow or silent, or this node has used up its share of calls";
            })
        .orElse("");
  }

  private void note(PoolEvent event) {
    switch (event) {
      case PoolEvent.EniAdded added -> growthFailures.remove(added.pool());
      case PoolEvent.AddressesAssigned assigned ->
          growing(assigned.actionId()).ifPresent(growthFailures::remove);
      case PoolEvent.ActionFailed failed ->
          growing(failed.actionId()).ifPresent(pool -> growthFailures.put(pool, failed.reason()));
      default -> {}
    }
  }

  /** The pool that the action in flight brings addresses to. */
  private Optional<PoolName> growing(long actionId) {
    return Optional.ofNullable(state.inFlight().get(actionId))
        .map(PoolState.InFlight::action)
        .filter(action -> action.incoming() > 0)
        .map(PoolAction::pool);
  }

  private void failed(String what, Throwable error) {
    trouble = error.toString();
    log.error("a bug: the pool could not handle {}; the state before it is kept", what, error);
  }

  private void refuseAll() {
    Command command;
    while ((command = queue.poll()) != null) {
      switch (command) {
        case Apply apply ->
            apply.applied().completeExceptionally(new IllegalStateException("the pool is closed"));
        case Ask ask -> ask.answer().complete(STOPPING);
        case Withdraw _, Adopt _ -> {}
      }
    }
  }

  /** Ends the loop; those who still wait are answered. */
  @Override
  public void close() {
    closed = true;
    Threads.end(thread);
    asked.values().forEach(waiting -> waiting.answer().complete(STOPPING));
  }
}
