package io.millpond.node.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The {@code ENIConfig} objects (crd.k8s.amazonaws.com/v1alpha1) as the API server last told, and
 * which of them is this node's, by the rules of amazon-vpc-cni-k8s (pkg/eniconfig). For one thread
 * at a time.
 */
final class EniConfigs {
  /** Whoever manages nodes from outside names the ENIConfig with this label; it comes first. */
  static final String EXTERNAL_LABEL = "vpc.amazonaws.com/externalEniConfig";

  /** The one of nodes that name none. */
  static final String DEFAULT = "default";

  private static final int MOST = 1000;

  /** EC2 allows an interface at most sixteen security groups. */
  private static final int MOST_GROUPS = 16;

  private static final Pattern SUBNET = Pattern.compile("subnet-[0-9a-f]{8}([0-9a-f]{9})?");
  private static final Pattern GROUP = Pattern.compile("sg-[0-9a-f]{8}([0-9a-f]{9})?");

  private final SortedMap<String, Entry> byName = new TreeMap<>();

  /** Where ENIs are made, or why that cannot be used. */
  private record Entry(Optional<Place> place, String refusal) {}

  /**
   * What an ENIConfig says.
   *
   * @param securityGroups none: those of the primary ENI
   */
  record Place(String subnet, List<String> securityGroups) {
    Place {
      securityGroups = List.copyOf(securityGroups);
    }
  }

  /**
   * Which ENIConfig is a node's.
   *
   * @param source what of the node names it, for people
   */
  record Named(String name, String source) {}

  /** The node's ENIConfig. */
  sealed interface Choice {}

  /** It says where. */
  record Chosen(Named named, Place place) implements Choice {}

  /** It does not, or there is none; why, with what helps. */
  record Missing(Named named, String why) implements Choice {}

  /**
   * Which one a node names: the label {@value #EXTERNAL_LABEL}, else the annotation, else the
   * label, else the one called {@value #DEFAULT}. What is there and empty is a name too, which no
   * object has.
   *
   * @param annotation key of the annotation: ENI_CONFIG_ANNOTATION_DEF
   * @param label key of the label: ENI_CONFIG_LABEL_DEF
   */
  static Named named(
      Map<String, String> labels,
      Map<String, String> annotations,
      String annotation,
      String label) {
    String external = labels.get(EXTERNAL_LABEL);
    if (external != null) {
      return new Named(external, "the node's label " + EXTERNAL_LABEL);
    }
    String annotated = annotations.get(annotation);
    if (annotated != null) {
      return new Named(annotated, "the node's annotation " + annotation);
    }
    String labelled = labels.get(label);
    if (labelled != null) {
      return new Named(labelled, "the node's label " + label);
    }
    return new Named(
        DEFAULT, "the node has neither annotation " + annotation + " nor label " + label);
  }

  /** These are all there are. */
  void replace(Collection<JsonNode> objects) {
    byName.clear();
    objects.forEach(this::put);
  }

  /** This one is new or has changed. */
  void put(JsonNode object) {
    String name = object.path("metadata").path("name").asText("");
    if (byName.size() < MOST || byName.containsKey(name)) {
      try {
        byName.put(name, new Entry(Optional.of(read(object.path("spec"))), ""));
      } catch (UnusableException e) {
        byName.put(name, new Entry(Optional.empty(), String.valueOf(e.getMessage())));
      }
    }
  }

  /** This one is gone. */
  void remove(String name) {
    byName.remove(name);
  }

  private static Place read(JsonNode spec) throws UnusableException {
    String subnet = spec.path("subnet").asText("").strip();
    if (!SUBNET.matcher(subnet).matches()) {
      throw new UnusableException(
          "subnet", subnet, "name a subnet of the node's zone, such as subnet-0a1b2c3d4e5f60718");
    }
    List<String> groups = new ArrayList<>();
    JsonNode listed = spec.path("securityGroups");
    if (listed.size() > MOST_GROUPS) {
      throw new UnusableException(
          "securityGroups", listed.size() + " groups", "EC2 allows at most " + MOST_GROUPS);
    }
    for (JsonNode group : listed) {
      String id = group.asText("").strip();
      if (!GROUP.matcher(id).matches()) {
        throw new UnusableException(
            "securityGroups", id, "name security groups, such as sg-0a1b2c3d4e5f60718");
      }
      groups.add(id);
    }
    return new Place(subnet, groups);
  }

  /** What the node's one says. */
  Choice of(Named named) {
    Entry entry = byName.get(named.name());
    if (entry == null) {
      return new Missing(
          named,
          "there is no ENIConfig \"%s\" (%s): create it, or name another one; there are: %s"
              .formatted(
                  UnusableException.shown(named.name()),
                  named.source(),
                  byName.isEmpty()
                      ? "none"
                      : String.join(", ", byName.keySet().stream().limit(10).toList())));
    }
    return entry
        .place()
        .<Choice>map(place -> new Chosen(named, place))
        .orElseGet(
            () ->
                new Missing(
                    named,
                    "ENIConfig \"%s\" (%s) cannot be used: %s"
                        .formatted(named.name(), named.source(), entry.refusal())));
  }
}
