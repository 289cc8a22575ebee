package io.millpond.simulator.account;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Puts tags on whatever has an id, and takes them off. */
public final class Tagging {
  private final Registry registry;
  private final Lookup lookup;

  Tagging(Registry registry, Lookup lookup) {
    this.registry = registry;
    this.lookup = lookup;
  }

  /** Adds tags, or gives those that are there other values; on all resources or on none. */
  public void create(List<String> resourceIds, Map<String, String> tags) {
    TagRules.check(tags);
    change(
        resourceIds,
        before -> {
          SortedMap<String, String> after = new TreeMap<>(before);
          after.putAll(tags);
          TagRules.check(after);
          return after;
        });
  }

  /**
   * Removes tags.
   *
   * @param tags by key, each with the value it must have to be removed (null: any value); none at
   *     all: every tag
   */
  public void delete(List<String> resourceIds, Map<String, @Nullable String> tags) {
    change(
        resourceIds,
        before -> {
          SortedMap<String, String> after = new TreeMap<>(before);
          if (tags.isEmpty()) {
            after.clear();
          }
          after
              .entrySet()
              .removeIf(
                  tag ->
                      tags.containsKey(tag.getKey())
                          && (tags.get(tag.getKey()) == null
                              || tag.getValue().equals(tags.get(tag.getKey()))));
          return after;
        });
  }

  private void change(List<String> resourceIds, UnaryOperator<SortedMap<String, String>> change) {
    synchronized (registry) {
      List<Runnable> steps = resourceIds.stream().map(id -> step(id, change)).toList();
      steps.forEach(Runnable::run);
    }
  }

  /** Looks up and computes at once, so that a refusal changes nothing; stores when run. */
  private Runnable step(String id, UnaryOperator<SortedMap<String, String>> change) {
    String kind = id.substring(0, Math.max(0, id.indexOf('-')));
    return switch (kind) {
      case "eni" -> {
        var eni = lookup.networkInterface(id);
        var after = eni.withTags(change.apply(eni.tags()));
        yield () -> registry.put(after);
      }
      case "i" -> {
        var instance = lookup.instance(id);
        var after = instance.withTags(change.apply(instance.tags()));
        yield () -> registry.put(after);
      }
      case "subnet" -> {
        var subnet = lookup.subnet(id);
        var after = subnet.withTags(change.apply(subnet.tags()));
        yield () -> registry.put(after);
      }
      case "sg" -> {
        var group = lookup.securityGroup(id);
        var after = group.withTags(change.apply(group.tags()));
        yield () -> registry.put(after);
      }
      case "vpc" -> {
        var vpc = registry.vpc();
        if (!vpc.id().equals(id)) {
          throw new AwsError("InvalidVpcID.NotFound", "The vpc ID '" + id + "' does not exist");
        }
        var after = vpc.withTags(change.apply(vpc.tags()));
        yield () -> registry.put(after);
      }
      default -> throw new AwsError("InvalidID", "The ID '" + id + "' is not valid");
    };
  }
}
