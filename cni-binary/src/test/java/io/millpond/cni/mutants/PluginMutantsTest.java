package io.millpond.cni.mutants;

import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The tests of this module notice every mutant, rule by rule. */
@Tag("mutants")
class PluginMutantsTest {
  @BeforeAll
  static void begin() {
    Mutants.begin();
  }

  static Stream<Arguments> mutants() {
    return Stream.of(ProcessMutants.ALL, ParserMutants.ALL, ResultMutants.ALL)
        .flatMap(Mutants::byRule);
  }

  @ParameterizedTest(name = "cni-{0} {1}")
  @MethodSource("mutants")
  void isNoticed(int rule, Mutant mutant) {
    Mutants.mustBeKilled(rule, mutant, "io.millpond.cni");
  }
}
