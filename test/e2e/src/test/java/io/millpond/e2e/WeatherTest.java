package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** EC2 in bad weather: pods start from what is warm, and who must wait gets an address later. */
@Tag("vm")
@Tag("pool")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class WeatherTest {
  private Vpc vpc;
  private Node node;
  private Pods pods;

  @SuppressWarnings("NullAway.Init")
  WeatherTest() {}

  @BeforeAll
  void start(Vpc shared) {
    vpc = shared;
    node =
        vpc.launch(
            "weather-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of(
                "WARM_IP_TARGET", "2",
                "IP_COOLDOWN_PERIOD", "1s",
                "MILLPOND_RELEASE_DELAY", "2s",
                "MILLPOND_ADD_WAIT", "35s"));
    node.start().awaitSize(2, 1);
    pods = new Pods(node);
  }

  @AfterAll
  void stop() {
    node.close();
  }

  @AfterEach
  void removePods() {
    vpc.calm();
    pods.close();
    node.awaitSize(2, 1);
  }

  /** A third pod, for which there is no warm address, asked for on a thread of its own. */
  private CompletableFuture<Shell.Ran> adding(String name) {
    Pod pod = pods.namespace(name);
    CompletableFuture<Shell.Ran> added = CompletableFuture.supplyAsync(pod::add);
    node.awaitPool("the ADD waits", pool -> pool.at("/counts/waiting").asInt() == 1);
    return added;
  }

  private static void succeeded(CompletableFuture<Shell.Ran> add) {
    Shell.Ran ran = add.join();
    assertThat(ran.status()).as("%s%s", ran.out(), ran.err()).isZero();
  }

  @Test
  void whileEc2IsDownPodsStartFromTheWarmPoolAndAWaitingOneWhenItIsBack() {
    vpc.send("PUT", "/v1/outage", "{\"ec2\": \"refused\"}");
    pods.added("weather-1");
    pods.added("weather-2");
    CompletableFuture<Shell.Ran> third = adding("weather-3");
    assertThat(third).isNotDone();

    vpc.calm();

    succeeded(third);
  }

  @Test
  void whileEc2ThrottlesAWaitingAddSucceedsWhenATokenIsThere() {
    vpc.send(
        "PUT",
        "/v1/throttle",
        """
        {"buckets": {
          "AssignPrivateIpAddresses": {"capacity": 1, "refillPerSecond": 0},
          "CreateNetworkInterface": {"capacity": 1, "refillPerSecond": 0}}}
        """);
    vpc.fault(
        "AssignPrivateIpAddresses", 3, "{\"kind\": \"error\", \"code\": \"RequestLimitExceeded\"}");
    pods.added("weather-1");
    pods.added("weather-2");
    CompletableFuture<Shell.Ran> third = adding("weather-3");

    vpc.send("PUT", "/v1/throttle", "{\"preset\": \"aws\"}");

    succeeded(third);
  }

  @Test
  void whileEc2TakesFiveSecondsForEveryCallAWaitingAddSucceeds() {
    vpc.send("PATCH", "/v1/settings", "{\"latencyMillis\": 5000}");
    pods.added("weather-1");
    pods.added("weather-2");
    succeeded(adding("weather-3"));
  }

  @Test
  void whoWaitedInVainIsToldWhatEc2Said() {
    vpc.fault("*", -1, "{\"kind\": \"error\", \"code\": \"UnauthorizedOperation\"}");
    pods.added("weather-1");
    pods.added("weather-2");
    Pod third = pods.namespace("weather-3");
    Shell.Ran ran = third.add();
    assertThat(Pod.document(ran).at("/code").asInt()).isEqualTo(11);
    assertThat(Pod.document(ran).at("/details").asText()).contains("UnauthorizedOperation");
  }
}
