package io.millpond.simulator;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.millpond.simulator.conditions.RateLimit;
import io.millpond.simulator.conditions.Settings;
import io.millpond.simulator.conditions.Throttle;
import io.millpond.simulator.fabric.FabricLayout.InternetHost;
import io.millpond.simulator.fabric.FabricLayout.OnPremisesHost;
import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the simulator holds when it starts, from one YAML or JSON file over the built-in default.
 *
 * @param throttle token buckets by action; none: nothing is throttled
 * @param instances the nodes-to-be; each gets an IMDS
 * @param hosts further instances, plain hosts of the VPC
 */
public record SimulatorConfig(
    String region,
    String account,
    VpcConfig vpc,
    List<SubnetConfig> subnets,
    List<GroupConfig> securityGroups,
    List<InstanceConfig> instances,
    List<InstanceConfig> hosts,
    @Nullable InternetHost internet,
    @Nullable OnPremisesHost onPremises,
    Settings settings,
    SortedMap<String, RateLimit> throttle,
    Listen listen,
    FabricConfig fabric) {
  /** A file larger than this is refused. */
  private static final long MAX_BYTES = 4 << 20;

  private static final String THROTTLE = "throttle";

  private static final ObjectMapper YAML =
      new ObjectMapper(new YAMLFactory()).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  public SimulatorConfig {
    Objects.requireNonNull(vpc, "vpc");
    subnets = List.copyOf(subnets);
    securityGroups = List.copyOf(securityGroups);
    instances = List.copyOf(instances);
    hosts = List.copyOf(hosts);
  }

  /** The VPC. */
  public record VpcConfig(String id, Cidr cidr, Map<String, String> tags) {
    public VpcConfig {
      tags = orEmpty(tags);
    }
  }

  /** A subnet within the VPC's network. */
  public record SubnetConfig(String id, Cidr cidr, String zone, Map<String, String> tags) {
    public SubnetConfig {
      tags = orEmpty(tags);
    }
  }

  /** A security group; the first one of a configuration is the default of new interfaces. */
  public record GroupConfig(String id, String name, Map<String, String> tags) {
    public GroupConfig {
      tags = orEmpty(tags);
    }
  }

  /**
   * An instance to launch.
   *
   * @param id none: a random one
   * @param type one of EC2's, with its limits
   * @param address the primary private address; none: the next free one
   * @param securityGroups none: the first group of the configuration
   * @param netns the namespace that stands for it when there is a fabric; none: the name
   * @param imdsPort where its IMDS listens without a fabric; 0: a free port
   */
  public record InstanceConfig(
      @Nullable String id,
      String name,
      String type,
      String subnet,
      @Nullable Ipv4 address,
      @Nullable List<String> securityGroups,
      @Nullable String netns,
      Map<String, String> tags,
      int imdsPort) {
    public InstanceConfig {
      Objects.requireNonNull(name, "an instance needs a name");
      Objects.requireNonNull(type, "an instance needs a type");
      Objects.requireNonNull(subnet, "an instance needs a subnet");
      tags = orEmpty(tags);
    }

    /** An instance with a random id, the next free address and the default security group. */
    public static InstanceConfig of(String name, String type, String subnet) {
      return new InstanceConfig(null, name, type, subnet, null, null, null, Map.of(), 0);
    }
  }

  /** Ports on 127.0.0.1 for a simulator without fabric; 0 is a free one. */
  public record Listen(int ec2Port, int controlPort) {}

  /**
   * Names of the fabric.
   *
   * @param namespace the network namespace of the VPC itself
   */
  public record FabricConfig(@JsonProperty("namespace") String namespace) {}

  /** The built-in default: one zone, two subnets, two t3.medium nodes, two hosts. */
  public static SimulatorConfig standard() {
    return bind(defaults());
  }

  /**
   * Reads a file over the default: each top-level key replaces the default's.
   *
   * @throws IllegalArgumentException if the file cannot be read or says what is not understood
   */
  public static SimulatorConfig read(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new IllegalArgumentException(file + " is larger than " + MAX_BYTES + " bytes");
      }
      return parse(Files.readString(file));
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot read " + file + ": " + e, e);
    }
  }

  /**
   * Reads YAML or JSON text over the default.
   *
   * @throws IllegalArgumentException if it says what is not understood
   */
  public static SimulatorConfig parse(String text) {
    try {
      ObjectNode merged = defaults();
      JsonNode own = YAML.readTree(text);
      if (own instanceof ObjectNode fields) {
        merged.setAll(fields);
      } else if (!own.isMissingNode() && !own.isNull()) {
        throw new IllegalArgumentException("a configuration is a mapping of keys to values");
      }
      return bind(merged);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not a configuration: " + e.getMessage(), e);
    }
  }

  public SimulatorConfig withInstances(List<InstanceConfig> nodes) {
    return new SimulatorConfig(
        region,
        account,
        vpc,
        subnets,
        securityGroups,
        nodes,
        hosts,
        internet,
        onPremises,
        settings,
        throttle,
        listen,
        fabric);
  }

  public SimulatorConfig withHosts(List<InstanceConfig> plainHosts) {
    return new SimulatorConfig(
        region,
        account,
        vpc,
        subnets,
        securityGroups,
        instances,
        plainHosts,
        internet,
        onPremises,
        settings,
        throttle,
        listen,
        fabric);
  }

  public SimulatorConfig withSubnets(List<SubnetConfig> otherSubnets) {
    return new SimulatorConfig(
        region,
        account,
        vpc,
        otherSubnets,
        securityGroups,
        instances,
        hosts,
        internet,
        onPremises,
        settings,
        throttle,
        listen,
        fabric);
  }

  public SimulatorConfig withSecurityGroups(List<GroupConfig> otherGroups) {
    return new SimulatorConfig(
        region,
        account,
        vpc,
        subnets,
        otherGroups,
        instances,
        hosts,
        internet,
        onPremises,
        settings,
        throttle,
        listen,
        fabric);
  }

  public SimulatorConfig withSettings(Settings otherSettings) {
    return new SimulatorConfig(
        region,
        account,
        vpc,
        subnets,
        securityGroups,
        instances,
        hosts,
        internet,
        onPremises,
        otherSettings,
        throttle,
        listen,
        fabric);
  }

  public SimulatorConfig withThrottle(SortedMap<String, RateLimit> limits) {
    return new SimulatorConfig(
        region,
        account,
        vpc,
        subnets,
        securityGroups,
        instances,
        hosts,
        internet,
        onPremises,
        settings,
        limits,
        listen,
        fabric);
  }

  private static ObjectNode defaults() {
    try (InputStream in = SimulatorConfig.class.getResourceAsStream("default.yaml")) {
      return (ObjectNode) YAML.readTree(Objects.requireNonNull(in, "default.yaml"));
    } catch (IOException e) {
      throw new UncheckedIOException("the built-in default cannot be read", e);
    }
  }

  private static SimulatorConfig bind(ObjectNode fields) {
    try {
      fields.set(THROTTLE, buckets(fields.path(THROTTLE)));
      return YAML.treeToValue(fields, SimulatorConfig.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not a configuration: " + e.getOriginalMessage(), e);
    }
  }

  /** The two presets by name, anything else as it stands. */
  private static JsonNode buckets(JsonNode throttle) {
    return switch (throttle.asText()) {
      case "off" -> YAML.valueToTree(new TreeMap<>());
      case "aws" -> YAML.valueToTree(Throttle.aws());
      default -> throttle;
    };
  }

  private static Map<String, String> orEmpty(@Nullable Map<String, String> tags) {
    return tags == null ? Map.of() : Map.copyOf(tags);
  }
}
