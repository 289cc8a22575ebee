package io.millpond.eni;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * What an emulator does otherwise than EC2: a table of lines {@code case TAB what its failure says
 * TAB the emulator TAB EC2} in {@code departures/<emulator>-<version>.tsv}. The case {@link #EVERY}
 * stands for what is mended on the way to the test, see {@link MacRepair}.
 */
record Departures(String emulator, List<Departure> all) {
  static final String EVERY = "every case";

  record Departure(String testCase, String sign, String here, String ec2) {}

  static Departures of(String emulator) {
    String file = "departures/" + emulator + ".tsv";
    try (InputStream in = Departures.class.getResourceAsStream(file)) {
      assertThat(in)
          .as("a list of what %s does otherwise than EC2: %s", emulator, file)
          .isNotNull();
      return new Departures(
          emulator,
          new String(in.readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .map(line -> line.split("\t", -1))
              .map(column -> new Departure(column[0], column[1], column[2], column[3]))
              .toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Optional<Departure> in(String testCase) {
    return all.stream().filter(each -> each.testCase().equals(testCase)).findFirst();
  }

  /** As a page shows it. */
  String table() {
    StringBuilder table =
        new StringBuilder("| case | %s | EC2 |\n|---|---|---|\n".formatted(name()));
    for (Departure each : all) {
      table.append(
          "| %s | %s | %s |\n"
              .formatted(
                  each.testCase().equals(EVERY) ? EVERY : "`" + each.testCase() + "`",
                  each.here(),
                  each.ec2()));
    }
    return table.toString();
  }

  private String name() {
    return emulator.replace('-', ' ');
  }
}
