package io.millpond.cni.plugin;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.cni.mutants.Mutant;
import io.millpond.cni.mutants.Mutants;
import io.millpond.cni.mutants.PluginEnd;
import io.millpond.cni.mutants.PluginStart;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A call of the plugin: an environment that holds nothing but what is given here, and stdin. */
final class Plugin {
  /** With the address and undefined-behaviour sanitizers. */
  static final Path CHECKED = Path.of("target/test/millpond-asan").toAbsolutePath();

  /** Built as for a node, but for the run directory. */
  static final Path STATIC = Path.of("target/test/millpond").toAbsolutePath();

  /** What a node gets. */
  static final Path RELEASED = Path.of("target/millpond").toAbsolutePath();

  /** Its own network namespace is the only one that a test without privileges has. */
  static final String OWN_NETNS = "/proc/self/ns/net";

  static final String CONFIGURATION =
      """
      {"cniVersion":"1.0.0","name":"millpond","type":"millpond"}""";

  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

  private final Map<String, String> variables = new TreeMap<>();
  private final List<String> arguments = new ArrayList<>();
  private final List<String> before = new ArrayList<>();
  private Path binary = CHECKED;
  private byte[] stdin = CONFIGURATION.getBytes(UTF_8);
  private boolean leaveOpen;
  private String shell = "";

  private Plugin(Path runDirectory) {
    variables.put("MILLPOND_RUN_DIR", runDirectory.toString());
    variables.put("ASAN_OPTIONS", "detect_leaks=0");
  }

  /** A call without any CNI variable. */
  static Plugin bare(Path runDirectory) {
    return new Plugin(runDirectory);
  }

  /** A call that keeps to all rules, in the plugin's own namespace. */
  static Plugin call(String verb, Path runDirectory) {
    return bare(runDirectory)
        .with("CNI_COMMAND", verb)
        .with("CNI_CONTAINERID", "c0ffee")
        .with("CNI_NETNS", OWN_NETNS)
        .with("CNI_IFNAME", "eth0")
        .with("CNI_NETNS_OVERRIDE", "1");
  }

  Plugin with(String name, String value) {
    variables.put(name, value);
    return this;
  }

  Plugin without(String name) {
    variables.remove(name);
    return this;
  }

  /** A value that need not be text: no JDK hands such a one to a process unchanged. */
  Plugin withOctets(String name, byte[] value) {
    StringBuilder octal = new StringBuilder();
    for (byte octet : value) {
      octal.append("\\%03o".formatted(octet & 0xFF));
    }
    // What ends with 'x' keeps its newlines.
    shell += "v=$(printf '" + octal + "x'); export " + name + "=\"${v%x}\"; ";
    return this;
  }

  Plugin stdin(byte[] octets) {
    stdin = octets.clone();
    return this;
  }

  Plugin stdin(String text) {
    return stdin(text.getBytes(UTF_8));
  }

  /** The runtime does not close stdin. */
  Plugin stdinStaysOpen() {
    leaveOpen = true;
    return this;
  }

  /** What a shell does before it becomes the plugin. */
  Plugin after(String command) {
    shell += command + "; ";
    return this;
  }

  Plugin arguments(String... more) {
    arguments.addAll(List.of(more));
    return this;
  }

  /** A command that starts the plugin. */
  Plugin under(String... command) {
    before.addAll(List.of(command));
    return this;
  }

  Plugin binary(Path other) {
    binary = other;
    return this;
  }

  /** What a runtime sees of it. */
  @SuppressWarnings("ArrayRecordComponent")
  record Ran(int status, byte[] out, String err, Duration took) {
    String text() {
      return new String(out, UTF_8);
    }

    Ran as(Mutant mutant, PluginStart start) {
      PluginEnd end = mutant.end(start, new PluginEnd(status, text(), err));
      return end.out().equals(text())
          ? new Ran(end.status(), out, end.err(), took)
          : new Ran(end.status(), end.out().getBytes(UTF_8), end.err(), took);
    }

    /** The one document on stdout. */
    JsonNode document() {
      try {
        return JSON.readTree(out);
      } catch (IOException e) {
        throw new AssertionError("not one JSON document: " + new String(out, ISO_8859_1), e);
      }
    }

    /** The error document, which must be one. */
    JsonNode error() {
      assertThat(status).as("exit status; stdout %s", text()).isEqualTo(1);
      JsonNode error = document();
      assertThat(error.path("cniVersion").textValue()).isEqualTo("1.0.0");
      assertThat(error.path("code").isInt()).isTrue();
      assertThat(error.path("msg").textValue()).isNotEmpty();
      assertThat(List.of("cniVersion", "code", "msg", "details"))
          .containsAll(error.properties().stream().map(Map.Entry::getKey).toList());
      return error;
    }

    void failedWith(int code) {
      assertThat(error().path("code").intValue()).as(text()).isEqualTo(code);
    }

    void succeededSilently() {
      assertThat(text()).isEmpty();
      assertThat(status).isZero();
    }
  }

  /** A plugin that runs. */
  record Running(Process process, CompletableFuture<Ran> ran) implements AutoCloseable {
    Ran end() {
      return ran.join();
    }

    /** Whether the kernel shows it as waiting for something; fails if it has ended. */
    boolean sleeps() throws IOException {
      assertThat(process.isAlive()).as("the plugin runs").isTrue();
      String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) == 'S';
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  Ran run() {
    try (Running running = start()) {
      return running.end();
    }
  }

  Running start() {
    Mutant mutant = Mutants.current();
    PluginStart start =
        mutant.start(new PluginStart(variables, arguments, shell, stdin, leaveOpen));
    List<String> command = new ArrayList<>(before);
    if (!start.shell.isEmpty()) {
      command.addAll(List.of("/bin/sh", "-c", start.shell + "exec \"$0\" \"$@\""));
    }
    command.add(binary.toString());
    command.addAll(start.arguments);
    ProcessBuilder builder = new ProcessBuilder(command).directory(Path.of("/").toFile());
    builder.environment().clear();
    builder.environment().putAll(start.variables);
    long began = System.nanoTime();
    try {
      Process process = builder.start();
      CompletableFuture<byte[]> out = inBackground(process.getInputStream());
      CompletableFuture<byte[]> err = inBackground(process.getErrorStream());
      CompletableFuture<Void> _ =
          CompletableFuture.runAsync(() -> write(process, start), Thread::startVirtualThread);
      return new Running(
          process,
          CompletableFuture.supplyAsync(
              () -> finish(process, out, err, began).as(mutant, start),
              Thread::startVirtualThread));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CompletableFuture<byte[]> inBackground(InputStream in) {
    return CompletableFuture.supplyAsync(
        () -> {
          ByteArrayOutputStream all = new ByteArrayOutputStream();
          try (in) {
            in.transferTo(all);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          return all.toByteArray();
        },
        Thread::startVirtualThread);
  }

  private static void write(Process process, PluginStart start) {
    try {
      OutputStream out = process.getOutputStream();
      // In parts, as a pipe delivers them.
      int part = Math.max(1, start.stdin.length / 3);
      for (int at = 0; at < start.stdin.length; at += part) {
        out.write(start.stdin, at, Math.min(part, start.stdin.length - at));
        out.flush();
      }
      if (!start.stdinStaysOpen) {
        out.close();
      }
    } catch (IOException e) {
      // The plugin has ended without reading all, as it may.
    }
  }

  private static Ran finish(
      Process process, CompletableFuture<byte[]> out, CompletableFuture<byte[]> err, long began) {
    try {
      if (!process.waitFor(LONGEST.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("the plugin did not end");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      throw new AssertionError(e);
    }
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    String complaints = new String(err.join(), UTF_8);
    assertThat(complaints).doesNotContain("Sanitizer", "runtime error:");
    assertThat(process.exitValue()).as(complaints).isIn(0, 1);
    return new Ran(process.exitValue(), out.join(), complaints, took);
  }
}
