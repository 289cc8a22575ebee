package io.millpond.eni;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.Departures.Departure;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.opentest4j.TestAbortedException;

/**
 * An EC2 that this project did not write, for the tests of one class: started before them and
 * stopped after. Where it is known to depart from EC2 a test must fail, and in the way that is
 * listed, so that the list stays true; it then counts as skipped.
 */
final class Emulator implements BeforeAllCallback, AfterAllCallback, InvocationInterceptor {
  /** One that runs. */
  interface Running extends AutoCloseable {
    URI endpoint();

    @Override
    void close();
  }

  /** Starts the program that a script in {@code test/peers} has built. */
  interface Starting {
    Running start(Path directory) throws IOException;
  }

  private final String script;
  private final Starting starting;
  private @Nullable Running running;
  private @Nullable Departures departures;

  Emulator(String script, Starting starting) {
    this.script = script;
    this.starting = starting;
  }

  URI endpoint() {
    return Objects.requireNonNull(running).endpoint();
  }

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    Path directory = built(script);
    departures = Departures.of(String.valueOf(directory.getFileName()));
    running = starting.start(directory);
    if (departures.in(Departures.EVERY).isPresent()) {
      MacRepair.begin();
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (running != null) {
      running.close();
    }
    if (departures != null && departures.in(Departures.EVERY).isPresent()) {
      assertThat(MacRepair.end()).as("%s: still to be mended?", Departures.EVERY).isPositive();
    }
  }

  /** The directory that a script of {@code test/peers} prints; it builds what is not there yet. */
  private static Path built(String script) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("../test/peers/" + script)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("test/peers/%s", script).isZero();
    return Path.of(printed.strip());
  }

  @Override
  public void interceptTestTemplateMethod(
      Invocation<Void> test, ReflectiveInvocationContext<Method> method, ExtensionContext context)
      throws Throwable {
    interceptTestMethod(test, method, context);
  }

  @Override
  public void interceptTestMethod(
      Invocation<Void> test, ReflectiveInvocationContext<Method> method, ExtensionContext context)
      throws Throwable {
    Departures known = Objects.requireNonNull(departures);
    Optional<Departure> listed = known.in(method.getExecutable().getName());
    if (listed.isEmpty()) {
      test.proceed();
      return;
    }
    Departure departure = listed.get();
    try {
      test.proceed();
    } catch (AssertionError | RuntimeException e) {
      if (!String.valueOf(e.getMessage()).contains(departure.sign())) {
        throw new AssertionError("departs otherwise than listed: " + departure.sign(), e);
      }
      throw departs(known.emulator(), departure);
    }
    throw new AssertionError("listed as a departure, but it behaves as EC2 does: take it off");
  }

  /** Of one line: the report shows them all. */
  private static TestAbortedException departs(String emulator, Departure departure) {
    TestAbortedException skipped =
        new TestAbortedException(
            "departure of %s: %s: %s".formatted(emulator, departure.testCase(), departure.here()));
    skipped.setStackTrace(new StackTraceElement[0]);
    return skipped;
  }
}
