package io.millpond.eni;

import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import io.millpond.simulator.Simulator;
import io.millpond.simulator.SimulatorConfig;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.Instance;
import software.amazon.awssdk.services.ec2.model.InstanceType;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.Tag;
import software.amazon.awssdk.services.ec2.model.TagSpecification;

/**
 * An EC2 endpoint with one running t3.medium: the simulator, or the endpoint that the system
 * property {@code millpond.test.ec2} names, in which a VPC is made.
 */
final class TestCloud implements AutoCloseable {
  private static final String NODE = "i-0a00000000000000a";
  private static final String REGION = "eu-central-1";
  private static final String ACCESS_KEY = "ASIAA00000000000000A";

  static {
    // The production client finds its credentials itself; the simulator knows the node by them.
    System.setProperty("aws.accessKeyId", ACCESS_KEY);
    System.setProperty("aws.secretAccessKey", "secret");
  }

  final FakeTime time = new FakeTime();
  final List<CallObserver.Call> calls = new CopyOnWriteArrayList<>();
  final Ec2Client admin;
  final InstanceIdentity self;
  final Prefix subnet;
  private final URI endpoint;
  private final @Nullable Simulator simulator;

  private TestCloud(URI endpoint, @Nullable Simulator simulator) {
    this.endpoint = endpoint;
    this.simulator = simulator;
    this.admin = CloudEnis.client(settings(), REGION);
    Instance instance = simulator == null ? launch() : instance(NODE);
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
    String other = System.getProperty("millpond.test.ec2");
    return other == null || other.isBlank() ? simulated() : new TestCloud(URI.create(other), null);
  }

  static TestCloud simulated() {
    return simulated(SimulatorConfig.standard());
  }

  static TestCloud simulated(SimulatorConfig base) {
    Simulator simulator =
        Simulator.start(base.withHosts(List.of()).withInstances(base.instances().subList(0, 1)));
    return new TestCloud(simulator.ec2Endpoint(), simulator);
  }

  Simulator simulator() {
    return Objects.requireNonNull(simulator, "only with the simulator");
  }

  CloudSettings settings() {
    return settings(List.of(), Duration.ofSeconds(10));
  }

  CloudSettings settings(List<String> subnets, Duration timeout) {
    return new CloudSettings(Optional.of(endpoint), "mill", subnets, List.of(), timeout);
  }

  CloudEnis enis() {
    return enis(settings());
  }

  CloudEnis enis(CloudSettings settings) {
    return enis(settings, calls::add);
  }

  /** What a freshly started daemon has; calls are counted by the observer. */
  CloudEnis enis(CloudSettings settings, CallObserver observer) {
    Ec2Calls ec2 =
        new Ec2Calls(CloudEnis.client(settings, REGION), new CallBudget(time), observer, time);
    return new CloudEnis(ec2, self, subnet, settings, time);
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

  private Instance launch() {
    String vpc = admin.createVpc(r -> r.cidrBlock("10.0.0.0/16")).vpc().vpcId();
    String made =
        admin
            .createSubnet(r -> r.vpcId(vpc).cidrBlock("10.0.1.0/24").availabilityZone(REGION + "a"))
            .subnet()
            .subnetId();
    String image = admin.describeImages(r -> r.maxResults(5)).images().getFirst().imageId();
    return instance(
        admin
            .runInstances(
                r ->
                    r.imageId(image)
                        .instanceType(InstanceType.T3_MEDIUM)
                        .subnetId(made)
                        .minCount(1)
                        .maxCount(1))
            .instances()
            .getFirst()
            .instanceId());
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
    admin.close();
    if (simulator != null) {
      simulator.close();
    }
  }
}
