package io.millpond.simulator.fabric;

import java.util.List;

/**
 * Starts the simulator's process inside the namespace of the VPC, which it makes before, together
 * with the management link, and removes afterwards.
 */
public final class FabricLauncher {
  private FabricLauncher() {}

  /**
   * Runs a command inside the namespace and waits for its end. Signals to end this process are
   * passed on; afterwards nothing of the namespace is left.
   *
   * @param namespace such as {@code vpc}
   * @param command the simulator's own command line, to which the launcher adds nothing
   * @return the command's exit status
   */
  public static int run(String namespace, List<String> command) {
    if (namespace.isEmpty() || command.isEmpty()) {
      throw new IllegalArgumentException("nothing to run");
    }
    throw new UnsupportedOperationException("no launcher yet: " + namespace + " " + command);
  }
}
