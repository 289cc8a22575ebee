package io.millpond.node;

import io.millpond.node.install.NodeCleanup;
import io.millpond.node.probe.ProbeServer;
import io.millpond.node.probe.ProbeState;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * Takes millpond off a node in as many rounds as it takes, tells what keeps it from ending whenever
 * that changes, and stays when it has ended: a DaemonSet's container that ends is started again.
 */
final class LastVisit {
  private static final Duration PAUSE = Duration.ofSeconds(5);

  /** Of the process, for {@code SO_PEERCRED}. */
  private static final int ROOT = 0;

  private final Round round;
  private final PrintWriter out;
  private volatile ProbeState state =
      new ProbeState(ProbeState.Phase.STARTING, "the first round is under way");

  /** One round. */
  @FunctionalInterface
  interface Round {
    NodeCleanup take() throws IOException;
  }

  LastVisit(Round round, PrintWriter out) {
    this.round = round;
    this.out = out;
  }

  /** Returns only if it is interrupted. */
  int stay(Optional<Path> probeSocket) throws IOException, InterruptedException {
    if (probeSocket.isPresent()) {
      try (ProbeServer _ = ProbeServer.start(probeSocket.get(), () -> state, ROOT)) {
        return untilStopped();
      }
    }
    return untilStopped();
  }

  private int untilStopped() throws InterruptedException {
    List<String> told = List.of();
    while (true) {
      List<String> left = left();
      if (left.isEmpty()) {
        break;
      }
      if (!left.equals(told)) {
        left.forEach(out::println);
        told = left;
      }
      state = new ProbeState(ProbeState.Phase.STARTING, String.join("; ", left));
      Thread.sleep(PAUSE);
    }
    out.println("nothing of millpond is left on this node");
    state = new ProbeState(ProbeState.Phase.SERVING, "nothing of millpond is left on this node");
    new CountDownLatch(1).await();
    return 0;
  }

  private List<String> left() {
    try {
      NodeCleanup done = round.take();
      done.removed().forEach(what -> out.println("removed " + what));
      return done.left();
    } catch (IOException e) {
      return List.of("it could not be tried: " + e.getMessage());
    }
  }
}
