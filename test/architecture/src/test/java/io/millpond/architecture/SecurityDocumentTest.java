package io.millpond.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every row of {@code docs/security.md} names tests, and every test that it names is there. */
class SecurityDocumentTest {
  private static final Path ROOT = Path.of("..", "..");
  private static final Pattern NAME = Pattern.compile("`([A-Z]\\w+Test)(?:\\.(\\w+))?`");
  private static final String HEAD = "| threat | what stops it | tests |";

  private static final List<String> MODULES =
      List.of(
          "warm-pool",
          "cni-binary",
          "ipvlan-plugin",
          "eni-manager",
          "node-daemon",
          "test/e2e",
          "test/architecture",
          "test/fuzz");

  private static String document() throws IOException {
    return Files.readString(ROOT.resolve("docs/security.md"));
  }

  /** The test classes' texts, by name; two of a name are one text. */
  private static Map<String, String> tests() throws IOException {
    Map<String, String> tests = new HashMap<>();
    for (String module : MODULES) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
        for (Path file : files.filter(path -> path.toString().endsWith("Test.java")).toList()) {
          String name = file.getFileName().toString().replace(".java", "");
          tests.merge(name, Files.readString(file), String::concat);
        }
      }
    }
    return tests;
  }

  @Test
  void everyTestThatIsNamedIsThere() throws IOException {
    Map<String, String> tests = tests();
    List<String> missing = new ArrayList<>();
    Matcher named = NAME.matcher(document());
    while (named.find()) {
      String text = tests.getOrDefault(named.group(1), "");
      String method = named.group(2);
      if (text.isEmpty() || (method != null && !text.contains(" " + method + "("))) {
        missing.add(named.group());
      }
    }
    assertThat(missing).isEmpty();
  }

  @Test
  void everyRowNamesATest() throws IOException {
    int rows = 0;
    boolean inTable = false;
    for (String line : document().lines().toList()) {
      inTable = line.equals(HEAD) || (inTable && line.startsWith("|"));
      if (inTable && !line.equals(HEAD) && !line.startsWith("|---")) {
        String[] cells = line.split(" \\| ", -1);
        assertThat(cells).as(line).hasSize(3);
        assertThat(NAME.matcher(cells[2]).find()).as(line).isTrue();
        rows++;
      }
    }
    assertThat(rows).isGreaterThan(30);
  }
}
