package io.millpond.eni;

import static io.millpond.eni.Results.value;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.Prefix;
import io.millpond.simulator.conditions.Outage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

class InstanceMetadataTest {
  private static final Duration TIMEOUT = Duration.ofMillis(500);

  private final TestCloud cloud = TestCloud.simulated();
  private final CloudEnis enis = cloud.enis();
  private final InstanceMetadata metadata =
      new InstanceMetadata(cloud.simulator().imdsEndpoint("node-a"), TIMEOUT);

  @AfterEach
  void stop() {
    enis.close();
    cloud.close();
  }

  @Test
  void theIdentityIsThatOfTheInstance() throws IOException {
    InstanceIdentity seen = metadata.identity();

    assertThat(seen).isEqualTo(cloud.self);
    assertThat(seen.vpcPrefixes()).containsExactly(Prefix.parse("10.0.0.0/16"));
  }

  @Test
  void theEnisAreThoseThatEc2ShowsButForTheirPoolsWhichAreTags() throws IOException {
    value(enis.add("intent-1", DeviceIndex.of(1), 4, Urgency.WARM_UP));

    List<CloudEni> inEc2 = value(enis.attached(Urgency.WARM_UP));

    List<CloudEni> inMetadata = metadata.enis();
    assertThat(inMetadata)
        .usingRecursiveFieldByFieldElementComparatorIgnoringFields("pool")
        .containsExactlyInAnyOrderElementsOf(inEc2);
    assertThat(inMetadata).allSatisfy(eni -> assertThat(eni.pool()).isEmpty());
  }

  /** A service that answers every question with octets of its own choice. */
  @Test
  void whateverTheServiceSaysEndsInAValueOrAKnownFailure(TestReporter reporter) throws IOException {
    long seed = System.nanoTime();
    reporter.publishEntry("seed", Long.toString(seed));
    Random random = new Random(seed);
    List<String> likely =
        List.of(
            "02:00:00:00:00:01/",
            "02:00:00:00:00:01",
            "10.0.0.1",
            "10.0.0.0/16",
            "0",
            "\n",
            "eni-0123456789abcdef0",
            "x\r\ny");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] octets = new byte[random.nextInt(40)];
          random.nextBytes(octets);
          if (random.nextInt(4) != 0) {
            octets = likely.get(random.nextInt(likely.size())).getBytes(UTF_8);
          }
          exchange.sendResponseHeaders(
              random.nextInt(8) == 0 ? 404 : 200, octets.length == 0 ? -1 : octets.length);
          exchange.getResponseBody().write(octets);
          exchange.close();
        });
    server.start();
    try {
      URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
      for (int i = 0; i < 300; i++) {
        InstanceMetadata hostile = new InstanceMetadata(uri, Duration.ofSeconds(10));
        for (Question question :
            List.<Question>of(hostile::identity, hostile::enis, hostile::subnets)) {
          try {
            question.ask();
          } catch (IOException | IllegalArgumentException e) {
            assertThat(String.valueOf(e.getMessage())).hasSizeLessThan(500);
          }
        }
      }
    } finally {
      server.stop(0);
    }
  }

  private interface Question {
    Object ask() throws IOException;
  }

  @Test
  void anEniOfWhichHalfIsMissingIsSkipped() throws IOException {
    CloudEni eni = value(enis.add("intent-1", DeviceIndex.of(1), 4, Urgency.WARM_UP));
    hide("latest/meta-data/network/interfaces/macs/" + eni.mac() + "/local-ipv4s");

    assertThat(metadata.enis()).hasSize(1).noneMatch(each -> each.id().equals(eni.id()));
  }

  private void hide(String path) {
    cloud.simulator().metadata().overlay(cloud.self.instanceId(), path, "");
  }

  @Test
  void whatIsNotThereIsEmpty() throws IOException {
    assertThat(metadata.get("meta-data/spot/instance-action")).isEmpty();
  }

  @Test
  void aTokenThatWasRevokedIsRenewed() throws IOException {
    String before = metadata.require("meta-data/instance-id");

    cloud.simulator().voidImdsTokens();

    assertThat(metadata.require("meta-data/instance-id")).isEqualTo(before);
  }

  @Test
  void anOutageIsAnErrorWithinTheTimeLimit() throws IOException {
    metadata.require("meta-data/instance-id");
    for (Outage outage : List.of(Outage.REFUSED, Outage.UNAVAILABLE, Outage.HANG)) {
      cloud.simulator().imdsOutage(outage);
      long began = System.nanoTime();

      assertThatThrownBy(() -> metadata.get("meta-data/instance-id"))
          .as("%s", outage)
          .isInstanceOf(IOException.class);

      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(TIMEOUT.multipliedBy(8));
    }
    cloud.simulator().imdsOutage(Outage.NONE);
    assertThat(metadata.require("meta-data/instance-id")).isEqualTo(cloud.self.instanceId());
  }

  @Test
  void anEndlessAnswerIsRefused() {
    try (ScriptedHttp endless = ScriptedHttp.answering(200, "x".repeat(300 * 1024))) {
      assertThatThrownBy(() -> new InstanceMetadata(endless.uri(), TIMEOUT).get("meta-data/mac"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("256 KiB");
    }
  }

  @Test
  void anAnswerThatIsNotOfItsFormIsNamed() {
    try (ScriptedHttp odd = ScriptedHttp.answering(200, "../../oops")) {
      assertThatThrownBy(() -> new InstanceMetadata(odd.uri(), TIMEOUT).identity())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("oops");
    }
  }
}
