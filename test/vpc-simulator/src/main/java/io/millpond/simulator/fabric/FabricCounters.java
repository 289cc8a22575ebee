package io.millpond.simulator.fabric;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads what the rules counted. Stateless; any thread. */
final class FabricCounters {
  private static final ObjectMapper JSON = new ObjectMapper();

  private FabricCounters() {}

  /** The packets of every counter named {@code owner.counter}, by owner, then by counter. */
  static SortedMap<String, SortedMap<String, Long>> parse(String nftJson) {
    SortedMap<String, SortedMap<String, Long>> byOwner = new TreeMap<>();
    JsonNode answer;
    try {
      answer = JSON.readTree(nftJson);
    } catch (JsonProcessingException e) {
      throw new FabricException("nft answered what is no JSON: " + e.getOriginalMessage(), e);
    }
    for (JsonNode entry : answer.path("nftables")) {
      JsonNode counter = entry.path("counter");
      String name = counter.path("name").asText();
      int dot = name.indexOf('.');
      if (dot > 0 && counter.path("table").asText().equals(FabricNames.TABLE)) {
        byOwner
            .computeIfAbsent(name.substring(0, dot), owner -> new TreeMap<>())
            .put(name.substring(dot + 1), counter.path("packets").asLong());
      }
    }
    byOwner.replaceAll((owner, counters) -> Collections.unmodifiableSortedMap(counters));
    return Collections.unmodifiableSortedMap(byOwner);
  }
}
