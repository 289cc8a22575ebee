package io.millpond.eni;

import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import io.millpond.simulator.Simulator;
import io.millpond.simulator.SimulatorConfig;
import io.millpond.simulator.SimulatorConfig.SubnetConfig;
import io.millpond.simulator.model.Cidr;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.AttachmentStatus;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.Instance;
import software.amazon.awssdk.services.ec2.model.InstanceType;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.Tag;
import software.amazon.awssdk.services.ec2.model.TagSpecification;

/**
 * An EC2 endpoint with one running t3.medium that has its primary ENI alone: the simulator, or
 * another one that system properties describe.
 *
 * <table>
 * <caption>System properties; credentials are the SDK's</caption>
 * <tr><td>{@code millpond.test.ec2}</td><td>the endpoint; none: the simulator</td></tr>
 * <tr><td>{@code millpond.test.ec2.region}</td><td>its region; none: eu-central-1</td></tr>
 * <tr><td>{@code millpond.test.ec2.instance}</td><td>the instance; none: a VPC with one is made,
 *     and removed afterwards</td></tr>
 * <tr><td>{@code millpond.test.ec2.subnet}</td><td>a /28 in the instance's zone with no address in
 *     use; only with an instance; none: tests that need it are skipped</td></tr>
 * </table>
 */
final class TestCloud implements AutoCloseable {
  private static final String NODE = "i-0a00000000000000a";
  private static final @Nullable String OTHER = property("");
  private static final String REGION =
      Objects.requireNonNullElse(property(".region"), "eu-central-1");
  private static final String SMALL = "subnet-0a00000000000003a";
  private static final String ACCESS_KEY = "ASIAA00000000000000A";

  static {
    // The production client finds its credentials itself; the simulator knows the node by them.
    if (OTHER == null || System.getenv("AWS_ACCESS_KEY_ID") == null) {
      System.setProperty("aws.accessKeyId", ACCESS_KEY);
      System.setProperty("aws.secretAccessKey", "secret");
    }
  }

  /** Some image that an endpoint has; emulators take a second to tell all of theirs. */
  private static final Map<URI, String> IMAGES = new ConcurrentHashMap<>();

  private static @Nullable String property(String name) {
    String value = System.getProperty("millpond.test.ec2" + name);
    return value == null || value.isBlank() ? null : value;
  }

  final FakeTime time = new FakeTime();
  final List<CallObserver.Call> calls = new CopyOnWriteArrayList<>();
  final Ec2Client admin;
  final InstanceIdentity self;
  final Prefix subnet;
  private final URI endpoint;
  private final @Nullable Simulator simulator;
  private final @Nullable String small;
  private final List<Runnable> undo = new ArrayList<>();

  private TestCloud(URI endpoint, @Nullable Simulator simulator) {
    this.endpoint = endpoint;
    this.simulator = simulator;
    this.admin = CloudEnis.client(settings(), REGION);
    String given = property(".instance");
    Instance instance;
    if (simulator != null) {
      instance = instance(NODE);
      this.small = SMALL;
    } else if (given != null) {
      instance = instance(given);
      this.small = property(".subnet");
    } else {
      String vpc = admin.createVpc(r -> r.cidrBlock("10.0.0.0/16")).vpc().vpcId();
      undo.add(() -> admin.deleteVpc(r -> r.vpcId(vpc)));
      // As large as it can be: emulators that draw addresses at random seldom draw one twice in it.
      instance = launch(makeSubnet(vpc, "10.0.128.0/17"));
      this.small = makeSubnet(vpc, "10.0.3.0/28");
    }
    this.self = identity(instance);
    this.subnet =
        Prefix.parse(
            admin
                .describeSubnets(r -> r.subnetIds(instance.subnetId()))
                .subnets()
                .getFirst()
                .cidrBlock());
  }

  /** The endpoint under test. */
  static TestCloud open() {
    return OTHER == null ? simulated() : at(URI.create(OTHER));
  }

  static TestCloud at(URI endpoint) {
    return new TestCloud(endpoint, null);
  }

  static TestCloud simulated() {
    return simulated(SimulatorConfig.standard());
  }

  static TestCloud simulated(SimulatorConfig base) {
    List<SubnetConfig> subnets = new ArrayList<>(base.subnets());
    subnets.add(
        new SubnetConfig(SMALL, Cidr.parse("10.0.3.0/28"), subnets.getFirst().zone(), Map.of()));
    Simulator simulator =
        Simulator.start(
            base.withSubnets(subnets)
                .withHosts(List.of())
                .withInstances(base.instances().subList(0, 1)));
    return new TestCloud(simulator.ec2Endpoint(), simulator);
  }

  Simulator simulator() {
    return Objects.requireNonNull(simulator, "only with the simulator");
  }

  /** A /28, of which 11 addresses can be had. */
  String smallSubnet() {
    assumeThat(small).as("millpond.test.ec2.subnet").isNotNull();
    return Objects.requireNonNull(small);
  }

  CloudSettings settings() {
    return settings(List.of(), Duration.ofSeconds(10));
  }

  CloudSettings settings(List<String> subnets, Duration timeout) {
    return new CloudSettings(
        Optional.of(endpoint), Optional.empty(), "mill", subnets, List.of(), Map.of(), timeout);
  }

  CloudSettings settings(Map<String, String> tags) {
    return new CloudSettings(
        Optional.of(endpoint),
        Optional.empty(),
        "mill",
        List.of(),
        List.of(),
        tags,
        Duration.ofSeconds(10));
  }

  CloudEnis enis() {
    return enis(settings());
  }

  CloudEnis enis(CloudSettings settings) {
    return enis(settings, calls::add);
  }

  /** What a freshly started daemon has; calls are counted by the observer. */
  CloudEnis enis(CloudSettings settings, CallObserver observer) {
    return enis(settings, () -> EniPlacement.AS_CONFIGURED, observer);
  }

  /** One whose default pool is placed by somebody. */
  CloudEnis enis(Supplier<EniPlacement> placement) {
    return enis(settings(), placement, calls::add);
  }

  private CloudEnis enis(
      CloudSettings settings, Supplier<EniPlacement> placement, CallObserver observer) {
    return new CloudEnis(
        ec2(settings, observer), self, Map.of(self.subnetId(), subnet), settings, placement, time);
  }

  /** One that knows the prefixes of these subnets. */
  CloudEnis enis(Map<String, Prefix> subnets) {
    return new CloudEnis(ec2(settings(), calls::add), self, subnets, settings(), time);
  }

  /** The way to EC2 alone. */
  Ec2Calls ec2() {
    return ec2(settings(), calls::add);
  }

  private Ec2Calls ec2(CloudSettings settings, CallObserver observer) {
    return new Ec2Calls(CloudEnis.client(settings, REGION), new CallBudget(time), observer, time);
  }

  /** The names of the calls since the last time, in order. */
  List<String> callsSince() {
    List<String> names = calls.stream().map(CallObserver.Call::action).toList();
    calls.clear();
    return names;
  }

  NetworkInterface describe(EniId eni) {
    return admin
        .describeNetworkInterfaces(r -> r.networkInterfaceIds(eni.value()))
        .networkInterfaces()
        .getFirst();
  }

  /** Until then EC2 may refuse to detach it. */
  void awaitAttached(EniId eni) {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> describe(eni).attachment().status() == AttachmentStatus.ATTACHED);
  }

  /** All ENIs of the instance's VPC. */
  List<NetworkInterface> all() {
    return admin
        .describeNetworkInterfaces(
            r -> r.filters(Filter.builder().name("vpc-id").values(self.vpcId()).build()))
        .networkInterfaces();
  }

  /** An ENI that nobody attached, with these tags. */
  EniId unattached(String description, Tag... tags) {
    return new EniId(
        admin
            .createNetworkInterface(
                r ->
                    r.subnetId(self.subnetId())
                        .description(description)
                        .tagSpecifications(
                            TagSpecification.builder()
                                .resourceType(ResourceType.NETWORK_INTERFACE)
                                .tags(tags)
                                .build()))
            .networkInterface()
            .networkInterfaceId());
  }

  static Tag tag(String key, String value) {
    return Tag.builder().key(key).value(value).build();
  }

  private Instance instance(String id) {
    return admin
        .describeInstances(r -> r.instanceIds(id))
        .reservations()
        .getFirst()
        .instances()
        .getFirst();
  }

  private String makeSubnet(String vpc, String prefix) {
    String made =
        admin
            .createSubnet(r -> r.vpcId(vpc).cidrBlock(prefix).availabilityZone(REGION + "a"))
            .subnet()
            .subnetId();
    undo.add(() -> admin.deleteSubnet(r -> r.subnetId(made)));
    return made;
  }

  private Instance launch(String inSubnet) {
    String image =
        IMAGES.computeIfAbsent(
            endpoint,
            at -> admin.describeImages(r -> r.maxResults(5)).images().getFirst().imageId());
    String launched =
        admin
            .runInstances(
                r ->
                    r.imageId(image)
                        .instanceType(InstanceType.T3_MEDIUM)
                        .subnetId(inSubnet)
                        .minCount(1)
                        .maxCount(1))
            .instances()
            .getFirst()
            .instanceId();
    undo.add(() -> admin.terminateInstances(r -> r.instanceIds(launched)));
    return instance(launched);
  }

  private static InstanceIdentity identity(Instance instance) {
    var primary = instance.networkInterfaces().getFirst();
    return new InstanceIdentity(
        instance.instanceId(),
        instance.instanceTypeAsString(),
        REGION,
        instance.placement().availabilityZone(),
        IpAddress.parse(instance.privateIpAddress()),
        MacAddress.parse(primary.macAddress()),
        instance.vpcId(),
        instance.subnetId(),
        primary.groups().stream().map(g -> g.groupId()).toList(),
        List.of(Prefix.parse("10.0.0.0/16")));
  }

  @Override
  public void close() {
    try {
      if (simulator == null) {
        undo.add(this::removeEnis);
        undo.reversed().forEach(TestCloud::whateverFails);
      }
    } finally {
      admin.close();
      if (simulator != null) {
        simulator.close();
      }
    }
  }

  /** A loose endpoint may refuse to remove what it was loose about. */
  private static void whateverFails(Runnable step) {
    try {
      step.run();
    } catch (Ec2Exception | ConditionTimeoutException e) {
      System.getLogger(TestCloud.class.getName())
          .log(System.Logger.Level.WARNING, "left behind: {0}", e.getMessage());
    }
  }

  private void removeEnis() {
    for (NetworkInterface eni : all()) {
      if (eni.attachment() == null) {
        admin.deleteNetworkInterface(r -> r.networkInterfaceId(eni.networkInterfaceId()));
      } else if (self.instanceId().equals(eni.attachment().instanceId())
          && eni.attachment().deviceIndex() > 0) {
        admin.detachNetworkInterface(
            r -> r.attachmentId(eni.attachment().attachmentId()).force(true));
        await()
            .atMost(Duration.ofMinutes(2))
            .ignoreExceptionsMatching(Ec2Exception.class::isInstance)
            .untilAsserted(
                () ->
                    admin.deleteNetworkInterface(
                        r -> r.networkInterfaceId(eni.networkInterfaceId())));
      }
    }
  }
}
