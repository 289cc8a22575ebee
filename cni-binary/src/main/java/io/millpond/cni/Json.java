package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * JSON as CNI's Go software reads it, with bounds: UTF-8 and nothing else, where wrong octets
 * inside a string count as U+FFFD; keys in any capitalisation; of two equal keys the last wins.
 */
final class Json {
  private static final ObjectReader AS_SPELT =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(100)
                          .maxStringLength(CniFrame.STDIN_LIMIT)
                          .maxNumberLength(100)
                          .build())
                  .build())
          .reader()
          .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final ObjectReader READER = AS_SPELT.with(new AnyCapitalisation());

  private Json() {}

  private static final class AnyCapitalisation extends JsonNodeFactory {
    private static final long serialVersionUID = 1;

    @Override
    public ObjectNode objectNode() {
      return new ObjectNode(this, new TreeMap<>(String.CASE_INSENSITIVE_ORDER));
    }
  }

  /**
   * Reads one document.
   *
   * @throws JsonProcessingException if it is not exactly one
   */
  static JsonNode read(ByteBuffer octets) throws JsonProcessingException {
    return read(READER, UTF_8.decode(octets.duplicate()).toString());
  }

  /**
   * Reads one document whose keys are told apart by capitalisation, which Go does where it does not
   * know them beforehand.
   *
   * @throws JsonProcessingException if it is not exactly one
   */
  static JsonNode readAsSpelt(String text) throws JsonProcessingException {
    return read(AS_SPELT, text);
  }

  private static JsonNode read(ObjectReader reader, String text) throws JsonProcessingException {
    JsonNode document = reader.readTree(text);
    if (document.isMissingNode()) {
      throw new JsonParseException(null, "empty");
    }
    return document;
  }

  /** A new object for an answer; its keys keep their order. */
  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  static List<String> keys(JsonNode object) {
    List<String> keys = new ArrayList<>();
    object.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  /** The key's value in a document that was read here; null if it is absent or {@code null}. */
  static @Nullable JsonNode get(JsonNode object, String key) {
    JsonNode value = object.get(key);
    return value == null || value.isNull() ? null : value;
  }
}
