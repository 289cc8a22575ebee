package io.millpond.node.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Holds the table in {@code docs/configuration.md} true. */
class ConfigurationDocumentTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "configuration.md");
  private static final String BEGIN = "<!-- settings: begin -->\n";
  private static final String END = "<!-- settings: end -->\n";
  private static final String WRITE = "millpond.write-documents";

  @Test
  void theDocumentNamesEverySettingAsItIs() throws IOException {
    String document = Files.readString(DOCUMENT);
    int begin = document.indexOf(BEGIN) + BEGIN.length();
    int end = document.indexOf(END);
    String whole = document.substring(0, begin) + table() + document.substring(end);
    if (Boolean.getBoolean(WRITE)) {
      Files.writeString(DOCUMENT, whole);
    }
    assertThat(Files.readString(DOCUMENT))
        .as(
            "write the table anew with: mvn test -pl node-daemon -am -Dsurefire.failIfNoSpecifiedTests=false -Dtest=ConfigurationDocumentTest -D%s=true",
            WRITE)
        .isEqualTo(whole);
  }

  private static String table() {
    StringBuilder table =
        new StringBuilder(
            "\n| setting | in the file | type, range | default | meaning |\n|---|---|---|---|---|\n");
    for (Setting<?> setting : KnownSettings.all()) {
      table.append(
          "| `%s` | `%s` | %s | %s | %s |\n"
              .formatted(
                  setting.environment(),
                  setting.fileKey(),
                  setting.type().form(),
                  shown(setting.defaultText()),
                  setting.description()));
    }
    return table.append('\n').toString();
  }

  private static String shown(@Nullable String text) {
    return text == null ? "not set" : text.isEmpty() ? "none" : "`" + text + "`";
  }
}
