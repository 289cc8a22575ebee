package io.millpond.node.settings;

import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * How the text of a setting is read.
 *
 * @param form what a value looks like, for people
 * @param reader turns text into a value, or throws {@link IllegalArgumentException} with the reason
 * @param <T> the type of the value
 */
public record SettingType<T>(String form, Function<String, T> reader) {
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h)?");
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("(|[0-9.]+|\\[[0-9a-fA-F:.]+\\]):([0-9]{1,5})");

  /** A whole number within bounds, both included. */
  static SettingType<Integer> number(int least, int most) {
    return new SettingType<>(
        "number " + least + " to " + most,
        text -> {
          int value = whole(text);
          if (value < least || value > most) {
            throw new IllegalArgumentException("out of range " + least + " to " + most);
          }
          return value;
        });
  }

  private static int whole(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a whole number", e);
    }
  }

  /**
   * A time: a number with {@code ms}, {@code s}, {@code m} or {@code h}; without a unit, seconds
   * (as the EKS names have it).
   */
  static SettingType<Duration> duration(Duration least, Duration most) {
    return new SettingType<>(
        "time " + shown(least) + " to " + shown(most) + " (seconds, or with ms, s, m, h)",
        text -> {
          Duration value = time(text);
          if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                "out of range " + shown(least) + " to " + shown(most));
          }
          return value;
        });
  }

  private static Duration time(String text) {
    var match = DURATION.matcher(text);
    if (!match.matches()) {
      throw new IllegalArgumentException("not a time such as 30, 30s, 500ms or 2m");
    }
    long count = Long.parseLong(match.group(1));
    String unit = match.group(2) == null ? "s" : match.group(2);
    return switch (unit) {
      case "ms" -> Duration.ofMillis(count);
      case "m" -> Duration.ofMinutes(count);
      case "h" -> Duration.ofHours(count);
      default -> Duration.ofSeconds(count);
    };
  }

  private static String shown(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + "s"
        : duration.toMillis() + "ms";
  }

  /** {@code true} or {@code false}, also {@code 1} or {@code 0}. */
  static final SettingType<Boolean> FLAG =
      new SettingType<>(
          "true or false",
          text ->
              switch (text.toLowerCase(Locale.ROOT)) {
                case "true", "1" -> true;
                case "false", "0" -> false;
                default -> throw new IllegalArgumentException("neither true nor false");
              });

  /** A text that matches a pattern. */
  static SettingType<String> text(String form, Pattern pattern) {
    return new SettingType<>(
        form,
        text -> {
          if (!pattern.matcher(text).matches()) {
            throw new IllegalArgumentException("not of the form " + form);
          }
          return text;
        });
  }

  /** Texts that match a pattern, separated by commas. */
  static SettingType<List<String>> texts(String form, Pattern pattern) {
    SettingType<String> one = text(form, pattern);
    return new SettingType<>(
        form + ", separated by commas", text -> parts(text).map(one.reader()).toList());
  }

  /** One of the constants of an enumeration, in lower case. */
  static <E extends Enum<E>> SettingType<E> oneOf(Class<E> type) {
    String names =
        String.join(
            ", ",
            Stream.of(type.getEnumConstants())
                .map(e -> e.name().toLowerCase(Locale.ROOT))
                .toList());
    return new SettingType<>(
        "one of " + names,
        text ->
            Stream.of(type.getEnumConstants())
                .filter(e -> e.name().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("not one of " + names)));
  }

  /** Prefixes such as {@code 10.100.0.0/16}, separated by commas. */
  static final SettingType<List<Prefix>> PREFIXES =
      new SettingType<>(
          "prefixes such as 10.100.0.0/16, separated by commas",
          text -> parts(text).map(Prefix::parse).toList());

  /** An absolute path without {@code ..}. */
  static final SettingType<Path> PATH =
      new SettingType<>(
          "absolute path",
          text -> {
            Path path = Path.of(text);
            if (!path.isAbsolute() || !path.equals(path.normalize())) {
              throw new IllegalArgumentException("not an absolute path without '.' and '..'");
            }
            return path;
          });

  /** An HTTP or HTTPS URL with a host. */
  static final SettingType<URI> URL =
      new SettingType<>(
          "http or https URL",
          text -> {
            URI uri = URI.create(text);
            boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (!http || uri.getHost() == null) {
              throw new IllegalArgumentException("not an http or https URL with a host");
            }
            return uri;
          });

  /**
   * {@code address:port}, or {@code :port} for every address of the node; port 0 lets the kernel
   * choose.
   */
  static final SettingType<InetSocketAddress> ADDRESS_AND_PORT =
      new SettingType<>(
          "address:port, or :port for all addresses",
          text -> {
            var match = HOST_AND_PORT.matcher(text);
            if (!match.matches() || Integer.parseInt(match.group(2)) > 65535) {
              throw new IllegalArgumentException("not address:port with a literal address");
            }
            int port = Integer.parseInt(match.group(2));
            return match.group(1).isEmpty()
                ? new InetSocketAddress(port)
                : new InetSocketAddress(java.net.InetAddress.ofLiteral(match.group(1)), port);
          });

  /** {@code key=value} pairs separated by commas, in the order given. */
  static final SettingType<Map<String, String>> PAIRS =
      new SettingType<>(
          "key=value pairs, separated by commas",
          text -> {
            Map<String, String> pairs = new LinkedHashMap<>();
            parts(text)
                .forEach(
                    part -> {
                      int at = part.indexOf('=');
                      if (at < 1
                          || pairs.put(part.substring(0, at), part.substring(at + 1)) != null) {
                        throw new IllegalArgumentException(
                            "not a key=value pair, or a key twice: " + part);
                      }
                    });
            return java.util.Collections.unmodifiableMap(pairs);
          });

  /** Pools beside the default one. */
  static final SettingType<SortedMap<PoolName, Settings.NamedPool>> POOLS =
      new SettingType<>(PoolsText.FORM, PoolsText::read);

  private static Stream<String> parts(String text) {
    return Stream.of(text.split(",", -1)).map(String::strip).filter(part -> !part.isEmpty());
  }
}
