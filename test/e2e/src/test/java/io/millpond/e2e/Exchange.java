package io.millpond.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** Servers that answer with the address they saw, and the question what that was. */
final class Exchange implements AutoCloseable {
  static final int PORT = 8080;
  private static final Path PROGRAM = program();

  private final List<Process> servers = new ArrayList<>();

  /** What is started often is started from memory. */
  private static Path program() {
    try {
      Path copy = Files.createTempFile("exchange", "");
      Files.copy(
          Vpc.ROOT.resolve("test/e2e/target/exchange"),
          copy,
          StandardCopyOption.REPLACE_EXISTING,
          StandardCopyOption.COPY_ATTRIBUTES);
      return copy;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a server for TCP and UDP in a namespace; it keeps the namespace alive until closed. */
  AutoCloseable serve(String netns) {
    try {
      Process server =
          new ProcessBuilder(
                  "nsenter",
                  "--net=/run/netns/" + netns,
                  PROGRAM.toString(),
                  "serve",
                  String.valueOf(PORT))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      servers.add(server);
      BufferedReader out =
          new BufferedReader(
              new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
      if (!"ready".equals(out.readLine())) {
        throw new AssertionError("no server in " + netns);
      }
      return () -> Shell.stop(server);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The source address that the server at the address saw, over TCP; or what went wrong. */
  static String tcp(String fromNetns, String address, int port) {
    return ask("tcp", fromNetns, address, port);
  }

  /** The same over UDP. */
  static String udp(String fromNetns, String address, int port) {
    return ask("udp", fromNetns, address, port);
  }

  private static String ask(String protocol, String fromNetns, String address, int port) {
    Shell.Ran ran =
        Shell.in(fromNetns, PROGRAM.toString(), protocol, address, String.valueOf(port));
    return ran.status() == 0 ? ran.out().strip() : "none (" + ran.err().strip() + ")";
  }

  @Override
  public void close() {
    servers.forEach(Shell::stop);
  }
}
