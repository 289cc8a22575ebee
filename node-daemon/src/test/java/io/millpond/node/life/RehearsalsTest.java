package io.millpond.node.life;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.testing.HeardLog;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RehearsalsTest {
  private static final String NO_IPVLAN = "the kernel has no ipvlan";

  private final Deque<Supplier<Optional<String>>> answers = new ArrayDeque<>();
  private final Rehearsals rehearsals = new Rehearsals(host());
  private final HeardLog log = new HeardLog(Rehearsals.class);

  @AfterEach
  void stop() {
    log.close();
  }

  /** It can be asked for rehearsals alone. */
  private HostNetwork host() {
    return (HostNetwork)
        Proxy.newProxyInstance(
            HostNetwork.class.getClassLoader(),
            new Class<?>[] {HostNetwork.class},
            (_, method, _) -> {
              assertThat(method.getName()).isEqualTo("rehearse");
              return answers.size() == 1 ? answers.element().get() : answers.remove().get();
            });
  }

  /** The last one from then on. */
  private void answering(List<Supplier<Optional<String>>> next) {
    answers.clear();
    answers.addAll(next);
  }

  @Test
  void beforeTheFirstRehearsalEndsNobodyCallsTheKernelFit() {
    assertThat(rehearsals.failure()).isPresent();
    answering(List.of(Optional::empty));
    rehearsals.judge();
    assertThat(rehearsals.failure()).isEmpty();
    assertThat(log.lines()).isEmpty();
  }

  @Test
  void aFailureThatDoesNotComeTwiceIsNone() {
    answering(List.of(() -> Optional.of("ENOBUFS"), Optional::empty));
    rehearsals.judge();
    assertThat(rehearsals.failure()).isEmpty();
    assertThat(log.lines()).isEmpty();
  }

  @Test
  void aKernelThatCannotHavePodsIsSaidOnceAndTriedUntilItCan() {
    answering(List.of(() -> Optional.of(NO_IPVLAN)));
    rehearsals.judge();
    rehearsals.judge();
    assertThat(rehearsals.failure()).contains(NO_IPVLAN);
    assertThat(log.lines()).containsExactly("ERROR this kernel cannot have pods: " + NO_IPVLAN);
    answering(List.of(Optional::empty));
    rehearsals.judge();
    assertThat(rehearsals.failure()).isEmpty();
    assertThat(log.lines()).containsExactly("INFO this kernel can have pods now");
  }

  @Test
  void whateverARehearsalThrowsIsAReasonAndNoEndOfItsThread() {
    answering(
        List.of(
            () -> {
              throw new OutOfMemoryError("unable to create native thread");
            }));
    rehearsals.judge();
    assertThat(rehearsals.failure().orElse("")).contains("unable to create native thread");
  }

  @Test
  void whatFailsInPracticeDoesNotMakeANodeUnready() {
    answering(List.of(Optional::empty));
    rehearsals.judge();
    answering(List.of(() -> Optional.of("ENOBUFS")));
    rehearsals.practise();
    assertThat(rehearsals.failure()).isEmpty();
  }
}
