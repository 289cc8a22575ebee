package io.millpond.simulator.fabric;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The programs that change the network: {@code ip}, {@code bridge}, {@code nft}, {@code sysctl}.
 * Each is told the namespace it works in, so it does not matter in which one this process runs.
 * Stateless; any thread.
 */
final class NetworkCommands {
  /** Ample for an emulated machine under load; a native one needs milliseconds. */
  private static final int TIMEOUT_SECONDS = 30;

  private static final ExecutorService READERS = Executors.newVirtualThreadPerTaskExecutor();

  private NetworkCommands() {}

  /** Runs lines of {@code ip} in order, up to the first that fails. */
  static void ip(String netns, List<String> lines) {
    if (!lines.isEmpty()) {
      run(List.of("ip", "-n", netns, "-batch", "-"), String.join("\n", lines) + "\n");
    }
  }

  /** Runs all lines of {@code ip}, those too that come after one that fails. */
  static void ipWhateverFails(String netns, List<String> lines) {
    if (!lines.isEmpty()) {
      tryRun(List.of("ip", "-n", netns, "-force", "-batch", "-"), String.join("\n", lines) + "\n");
    }
  }

  /** Runs lines of {@code bridge} in order, up to the first that fails. */
  static void bridge(String netns, List<String> lines) {
    run(List.of("bridge", "-n", netns, "-batch", "-"), String.join("\n", lines) + "\n");
  }

  /** Applies an nftables script as one transaction. */
  static void nft(String netns, String script) {
    run(inside(netns, "nft", "-f", "-"), script);
  }

  /** What nftables answers in JSON. */
  static String nftJson(String netns, String... command) {
    List<String> line = new ArrayList<>(inside(netns, "nft", "-j"));
    line.addAll(List.of(command));
    return run(line, "");
  }

  /** Writes settings such as {@code net.ipv4.ip_forward=1}; one the kernel lacks is left out. */
  static void sysctl(String netns, List<String> settings) {
    List<String> line = new ArrayList<>(inside(netns, "sysctl", "-e", "-q", "-w"));
    line.addAll(settings);
    run(line, "");
  }

  /**
   * The command line that runs a program in a namespace. Unlike {@code ip netns exec} it stays in
   * the mount namespace, where a namespace that the program makes has to be seen by others.
   */
  static List<String> inside(String netns, String... command) {
    List<String> line = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + netns, "--"));
    line.addAll(List.of(command));
    return line;
  }

  /**
   * Runs a program to its end and gives back its output.
   *
   * @throws FabricException if it cannot be started, takes too long or fails
   */
  static String run(List<String> command, String input) {
    Outcome outcome = tryRun(command, input);
    if (outcome.status() != 0) {
      throw new FabricException(
          String.join(" ", command)
              + " failed with status "
              + outcome.status()
              + ": "
              + outcome.errors().strip()
              + (input.isEmpty() ? "" : "; its input was:\n" + input));
    }
    return outcome.output();
  }

  /** Runs a program to its end, well or not. */
  static Outcome tryRun(List<String> command, String input) {
    Process process;
    try {
      process = new ProcessBuilder(command).start();
    } catch (IOException e) {
      throw new FabricException(
          "cannot start "
              + command.getFirst()
              + "; iproute2, nftables, util-linux and procps"
              + " must be installed, and the user root",
          e);
    }
    CompletableFuture<String> output =
        CompletableFuture.supplyAsync(() -> text(process, true), READERS);
    CompletableFuture<String> errors =
        CompletableFuture.supplyAsync(() -> text(process, false), READERS);
    try {
      feed(process, input);
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        throw new FabricException(
            String.join(" ", command) + " did not end within " + TIMEOUT_SECONDS + " s");
      }
      return new Outcome(process.exitValue(), output.join(), errors.join());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FabricException("interrupted during " + String.join(" ", command), e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static void feed(Process process, String input) {
    try (OutputStream in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException ended) {
      // It ended without reading all of it; its status says why.
    }
  }

  private static String text(Process process, boolean output) {
    try (var in = output ? process.getInputStream() : process.getErrorStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "(unreadable: " + e + ")";
    }
  }

  record Outcome(int status, String output, String errors) {}
}
