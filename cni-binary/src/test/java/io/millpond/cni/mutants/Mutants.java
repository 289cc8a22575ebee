package io.millpond.cni.mutants;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Which mutant stands in the plugin's place, and whether the tests notice. One thread. */
public final class Mutants {
  private static final Mutant NONE = new Mutant("none");

  /** What {@code scripts/cni-conformance} reads: rule, mutant, the first test that failed. */
  private static final Path KILLED = Path.of("target", "cni-mutants.tsv");

  private static volatile Mutant current = NONE;

  private Mutants() {}

  /** The mutant in place; one that is none in an ordinary run. */
  public static Mutant current() {
    return current;
  }

  /** Every mutant with every rule that it breaks. */
  public static Stream<Arguments> byRule(List<? extends Mutant> mutants) {
    return mutants.stream()
        .flatMap(mutant -> mutant.rules().stream().map(rule -> Arguments.of(rule, mutant)));
  }

  /** Forgets who was killed before. */
  public static void begin() {
    try {
      Files.createDirectories(KILLED.getParent());
      Files.deleteIfExists(KILLED);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs the tests that are tagged with the rule against the mutant: one must fail. */
  public static void mustBeKilled(int rule, Mutant mutant, String inPackage) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectPackage(inPackage))
            .filters(TagFilter.includeTags("cni-" + rule), TagFilter.excludeTags(OTHERWHERE))
            .build();
    Failures failures = new Failures();
    current = mutant;
    try {
      LauncherFactory.create().execute(request, failures);
    } finally {
      current = NONE;
    }
    assertThat(failures.tests).as("tests of rule %d that noticed %s", rule, mutant).isNotEmpty();
    write(rule + "\t" + mutant + "\t" + failures.tests.getFirst() + "\n");
  }

  /** Tests that need a machine, or programs of others. */
  private static final List<String> OTHERWHERE = List.of("vm", "cni", "cni-library", "root");

  private static void write(String line) {
    try {
      Files.writeString(KILLED, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Failures implements TestExecutionListener {
    private final List<String> tests = new ArrayList<>();

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (result.getStatus() == TestExecutionResult.Status.FAILED) {
        tests.add(
            test.getSource()
                .filter(MethodSource.class::isInstance)
                .map(MethodSource.class::cast)
                .map(source -> source.getClassName() + "." + source.getMethodName())
                .orElse(test.getDisplayName()));
      }
    }
  }
}
