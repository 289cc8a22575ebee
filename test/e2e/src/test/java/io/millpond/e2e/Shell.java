package io.millpond.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs and waits for them. */
final class Shell {
  private static final int SECONDS = 120;

  private Shell() {}

  /** What a program did. */
  record Ran(int status, String out, String err) {
    /** Its output, if it succeeded. */
    String orThrow() {
      if (status != 0) {
        throw new AssertionError("status %d: %s%s".formatted(status, out, err));
      }
      return out;
    }
  }

  static Ran run(String... command) {
    return run(Map.of(), "", command);
  }

  /** Runs with these variables beside its own, and this input. */
  static Ran run(Map<String, String> environment, String input, String... command) {
    return begin(environment, input, command).await();
  }

  /** Begins to run with these variables beside its own, and this input. */
  static Running begin(Map<String, String> environment, String input, String... command) {
    try {
      Path in = Files.createTempFile("e2e", "in");
      Path out = Files.createTempFile("e2e", "out");
      Path err = Files.createTempFile("e2e", "err");
      Files.writeString(in, input);
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectInput(in.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().putAll(environment);
      return new Running(builder.start(), in, out, err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A program at work. */
  record Running(Process process, Path in, Path out, Path err) {
    /** kill -9. */
    void kill() {
      process.destroyForcibly();
    }

    /** Waits for its end. */
    Ran await() {
      try {
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          throw new AssertionError("no end after " + SECONDS + " s: " + process.info());
        }
        return new Ran(
            process.exitValue(), Files.readString(out, UTF_8), Files.readString(err, UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        throw new AssertionError("interrupted", e);
      } finally {
        for (Path file : List.of(in, out, err)) {
          file.toFile().delete();
        }
      }
    }
  }

  /** Runs inside a network namespace. */
  static Ran in(String netns, String... command) {
    List<String> all = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + netns));
    all.addAll(List.of(command));
    return run(all.toArray(String[]::new));
  }

  /** Starts a program whose output goes to a file. */
  static Process start(Map<String, String> environment, Path log, List<String> command) {
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectInput(new java.io.File("/dev/null"))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
      builder.environment().putAll(environment);
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends a process, by force if it must be. */
  static void stop(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
    }
  }
}
