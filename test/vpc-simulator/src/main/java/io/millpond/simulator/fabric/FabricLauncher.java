package io.millpond.simulator.fabric;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Starts the simulator's process inside the namespace of the VPC, which it makes before, together
 * with the management link, and removes afterwards.
 */
public final class FabricLauncher {
  /** How long the simulator may take to end in order. */
  private static final int END_SECONDS = 30;

  private FabricLauncher() {}

  /**
   * Runs a command inside the namespace and waits for its end. Signals to end this process are
   * passed on; afterwards nothing of the namespace is left. When this process is killed, the kernel
   * ends the command, and the next run removes what is left.
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
    try (VpcNamespace vpc = VpcNamespace.create(namespace)) {
      Process simulator = start(namespace, command);
      Thread stop = new Thread(() -> end(simulator, vpc), "vpc-simulator-stop");
      Runtime.getRuntime().addShutdownHook(stop);
      int status = waitFor(simulator);
      try {
        Runtime.getRuntime().removeShutdownHook(stop);
      } catch (IllegalStateException ending) {
        join(stop); // it removes everything
      }
      return status;
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

  private static void end(Process simulator, VpcNamespace vpc) {
    simulator.destroy();
    try {
      if (!simulator.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        simulator.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    vpc.close();
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

  private static void join(Thread stop) {
    try {
      stop.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
