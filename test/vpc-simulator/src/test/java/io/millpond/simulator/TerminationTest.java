package io.millpond.simulator;

import static io.millpond.simulator.Aws.NODE;
import static io.millpond.simulator.Aws.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.simulator.model.InstanceState;
import io.millpond.simulator.model.NetworkInterface;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.AttachmentStatus;
import software.amazon.awssdk.services.ec2.model.InstanceStateChange;
import software.amazon.awssdk.services.ec2.model.InstanceStateName;
import software.amazon.awssdk.services.ec2.model.NetworkInterfaceStatus;

class TerminationTest {
  private final Aws aws = new Aws();

  @AfterEach
  void stop() {
    aws.close();
  }

  @Test
  void interfacesDieWithTheInstanceOrAreAvailableAsTheyWereTold() {
    String dies = aws.create(0).networkInterfaceId();
    String stays = aws.create(0).networkInterfaceId();
    String attachment = aws.attach(dies, 1);
    aws.attach(stays, 2);
    await().until(() -> aws.describe(stays).attachment().status() == AttachmentStatus.ATTACHED);
    aws.ec2.modifyNetworkInterfaceAttribute(
        r ->
            r.networkInterfaceId(dies)
                .attachment(a -> a.attachmentId(attachment).deleteOnTermination(true)));

    InstanceStateChange change =
        aws.ec2.terminateInstances(r -> r.instanceIds(NODE)).terminatingInstances().getFirst();

    assertThat(change.previousState().name()).isEqualTo(InstanceStateName.RUNNING);
    assertThat(change.currentState().name()).isEqualTo(InstanceStateName.SHUTTING_DOWN);
    await().until(() -> aws.simulator.instance(NODE).state() == InstanceState.TERMINATED);
    assertThat(aws.simulator.interfaces()).extracting(NetworkInterface::id).containsExactly(stays);
    assertThat(aws.describe(stays).status()).isEqualTo(NetworkInterfaceStatus.AVAILABLE);
    assertThat(
            aws.ec2
                .describeInstances(r -> r.instanceIds(NODE))
                .reservations()
                .getFirst()
                .instances()
                .getFirst()
                .state()
                .name())
        .isEqualTo(InstanceStateName.TERMINATED);
  }

  @Test
  void nothingIsAttachedToAnInstanceThatIsGoing() {
    aws.simulator
        .conditions()
        .adjust(
            s ->
                new io.millpond.simulator.conditions.Settings(
                    0, 0, 0, 0, 600_000, 0, 0, 0, 5_000, 64_000));
    String eni = aws.create(0).networkInterfaceId();
    aws.ec2.terminateInstances(r -> r.instanceIds(NODE));

    refused(() -> aws.attach(eni, 1), "IncorrectState", "'shutting-down'");
  }

  @Test
  void anInstanceIsTerminatedAgainWithoutHarmAndAnUnknownOneNotAtAll() {
    aws.simulator.terminate("node-a");
    await().until(() -> aws.simulator.instance(NODE).state() == InstanceState.TERMINATED);

    InstanceStateChange again =
        aws.ec2.terminateInstances(r -> r.instanceIds(NODE)).terminatingInstances().getFirst();
    assertThat(again.currentState().name()).isEqualTo(InstanceStateName.TERMINATED);
    refused(
        () -> aws.ec2.terminateInstances(r -> r.instanceIds("i-0123456789abcdef0")),
        "InvalidInstanceID.NotFound",
        "i-0123456789abcdef0");
  }

  @Test
  void theMetadataOfATerminatedInstanceIsGone() throws Exception {
    URI token = aws.simulator.imdsEndpoint("node-a").resolve("/latest/api/token");
    aws.simulator.terminate("node-a");
    await().until(() -> aws.simulator.instance(NODE).state() == InstanceState.TERMINATED);

    try (HttpClient http = HttpClient.newHttpClient()) {
      assertThat(
              http.send(
                      HttpRequest.newBuilder(token)
                          .PUT(HttpRequest.BodyPublishers.noBody())
                          .header("X-aws-ec2-metadata-token-ttl-seconds", "60")
                          .build(),
                      HttpResponse.BodyHandlers.discarding())
                  .statusCode())
          .isEqualTo(404);
    }
  }

  @Test
  void anInstanceOfTheSameNameMayBeLaunchedAfterwards() {
    aws.simulator.terminate("node-a");
    await().until(() -> aws.simulator.instance(NODE).state() == InstanceState.TERMINATED);

    aws.launch("node-a", "t3.small");

    assertThat(aws.simulator.instance("node-a").id()).isNotEqualTo(NODE);
    assertThat(aws.simulator.instance("node-a").state()).isEqualTo(InstanceState.RUNNING);
  }
}
