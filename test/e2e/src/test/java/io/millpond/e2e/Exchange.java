package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

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
  private static final int ECHO_PORT = 8081;
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
    Process server = start(netns, "serve", String.valueOf(PORT)).process();
    return () -> Shell.stop(server);
  }

  /** Starts a server that keeps its connections. */
  void echo(String netns) {
    start(netns, "echo", String.valueOf(ECHO_PORT));
  }

  /** A connection to such a server, kept until this is closed. */
  Talk talk(String fromNetns, String address) {
    return start(fromNetns, "talk", address, String.valueOf(ECHO_PORT));
  }

  /** A program that said that it is ready, and its output from then on. */
  record Talk(Process process, BufferedReader out) {
    /** Says a word. */
    void say(String word) {
      try {
        process.getOutputStream().write((word + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Waits until the word comes back: TCP repeats it until it gets through, or gives up. */
    void hear(String word) {
      try {
        assertThat(out.readLine()).as("what came back").isEqualTo(word);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private Talk start(String netns, String... words) {
    try {
      List<String> command =
          new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + netns, PROGRAM.toString()));
      command.addAll(List.of(words));
      Process program =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      servers.add(program);
      BufferedReader out =
          new BufferedReader(
              new InputStreamReader(program.getInputStream(), StandardCharsets.UTF_8));
      if (!"ready".equals(out.readLine())) {
        throw new AssertionError("not ready in " + netns + ": " + String.join(" ", words));
      }
      return new Talk(program, out);
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
