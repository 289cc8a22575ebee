package io.millpond.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Runs {@code ip}: tests arrange the kernel with another tool than the one under test. */
final class Ip {
  private Ip() {}

  /**
   * What it printed.
   *
   * @throws IOException with what it printed, if it failed
   */
  static String ip(String arguments) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(("ip " + arguments).split(" ")).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("ip " + arguments + ": " + output);
    }
    return output;
  }

  /** Runs it where it may fail, as when what it removes is gone. */
  static void quietly(String arguments) throws InterruptedException {
    try {
      ip(arguments);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining(arguments);
    }
  }
}
