package io.millpond.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.linux.datapath.KernelLedger;
import io.millpond.linux.datapath.NodeTraces;
import io.millpond.node.admin.AdminClient;
import io.millpond.node.install.KernelCleanup;
import io.millpond.node.install.NodeCleanup;
import io.millpond.node.install.Uninstallation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command line that asks a running daemon, for people. */
@Command(
    name = "millpond-ctl",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "Asks the millpond daemon of this node, and takes millpond away from it.")
public final class MillpondCtl {
  private static final int NOT_READY = 1;
  private static final int NO_DAEMON = 69;
  private static final int SOMETHING_LEFT = 1;

  @Option(
      names = "--run-dir",
      paramLabel = "DIR",
      description = "The daemon's run directory (default: ${DEFAULT-VALUE}).",
      scope = CommandLine.ScopeType.INHERIT)
  private Path runDirectory = Path.of("/run/millpond");

  @Option(names = "--json", description = "Print JSON.", scope = CommandLine.ScopeType.INHERIT)
  private boolean json;

  private final PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);

  private MillpondCtl() {}

  /** Asks, prints the answer, exits with 0 when all is well. */
  public static void main(String[] arguments) {
    CommandLine line = new CommandLine(new MillpondCtl());
    line.setExecutionExceptionHandler(
        (e, _, _) -> {
          System.err.println("millpond-ctl: " + e.getMessage());
          return NO_DAEMON;
        });
    System.exit(line.execute(arguments));
  }

  private JsonNode ask(String question) throws IOException {
    return new ObjectMapper()
        .readTree(AdminClient.ask(runDirectory.resolve("admin.sock"), question));
  }

  @Command(
      name = "status",
      description = "Whether pods can be attached; exits with 1 if not.",
      mixinStandardHelpOptions = true)
  int status() throws IOException {
    JsonNode answer = ask("status");
    boolean ready = answer.path("ready").asBoolean();
    if (json) {
      out.println(answer);
    } else if (ready) {
      out.println(answer.path("instance").asText() + ": ready");
    } else {
      out.println(
          answer.path("instance").asText() + ": not ready: " + answer.path("notReady").asText());
    }
    return ready ? 0 : NOT_READY;
  }

  @Command(
      name = "pool",
      description = "Every ENI and address, and who has it.",
      mixinStandardHelpOptions = true)
  int pool() throws IOException {
    JsonNode pool = ask("pool");
    if (json) {
      out.println(pool);
      return 0;
    }
    pool.path("counts")
        .properties()
        .forEach(count -> out.print(count.getKey() + " " + count.getValue().asInt() + "  "));
    out.println();
    for (JsonNode eni : pool.path("enis")) {
      out.println(
          eni.path("id").asText()
              + "  device "
              + eni.path("device").asText()
              + "  pool "
              + eni.path("pool").asText()
              + "  "
              + eni.path("note").asText());
      for (JsonNode address : eni.path("addresses")) {
        out.printf(
            "  %-15s  %-11s  %6d s  %s%n",
            address.path("ip").asText(),
            address.path("state").asText(),
            address.path("sinceSeconds").asLong(),
            address.path("pod").asText());
      }
    }
    pool.path("troubles").forEach(trouble -> out.println("trouble: " + trouble.asText()));
    return 0;
  }

  @Command(
      name = "uninstall",
      description =
          "Removes the network configuration, so that no pod comes any more, and then the plugin, if"
              + " no pod needs it for its DEL, and then, if no daemon runs, routes and rules. A daemon"
              + " that starts afterwards puts nothing back until millpond is installed again. May be"
              + " repeated; exits with 1 if something is left.",
      mixinStandardHelpOptions = true)
  int uninstall(
      @Option(
              names = "--conf-dir",
              paramLabel = "DIR",
              defaultValue = "/etc/cni/net.d",
              description = "The network configurations (default: ${DEFAULT-VALUE}).")
          Path confDirectory,
      @Option(
              names = "--bin-dir",
              paramLabel = "DIR",
              defaultValue = "/opt/cni/bin",
              description = "The plugins (default: ${DEFAULT-VALUE}).")
          Path binDirectory,
      @Option(
              names = "--until-clean",
              description =
                  "For a node to which no daemon comes back: does nothing while one runs, tries again"
                      + " until nothing is left, and then waits to be stopped.")
          boolean untilClean,
      @Option(
              names = "--probe-socket",
              paramLabel = "FILE",
              description =
                  "With --until-clean: where millpond-probe asks whether the node is clean.")
          @Nullable Path probeSocket)
      throws IOException, InterruptedException {
    if (untilClean) {
      return new LastVisit(
              () ->
                  NodeCleanup.round(
                      confDirectory,
                      binDirectory,
                      runDirectory,
                      MillpondCtl::attachedPods,
                      NodeTraces::remove),
              out)
          .stay(Optional.ofNullable(probeSocket));
    }
    Uninstallation done =
        Uninstallation.run(confDirectory, binDirectory, MillpondCtl::attachedPods);
    done.removed().forEach(file -> out.println("removed " + file));
    List<String> left = new ArrayList<>(done.left());
    if (left.isEmpty()) {
      KernelCleanup kernel = KernelCleanup.run(runDirectory, NodeTraces::remove);
      kernel.removed().forEach(what -> out.println("removed " + what));
      left.addAll(kernel.left());
    }
    left.forEach(why -> System.err.println("millpond-ctl: " + why));
    return left.isEmpty() ? 0 : SOMETHING_LEFT;
  }

  /** As the kernel has them, so that no daemon need answer; also those that are half there. */
  private static List<String> attachedPods() throws IOException {
    KernelLedger kernel = KernelLedger.look();
    Stream<String> attached =
        kernel.attachments().stream()
            .map(KernelLedger.Entry::alias)
            .map(alias -> alias.pod().isEmpty() ? alias.containerId() : alias.pod());
    Stream<String> others =
        Stream.concat(
            kernel.interrupted().stream().map(KernelLedger.Interrupted::veth),
            kernel.unknown().stream());
    return Stream.concat(attached, others).sorted().toList();
  }
}
