package io.millpond.node.policy;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.node.settings.Settings;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pool's settings on this node as the cluster's policies have them: the node's own, and over
 * them those of the one policy that counts. Until the node's labels and the policies are known, and
 * when no policy selects it, its own. Safe for any thread; what it calls must not block.
 */
public final class NodePolicy {
  private static final Logger log = LoggerFactory.getLogger(NodePolicy.class);

  private final Settings.Pool own;
  private final boolean customNetwork;
  private final PolicyBook book = new PolicyBook();
  private boolean listed;
  private @Nullable Map<String, String> labels;
  private @Nullable Consumer<Settings.Pool> pool;
  private volatile InForce inForce = InForce.NOTHING;
  private volatile List<String> findings = List.of();
  private Settings.Pool settings;

  /**
   * What the cluster's policies come to on this node.
   *
   * @param policy the name of the one that counts; empty: none
   * @param generation of that policy's spec
   * @param overridden names of others that select this node too
   * @param refusal why the settings of the one that counts are not in force here, if so
   * @param settings that it lays over the node's own, by the names of EKS
   */
  public record InForce(
      Optional<String> policy,
      long generation,
      List<String> overridden,
      Optional<String> refusal,
      SortedMap<String, String> settings) {
    /** No policy selects this node. */
    public static final InForce NOTHING =
        new InForce(Optional.empty(), 0, List.of(), Optional.empty(), new TreeMap<>());

    /** Copies the collections. */
    public InForce {
      overridden = List.copyOf(overridden);
      settings = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    }
  }

  /**
   * With the node's own settings.
   *
   * @param customNetwork whether an ENIConfig places ENIs
   */
  public NodePolicy(Settings.Pool own, boolean customNetwork) {
    this.own = own;
    this.customNetwork = customNetwork;
    this.settings = own;
  }

  /**
   * Who hears of the settings in force: at once if they are not the node's own, and then of every
   * change. One at a time; it must not block.
   */
  public synchronized void tell(Consumer<Settings.Pool> listener) {
    pool = listener;
    if (!settings.equals(own)) {
      listener.accept(settings);
    }
  }

  /** The node's labels, first or changed. */
  public synchronized void labels(Map<String, String> now) {
    if (!now.equals(labels)) {
      labels = Map.copyOf(now);
      judge();
    }
  }

  /** These are all policies. */
  public synchronized void replace(Collection<JsonNode> objects) {
    book.replace(objects);
    listed = true;
    judge();
  }

  /** A policy is new or has changed. */
  public synchronized void put(JsonNode object) {
    book.put(object);
    judge();
  }

  /** A policy is gone. */
  public synchronized void remove(String name) {
    book.remove(name);
    judge();
  }

  /** Whether labels and policies are known, so that what is in force is what should be. */
  public synchronized boolean known() {
    return listed && labels != null;
  }

  /** What is in force. */
  public InForce inForce() {
    return inForce;
  }

  /** What is wrong with policies and only whoever wrote them can put right. */
  public List<String> findings() {
    return findings;
  }

  private void judge() {
    Map<String, String> mine = labels;
    if (!listed || mine == null) {
      return;
    }
    Precedence.Outcome outcome = Precedence.on(mine, book.usable());
    Settings.Pool wanted = own;
    InForce now = InForce.NOTHING;
    Optional<String> contradiction = Optional.empty();
    if (outcome.counts().isPresent()) {
      WarmPoolPolicy policy = outcome.counts().get();
      Settings.Pool over = policy.settings().over(own);
      contradiction =
          over.contradiction(customNetwork)
              .map(
                  why ->
                      "WarmPoolPolicy \"%s\" cannot be used on this node, its own settings are in force: %s"
                          .formatted(policy.name(), why));
      wanted = contradiction.isPresent() ? own : over;
      now =
          new InForce(
              Optional.of(policy.name()),
              policy.generation(),
              outcome.overridden().stream().map(WarmPoolPolicy::name).toList(),
              contradiction.or(() -> book.refusal(policy.name())),
              policy.settings().shown());
    }
    findings(contradiction);
    say(now);
    inForce = now;
    if (!wanted.equals(settings)) {
      settings = wanted;
      Consumer<Settings.Pool> listener = pool;
      if (listener != null) {
        listener.accept(wanted);
      }
    }
  }

  private void findings(Optional<String> contradiction) {
    List<String> all = new java.util.ArrayList<>(book.findings());
    contradiction.ifPresent(all::add);
    all.stream().filter(one -> !findings.contains(one)).forEach(one -> log.warn("{}", one));
    findings = List.copyOf(all);
  }

  private void say(InForce now) {
    if (now.equals(inForce)) {
      return;
    }
    if (now.policy().isEmpty()) {
      log.info("no WarmPoolPolicy selects this node any more: its own settings are in force");
    } else if (now.refusal().isEmpty()) {
      log.info(
          "WarmPoolPolicy {} (generation {}) is in force: {}",
          now.policy().get(),
          now.generation(),
          now.settings());
    }
    if (!now.overridden().isEmpty() && !now.overridden().equals(inForce.overridden())) {
      log.warn(
          "{} WarmPoolPolicies select this node: {} counts, {} have no effect here; give one of them a higher priority, or selectors that do not overlap",
          now.overridden().size() + 1,
          now.policy().orElse(""),
          now.overridden());
    }
  }
}
