package io.millpond.simulator.account;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/** The bundled table of instance types. */
public final class InstanceTypes {
  /** The most address slots that any type's interface has: the bound for unattached ones. */
  static final int MOST_ADDRESSES = 64;

  private static final SortedMap<String, InstanceType> TYPES = load();

  private InstanceTypes() {}

  /**
   * @throws AwsError InvalidInstanceType
   */
  public static InstanceType named(String name) {
    InstanceType type = TYPES.get(name);
    if (type == null) {
      throw new AwsError(
          "InvalidInstanceType",
          "The following supplied instance types do not exist: [" + name + "]");
    }
    return type;
  }

  /** All types by name. */
  public static Collection<InstanceType> all() {
    return TYPES.values();
  }

  private static SortedMap<String, InstanceType> load() {
    SortedMap<String, InstanceType> types = new TreeMap<>();
    try (InputStream in =
            Objects.requireNonNull(
                InstanceTypes.class.getResourceAsStream("instance-limits.csv"),
                "instance-limits.csv");
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      lines.lines().skip(1).map(InstanceTypes::parse).forEach(t -> types.put(t.name(), t));
    } catch (IOException e) {
      throw new UncheckedIOException("the bundled table of instance types cannot be read", e);
    }
    return Collections.unmodifiableSortedMap(types);
  }

  /** A line: type, interfaces, addresses per interface, per card ({@code 8;8}), card, … */
  private static InstanceType parse(String line) {
    String[] field = line.split(",", -1);
    return new InstanceType(
        field[0],
        Integer.parseInt(field[1]),
        Integer.parseInt(field[2]),
        Arrays.stream(field[3].split(";", -1)).map(Integer::valueOf).toList(),
        Integer.parseInt(field[4]),
        field[5],
        Boolean.parseBoolean(field[6]));
  }
}
