package io.millpond.eni;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.util.Optional;
import software.amazon.awssdk.services.ec2.model.NetworkCardInfo;
import software.amazon.awssdk.services.ec2.model.NetworkInfo;

/**
 * What an instance type allows.
 *
 * @param enis ENIs that may be attached to the default network card, where ours are attached
 * @param addressesPerEni IPv4 addresses of one ENI, its own included
 */
public record InstanceLimits(int enis, int addressesPerEni) {
  private static final String TABLE = "instance-limits.csv";

  /**
   * Looks the type up in the bundled table: {@code
   * type,eni_limit,ipv4_per_eni,enis_per_network_card,default_network_card,…}.
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
          .skip(1)
          .filter(line -> line.startsWith(type + ","))
          .findFirst()
          .map(InstanceLimits::parse);
    } catch (IOException e) {
      throw new UncheckedIOException("reading the table of instance types", e);
    }
  }

  /** What EC2 itself says. */
  static InstanceLimits of(NetworkInfo network) {
    int card = network.defaultNetworkCardIndex() == null ? 0 : network.defaultNetworkCardIndex();
    int enis =
        network.networkCards().stream()
            .filter(each -> each.networkCardIndex() == card)
            .map(NetworkCardInfo::maximumNetworkInterfaces)
            .findFirst()
            .orElse(network.maximumNetworkInterfaces());
    return new InstanceLimits(enis, network.ipv4AddressesPerInterface());
  }

  private static InstanceLimits parse(String line) {
    String[] fields = line.split(",", -1);
    return new InstanceLimits(Integer.parseInt(fields[1]), Integer.parseInt(fields[2]));
  }
}
