package io.millpond.node.settings;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One thing an administrator may set.
 *
 * @param environment its name in the environment, such as {@code WARM_IP_TARGET}
 * @param type what a value looks like and how it is read
 * @param defaultText the default as text, or null where the setting is absent unless it is given
 * @param description a sentence or two for people: what it does
 * @param <T> the type of the value
 */
public record Setting<T>(
    String environment, SettingType<T> type, @Nullable String defaultText, String description) {
  private static final String OURS = "MILLPOND_";

  /**
   * Its name in the file: the words of the environment's name in camel case, without the prefix of
   * ours ({@code WARM_IP_TARGET}: {@code warmIpTarget}; {@code MILLPOND_ADD_WAIT}: {@code
   * addWait}).
   */
  public String fileKey() {
    String words =
        environment.startsWith(OURS) ? environment.substring(OURS.length()) : environment;
    StringBuilder key = new StringBuilder();
    boolean upper = false;
    for (char c : words.toLowerCase(Locale.ROOT).toCharArray()) {
      if (c == '_') {
        upper = true;
      } else {
        key.append(upper ? Character.toUpperCase(c) : c);
        upper = false;
      }
    }
    return key.toString();
  }

  @Override
  public String toString() {
    return environment;
  }
}
