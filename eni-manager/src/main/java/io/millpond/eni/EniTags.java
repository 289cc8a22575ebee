package io.millpond.eni;

import io.millpond.pool.value.PoolName;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.Tag;
import software.amazon.awssdk.services.ec2.model.TagSpecification;

/**
 * The tags of an ENI: those that users of EKS and their tools expect, and the intent under which it
 * was created.
 */
final class EniTags {
  static final String INTENT = CloudEnis.INTENT_TAG;
  static final String POOL = CloudEnis.POOL_TAG;
  static final String INSTANCE = "node.k8s.amazonaws.com/instance_id";
  static final String CREATED = "node.k8s.amazonaws.com/createdAt";
  static final String CLUSTER = "cluster.k8s.amazonaws.com/name";
  static final String NO_MANAGE = "node.k8s.amazonaws.com/no_manage";

  /** What an ENI's description begins with; the instance id follows. */
  static final String DESCRIPTION = "millpond-";

  private EniTags() {}

  static TagSpecification of(
      PoolName pool, String intent, String instanceId, CloudSettings settings, Instant now) {
    SortedMap<String, String> tags = new TreeMap<>(settings.tags());
    tags.put(INTENT, intent);
    tags.remove(POOL);
    if (!pool.isDefault()) {
      tags.put(POOL, pool.value());
    }
    tags.put(INSTANCE, instanceId);
    tags.put(CREATED, now.truncatedTo(ChronoUnit.SECONDS).toString());
    if (!settings.cluster().isEmpty()) {
      tags.put(CLUSTER, settings.cluster());
    }
    return TagSpecification.builder()
        .resourceType(ResourceType.NETWORK_INTERFACE)
        .tags(
            tags.entrySet().stream()
                .map(tag -> Tag.builder().key(tag.getKey()).value(tag.getValue()).build())
                .toList())
        .build();
  }

  static Optional<String> value(NetworkInterface eni, String key) {
    return eni.tagSet().stream().filter(t -> t.key().equals(key)).map(Tag::value).findFirst();
  }

  /** Whether we created it, on whatever node. */
  static boolean ours(NetworkInterface eni) {
    return value(eni, INTENT).isPresent()
        && String.valueOf(eni.description()).startsWith(DESCRIPTION);
  }

  /** Whose addresses it has; empty if the tag cannot be read, as that of a newer version may be. */
  static Optional<PoolName> pool(NetworkInterface eni) {
    try {
      return Optional.of(value(eni, POOL).map(PoolName::new).orElse(PoolName.DEFAULT));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Whether someone said that it is theirs. */
  static boolean handsOff(NetworkInterface eni) {
    return value(eni, NO_MANAGE).filter(value -> !value.equals("false")).isPresent();
  }

  /** When it was created; empty if nobody knows. */
  static Optional<Instant> created(NetworkInterface eni) {
    try {
      return value(eni, CREATED).map(Instant::parse);
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
