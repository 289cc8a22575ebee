package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The simulator believed by a stranger: amazon-vpc-cni-k8s, unmodified, lives in it from its boot
 * to the release of an ENI, and finds nothing to complain about.
 */
@Tag("aws")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AwsPluginTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Three ENIs of six addresses. */
  private static final String TYPE = "t3.medium";

  private static final int PODS = 7;
  private static final Duration SOON = Duration.ofMinutes(3);

  private final Map<String, String> pods = new LinkedHashMap<>();
  private Vpc vpc;
  private AwsNode node;

  @SuppressWarnings("NullAway.Init")
  AwsPluginTest() {}

  @BeforeAll
  void start() {
    ApiServer server = ApiServer.find();
    vpc = Vpc.start();
    AwsNode.prepare(server);
    node =
        new AwsNode(
            vpc,
            server,
            "aws-a",
            TYPE,
            17,
            Map.of("WARM_ENI_TARGET", "1", "IP_COOLDOWN_PERIOD", "1"));
    node.start();
  }

  @AfterAll
  void stop() {
    pods.keySet().forEach(pod -> Shell.run("ip", "netns", "del", pod));
    if (node != null) {
      node.close();
    }
    if (vpc != null) {
      vpc.close();
    }
  }

  private Map<String, Integer> calls(String outcome) {
    Map<String, Integer> calls = new LinkedHashMap<>();
    vpc.get("/v1/calls/counts?instance=" + node.instanceId())
        .properties()
        .forEach(
            action -> {
              int count = action.getValue().path(outcome).asInt();
              if (count > 0) {
                calls.put(action.getKey(), count);
              }
            });
    return calls;
  }

  @Test
  void theAwsPluginBootsGrowsByAnEniAttachesPodsAndShrinksAgain() throws IOException {
    node.awaitAddresses(5);
    add("aws-pod-1");
    // One that finds none complains of that, and rightly.
    node.awaitAddresses(PODS);
    for (int i = 2; i <= PODS; i++) {
      add("aws-pod-" + i);
    }
    assertThat(pods.values()).doesNotHaveDuplicates();
    pods.keySet()
        .forEach(pod -> Shell.in(pod, "ping", "-c", "2", "-W", "5", Vpc.HOST_ADDRESS).orThrow());
    assertThat(attached()).as("ENIs that %d pods need", PODS).isGreaterThan(1);
    assertThat(calls("ok")).containsKeys("CreateNetworkInterface", "AttachNetworkInterface");
    for (String pod : List.copyOf(pods.keySet())) {
      Shell.Ran ran = node.plugin("DEL", pod);
      assertThat(ran.status()).as("DEL of %s: %s%s", pod, ran.out(), ran.err()).isZero();
    }
    await("the AWS daemon releases its ENIs")
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(500))
        .until(() -> attached() == 1);
    System.out.println("EC2 calls of amazon-vpc-cni-k8s: " + calls("ok"));
    Map<String, Integer> refused = new LinkedHashMap<>();
    vpc.get("/v1/calls?instance=" + node.instanceId())
        .forEach(
            call -> {
              if (!call.at("/outcome").asText().equals("ok")) {
                refused.merge(
                    call.at("/action").asText() + " " + call.at("/outcome").asText(),
                    1,
                    Integer::sum);
              }
            });
    assertThat(refused).as("calls that the simulator refused").isEmpty();
    assertThat(node.complaints()).as("complaints in the AWS daemon's log").isEmpty();
  }

  private int attached() {
    int attached = 0;
    for (JsonNode eni : vpc.get("/v1/state").at("/interfaces")) {
      if (eni.at("/attachment/instanceId").asText().equals(node.instanceId())) {
        attached++;
      }
    }
    return attached;
  }

  /** As a runtime does: again until there is an address. */
  private void add(String pod) throws IOException {
    Shell.run("ip", "netns", "add", pod).orThrow();
    pods.put(pod, "");
    Shell.in(pod, "ip", "link", "set", "lo", "up").orThrow();
    Shell.Ran[] last = new Shell.Ran[1];
    await("ADD of " + pod)
        .atMost(SOON)
        .pollInterval(Duration.ofSeconds(1))
        .pollDelay(Duration.ZERO)
        .until(
            () -> {
              last[0] = node.plugin("ADD", pod);
              return last[0].status() == 0;
            });
    pods.put(pod, JSON.readTree(last[0].out()).at("/ips/0/address").asText());
  }
}
