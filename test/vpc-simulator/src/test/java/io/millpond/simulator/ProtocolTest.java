package io.millpond.simulator;

import static io.millpond.simulator.Aws.SUBNET_A;
import static io.millpond.simulator.Aws.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.simulator.conditions.CallRecord;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProtocolTest {
  private static final String SIGNED =
      "AWS4-HMAC-SHA256 Credential=AKIASOMEBODY/20260101/eu-central-1/ec2/aws4_request,"
          + " SignedHeaders=host, Signature=00";

  private final Aws aws = new Aws();
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void stop() {
    http.close();
    aws.close();
  }

  @Test
  void anUnknownActionIsAnError() throws Exception {
    HttpResponse<String> answer = post("Action=RunInstances&Version=2016-11-15");

    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body())
        .contains("<Code>InvalidAction</Code>")
        .contains("The action RunInstances is not valid for this web service");
  }

  @Test
  void anUnknownParameterIsAnErrorAndNothingHappens() throws Exception {
    int before = aws.simulator.interfaces().size();

    HttpResponse<String> answer =
        post(
            "Action=CreateNetworkInterface&Version=2016-11-15&SubnetId="
                + SUBNET_A
                + "&Colour=red");

    assertThat(answer.body())
        .contains("<Code>UnknownParameter</Code>")
        .contains("The parameter Colour is not recognized");
    assertThat(aws.simulator.interfaces()).hasSize(before);
    refused(() -> aws.create(r -> r.ipv6AddressCount(1)), "UnknownParameter", "Ipv6AddressCount");
  }

  @Test
  void aMissingParameterIsAnError() throws Exception {
    assertThat(post("Action=CreateNetworkInterface&Version=2016-11-15").body())
        .contains("<Code>MissingParameter</Code>")
        .contains("The request must contain the parameter subnetId");
    refused(
        () -> aws.ec2.attachNetworkInterface(r -> r.networkInterfaceId("eni-0123456789abcdef0")),
        "MissingParameter",
        "instanceId");
    refused(
        () -> aws.ec2.createTags(r -> r.resources("eni-0123456789abcdef0")),
        "MissingParameter",
        "tag");
  }

  @Test
  void whatIsNoNumberIsAnError() throws Exception {
    assertThat(
            post("Action=CreateNetworkInterface&Version=2016-11-15&SubnetId="
                    + SUBNET_A
                    + "&SecondaryPrivateIpAddressCount=many")
                .body())
        .contains("<Code>InvalidParameterValue</Code>")
        .contains("many");
  }

  @Test
  void anUnsignedCallIsRefused() throws Exception {
    HttpResponse<String> answer =
        http.send(
            request("Action=DescribeVpcs&Version=2016-11-15").build(),
            HttpResponse.BodyHandlers.ofString());

    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(answer.body()).contains("<Code>MissingAuthenticationToken</Code>");
  }

  @Test
  void anotherVersionOfTheApiIsNotSpoken() throws Exception {
    assertThat(post("Action=DescribeVpcs&Version=2009-01-01").body())
        .contains("<Code>InvalidAction</Code>");
  }

  @Test
  void aCallMayAlsoBeInTheQueryString() throws Exception {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(
                    URI.create(
                        aws.simulator.ec2Endpoint() + "/?Action=DescribeVpcs&Version=2016-11-15"))
                .header("Authorization", SIGNED)
                .build(),
            HttpResponse.BodyHandlers.ofString());

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .contains(
            "<DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>");
    assertThat(aws.simulator.conditions().calls().all())
        .extracting("caller")
        .containsExactly("AKIASOMEBODY");
  }

  @Test
  void aDryRunDoesNothing() {
    int before = aws.simulator.interfaces().size();

    refused(() -> aws.create(r -> r.dryRun(true)), "DryRunOperation", "would have succeeded");

    assertThat(aws.simulator.interfaces()).hasSize(before);
  }

  @Test
  void garbageIsAnswered() throws Exception {
    HttpResponse<String> malformed = post("%zz=1");
    assertThat(malformed.statusCode()).isEqualTo(400);
    assertThat(malformed.body()).contains("<Code>MalformedQueryString</Code>");
    assertThat(aws.simulator.conditions().calls().all())
        .singleElement()
        .extracting(CallRecord::outcome)
        .isEqualTo("MalformedQueryString");
    assertThat(post("").body()).contains("<Code>MissingAction</Code>");
  }

  private HttpResponse<String> post(String form) throws IOException, InterruptedException {
    return http.send(
        request(form).header("Authorization", SIGNED).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String form) {
    return HttpRequest.newBuilder(aws.simulator.ec2Endpoint())
        .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        .POST(HttpRequest.BodyPublishers.ofString(form));
  }
}
