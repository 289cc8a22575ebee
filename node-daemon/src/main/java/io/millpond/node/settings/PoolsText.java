package io.millpond.node.settings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.millpond.node.settings.Settings.NamedPool;
import io.millpond.pool.value.PoolName;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Reads pools: a map of names to maps of what each is, in YAML or JSON. */
final class PoolsText {
  static final String FORM =
      "map of names to {subnets: [subnet-…], securityGroups: [sg-…], warmIpTarget: n, minimumIpTarget: n}";

  static final Pattern SUBNET = Pattern.compile("subnet-[0-9a-f]{8,17}");
  static final Pattern GROUP = Pattern.compile("sg-[0-9a-f]{8,17}");
  private static final int MOST = 8192;

  private PoolsText() {}

  static SortedMap<PoolName, NamedPool> read(String text) {
    SortedMap<PoolName, NamedPool> pools = new TreeMap<>();
    if (text.isBlank()) {
      return pools;
    }
    JsonNode root = tree(text);
    if (!root.isObject()) {
      throw new IllegalArgumentException("not a map of names to pools");
    }
    root.properties().forEach(entry -> pools.put(name(entry.getKey()), pool(entry)));
    return Collections.unmodifiableSortedMap(pools);
  }

  private static JsonNode tree(String text) {
    try {
      return YAMLMapper.builder(
              YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .build()
          .readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("neither YAML nor JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static PoolName name(String text) {
    PoolName name = new PoolName(text);
    if (name.isDefault()) {
      throw new IllegalArgumentException(
          "the pool default is what MILLPOND_SUBNETS, MILLPOND_SECURITY_GROUPS and the warm targets"
              + " describe");
    }
    if (name.subnet().isPresent()) {
      throw new IllegalArgumentException("a pool cannot have a subnet's id as its name: " + text);
    }
    return name;
  }

  private static NamedPool pool(Map.Entry<String, JsonNode> entry) {
    String where = "pool " + entry.getKey() + ": ";
    JsonNode pool = entry.getValue();
    if (!pool.isObject()) {
      throw new IllegalArgumentException(where + "not a map");
    }
    List<String> subnets = List.of();
    List<String> groups = List.of();
    int warm = 0;
    int minimum = 0;
    for (Map.Entry<String, JsonNode> field : pool.properties()) {
      JsonNode value = field.getValue();
      switch (field.getKey()) {
        case "subnets" -> subnets = ids(where + "subnets: ", value, SUBNET);
        case "securityGroups" -> groups = ids(where + "securityGroups: ", value, GROUP);
        case "warmIpTarget" -> warm = number(where + "warmIpTarget: ", value);
        case "minimumIpTarget" -> minimum = number(where + "minimumIpTarget: ", value);
        default -> throw new IllegalArgumentException(where + "unknown key " + field.getKey());
      }
    }
    if (subnets.isEmpty()) {
      throw new IllegalArgumentException(where + "subnets is missing or empty");
    }
    return new NamedPool(subnets, groups, warm, minimum);
  }

  private static List<String> ids(String where, JsonNode value, Pattern form) {
    List<String> ids = new ArrayList<>();
    for (JsonNode one : value.isArray() ? value : List.of(value)) {
      if (!form.matcher(one.asText()).matches()) {
        throw new IllegalArgumentException(where + "not of the form " + form + ": " + one.asText());
      }
      if (ids.contains(one.asText())) {
        throw new IllegalArgumentException(where + one.asText() + " twice");
      }
      ids.add(one.asText());
    }
    return ids;
  }

  private static int number(String where, JsonNode value) {
    if (!value.isInt() || value.intValue() < 0 || value.intValue() > MOST) {
      throw new IllegalArgumentException(where + "not a number 0 to " + MOST);
    }
    return value.intValue();
  }
}
