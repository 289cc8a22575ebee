package io.millpond.eni;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The lists of what emulators do otherwise than EC2. */
class DeparturesTest {
  private static final Path LISTS = Path.of("src/test/resources/io/millpond/eni/departures");
  private static final Path PAGE = Path.of("../docs/simulator.md");

  static List<Departures> lists() throws IOException {
    try (Stream<Path> files = Files.list(LISTS)) {
      return files
          .map(file -> file.getFileName().toString())
          .sorted()
          .map(file -> Departures.of(file.substring(0, file.length() - ".tsv".length())))
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("lists")
  void everyListedCaseIsOneOfTheContract(Departures list) {
    assertThat(list.all())
        .extracting(Departures.Departure::testCase)
        .doesNotHaveDuplicates()
        .filteredOn(name -> !name.equals(Departures.EVERY))
        .isSubsetOf(
            Arrays.stream(Ec2ContractTest.class.getDeclaredMethods())
                .map(method -> method.getName())
                .toList());
  }

  @ParameterizedTest
  @MethodSource("lists")
  void thePageShowsEveryList(Departures list) throws IOException {
    assertThat(Files.readString(PAGE)).contains(list.table());
  }
}
