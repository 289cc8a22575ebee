package io.millpond.simulator.model;

import java.time.Instant;
import java.util.SortedMap;
import java.util.regex.Pattern;

/**
 * An EC2 instance. A plain host of the VPC is one too.
 *
 * @param id such as {@code i-0a0000000000000a1}
 * @param name a short name for people, 1 to 15 of {@code a-z 0-9 -}, unique among living instances
 * @param netns the network namespace that stands for the instance when there is a fabric
 * @param accessKeyId the access key of the instance's role; EC2 calls signed with it are this
 *     instance's
 */
public record Instance(
    String id,
    String name,
    String type,
    String subnetId,
    String zone,
    String netns,
    String accessKeyId,
    InstanceState state,
    Instant launchTime,
    SortedMap<String, String> tags) {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,14}");
  private static final Pattern NETNS = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}");

  public Instance {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "an instance's name is 1 to 15 of a-z, 0-9 and -, starting with no dash: " + name);
    }
    if (!NETNS.matcher(netns).matches()) {
      throw new IllegalArgumentException("not a name for a network namespace: " + netns);
    }
    tags = Tags.copy(tags);
  }

  public Instance withState(InstanceState newState) {
    return new Instance(
        id, name, type, subnetId, zone, netns, accessKeyId, newState, launchTime, tags);
  }

  public Instance withTags(SortedMap<String, String> newTags) {
    return new Instance(
        id, name, type, subnetId, zone, netns, accessKeyId, state, launchTime, newTags);
  }
}
