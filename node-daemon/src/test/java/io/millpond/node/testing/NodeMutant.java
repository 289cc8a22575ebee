package io.millpond.node.testing;

import io.millpond.cni.mutants.Mutant;
import io.millpond.cni.mutants.Mutants;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.PodNetwork;
import java.util.function.UnaryOperator;

/** A daemon that is wrong in one respect: between it and the kernel, or in what it answers. */
public final class NodeMutant extends Mutant {
  private static final NodeMutant NONE = new NodeMutant("none");

  private Ports<PodNetwork> pods = (real, _) -> real;
  private UnaryOperator<HostNetwork> host = UnaryOperator.identity();
  private Answers answers = CniRuntime::reallyAsk;

  /** Another port in the place of the real one. */
  @FunctionalInterface
  public interface Ports<T> {
    /** What the daemon gets. */
    T instead(T real, ModelKernel kernel);
  }

  /** Answers a runtime. */
  @FunctionalInterface
  public interface Answers {
    /** The answer that the runtime gets in the place of the real one. */
    CniRuntime.Reply answer(CniRuntime runtime, CniRuntime.Request request);
  }

  /** One that differs in nothing yet. */
  public NodeMutant(String name, int... rules) {
    super(name, rules);
  }

  /** The one in place. */
  public static NodeMutant current() {
    return Mutants.current() instanceof NodeMutant mutant ? mutant : NONE;
  }

  /** With other pods. */
  public NodeMutant pods(Ports<PodNetwork> other) {
    pods = other;
    return this;
  }

  /** With another host. */
  public NodeMutant host(UnaryOperator<HostNetwork> other) {
    host = other;
    return this;
  }

  /** With other answers. */
  public NodeMutant answers(Answers other) {
    answers = other;
    return this;
  }

  CniRuntime.Reply answer(CniRuntime runtime, CniRuntime.Request request) {
    return answers.answer(runtime, request);
  }

  PodNetwork podsOf(PodNetwork real, ModelKernel kernel) {
    return pods.instead(real, kernel);
  }

  HostNetwork hostOf(HostNetwork real) {
    return host.apply(real);
  }
}
