package io.millpond.simulator.model;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

final class Tags {
  private Tags() {}

  static SortedMap<String, String> copy(SortedMap<String, String> tags) {
    return Collections.unmodifiableSortedMap(new TreeMap<>(tags));
  }
}
