package io.millpond.simulator.ec2;

import java.util.regex.Pattern;

/**
 * A filter's value: {@code *} stands for any text, {@code ?} for one character, {@code \} escapes.
 */
final class Wildcard {
  private Wildcard() {}

  static Pattern compile(String value) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '*' -> regex.append(".*");
        case '?' -> regex.append('.');
        case '\\' -> {
          if (i + 1 < value.length()) {
            i++;
          }
          regex.append(Pattern.quote(value.substring(i, i + 1)));
        }
        default -> regex.append(Pattern.quote(value.substring(i, i + 1)));
      }
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }
}
