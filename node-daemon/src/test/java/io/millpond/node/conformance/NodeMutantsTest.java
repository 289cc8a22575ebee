package io.millpond.node.conformance;

import io.millpond.cni.mutants.Mutant;
import io.millpond.cni.mutants.Mutants;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The tests of this package notice every mutant, rule by rule. */
@Tag("mutants")
class NodeMutantsTest {
  @BeforeAll
  static void begin() {
    Mutants.begin();
  }

  static Stream<Arguments> mutants() {
    return Mutants.byRule(NodeMutants.ALL);
  }

  @ParameterizedTest(name = "cni-{0} {1}")
  @MethodSource("mutants")
  void isNoticed(int rule, Mutant mutant) {
    Mutants.mustBeKilled(rule, mutant, "io.millpond.node.conformance");
  }
}
