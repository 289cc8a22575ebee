package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * What all scenarios share: one VPC for the whole run, given to who asks for it; and the rule that
 * after a scenario nothing is left of it on any node that ran before it.
 */
final class Scenarios implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
  private static final ExtensionContext.Namespace OURS =
      ExtensionContext.Namespace.create(Scenarios.class);

  /** Idle threads and kept connections go within a minute. */
  private static final Duration SETTLED = Duration.ofSeconds(90);

  private record Before(Traces traces, int logged) {}

  static Vpc vpc(ExtensionContext context) {
    return context
        .getRoot()
        .getStore(OURS)
        .getOrComputeIfAbsent(Vpc.class, _ -> Vpc.start(), Vpc.class);
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType().equals(Vpc.class);
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return vpc(context);
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    Map<Node, Before> before = new HashMap<>();
    vpc(context).nodes().forEach(node -> before.put(node, before(node)));
    context.getStore(OURS).put(Before.class, before);
  }

  private static Before before(Node node) {
    await(node.netns() + " is idle").atMost(SETTLED).until(() -> Traces.idle(node));
    return new Before(Traces.of(node), node.log().length());
  }

  /** Holds part of a scenario to the rule, on a node that the scenario launched. */
  static void leavingNothing(Node node, Runnable part) {
    Before before = before(node);
    try {
      part.run();
      leftNothing(node, before);
    } finally {
      System.out.println(node.netns() + ":\n" + node.log().substring(before.logged()));
    }
  }

  @Override
  @SuppressWarnings("unchecked")
  public void afterEach(ExtensionContext context) {
    Map<Node, Before> all =
        (Map<Node, Before>) context.getStore(OURS).getOrDefault(Before.class, Map.class, Map.of());
    all.forEach(
        (node, before) ->
            System.out.println(node.netns() + ":\n" + node.log().substring(before.logged())));
    vpc(context).calm();
    if (context.getExecutionException().isPresent()) {
      return;
    }
    all.forEach(
        (node, before) -> {
          if (vpc(context).nodes().contains(node)) {
            leftNothing(node, before);
          }
        });
  }

  private static void leftNothing(Node node, Before before) {
    Traces[] after = {Traces.of(node)};
    try {
      await()
          .atMost(SETTLED)
          .pollInterval(Duration.ofMillis(500))
          .pollDelay(Duration.ZERO)
          .until(
              () -> {
                after[0] = Traces.of(node);
                return after[0].asBefore(before.traces());
              });
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(
          "the scenario left something on "
              + node.netns()
              + ":\n"
              + after[0].differences(before.traces(), node),
          e);
    }
  }
}
