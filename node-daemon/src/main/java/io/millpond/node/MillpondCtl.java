package io.millpond.node;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line that asks a running daemon, for people. */
@Command(
    name = "millpond-ctl",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Asks the millpond daemon of this node.")
public final class MillpondCtl implements Callable<Integer> {
  private MillpondCtl() {}

  /** Asks, prints the answer, exits with 0 when the daemon answered. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new MillpondCtl()).execute(arguments));
  }

  @Override
  public Integer call() {
    CommandLine.usage(this, System.err);
    return CommandLine.ExitCode.USAGE;
  }
}
