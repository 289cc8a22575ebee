package io.millpond.simulator.fabric;

import java.util.Arrays;
import java.util.List;

/** The launcher as a program: the namespace's name, then the command. */
final class LauncherProgram {
  private LauncherProgram() {}

  public static void main(String[] args) {
    List<String> arguments = Arrays.asList(args);
    System.exit(FabricLauncher.run(arguments.getFirst(), arguments.subList(1, args.length)));
  }
}
