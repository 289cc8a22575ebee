package io.millpond.eni;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.util.Optional;

/**
 * What an instance type allows.
 *
 * @param enis ENIs that may be attached, all network cards together
 * @param addressesPerEni IPv4 addresses of one ENI, its own included
 */
public record InstanceLimits(int enis, int addressesPerEni) {
  private static final String TABLE = "instance-limits.csv";

  /**
   * Looks the type up in the bundled table: {@code
   * type,eni_limit,ipv4_per_eni,enis_per_network_card,…}. Only the ENIs of the default network card
   * count, because ENIs are attached there.
   *
   * @return empty for a type that the table does not have
   */
  public static Optional<InstanceLimits> of(String type) {
    try (InputStream in = InstanceLimits.class.getResourceAsStream(TABLE)) {
      if (in == null) {
        throw new IllegalStateException("the table of instance types is not in the jar");
      }
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, UTF_8));
      return lines
          .lines()
          .filter(line -> line.startsWith(type + ","))
          .findFirst()
          .map(InstanceLimits::parse);
    } catch (IOException e) {
      throw new UncheckedIOException("reading the table of instance types", e);
    }
  }

  private static InstanceLimits parse(String line) {
    String[] fields = line.split(",", -1);
    return new InstanceLimits(Integer.parseInt(fields[1]), Integer.parseInt(fields[2]));
  }
}
