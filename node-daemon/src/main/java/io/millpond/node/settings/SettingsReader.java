package io.millpond.node.settings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Lays default, file and environment over one another, the later winning. */
public final class SettingsReader {
  /** Where the file is unless the command line says otherwise. */
  public static final Path DEFAULT_FILE = Path.of("/etc/millpond/config.yaml");

  /** Read by the scripts that start the programs. */
  private static final List<String> OF_THE_SCRIPTS =
      List.of("MILLPOND_HEAP", "MILLPOND_AOT_OUTPUT");

  private SettingsReader() {}

  /**
   * @param file the settings file; it need not exist
   * @param environment the process's environment
   * @throws InvalidSettingsException with everything that is wrong, not only the first
   */
  public static Settings read(Path file, Map<String, String> environment)
      throws InvalidSettingsException {
    List<String> errors = new ArrayList<>();
    Map<String, String> inFile = SettingsFile.read(file, errors);
    return Settings.of(new SettingValues(inFile, environment, errors));
  }

  /**
   * Names in the environment that look like ours and are not: worth a warning, never an error,
   * because a cluster puts variables of its own there (a service called "millpond" makes
   * MILLPOND_SERVICE_HOST).
   */
  public static List<String> unknownNames(Map<String, String> environment) {
    return environment.keySet().stream()
        .filter(name -> name.startsWith("MILLPOND_"))
        .filter(
            name -> !name.startsWith("MILLPOND_SERVICE_") || name.equals("MILLPOND_SERVICE_CIDRS"))
        .filter(name -> !name.startsWith("MILLPOND_PORT"))
        .filter(
            name ->
                KnownSettings.all().stream().noneMatch(known -> known.environment().equals(name)))
        .filter(name -> !OF_THE_SCRIPTS.contains(name))
        .sorted()
        .toList();
  }

  /** For people: every setting with its type, default and meaning. */
  public static String help() {
    StringBuilder text = new StringBuilder();
    for (Setting<?> setting : KnownSettings.all()) {
      text.append(
          "%s (in the file: %s)\n    %s\n    %s; default: %s\n"
              .formatted(
                  setting.environment(),
                  setting.fileKey(),
                  setting.description(),
                  setting.type().form(),
                  shown(setting)));
    }
    return text.toString();
  }

  private static String shown(Setting<?> setting) {
    String text = setting.defaultText();
    return text == null ? "not set" : text.isEmpty() ? "none" : text;
  }

  /**
   * For people: every setting with the value in force, one a line, as the environment would have
   * it.
   */
  public static String print(Path file, Map<String, String> environment)
      throws InvalidSettingsException {
    List<String> errors = new ArrayList<>();
    Map<String, String> inFile = SettingsFile.read(file, errors);
    SettingValues values = new SettingValues(inFile, environment, errors);
    Settings.of(values);
    StringBuilder text = new StringBuilder();
    for (Setting<?> setting : KnownSettings.all()) {
      text.append(setting.environment()).append('=').append(values.text(setting)).append('\n');
    }
    return text.toString();
  }
}
