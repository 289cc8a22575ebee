package io.millpond.node.cloud;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millpond.node.http.Metrics;
import io.millpond.node.life.NodeCore;
import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.Caller;
import io.millpond.node.pods.DeletePod;
import io.millpond.node.pods.PodRequest;
import io.millpond.node.pods.Readiness;
import io.millpond.node.policy.NodePlacement;
import io.millpond.node.settings.Settings;
import io.millpond.node.settings.SettingsReader;
import io.millpond.node.testing.ManualClock;
import io.millpond.node.testing.ModelDatapath;
import io.millpond.node.testing.ModelKernel;
import io.millpond.pool.PoolSummary;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.simulator.Simulator;
import io.millpond.simulator.SimulatorConfig;
import io.millpond.simulator.SimulatorConfig.InstanceConfig;
import io.millpond.simulator.conditions.Fault;
import io.millpond.simulator.conditions.FaultRule;
import io.millpond.simulator.conditions.Outage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The daemon's core with the real SDK against the EC2 simulator; the kernel is a model. 3 ENIs of 4
 * addresses.
 */
class SimulatedEc2Test {
  private static final Duration SOON = Duration.ofSeconds(20);

  private final ManualClock clock = new ManualClock();
  private final ModelKernel kernel = new ModelKernel(clock);
  private Simulator aws;
  private NodeCore core;

  @BeforeEach
  void launch() {
    System.setProperty("aws.accessKeyId", "AKIDTEST");
    System.setProperty("aws.secretAccessKey", "secret");
    kernel.allLinksArePluggedIn();
    aws = Simulator.start(SimulatorConfig.standard());
    aws.launch(InstanceConfig.of("node", "t3.small", "subnet-0a00000000000001a"));
    core = boot();
  }

  @AfterEach
  void stop() {
    core.close();
    aws.close();
    System.clearProperty("aws.accessKeyId");
    System.clearProperty("aws.secretAccessKey");
  }

  private NodeCore boot(String... namesAndValues) {
    return boot(settings -> new NodePlacement(settings.cloud(), Optional.empty()), namesAndValues);
  }

  private NodeCore boot(Function<Settings, NodePlacement> placements, String... namesAndValues) {
    try {
      Map<String, String> environment =
          new HashMap<>(
              Map.of(
                  "WARM_IP_TARGET", "2",
                  "MINIMUM_IP_TARGET", "5",
                  "MILLPOND_ADD_WAIT", "20s",
                  "AWS_ENDPOINT_URL_EC2", aws.ec2Endpoint().toString(),
                  "AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.imdsEndpoint("node").toString()));
      for (int i = 0; i < namesAndValues.length; i += 2) {
        environment.put(namesAndValues[i], namesAndValues[i + 1]);
      }
      Settings settings = SettingsReader.read(Path.of("/nonexistent"), environment);
      Metrics metrics = new Metrics();
      NodePlacement placement = placements.apply(settings);
      CloudAccess.Opened opened =
          switch (new Ec2Access(settings.cloud(), placement, metrics).open()) {
            case Cloud.Success<CloudAccess.Opened>(CloudAccess.Opened value) -> value;
            case Cloud.Failure<CloudAccess.Opened> failure -> throw new AssertionError(failure);
          };
      NodeCore.Node node =
          new NodeCore.Node(
              opened.limits(), clock, ModelKernel::linkName, "run" + System.nanoTime());
      ModelDatapath datapath = kernel.datapath();
      NodeCore fresh = new NodeCore(settings, node, opened.cloud(), datapath, datapath, metrics);
      placement.whenChanged(fresh::placedElsewhere);
      fresh.start(_ -> {});
      return fresh;
    } catch (Exception e) {
      throw new AssertionError("the daemon did not start", e);
    }
  }

  @Test
  void theInstancesIdentityAndLimitsComeFromMetadataAndTable() {
    assertThat(core.pool().snapshot().limits()).isEqualTo(new io.millpond.pool.PoolLimits(3, 4));
    assertThat(core.pool().snapshot().verified()).isTrue();
  }

  @Test
  void fivePodsThenNineCostThreeCallsForEachNewEniAndOneForEachGrowth() {
    awaitPool(sum -> sum.free() == 5);
    assertThat(changes()).as("3 on the primary, 2 on a new ENI").isEqualTo(List.of(1L, 1L, 1L, 1L));
    for (int i = 0; i < 9; i++) {
      added("pod" + i);
      int pods = i + 1;
      awaitPool(
          sum ->
              sum.free() >= Math.min(2, 9 - pods) && core.pool().snapshot().inFlight().isEmpty());
    }
    assertThat(core.pool().snapshot().summary().total()).isEqualTo(9);
    assertThat(aws.conditions().calls().count("CreateNetworkInterface")).isEqualTo(2);
    assertThat(aws.conditions().calls().count("AttachNetworkInterface")).isEqualTo(2);
    assertThat(aws.conditions().calls().count("ModifyNetworkInterfaceAttribute")).isEqualTo(2);
    assertThat(add("tenth"))
        .isInstanceOfSatisfying(
            AddOutcome.NoAddress.class, none -> assertThat(none.remedy()).isNotEmpty());
    assertThat(core.readiness()).isInstanceOf(Readiness.NotReady.class);
  }

  /** ENIConfigs: a pod waits with the cause, and goes on at once when it is put right. */
  @Test
  void withCustomNetworkingNoEniIsMadeBeforeItIsKnownWhere() {
    core.close();
    aws.launch(InstanceConfig.of("fresh", "t3.small", "subnet-0a00000000000001a"));
    String metadata = aws.imdsEndpoint("fresh").toString();
    List<NodePlacement> made = new ArrayList<>();
    core =
        boot(
            settings -> {
              made.add(new NodePlacement(settings.cloud(), Optional.empty()));
              return made.getFirst();
            },
            "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
            "true",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            metadata,
            "MILLPOND_ADD_WAIT",
            "3s");
    aws.conditions().calls().clear();
    NodePlacement placement = made.getFirst();
    placement.node(Map.of("k8s.amazonaws.com/eniConfig", "pods"), Map.of());
    placement.replace(List.of());

    assertThat(add("early"))
        .isInstanceOfSatisfying(
            AddOutcome.NoAddress.class,
            none -> assertThat(none.cause()).contains("there is no ENIConfig \"pods\""));
    assertThat(aws.conditions().calls().count("CreateNetworkInterface")).isZero();
    assertThat(core.pool().snapshot().summary().total()).as("the primary ENI's").isZero();

    // The next try by itself would be a minute later.
    placement.put(eniConfig("subnet-0a00000000000002a"));
    awaitPool(sum -> sum.free() >= 2);
    added("late");
    assertThat(aws.interfaces().getLast().subnetId()).isEqualTo("subnet-0a00000000000002a");
    assertThat(core.pool().snapshot().enis().values())
        .filteredOn(eni -> !eni.addresses().isEmpty())
        .allMatch(eni -> eni.device() != null && eni.device().index() > 0);
  }

  /** What fails on its way to the former place must not hold back growth in the next one. */
  @Test
  void anEniThatIsUnderWayToTheFormerPlaceHoldsNothingBack() {
    core.close();
    aws.launch(InstanceConfig.of("fresh", "t3.small", "subnet-0a00000000000001a"));
    List<NodePlacement> made = new ArrayList<>();
    core =
        boot(
            settings -> {
              NodePlacement wrong = new NodePlacement(settings.cloud(), Optional.empty());
              wrong.node(Map.of("k8s.amazonaws.com/eniConfig", "pods"), Map.of());
              wrong.replace(List.of(eniConfig("subnet-0a0000000000000ff")));
              made.add(wrong);
              aws.conditions()
                  .faults()
                  .add(FaultRule.next(1, "DescribeSubnets", new Fault.Slow(1500)));
              return wrong;
            },
            "MINIMUM_IP_TARGET",
            "1",
            "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
            "true",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            aws.imdsEndpoint("fresh").toString());
    await().atMost(SOON).until(() -> aws.conditions().faults().pending().isEmpty());

    made.getFirst().put(eniConfig("subnet-0a00000000000002a"));

    awaitPool(sum -> sum.free() >= 2);
    assertThat(aws.interfaces().getLast().subnetId()).isEqualTo("subnet-0a00000000000002a");
  }

  private static JsonNode eniConfig(String subnet) {
    try {
      return new JsonMapper()
          .readTree(
              "{\"metadata\":{\"name\":\"pods\"},\"spec\":{\"subnet\":\"%s\"}}".formatted(subnet));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void newEnisHaveTheAdministratorsTags() {
    awaitPool(sum -> sum.free() == 5);
    core.close();

    core = boot("MINIMUM_IP_TARGET", "9", "MILLPOND_ENI_TAGS", "team=net");
    awaitPool(sum -> sum.free() == 9);

    assertThat(aws.interfaces().getLast().tags()).containsEntry("team", "net");
  }

  @Test
  void surplusGoesBackAfterItsDelayAndTheEniWithIt() {
    awaitPool(sum -> sum.free() == 5);
    for (int i = 0; i < 7; i++) {
      added("pod" + i);
    }
    awaitPool(sum -> sum.free() >= 2 && core.pool().snapshot().inFlight().isEmpty());
    for (int i = 0; i < 7; i++) {
      assertThat(delete("pod" + i)).isEqualTo(new DeletePod.Gone());
    }
    await()
        .atMost(SOON)
        .until(
            () -> {
              clock.advance(Duration.ofSeconds(20));
              PoolSummary sum = core.pool().snapshot().summary();
              return sum.total() == 5
                  && sum.free() == 5
                  && core.pool().snapshot().inFlight().isEmpty();
            });
    assertThat(kernel.routes()).as("routes of addresses that left are gone").hasSize(5);
    assertThat(secondaryAddresses()).isEqualTo(5);
  }

  @Test
  void anEniThatIsDetachedAndCannotBeDeletedGivesOutNoAddressAndIsDeletedLater() {
    awaitPool(sum -> sum.free() == 5);
    for (int i = 0; i < 7; i++) {
      added("pod" + i);
    }
    awaitPool(sum -> sum.enis() == 3 && core.pool().snapshot().inFlight().isEmpty());
    aws.conditions()
        .faults()
        .add(
            FaultRule.always(
                "DeleteNetworkInterface", Fault.Refused.with("UnauthorizedOperation")));
    for (int i = 0; i < 7; i++) {
      delete("pod" + i);
    }
    passUntil(() -> aws.conditions().calls().count("DetachNetworkInterface") > 0);
    passUntil(() -> aws.conditions().calls().count("DeleteNetworkInterface") > 1);
    passUntil(
        () -> {
          PoolSummary sum = core.pool().snapshot().summary();
          return core.pool().snapshot().inFlight().isEmpty() && sum.total() == secondaryAddresses();
        });
    assertThat(aws.conditions().calls().count("DetachNetworkInterface")).isEqualTo(1);
    aws.conditions().faults().clear();
    passUntil(() -> aws.interfaces().stream().allMatch(eni -> eni.attachment() != null));
  }

  private void passUntil(java.util.function.BooleanSupplier condition) {
    await()
        .atMost(SOON)
        .until(
            () -> {
              clock.advance(Duration.ofSeconds(20));
              return condition.getAsBoolean();
            });
  }

  @Test
  void aPlaceThatSomethingElseTookIsTriedOnceAndThenEc2IsAsked() {
    awaitPool(sum -> sum.free() == 5 && core.pool().snapshot().inFlight().isEmpty());
    core.close();
    core = boot("MINIMUM_IP_TARGET", "3");
    awaitPool(sum -> sum.total() == 5 && core.pool().snapshot().inFlight().isEmpty());
    aws.addInterface("node", null, 1);
    aws.conditions().calls().clear();
    for (int i = 0; i < 5; i++) {
      added("pod" + i);
    }
    await()
        .atMost(SOON)
        .until(
            () -> {
              clock.advance(Duration.ofMillis(500));
              return core.pool().snapshot().summary().free() >= 2
                  && core.pool().snapshot().inFlight().isEmpty();
            });
    assertThat(aws.conditions().calls().count("CreateNetworkInterface")).isEqualTo(1);
  }

  @Test
  void podsStartFromTheWarmPoolWhileEc2IsDown() {
    awaitPool(sum -> sum.free() == 5);
    aws.ec2Outage(Outage.REFUSED);
    for (int i = 0; i < 5; i++) {
      added("pod" + i);
    }
  }

  @Test
  void waitingAddsSucceedWhenThrottlingEnds() throws Exception {
    awaitPool(sum -> sum.free() == 5);
    aws.conditions()
        .faults()
        .add(FaultRule.always("*", Fault.Refused.with("RequestLimitExceeded")));
    for (int i = 0; i < 5; i++) {
      added("pod" + i);
    }
    CompletableFuture<AddOutcome> sixth =
        CompletableFuture.supplyAsync(
            () -> add("sixth"), task -> Thread.ofPlatform().daemon().start(task));
    awaitPool(sum -> sum.waiting() == 1);
    aws.conditions().faults().clear();
    assertThat(sixth.get(20, TimeUnit.SECONDS)).isInstanceOf(AddOutcome.Added.class);
  }

  @Test
  void aLostAnswerOfAnAssignmentLosesNoAddress() {
    awaitPool(sum -> sum.free() == 5);
    aws.conditions()
        .faults()
        .add(FaultRule.next(1, "AssignPrivateIpAddresses", new Fault.LostAnswer()));
    for (int i = 0; i < 4; i++) {
      added("pod" + i);
    }
    await()
        .atMost(SOON)
        .until(
            () -> {
              clock.advance(Duration.ofSeconds(1));
              PoolSummary sum = core.pool().snapshot().summary();
              return core.pool().snapshot().inFlight().isEmpty()
                  && sum.total() == secondaryAddresses();
            });
    assertThat(core.pool().snapshot().summary().free()).isGreaterThanOrEqualTo(2);
  }

  @Test
  void theMetricCountsCallsByEc2sNamesTriesAgainIncluded() {
    core.close();
    aws.conditions()
        .faults()
        .add(
            FaultRule.next(
                1, "DescribeNetworkInterfaces", Fault.Refused.with("RequestLimitExceeded")));
    Metrics metrics = new Metrics();
    assertThat(opened(metrics).cloud().ask(Cloud.Urgency.POD_WAITS))
        .isInstanceOf(Cloud.Success.class);
    String call = "millpond_ec2_call_seconds_count{action=\"DescribeNetworkInterfaces\",outcome=";
    assertThat(metrics.scrape())
        .contains(call + "\"RequestLimitExceeded\"} 1")
        .contains(call + "\"ok\"} 1");
  }

  private CloudAccess.Opened opened(Metrics metrics) {
    try {
      Settings settings =
          SettingsReader.read(
              Path.of("/nonexistent"),
              Map.of(
                  "AWS_ENDPOINT_URL_EC2", aws.ec2Endpoint().toString(),
                  "AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.imdsEndpoint("node").toString()));
      return switch (new Ec2Access(settings.cloud(), metrics).open()) {
        case Cloud.Success<CloudAccess.Opened>(CloudAccess.Opened value) -> value;
        case Cloud.Failure<CloudAccess.Opened> failure -> throw new AssertionError(failure);
      };
    } catch (io.millpond.node.settings.InvalidSettingsException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aRestartFindsEverythingAndCostsTwoDescribes() {
    awaitPool(sum -> sum.free() == 5);
    added("a");
    awaitPool(sum -> core.pool().snapshot().inFlight().isEmpty());
    PoolSummary before = core.pool().snapshot().summary();
    core.close();
    aws.conditions().calls().clear();
    core = boot();
    assertThat(core.pool().snapshot().summary()).isEqualTo(before);
    await().atMost(SOON).until(() -> aws.conditions().calls().all().size() >= 2);
    assertThat(aws.conditions().calls().all())
        .hasSize(2)
        .allSatisfy(call -> assertThat(call.action()).isEqualTo("DescribeNetworkInterfaces"));
  }

  @Test
  void anOutageAtTheStartIsBridgedByTheMetadata() {
    awaitPool(sum -> sum.free() == 5);
    core.close();
    aws.ec2Outage(Outage.REFUSED);
    core = boot();
    assertThat(core.pool().snapshot().verified()).isFalse();
    added("a");
    aws.ec2Outage(Outage.NONE);
    await()
        .atMost(SOON)
        .until(
            () -> {
              clock.advance(Duration.ofSeconds(2));
              return core.pool().snapshot().verified();
            });
    assertThat(core.pool().snapshot().summary().owned()).isEqualTo(1);
  }

  private List<Long> changes() {
    var calls = aws.conditions().calls();
    return List.of(
        calls.count("CreateNetworkInterface"),
        calls.count("AttachNetworkInterface"),
        calls.count("ModifyNetworkInterfaceAttribute"),
        calls.count("AssignPrivateIpAddresses"));
  }

  private int secondaryAddresses() {
    String instance = aws.instance("node").id();
    return aws.interfaces().stream()
        .filter(eni -> eni.attachment() != null && instance.equals(eni.attachment().instanceId()))
        .mapToInt(eni -> eni.addresses().size() - 1)
        .sum();
  }

  private AddOutcome add(String container) {
    try {
      AttachmentKey key = new AttachmentKey("millpond", container, "eth0");
      return core.addPod()
          .add(
              new PodRequest(key, "default/" + container, OptionalInt.empty(), List.of()),
              ModelKernel.netns(container.hashCode()),
              Caller.PATIENT);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void added(String container) {
    assertThat(add(container)).isInstanceOf(AddOutcome.Added.class);
  }

  private DeletePod.Outcome delete(String container) {
    try {
      return core.deletePod()
          .delete(new AttachmentKey("millpond", container, "eth0"), Optional.empty());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void awaitPool(Predicate<PoolSummary> condition) {
    await().atMost(SOON).until(() -> condition.test(core.pool().snapshot().summary()));
  }
}
