package io.millpond.node;

import io.millpond.node.install.InvalidConflistException;
import io.millpond.node.log.LogbackSetup;
import io.millpond.node.settings.InvalidSettingsException;
import io.millpond.node.settings.Settings;
import io.millpond.node.settings.SettingsReader;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The node daemon's command line. */
@Command(
    name = "millpondd",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Keeps a warm pool of VPC addresses on this node and attaches pods to them.",
    footerHeading = "%nSettings, in the environment or in the file:%n")
public final class Millpondd implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(Millpondd.class);

  /** Settings are invalid: restarting without changing them does not help. */
  private static final int EXIT_SETTINGS = 78;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The settings file (default: ${DEFAULT-VALUE}).")
  private Path config = SettingsReader.DEFAULT_FILE;

  @Option(
      names = "--print-settings",
      description = "Print every setting with the value in force, and exit.")
  private boolean printSettings;

  @Option(
      names = "--train",
      hidden = true,
      description = "Exercise the daemon without a node, for the AOT cache.")
  private boolean train;

  @Spec private @Nullable CommandSpec spec;

  private Millpondd() {}

  /** Runs the daemon until it is told to stop. */
  public static void main(String[] arguments) {
    CommandLine line = new CommandLine(new Millpondd());
    line.getCommandSpec().usageMessage().footer(SettingsReader.help().split("\n"));
    System.exit(line.execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    if (!config.equals(SettingsReader.DEFAULT_FILE) && !Files.isRegularFile(config)) {
      log.error(
          "--config {}: there is no such file; leave --config out or correct its path", config);
      return EXIT_SETTINGS;
    }
    try {
      if (!train) {
        warnOfUnknownNames();
      }
      if (printSettings) {
        out().print(SettingsReader.print(config, System.getenv()));
        out().flush();
        return 0;
      }
      if (train) {
        return Training.run();
      }
      Settings settings = SettingsReader.read(config, System.getenv());
      LogbackSetup.level(settings.daemon().logLevel());
      return NodeDaemon.runUntilStopped(settings);
    } catch (InvalidSettingsException e) {
      e.errors().forEach(error -> log.error("invalid setting: {}", error));
      return EXIT_SETTINGS;
    } catch (InvalidConflistException e) {
      e.errors().forEach(error -> log.error("invalid network configuration: {}", error));
      return EXIT_SETTINGS;
    }
  }

  private static void warnOfUnknownNames() {
    for (String name : SettingsReader.unknownNames(System.getenv())) {
      log.warn(
          "{} in the environment is no setting of millpond and has no effect; millpondd --help names them",
          name);
    }
  }

  private PrintWriter out() {
    return spec == null
        ? new PrintWriter(System.out, false, java.nio.charset.StandardCharsets.UTF_8)
        : spec.commandLine().getOut();
  }
}
