package io.millpond.node.settings;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The settings file, and a value of the environment: the first octet says of which setting. */
public final class SettingsTarget {
  private SettingsTarget() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] octets) {
    if (octets.length == 0) {
      return;
    }
    byte[] rest = Arrays.copyOfRange(octets, 1, octets.length);
    List<String> errors = new ArrayList<>();
    Map<String, String> file = SettingsFile.parse(Path.of("config.yaml"), rest, errors);
    read(new SettingValues(file, Map.of(), errors));
    List<? extends Setting<?>> all = List.copyOf(KnownSettings.all());
    String name = all.get((octets[0] & 0xFF) % all.size()).environment();
    read(new SettingValues(Map.of(), Map.of(name, new String(rest, UTF_8)), new ArrayList<>()));
  }

  private static void read(SettingValues values) {
    try {
      assertThat(Settings.of(values)).isNotNull();
    } catch (InvalidSettingsException e) {
      assertThat(e.errors()).isNotEmpty().allSatisfy(error -> assertThat(error).isNotBlank());
    }
  }
}
