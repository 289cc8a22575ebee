package io.millpond.simulator.ec2;

import io.millpond.simulator.account.Account;
import io.millpond.simulator.account.AwsError;
import io.millpond.simulator.ec2.Action.Prepared;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** CreateTags and DeleteTags. */
final class TagActions {
  private final Account account;

  TagActions(Account account) {
    this.account = account;
  }

  Map<String, Action> byName() {
    return Map.of("CreateTags", this::create, "DeleteTags", this::delete);
  }

  /** The tags under {@code Tag.N}; each key once. */
  static SortedMap<String, String> tags(Parameters call) {
    SortedMap<String, String> tags = new TreeMap<>();
    for (Parameters tag : call.structures("Tag")) {
      String key = tag.required("Key");
      if (tags.put(key, tag.text("Value").orElse("")) != null) {
        throw new AwsError("InvalidParameterValue", "Duplicate tag key '" + key + "' specified.");
      }
    }
    return tags;
  }

  private Prepared create(Parameters call) {
    List<String> resources = resources(call);
    SortedMap<String, String> tags = tags(call);
    if (tags.isEmpty()) {
      throw call.missing("tag");
    }
    return Prepared.quietly(() -> account.tagging().create(resources, tags));
  }

  private Prepared delete(Parameters call) {
    List<String> resources = resources(call);
    Map<String, @Nullable String> tags = new HashMap<>();
    for (Parameters tag : call.structures("Tag")) {
      tags.put(tag.required("Key"), tag.text("Value").orElse(null));
    }
    return Prepared.quietly(() -> account.tagging().delete(resources, tags));
  }

  private static List<String> resources(Parameters call) {
    List<String> resources = call.list("ResourceId");
    if (resources.isEmpty()) {
      throw call.missing("resourceId");
    }
    return resources;
  }
}
