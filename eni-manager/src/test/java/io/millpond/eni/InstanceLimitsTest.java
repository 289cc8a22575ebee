package io.millpond.eni;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InstanceLimitsTest {
  @ParameterizedTest
  @CsvSource({"t3.small, 3, 4", "t3.medium, 3, 6", "p3dn.24xlarge, 15, 50", "p4d.24xlarge, 15, 50"})
  void aKnownTypeHasItsLimits(String type, int enis, int addresses) {
    assertThat(InstanceLimits.of(type)).contains(new InstanceLimits(enis, addresses));
  }

  @ParameterizedTest
  @CsvSource({"x99.huge", "t3", "type", "''"})
  void anUnknownTypeHasNone(String type) {
    assertThat(InstanceLimits.of(type)).isEmpty();
  }

  @Test
  void everyRowCountsTheEnisOfTheDefaultCard() throws IOException {
    List<String> rows;
    try (InputStream in = InstanceLimits.class.getResourceAsStream("instance-limits.csv")) {
      rows = new String(Objects.requireNonNull(in).readAllBytes(), UTF_8).lines().skip(1).toList();
    }
    assertThat(rows)
        .hasSizeGreaterThan(1000)
        .allSatisfy(
            row -> {
              String[] fields = row.split(",", -1);
              String card = fields[3].split(";", -1)[Integer.parseInt(fields[4])];
              assertThat(InstanceLimits.of(fields[0]))
                  .isEqualTo(
                      Optional.of(
                          new InstanceLimits(Integer.parseInt(card), Integer.parseInt(fields[2]))));
            });
  }
}
