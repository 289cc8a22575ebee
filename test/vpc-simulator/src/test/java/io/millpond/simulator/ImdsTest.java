package io.millpond.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.simulator.conditions.Outage;
import io.millpond.simulator.model.NetworkInterface;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImdsTest {
  private static final String TTL = "X-aws-ec2-metadata-token-ttl-seconds";
  private static final String TOKEN = "X-aws-ec2-metadata-token";
  private static final String META = "latest/meta-data/";

  private final Aws aws = new Aws();
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void stop() {
    http.close();
    aws.close();
  }

  @Test
  void aTokenLivesAsLongAsAskedAndOpensThePaths() throws Exception {
    HttpResponse<String> token =
        send(at("latest/api/token").PUT(BodyPublishers.noBody()).header(TTL, "300"));
    assertThat(token.statusCode()).isEqualTo(200);
    assertThat(token.headers().firstValue(TTL)).hasValue("300");

    HttpResponse<String> id = send(at(META + "instance-id").header(TOKEN, token.body()));

    assertThat(id.statusCode()).isEqualTo(200);
    assertThat(id.body()).isEqualTo(Aws.NODE);
    assertThat(Integer.parseInt(id.headers().firstValue(TTL).orElseThrow())).isBetween(290, 300);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "21601", "-1", "ten", ""})
  void aTokenWithAnotherLifetimeIsNotGiven(String ttl) throws Exception {
    assertThat(
            send(at("latest/api/token").PUT(BodyPublishers.noBody()).header(TTL, ttl)).statusCode())
        .isEqualTo(400);
  }

  @Test
  void aTokenWithoutLifetimeOrThroughAProxyIsNotGiven() throws Exception {
    assertThat(send(at("latest/api/token").PUT(BodyPublishers.noBody())).statusCode())
        .isEqualTo(400);
    assertThat(
            send(at("latest/api/token")
                    .PUT(BodyPublishers.noBody())
                    .header(TTL, "60")
                    .header("X-Forwarded-For", "10.0.0.1"))
                .statusCode())
        .isEqualTo(403);
  }

  @Test
  void withoutAGoodTokenThereIsNothing() throws Exception {
    assertThat(send(at(META + "instance-id")).statusCode()).isEqualTo(401);
    assertThat(send(at(META + "instance-id").header(TOKEN, "forged")).statusCode()).isEqualTo(401);
    String token = token(300);
    aws.simulator.voidImdsTokens();
    assertThat(send(at(META + "instance-id").header(TOKEN, token)).statusCode()).isEqualTo(401);
  }

  @Test
  void aTokenEnds() throws Exception {
    String token = token(1);
    assertThat(send(at(META + "mac").header(TOKEN, token)).statusCode()).isEqualTo(200);

    await().until(() -> send(at(META + "mac").header(TOKEN, token)).statusCode() == 401);
  }

  @Test
  void aTokenOfAnotherInstanceIsNoGood() throws Exception {
    aws.launch("other", "t3.small");
    String token = token(300);

    assertThat(
            send(HttpRequest.newBuilder(
                        aws.simulator.imdsEndpoint("other").resolve("/" + META + "instance-id"))
                    .header(TOKEN, token))
                .statusCode())
        .isEqualTo(401);
  }

  @Test
  void otherMethodsAreNotAllowed() throws Exception {
    assertThat(send(at("latest/api/token").header(TOKEN, token(60))).statusCode()).isEqualTo(405);
    assertThat(send(at(META + "mac").DELETE()).statusCode()).isEqualTo(405);
    assertThat(send(at(META + "mac").PUT(BodyPublishers.noBody())).statusCode()).isEqualTo(405);
    assertThat(send(at(META + "mac").POST(BodyPublishers.noBody())).statusCode()).isEqualTo(405);
  }

  @Test
  void theInstanceIsDescribed() throws Exception {
    NetworkInterface primary = aws.simulator.interfaces().getFirst();

    assertThat(get(META + "instance-type")).isEqualTo("t3.medium");
    assertThat(get(META + "mac")).isEqualTo(primary.mac());
    assertThat(get(META + "placement/region")).isEqualTo("eu-central-1");
    assertThat(get(META + "placement/availability-zone")).isEqualTo("eu-central-1a");
    assertThat(get(META + "local-ipv4")).isEqualTo(primary.primaryAddress().toString());
    assertThat(get(META + "autoscaling/target-lifecycle-state")).isEqualTo("InService");
    JsonNode document =
        new ObjectMapper().readTree(get("latest/dynamic/instance-identity/document"));
    assertThat(document.path("instanceId").asText()).isEqualTo(Aws.NODE);
    assertThat(document.path("region").asText()).isEqualTo("eu-central-1");
    assertThat(document.path("accountId").asText()).isEqualTo("111122223333");
    assertThat(document.path("privateIp").asText()).isEqualTo(primary.primaryAddress().toString());
  }

  @Test
  void theRolesCredentialsNameTheInstanceToEc2() throws Exception {
    String role = get(META + "iam/security-credentials/");
    JsonNode credentials =
        new ObjectMapper().readTree(get(META + "iam/security-credentials/" + role));

    assertThat(credentials.path("AccessKeyId").asText())
        .isEqualTo(aws.simulator.instance(Aws.NODE).accessKeyId())
        .matches("ASIA[0-9A-F]{16}");
    assertThat(credentials.path("Token").asText()).isNotBlank();
    assertThat(java.time.Instant.parse(credentials.path("Expiration").asText()))
        .isAfter(java.time.Instant.now());
  }

  @Test
  void anInterfaceIsDescribedOnceItIsAttached() throws Exception {
    var created = aws.create(1);
    String macs = META + "network/interfaces/macs/";
    String own = macs + created.macAddress() + "/";
    assertThat(status(own + "interface-id")).isEqualTo(404);

    aws.attach(created.networkInterfaceId(), 1);
    await().until(() -> status(own + "interface-id") == 200);

    assertThat(get(own + "interface-id")).isEqualTo(created.networkInterfaceId());
    assertThat(get(own + "device-number")).isEqualTo("1");
    assertThat(get(own + "subnet-id")).isEqualTo(Aws.SUBNET_A);
    assertThat(get(own + "vpc-id")).isEqualTo("vpc-0a0000000000000f1");
    assertThat(get(own + "subnet-ipv4-cidr-block")).isEqualTo("10.0.1.0/24");
    assertThat(get(own + "vpc-ipv4-cidr-blocks")).isEqualTo("10.0.0.0/16");
    assertThat(get(own + "security-group-ids")).isEqualTo(Aws.GROUP);
    assertThat(get(own + "local-ipv4s").lines())
        .containsExactlyElementsOf(
            created.privateIpAddresses().stream().map(a -> a.privateIpAddress()).toList());
    for (String absent :
        new String[] {
          "ipv4-prefix", "ipv6s", "ipv6-prefix", "network-card", "vpc-ipv6-cidr-blocks"
        }) {
      assertThat(status(own + absent)).isEqualTo(404);
    }
    aws.ec2.assignPrivateIpAddresses(
        r -> r.networkInterfaceId(created.networkInterfaceId()).ipv4PrefixCount(1));
    assertThat(get(own + "ipv4-prefix")).isEqualTo("10.0.1.16/28");
  }

  @Test
  void directoriesAreListedAsTheRealOneDoes() throws Exception {
    String mac = get(META + "mac");

    assertThat(get(META + "network/interfaces/macs/")).isEqualTo(mac + "/");
    assertThat(get(META + "network/interfaces/macs")).isEqualTo(mac + "/");
    assertThat(get(META).lines())
        .contains("instance-id", "network/", "placement/", "mac")
        .isSorted();
    assertThat(get(META + "network/interfaces/macs/" + mac + "/").lines())
        .contains("device-number", "local-ipv4s", "subnet-id");
    assertThat(status(META + "no-such-thing")).isEqualTo(404);
    assertThat(status(META + "spot/instance-action")).isEqualTo(404);
  }

  @Test
  void theNewsOfTheNodesEndCanBePutOver() throws Exception {
    aws.simulator
        .metadata()
        .overlay(Aws.NODE, META + "spot/instance-action", "{\"action\":\"terminate\"}");
    aws.simulator.metadata().overlay(Aws.NODE, "/" + META + "mac", "");

    assertThat(get(META + "spot/instance-action")).contains("terminate");
    assertThat(status(META + "mac")).isEqualTo(404);
    aws.simulator.metadata().clearOverlays(Aws.NODE);
    assertThat(status(META + "spot/instance-action")).isEqualTo(404);
    assertThat(status(META + "mac")).isEqualTo(200);
  }

  @Test
  void interfacesAreSeenLaterThanInEc2() throws Exception {
    aws.simulator.conditions().adjust(s -> s.withImdsLagMillis(600_000));
    var created = aws.create(0);
    aws.attach(created.networkInterfaceId(), 1);
    await().until(() -> aws.isAttached(created.networkInterfaceId()));

    assertThat(get(META + "network/interfaces/macs/").lines()).hasSize(1);
    assertThat(get(META + "instance-id")).isEqualTo(Aws.NODE);
    aws.simulator.conditions().adjust(s -> s.withImdsLagMillis(0));
    assertThat(get(META + "network/interfaces/macs/").lines()).hasSize(2);
  }

  @Test
  void itFailsAsAWholeWithoutEc2Failing() throws Exception {
    String token = token(60);
    aws.simulator.imdsOutage(Outage.REFUSED);
    assertThatThrownBy(() -> send(at(META + "mac").header(TOKEN, token)))
        .isInstanceOf(ConnectException.class);
    assertThat(aws.ec2.describeVpcs().vpcs()).hasSize(1);

    aws.simulator.imdsOutage(Outage.UNAVAILABLE);
    assertThat(send(at(META + "mac").header(TOKEN, token)).statusCode()).isEqualTo(503);
    aws.simulator.imdsOutage(Outage.NONE);
    assertThat(send(at(META + "mac").header(TOKEN, token)).statusCode()).isEqualTo(200);
  }

  private HttpRequest.Builder at(String path) {
    URI imds = aws.simulator.imdsEndpoint("node-a");
    return HttpRequest.newBuilder(imds.resolve("/" + path));
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private String token(int seconds) throws IOException, InterruptedException {
    return send(at("latest/api/token")
            .PUT(BodyPublishers.noBody())
            .header(TTL, Integer.toString(seconds)))
        .body();
  }

  private String get(String path) throws IOException, InterruptedException {
    HttpResponse<String> answer = send(at(path).header(TOKEN, token(60)));
    assertThat(answer.statusCode()).as(path).isEqualTo(200);
    return answer.body();
  }

  private int status(String path) throws IOException, InterruptedException {
    return send(at(path).header(TOKEN, token(60))).statusCode();
  }
}
