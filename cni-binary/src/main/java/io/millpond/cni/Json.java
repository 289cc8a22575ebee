package io.millpond.cni;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * JSON as CNI's Go software reads it: keys in any capitalisation, the last of two wins; with
 * bounds.
 */
final class Json {
  static final ObjectMapper MAPPER =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(100)
                          .maxStringLength(CniFrame.STDIN_LIMIT)
                          .maxNumberLength(100)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Json() {}

  /**
   * Reads one document.
   *
   * @throws JsonProcessingException if it is not exactly one
   */
  static JsonNode read(ByteBuffer octets) throws JsonProcessingException {
    byte[] text = new byte[octets.remaining()];
    octets.duplicate().get(text);
    try {
      JsonNode document = MAPPER.readTree(text);
      if (document == null || document instanceof MissingNode) {
        throw new com.fasterxml.jackson.core.JsonParseException(null, "empty");
      }
      return document;
    } catch (JsonProcessingException e) {
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException("reading from memory", e);
    }
  }

  static List<String> keys(JsonNode object) {
    List<String> keys = new ArrayList<>();
    object.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  /** The value of the last key that equals the name but for capitalisation. */
  static @Nullable JsonNode get(JsonNode object, String name) {
    JsonNode found = null;
    for (String key : keys(object)) {
      if (key.equalsIgnoreCase(name)) {
        found = object.get(key);
      }
    }
    return found;
  }
}
