package io.millpond.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millpond.simulator.SimulatorConfig.InstanceConfig;
import io.millpond.simulator.model.Attachment;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.Ec2ClientBuilder;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;

/** A simulator with one t3.medium (3 interfaces of 6 addresses) and the SDK pointed at it. */
final class Aws implements AutoCloseable {
  static final String SUBNET_A = "subnet-0a00000000000001a";
  static final String SUBNET_B = "subnet-0a00000000000002a";
  static final String GROUP = "sg-0a00000000000001a";
  static final String NODE = "i-0a00000000000000a";

  final Simulator simulator;
  final Ec2Client ec2;

  Aws() {
    this(SimulatorConfig.standard());
  }

  Aws(SimulatorConfig base) {
    simulator =
        Simulator.start(base.withHosts(List.of()).withInstances(base.instances().subList(0, 1)));
    ec2 = client(simulator, simulator.instance(NODE).accessKeyId(), builder -> {});
  }

  static Ec2Client client(Simulator simulator, String accessKey, Consumer<Ec2ClientBuilder> more) {
    Ec2ClientBuilder builder =
        Ec2Client.builder()
            .endpointOverride(simulator.ec2Endpoint())
            .region(Region.EU_CENTRAL_1)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create(accessKey, "secret")))
            .httpClientBuilder(UrlConnectionHttpClient.builder())
            .overrideConfiguration(o -> o.retryStrategy(AwsRetryStrategy.doNotRetry()));
    more.accept(builder);
    return builder.build();
  }

  /** An interface in the first subnet, with so many secondary addresses. */
  NetworkInterface create(int secondary) {
    return create(b -> b.secondaryPrivateIpAddressCount(secondary));
  }

  NetworkInterface create(Consumer<CreateNetworkInterfaceRequest.Builder> more) {
    CreateNetworkInterfaceRequest.Builder request =
        CreateNetworkInterfaceRequest.builder().subnetId(SUBNET_A);
    more.accept(request);
    return ec2.createNetworkInterface(request.build()).networkInterface();
  }

  /** The attachment's id. */
  String attach(String eni, int deviceIndex) {
    return ec2.attachNetworkInterface(
            r -> r.networkInterfaceId(eni).instanceId(NODE).deviceIndex(deviceIndex))
        .attachmentId();
  }

  NetworkInterface describe(String eni) {
    return ec2.describeNetworkInterfaces(r -> r.networkInterfaceIds(eni))
        .networkInterfaces()
        .getFirst();
  }

  /** Whether the interface's link is there, whatever lag describes have. */
  boolean isAttached(String eni) {
    return simulator.interfaces().stream()
        .filter(each -> each.id().equals(eni))
        .flatMap(each -> Stream.ofNullable(each.attachment()))
        .anyMatch(attachment -> attachment.state() == Attachment.State.ATTACHED);
  }

  void launch(String name, String type) {
    simulator.launch(InstanceConfig.of(name, type, SUBNET_A));
  }

  static Filter filter(String name, String... values) {
    return Filter.builder().name(name).values(values).build();
  }

  /** Asserts that a call is refused with an error code and a message that has a text. */
  static void refused(ThrowingCallable call, String code, String inMessage) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            Ec2Exception.class,
            e -> {
              assertThat(e.awsErrorDetails().errorCode()).isEqualTo(code);
              assertThat(e.awsErrorDetails().errorMessage()).contains(inMessage);
              assertThat(e.requestId()).isNotBlank();
            });
  }

  @Override
  public void close() {
    ec2.close();
    simulator.close();
  }
}
