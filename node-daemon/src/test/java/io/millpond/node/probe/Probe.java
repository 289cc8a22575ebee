package io.millpond.node.probe;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What the kubelet learns from the image's probe program.
 *
 * @param status 0 is a success
 * @param said its output
 */
public record Probe(int status, String said) {
  private static final Path PROGRAM = Path.of("target/programs/millpond-probe");

  /** Runs it: {@code live} or {@code ready}, and the socket. */
  public static Probe run(Object... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(PROGRAM.toString()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("the probe does not end");
    }
    return new Probe(process.exitValue(), said);
  }
}
