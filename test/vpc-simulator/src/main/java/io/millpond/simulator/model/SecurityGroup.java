package io.millpond.simulator.model;

import java.util.SortedMap;

/** A security group. Its rules are not simulated: everything is allowed. */
public record SecurityGroup(
    String id, String vpcId, String name, String description, SortedMap<String, String> tags) {
  public SecurityGroup {
    tags = Tags.copy(tags);
  }

  public SecurityGroup withTags(SortedMap<String, String> newTags) {
    return new SecurityGroup(id, vpcId, name, description, newTags);
  }
}
