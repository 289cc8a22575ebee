package io.millpond.simulator;

import static io.millpond.simulator.Aws.NODE;
import static io.millpond.simulator.Aws.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.simulator.model.InstanceState;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.core.exception.SdkClientException;

class ControlApiTest {
  private final Aws aws = new Aws();
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void stop() {
    http.close();
    aws.close();
  }

  @Test
  void theStateShowsEverything() throws Exception {
    String eni = aws.create(2).networkInterfaceId();
    aws.attach(eni, 1);
    await().until(() -> aws.isAttached(eni));

    JsonNode state = call("GET", "/v1/state", "");

    assertThat(state.at("/vpc/cidr").asText()).isEqualTo("10.0.0.0/16");
    assertThat(state.at("/subnets/0/freeAddresses").asInt()).isEqualTo(251 - 4);
    assertThat(state.at("/subnets/0/router").asText()).isEqualTo("10.0.1.1");
    assertThat(state.at("/instances/0/id").asText()).isEqualTo(NODE);
    assertThat(state.at("/interfaces/1/id").asText()).isEqualTo(eni);
    assertThat(state.at("/interfaces/1/addresses")).hasSize(3);
    assertThat(state.at("/interfaces/1/attachment/state").asText()).isEqualTo("ATTACHED");
    assertThat(state.at("/endpoints/ec2").asText())
        .isEqualTo(aws.simulator.ec2Endpoint().toString());
    assertThat(state.at("/endpoints").path("imds/" + NODE).asText())
        .isEqualTo(aws.simulator.imdsEndpoint(NODE).toString());
    assertThat(state.at("/outage/ec2").asText()).isEqualTo("none");
    assertThat(state.at("/fabric/counters").isObject()).isTrue();
  }

  @Test
  void settingsAreChangedFieldByField() throws Exception {
    call("PATCH", "/v1/settings", "{\"attachMillis\": 5000}");
    call("PATCH", "/v1/settings", "{\"imdsLagMillis\": 7}");

    JsonNode settings = call("GET", "/v1/settings", "");
    assertThat(settings.path("attachMillis").asLong()).isEqualTo(5000);
    assertThat(settings.path("imdsLagMillis").asLong()).isEqualTo(7);
    assertThat(aws.simulator.conditions().settings().attachMillis()).isEqualTo(5000);
  }

  @Test
  void bucketsAreSetByPresetOrByAction() throws Exception {
    JsonNode preset = call("PUT", "/v1/throttle", "{\"preset\": \"aws\"}");
    assertThat(preset.at("/AttachNetworkInterface/capacity").asInt()).isEqualTo(50);
    assertThat(preset.at("/AttachNetworkInterface/refillPerSecond").asInt()).isEqualTo(5);
    assertThat(preset.at("/CreateTags/refillPerSecond").asInt()).isEqualTo(10);
    assertThat(preset.at("/DescribeInstances:unfiltered/capacity").asInt()).isEqualTo(50);

    JsonNode one =
        call(
            "PATCH",
            "/v1/throttle",
            "{\"buckets\": {\"DescribeVpcs\": {\"capacity\": 1, \"refillPerSecond\": 0}}}");
    assertThat(one.at("/AttachNetworkInterface/capacity").asInt()).isEqualTo(50);
    aws.ec2.describeVpcs(r -> r.maxResults(5));
    refused(
        () -> aws.ec2.describeVpcs(r -> r.maxResults(5)), "RequestLimitExceeded", "limit exceeded");

    assertThat(call("PUT", "/v1/throttle", "{\"preset\": \"off\"}")).isEmpty();
    aws.ec2.describeVpcs(r -> r.maxResults(5));
  }

  @Test
  void faultsAreAddedListedAndRemoved() throws Exception {
    JsonNode added =
        call(
            "POST",
            "/v1/faults",
            "{\"action\": \"DescribeVpcs\", \"count\": -1,"
                + " \"fault\": {\"kind\": \"error\", \"code\": \"InternalError\"}}");
    call(
        "POST",
        "/v1/faults",
        "{\"action\": \"DescribeSubnets\", \"fault\": {\"kind\": \"late\", \"millis\": 5}}");
    refused(() -> aws.ec2.describeVpcs(), "InternalError", "internal error");

    JsonNode pending = call("GET", "/v1/faults", "");
    assertThat(pending).hasSize(2);
    String id = added.path("id").asText();
    assertThat(pending.path(id).at("/fault/code").asText()).isEqualTo("InternalError");

    call("DELETE", "/v1/faults/" + id, "");
    aws.ec2.describeVpcs();
    call("DELETE", "/v1/faults", "");
    assertThat(call("GET", "/v1/faults", "")).isEmpty();
  }

  @Test
  void servicesFailAndWorkAgain() throws Exception {
    call("PUT", "/v1/outage", "{\"ec2\": \"refused\"}");
    assertThatThrownBy(() -> aws.ec2.describeVpcs()).isInstanceOf(SdkClientException.class);
    assertThat(call("GET", "/v1/outage", "").path("imds").asText()).isEqualTo("none");

    call("PUT", "/v1/outage", "{\"ec2\": \"none\"}");
    assertThat(aws.ec2.describeVpcs().vpcs()).hasSize(1);
  }

  @Test
  void callsAreReadByActionOutcomeAndInstanceCountedAndForgotten() throws Exception {
    aws.ec2.describeVpcs();
    aws.ec2.describeVpcs();
    refused(() -> aws.attach("eni-0123456789abcdef0", 1), "InvalidNetworkInterfaceID.NotFound", "");

    assertThat(call("GET", "/v1/calls", "")).hasSize(3);
    assertThat(call("GET", "/v1/calls?action=DescribeVpcs&outcome=ok&limit=1", "")).hasSize(1);
    assertThat(call("GET", "/v1/calls?instance=i-0123456789abcdef0", "")).isEmpty();
    JsonNode last = call("GET", "/v1/calls?after=2", "").path(0);
    assertThat(last.path("action").asText()).isEqualTo("AttachNetworkInterface");
    assertThat(last.path("instanceId").asText()).isEqualTo(NODE);
    assertThat(last.path("at").asText()).matches("20\\d\\d-.*Z");
    JsonNode counts = call("GET", "/v1/calls/counts", "");
    assertThat(counts.at("/DescribeVpcs/ok").asInt()).isEqualTo(2);
    assertThat(counts.at("/AttachNetworkInterface/InvalidNetworkInterfaceID.NotFound").asInt())
        .isEqualTo(1);

    call("DELETE", "/v1/calls", "");
    assertThat(call("GET", "/v1/calls", "")).isEmpty();
  }

  @Test
  void instancesAreLaunchedAndTerminated() throws Exception {
    JsonNode launched =
        call(
            "POST",
            "/v1/instances",
            "{\"name\": \"node-c\", \"type\": \"t3.small\", \"subnet\": \""
                + Aws.SUBNET_B
                + "\","
                + " \"address\": \"10.0.2.40\", \"tags\": {\"role\": \"node\"}}");

    assertThat(launched.path("id").asText()).matches("i-[0-9a-f]{17}");
    assertThat(call("GET", "/v1/instances/node-c", "").path("netns").asText()).isEqualTo("node-c");
    assertThat(aws.simulator.imdsEndpoint("node-c").getPort()).isPositive();
    assertThat(
            aws.ec2
                .describeInstances(r -> r.filters(Aws.filter("tag:role", "node")))
                .reservations()
                .getFirst()
                .instances()
                .getFirst()
                .privateIpAddress())
        .isEqualTo("10.0.2.40");
    String id = launched.path("id").asText();
    call("DELETE", "/v1/instances/node-c", "");
    await().until(() -> aws.simulator.instance(id).state() == InstanceState.TERMINATED);
  }

  @Test
  void aRebootedInstanceIsTheSameOne() throws Exception {
    JsonNode before = call("GET", "/v1/state", "");

    call("POST", "/v1/instances/node-a/reboot", "");

    assertThat(call("GET", "/v1/state", "")).isEqualTo(before);
    assertThat(send("POST", "/v1/instances/nobody/reboot", "").statusCode()).isEqualTo(404);
  }

  @Test
  void anInstanceWhoseMetadataCannotListenIsNotLaunched() throws Exception {
    int taken = aws.simulator.ec2Endpoint().getPort();

    HttpResponse<String> answer =
        send(
            "POST",
            "/v1/instances",
            "{\"name\": \"node-c\", \"type\": \"t3.small\", \"subnet\": \"%s\", \"imdsPort\": %d}"
                .formatted(Aws.SUBNET_B, taken));

    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).contains("cannot listen").contains(Integer.toString(taken));
    await().until(() -> aws.simulator.interfaces().size() == 1);
  }

  @Test
  void someoneElseAttachesAnInterface() throws Exception {
    JsonNode eni = call("POST", "/v1/instances/node-a/interfaces", "{\"secondaryAddresses\": 2}");

    assertThat(eni.at("/attachment/deviceIndex").asInt()).isEqualTo(1);
    assertThat(eni.path("addresses")).hasSize(3);
    assertThat(aws.simulator.conditions().calls().all()).isEmpty();
    call("POST", "/v1/instances/node-a/interfaces", "{}");
    assertThat(send("POST", "/v1/instances/node-a/interfaces", "{}").body())
        .contains("AttachmentLimitExceeded");
    assertThat(aws.simulator.interfaces()).hasSize(3);
  }

  @Test
  void metadataIsPutOver() throws Exception {
    call(
        "PUT",
        "/v1/instances/node-a/metadata",
        "{\"path\": \"latest/meta-data/spot/instance-action\", \"text\": \"x\"}");
    call("DELETE", "/v1/instances/node-a/metadata", "");
    call("DELETE", "/v1/imds-tokens", "");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET | /v1/nothing | '' | 404",
        "GET | / | '' | 404",
        "DELETE | /v1/state | '' | 404",
        "DELETE | /v1/faults/77 | '' | 404",
        "GET | /v1/instances/nobody | '' | 404",
        "PATCH | /v1/settings | '{\"attachMilis\": 1}' | 400",
        "PATCH | /v1/settings | '{\"attachMillis\": -1}' | 400",
        "PATCH | /v1/settings | '[]' | 400",
        "PUT | /v1/throttle | '{}' | 400",
        "PUT | /v1/throttle | '{\"buckets\": {\"A\": {\"capacity\": 0, \"refillPerSecond\": 1}}}' | 400",
        "POST | /v1/faults | '{\"action\": \"X\"}' | 400",
        "POST | /v1/faults | '{\"fault\": {\"kind\": \"odd\"}}' | 400",
        "POST | /v1/faults | 'no json' | 400",
        "PUT | /v1/outage | '{\"ec2\": \"some\"}' | 400",
        "GET | /v1/calls?colour=red | '' | 400",
        "GET | /v1/calls?limit=x | '' | 400",
        "POST | /v1/instances | '{\"name\": \"x\"}' | 400",
        "POST | /v1/instances | '{\"name\":\"x\",\"type\":\"t9.no\",\"subnet\":\"subnet-0a00000000000001a\"}' | 400",
        "POST | /v1/instances | '{\"name\":\"node-a\",\"type\":\"t3.small\",\"subnet\":\"subnet-0a00000000000001a\"}' | 400",
        "POST | /v1/instances | '{\"name\":\"../x\",\"type\":\"t3.small\",\"subnet\":\"subnet-0a00000000000001a\"}' | 400"
      })
  void whatIsNotUnderstoodIsRefusedWithAReason(String method, String path, String body, int status)
      throws Exception {
    HttpResponse<String> answer = send(method, path, body);

    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(new ObjectMapper().readTree(answer.body()).path("error").asText()).isNotBlank();
    assertThat(aws.simulator.interfaces()).hasSize(1);
  }

  private JsonNode call(String method, String path, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = send(method, path, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new ObjectMapper().readTree(answer.body());
  }

  private HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(aws.simulator.controlEndpoint().resolve(path))
            .method(method, BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }
}
