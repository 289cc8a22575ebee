package io.millpond.eni;

import static io.millpond.eni.Results.failure;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import io.millpond.pool.value.EniId;
import io.millpond.simulator.conditions.Fault;
import io.millpond.simulator.conditions.FaultRule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every error code that EC2 has for what is asked of it, over HTTP with the status it comes with:
 * which kind of failure it is, and how often a call is made that meets nothing else.
 */
class ErrorCodesTest {
  private static TestCloud cloud;
  private static CloudEnis enis;

  @BeforeAll
  static void start() {
    cloud = TestCloud.simulated();
    enis = cloud.enis();
  }

  @AfterAll
  static void stop() {
    enis.close();
    cloud.close();
  }

  @AfterEach
  void clear() {
    cloud.simulator().conditions().faults().clear();
    cloud.time.advance(Duration.ofMinutes(2)); // full buckets
    cloud.callsSince();
  }

  private static void always(String action, String code, String message) {
    cloud
        .simulator()
        .conditions()
        .faults()
        .add(FaultRule.always(action, new Fault.Refused(code, message, null, false)));
  }

  @ParameterizedTest
  @CsvFileSource(resources = "error-codes.csv", numLinesToSkip = 1)
  void aCodeHasItsKindAndIsRepeatedWhereThatCanHelp(
      String code, String message, Kind kind, int triesOfReading, int triesOfAssigning) {
    always("DescribeNetworkInterfaces", code, message);

    CloudFailure failure = failure(enis.attached(Urgency.POD_WAITS));

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure.reason()).contains("describing the ENIs of " + cloud.self.instanceId());
    assertThat(failure.kind().remedy()).isNotBlank();
    assertThat(cloud.callsSince()).as("calls").hasSize(triesOfReading);
  }

  @ParameterizedTest
  @CsvFileSource(resources = "error-codes.csv", numLinesToSkip = 1)
  void anAssignmentIsRepeatedOnlyIfItCertainlyDidNothing(
      String code, String message, Kind kind, int triesOfReading, int triesOfAssigning) {
    EniId primary = new EniId(cloud.simulator().interfaces().getFirst().id());
    always("AssignPrivateIpAddresses", code, message);

    CloudFailure failure = failure(enis.assign(primary, 1, Set.of(), Urgency.POD_WAITS));

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(cloud.callsSince())
        .filteredOn("AssignPrivateIpAddresses"::equals)
        .hasSize(triesOfAssigning);
  }

  @ParameterizedTest
  @CsvSource({
    "401, CREDENTIALS, 1",
    "403, UNAUTHORIZED, 1",
    "429, THROTTLED, 4",
    "503, SERVER_ERROR, 4"
  })
  void anAnswerWithoutBodyIsToldApartByItsStatus(int status, Kind kind, int tries) {
    try (ScriptedHttp bare = ScriptedHttp.answering(status, "");
        CloudEnis scripted = cloud.enis(bare.settings())) {
      assertThat(failure(scripted.attached(Urgency.POD_WAITS)).kind()).isEqualTo(kind);
      assertThat(cloud.callsSince()).hasSize(tries);
    }
  }

  @Test
  void triesAreApartByAChanceThatGrows() {
    List<Duration> pauses = new ArrayList<>();
    try (ScriptedHttp down = ScriptedHttp.answering(500, "");
        CloudEnis patient =
            new CloudEnis(
                new Ec2Calls(
                    CloudEnis.client(down.settings(), cloud.self.region()),
                    new CallBudget(cloud.time),
                    CallObserver.NONE,
                    pauses::add),
                cloud.self,
                Map.of(),
                down.settings(),
                cloud.time)) {
      for (int i = 0; i < 5; i++) {
        failure(patient.attached(Urgency.POD_WAITS));
      }
    }
    assertThat(pauses).hasSize(15);
    // Two of fifteen may well be equal; without a chance there would be three values.
    assertThat(Set.copyOf(pauses)).hasSizeGreaterThan(8);
    for (int i = 0; i < pauses.size(); i++) {
      assertThat(pauses.get(i)).isBetween(Duration.ofMillis(1), Duration.ofMillis(600L << (i % 3)));
    }
    assertThat(pauses).anyMatch(pause -> pause.compareTo(Duration.ofMillis(600)) > 0);
  }
}
