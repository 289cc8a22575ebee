package io.millpond.eni;

import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** An emulator that is a process of this machine; it ends with this JVM at the latest. */
final class EmulatorProcess implements Emulator.Running {
  private static final Duration READY = Duration.ofMinutes(2);

  private final Process process;
  private final URI endpoint;
  private final Thread atExit;

  private EmulatorProcess(Process process, URI endpoint) {
    this.process = process;
    this.endpoint = endpoint;
    this.atExit = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Starts a command that serves at a port of 127.0.0.1 and waits until it answers there. */
  static EmulatorProcess start(
      String name, int port, List<String> command, Map<String, String> environment)
      throws IOException {
    File output = Path.of("target", name + ".log").toFile();
    Files.createDirectories(Path.of("target"));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output);
    builder.environment().putAll(environment);
    EmulatorProcess started =
        new EmulatorProcess(builder.start(), URI.create("http://127.0.0.1:" + port));
    try {
      await()
          .atMost(READY)
          .pollInterval(Duration.ofMillis(100))
          .failFast(name + " ended: see " + output, () -> !started.process.isAlive())
          .until(() -> answers(started.endpoint));
    } catch (RuntimeException e) {
      started.close();
      throw e;
    }
    return started;
  }

  /** Whether anything at all is answered there. */
  static boolean answers(URI endpoint) {
    try {
      HttpURLConnection connection = (HttpURLConnection) endpoint.toURL().openConnection();
      connection.setConnectTimeout(1_000);
      connection.setReadTimeout(5_000);
      return connection.getResponseCode() > 0;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public URI endpoint() {
    return endpoint;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().removeShutdownHook(atExit);
  }
}
