package io.millpond.simulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.simulator.fabric.FabricLauncher;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The program {@code vpc-simulator}. */
@Command(
    name = "vpc-simulator",
    mixinStandardHelpOptions = true,
    version = "vpc-simulator 0.1.0",
    description =
        "An AWS that fits in a laptop: EC2, IMDS and, with --fabric, the VPC itself. When it is"
            + " ready it prints one line of JSON that says where things are, and runs until it is"
            + " told to end (SIGTERM, Ctrl-C).")
public final class VpcSimulator implements Callable<Integer> {
  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      description = "YAML or JSON over the built-in default; see README.md.")
  private @Nullable Path config;

  @Option(
      names = "--fabric",
      description =
          "Make the VPC of Linux network namespaces. Needs root. Without it, everything listens on"
              + " 127.0.0.1.")
  private boolean fabric;

  @Option(
      names = "--inside",
      hidden = true,
      description = "The process is in the namespace of the VPC already.")
  private boolean inside;

  @Spec private @Nullable CommandSpec spec;

  private final CountDownLatch ended = new CountDownLatch(1);
  private @Nullable Simulator simulator;

  /** The program's start. */
  public static void main(String[] args) {
    VpcSimulator program = new VpcSimulator();
    CommandLine line = new CommandLine(program);
    line.setExecutionExceptionHandler(
        (e, _, _) -> {
          line.getErr().println("vpc-simulator: " + e.getMessage());
          line.getErr().flush();
          return CommandLine.ExitCode.SOFTWARE;
        });
    System.exit(line.execute(args));
  }

  /** The line that says where things are. */
  private record Ready(boolean ready, SortedMap<String, URI> endpoints) {}

  @Override
  public Integer call() throws InterruptedException, JsonProcessingException {
    SimulatorConfig read =
        config == null ? SimulatorConfig.standard() : SimulatorConfig.read(config);
    if (fabric && !inside) {
      return FabricLauncher.run(read.fabric().namespace(), commandLine());
    }
    // First of all, so that a signal during the start finds somebody who undoes it.
    Runtime.getRuntime().addShutdownHook(new Thread(this::end, "shutdown"));
    Simulator started = start(read);
    if (started != null) {
      announce(started);
    }
    ended.await();
    return CommandLine.ExitCode.OK;
  }

  private synchronized @Nullable Simulator start(SimulatorConfig read) {
    if (ended.getCount() > 0) {
      simulator = fabric ? Simulator.startWithFabric(read) : Simulator.start(read);
    }
    return simulator;
  }

  private synchronized void end() {
    if (simulator != null) {
      simulator.close();
    }
    ended.countDown();
  }

  private void announce(Simulator simulator) throws JsonProcessingException {
    if (spec == null) {
      throw new IllegalStateException("picocli has not filled in the command's model");
    }
    PrintWriter out = spec.commandLine().getOut();
    out.println(new ObjectMapper().writeValueAsString(new Ready(true, simulator.endpoints())));
    out.flush();
  }

  /** This program again, by the same Java and with the same libraries, inside the namespace. */
  private List<String> commandLine() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-Xlog:disable"));
    command.add("-Xlog:all=warning:stderr");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(VpcSimulator.class.getName());
    command.addAll(List.of("--fabric", "--inside"));
    if (config != null) {
      command.addAll(List.of("--config", config.toAbsolutePath().toString()));
    }
    return command;
  }
}
