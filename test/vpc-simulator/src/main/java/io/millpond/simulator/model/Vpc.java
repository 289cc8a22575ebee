package io.millpond.simulator.model;

import java.util.SortedMap;

/** The one VPC of the simulated account. */
public record Vpc(String id, Cidr cidr, SortedMap<String, String> tags) {
  public Vpc {
    tags = Tags.copy(tags);
  }

  public Vpc withTags(SortedMap<String, String> newTags) {
    return new Vpc(id, cidr, newTags);
  }
}
