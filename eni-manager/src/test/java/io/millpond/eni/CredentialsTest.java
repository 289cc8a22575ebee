package io.millpond.eni;

import static io.millpond.eni.Results.failure;
import static io.millpond.eni.Results.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.simulator.Simulator;
import io.millpond.simulator.conditions.CallRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On a node nobody configures credentials: the instance metadata has those of the role. */
class CredentialsTest {
  private static final String ROLE = "latest/meta-data/iam/security-credentials/node-role";

  private final TestCloud cloud = TestCloud.simulated();
  private final Simulator simulator = cloud.simulator();
  private final Properties before = (Properties) System.getProperties().clone();
  private final CloudEnis enis = onANode();

  private CloudEnis onANode() {
    System.clearProperty("aws.accessKeyId");
    System.clearProperty("aws.secretAccessKey");
    System.setProperty("aws.sharedCredentialsFile", "/nonexistent");
    System.setProperty("aws.configFile", "/nonexistent");
    return cloud.enis(
        new CloudSettings(
            Optional.of(simulator.ec2Endpoint()),
            Optional.of(simulator.imdsEndpoint(cloud.self.instanceId())),
            "mill",
            List.of(),
            List.of(),
            Map.of(),
            Duration.ofSeconds(10)));
  }

  @BeforeEach
  void assumeNoOthers() {
    assumeThat(System.getenv("AWS_ACCESS_KEY_ID")).as("AWS_ACCESS_KEY_ID").isNull();
  }

  @AfterEach
  void stop() {
    enis.close();
    cloud.close();
    System.setProperties(before);
  }

  private String callerOfTheNextCall() {
    value(enis.attached(Urgency.POD_WAITS));
    return callers().getLast();
  }

  private List<String> callers() {
    return simulator.conditions().calls().all().stream().map(CallRecord::caller).toList();
  }

  private void roleHas(String accessKeyId, Instant expiration) {
    simulator
        .metadata()
        .overlay(
            cloud.self.instanceId(),
            ROLE,
            """
            {"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "%s", "AccessKeyId": "%s",
             "SecretAccessKey": "s", "Token": "t", "Expiration": "%s"}
            """
                .formatted(Instant.now(), accessKeyId, expiration));
  }

  @Test
  void callsAreSignedWithTheRolesCredentials() {
    assertThat(callerOfTheNextCall())
        .isEqualTo(simulator.instance(cloud.self.instanceId()).accessKeyId());
  }

  @Test
  void credentialsAreReplacedBeforeTheyExpireAndKeptUntilThen() {
    Instant expiration = Instant.now().plusSeconds(3);
    roleHas("ASIASOONEXPIRED00000", expiration);
    assertThat(callerOfTheNextCall()).isEqualTo("ASIASOONEXPIRED00000");

    roleHas("ASIALONGLIVED0000000", Instant.now().plus(Duration.ofHours(6)));
    await().until(() -> callerOfTheNextCall().equals("ASIALONGLIVED0000000"));
    assertThat(simulator.conditions().calls().all())
        .filteredOn(call -> call.caller().equals("ASIASOONEXPIRED00000"))
        .allMatch(call -> call.at().isBefore(expiration));

    roleHas("ASIANOTNEEDEDYET0000", Instant.now().plus(Duration.ofHours(6)));
    assertThat(callerOfTheNextCall()).isEqualTo("ASIALONGLIVED0000000");
  }

  @Test
  void anInstanceWithoutARoleIsAFailureOfCredentialsAndNothingIsSent() {
    simulator.metadata().overlay(cloud.self.instanceId(), "latest/meta-data/iam", "");
    int sent = callers().size();

    CloudFailure failure = failure(enis.attached(Urgency.POD_WAITS));

    assertThat(failure.kind()).isEqualTo(Kind.CREDENTIALS);
    assertThat(failure.kind().remedy()).contains("role");
    assertThat(callers()).hasSize(sent);
  }
}
