package io.millpond.simulator.fabric;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Starts the simulator's process inside the namespace of the VPC, which it makes before, together
 * with the management link, and removes afterwards.
 */
public final class FabricLauncher {
  /** How long the simulator may take to end in order. */
  private static final int END_SECONDS = 30;

  /** The exit status of a process that SIGTERM ended. */
  private static final int ENDED = 143;

  private @Nullable VpcNamespace vpc;
  private @Nullable Process simulator;
  private boolean ended;

  private FabricLauncher() {}

  /**
   * Runs a command inside the namespace and waits for its end. Signals to end this process are
   * passed on, also those that come while the namespace is being made; afterwards nothing of it is
   * left. When this process is killed, the kernel ends the command, and the next run removes what
   * is left.
   *
   * @param namespace such as {@code vpc}
   * @param command the simulator's own command line, to which the launcher adds nothing
   * @return the command's exit status
   * @throws FabricException if the namespace cannot be made, or a simulator runs there already
   */
  public static int run(String namespace, List<String> command) {
    if (namespace.isEmpty() || command.isEmpty()) {
      throw new IllegalArgumentException("nothing to run");
    }
    FabricLauncher launcher = new FabricLauncher();
    Thread stop = new Thread(launcher::end, "vpc-simulator-stop");
    Runtime.getRuntime().addShutdownHook(stop);
    try {
      return launcher.begin(namespace, command).map(FabricLauncher::waitFor).orElse(ENDED);
    } finally {
      launcher.end();
      try {
        Runtime.getRuntime().removeShutdownHook(stop);
      } catch (IllegalStateException ending) {
        // This process was told to end: the hook has done what there was to do.
      }
    }
  }

  /** Empty if this process was told to end before. */
  private synchronized Optional<Process> begin(String namespace, List<String> command) {
    if (ended) {
      return Optional.empty();
    }
    vpc = VpcNamespace.create(namespace);
    simulator = start(namespace, command);
    return Optional.of(simulator);
  }

  /** Waits for what is just beginning, and removes everything. */
  private synchronized void end() {
    ended = true;
    if (simulator != null) {
      simulator.destroy();
      try {
        if (!simulator.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
          simulator.destroyForcibly().waitFor();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      simulator = null;
    }
    if (vpc != null) {
      vpc.close();
      vpc = null;
    }
  }

  private static Process start(String namespace, List<String> command) {
    List<String> line = new ArrayList<>(List.of("setpriv", "--pdeathsig", "TERM", "--"));
    line.addAll(NetworkCommands.inside(namespace, command.toArray(String[]::new)));
    try {
      return new ProcessBuilder(line).inheritIO().start();
    } catch (IOException e) {
      throw new FabricException("cannot start the simulator in " + namespace + ": " + line, e);
    }
  }

  private static int waitFor(Process simulator) {
    while (true) {
      try {
        return simulator.waitFor();
      } catch (InterruptedException e) {
        simulator.destroy();
      }
    }
  }
}
