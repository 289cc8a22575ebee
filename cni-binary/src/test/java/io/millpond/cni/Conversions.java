package io.millpond.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The cases in {@code src/test/resources/io/millpond/cni/conversions}: a result, the versions it
 * may say it has, and what it is in every version. Where the reference library makes something else
 * of it, the case says what, and why we do not.
 */
final class Conversions {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path DIRECTORY = Path.of("src/test/resources/io/millpond/cni/conversions");

  private Conversions() {}

  /**
   * One conversion.
   *
   * @param input with its version
   * @param expected empty if the version cannot say it
   * @param reason why the library's is another; empty if it is the same
   * @param library what the library makes of it
   */
  record Conversion(
      String name,
      CniVersion from,
      CniVersion to,
      JsonNode input,
      Optional<JsonNode> expected,
      String reason,
      Optional<JsonNode> library) {
    @Override
    public String toString() {
      return "%s from %s to %s".formatted(name, from.text(), to.text());
    }
  }

  static Stream<Conversion> all() {
    try (Stream<Path> files = Files.list(DIRECTORY)) {
      return files.sorted().toList().stream().flatMap(Conversions::of);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<Conversion> of(Path file) {
    try {
      String name = String.valueOf(file.getFileName()).replace(".json", "");
      JsonNode document = JSON.readTree(Files.readString(file));
      return versions(document.path("versions").asText())
          .flatMap(from -> Stream.of(CniVersion.values()).map(to -> one(name, document, from, to)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<CniVersion> versions(String words) {
    return Stream.of(words.split(" ")).map(word -> CniVersion.of(word).orElseThrow());
  }

  private static Conversion one(String name, JsonNode document, CniVersion from, CniVersion to) {
    Optional<JsonNode> expected =
        of(document.path("expected"), to).filter(JsonNode::isObject).map(one -> in(one, to));
    Optional<JsonNode> library = of(document.path("library"), to);
    return new Conversion(
        name,
        from,
        to,
        in(document.path("input"), from),
        expected,
        library.map(one -> one.path("reason").asText()).orElse(""),
        library.isPresent() ? library.map(one -> in(one.path("result"), to)) : expected);
  }

  private static Optional<JsonNode> of(JsonNode byVersions, CniVersion version) {
    return byVersions.properties().stream()
        .filter(one -> List.of(one.getKey().split(" ")).contains(version.text()))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  private static JsonNode in(JsonNode result, CniVersion version) {
    ObjectNode copy = result.deepCopy();
    copy.put("cniVersion", version.text());
    return copy;
  }

  /** The same without what says nothing: empty lists and objects. */
  static JsonNode essence(JsonNode result) {
    if (result.isObject()) {
      ObjectNode out = JSON.createObjectNode();
      result
          .properties()
          .forEach(
              one -> {
                JsonNode value = essence(one.getValue());
                if (!value.isContainerNode() || !value.isEmpty()) {
                  out.set(one.getKey(), value);
                }
              });
      return out;
    }
    if (result.isArray()) {
      var out = JSON.createArrayNode();
      result.forEach(one -> out.add(essence(one)));
      return out;
    }
    return result;
  }
}
