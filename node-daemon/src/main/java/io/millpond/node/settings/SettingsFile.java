package io.millpond.node.settings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * The settings file: YAML, one flat map of keys to scalars, lists of scalars, or (for pairs) maps
 * of scalars. Lists and maps become the text that the environment would have: separated by commas;
 * {@code pools}, a map of maps, becomes JSON.
 */
final class SettingsFile {
  private static final int LARGEST = 1 << 20;

  private SettingsFile() {}

  /**
   * The texts of the keys; what cannot be read is added to the errors. A missing file is an empty
   * one.
   */
  static Map<String, String> read(Path path, List<String> errors) {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(path)) {
      bytes = in.readNBytes(LARGEST + 1);
    } catch (NoSuchFileException e) {
      return Map.of();
    } catch (IOException e) {
      errors.add("the settings file " + path + " cannot be read: " + e.getMessage());
      return Map.of();
    }
    if (bytes.length > LARGEST) {
      errors.add("the settings file " + path + " is larger than 1 MiB");
      return Map.of();
    }
    return parse(path, bytes, errors);
  }

  static Map<String, String> parse(Path path, byte[] bytes, List<String> errors) {
    JsonNode root;
    try {
      root =
          YAMLMapper.builder(
                  YAMLFactory.builder()
                      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                      .build())
              .build()
              .readTree(bytes);
    } catch (JsonProcessingException e) {
      errors.add("the settings file " + path + " is not YAML: " + e.getOriginalMessage());
      return Map.of();
    } catch (IOException e) {
      errors.add("the settings file " + path + " cannot be read: " + e.getMessage());
      return Map.of();
    }
    if (root == null || root.isNull() || root.isMissingNode()) {
      return Map.of();
    }
    if (!root.isObject()) {
      errors.add("the settings file " + path + " does not hold keys and values");
      return Map.of();
    }
    Map<String, String> texts = new HashMap<>();
    root.properties().forEach(entry -> put(path, entry.getKey(), entry.getValue(), texts, errors));
    return texts;
  }

  private static void put(
      Path path, String key, JsonNode value, Map<String, String> texts, List<String> errors) {
    if (KnownSettings.all().stream().noneMatch(setting -> setting.fileKey().equals(key))) {
      errors.add("the settings file " + path + " has an unknown key: " + key);
    } else if (key.equals(KnownSettings.POOLS.fileKey())) {
      texts.put(key, value.isNull() ? "" : value.toString());
    } else if (value.isValueNode()) {
      texts.put(key, value.isNull() ? "" : value.asText());
    } else if (value.isArray()) {
      texts.put(
          key,
          StreamSupport.stream(value.spliterator(), false)
              .map(JsonNode::asText)
              .collect(Collectors.joining(",")));
    } else {
      texts.put(
          key,
          value.properties().stream()
              .map(entry -> entry.getKey() + "=" + entry.getValue().asText())
              .collect(Collectors.joining(",")));
    }
  }
}
