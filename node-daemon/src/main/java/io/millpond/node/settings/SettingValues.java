package io.millpond.node.settings;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The text of every setting after defaults, file and environment were laid over one another;
 * reading collects errors.
 */
final class SettingValues {
  private final Map<String, Source> sources = new HashMap<>();
  private final List<String> errors;

  private record Source(String text, String from) {}

  SettingValues(Map<String, String> file, Map<String, String> environment, List<String> errors) {
    this.errors = new ArrayList<>(errors);
    for (Setting<?> setting : KnownSettings.all()) {
      // An empty variable equals an absent one: charts and unit files cannot always leave a name
      // out.
      String env = environment.getOrDefault(setting.environment(), "");
      String inFile = file.get(setting.fileKey());
      if (!env.isBlank()) {
        sources.put(setting.environment(), new Source(env.strip(), "environment"));
      } else if (inFile != null) {
        sources.put(
            setting.environment(), new Source(inFile.strip(), "file, key " + setting.fileKey()));
      } else if (setting.defaultText() != null) {
        sources.put(setting.environment(), new Source(setting.defaultText(), "default"));
      }
    }
  }

  List<String> errors() {
    return errors;
  }

  /** A setting that has a default; after an error, a value of the default. */
  <T> T get(Setting<T> setting) {
    T value = find(setting).orElse(null);
    if (value != null) {
      return value;
    }
    String text = setting.defaultText();
    if (text == null) {
      throw new IllegalArgumentException(setting + " has no default");
    }
    return setting.type().reader().apply(text);
  }

  /** A setting that may be absent. */
  <T> Optional<T> find(Setting<T> setting) {
    @Nullable Source source = sources.get(setting.environment());
    if (source == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(setting.type().reader().apply(source.text()));
    } catch (IllegalArgumentException e) {
      errors.add(
          "%s=%s (from %s): %s; expected: %s"
              .formatted(
                  setting,
                  shown(source.text()),
                  source.from(),
                  e.getMessage(),
                  setting.type().form()));
      return Optional.empty();
    }
  }

  /** The text in force, empty where there is none. */
  String text(Setting<?> setting) {
    @Nullable Source source = sources.get(setting.environment());
    return source == null ? "" : source.text();
  }

  static String shown(String text) {
    String safe = text.replaceAll("[^\\x20-\\x7e]", "?");
    return safe.length() > 60 ? safe.substring(0, 60) + "…" : safe;
  }
}
