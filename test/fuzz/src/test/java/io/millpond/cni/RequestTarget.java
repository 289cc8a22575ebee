package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A request of a runtime: the first octet chooses the verb, up to a zero octet stands {@code
 * CNI_ARGS}, the rest is stdin (prevResult, runtimeConfig, lists of GC). It is refused with a known
 * code, or its result is one document in the request's version that reads back.
 */
public final class RequestTarget {
  private static final List<String> VERBS = List.of("ADD", "DEL", "CHECK", "GC", "STATUS");
  private static final Set<Integer> CODES = Set.of(1, 2, 4, 6, 7);

  /** The most that an error may repeat of what came. */
  private static final int LONGEST_ERROR = 1000;

  private static final ObjectMapper STRICT =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

  private RequestTarget() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] octets) {
    if (octets.length < 2) {
      return;
    }
    int zero = 1;
    while (zero < octets.length && octets[zero] != 0) {
      zero++;
    }
    Map<String, String> variables = new HashMap<>();
    variables.put("CNI_COMMAND", VERBS.get((octets[0] & 0xFF) % VERBS.size()));
    variables.put("CNI_CONTAINERID", "c0ffee");
    variables.put("CNI_IFNAME", "eth0");
    variables.put("CNI_NETNS", "/run/netns/pod");
    variables.put("CNI_ARGS", new String(octets, 1, zero - 1, UTF_8));
    byte[] stdin = Arrays.copyOfRange(octets, Math.min(octets.length, zero + 1), octets.length);
    isAnswered(new CniFrame(variables, ByteBuffer.wrap(stdin), "fuzz"));
  }

  static void isAnswered(CniFrame frame) {
    CniRequest request;
    try {
      request = RequestParser.parse(frame);
    } catch (CniException e) {
      refused(e.error());
      return;
    }
    if (request instanceof CniRequest.Add add) {
      succeeded(add);
    }
  }

  private static void refused(CniError error) {
    String document = Documents.error(error);
    JsonNode read = read(document);
    assertThat(CODES).contains(read.path("code").intValue());
    assertThat(read.path("msg").textValue()).isNotEmpty();
    assertThat(CniVersion.of(read.path("cniVersion").textValue())).isPresent();
    assertThat(document).hasSizeLessThan(LONGEST_ERROR);
  }

  private static void succeeded(CniRequest.Add add) {
    CniResult result =
        new CniResult(
            add.key().ifName(),
            MacAddress.parse("02:00:00:00:00:01"),
            9001,
            add.netnsPath(),
            IpAddress.parse("10.0.1.7"),
            24,
            IpAddress.parse("10.0.1.1"),
            add.configuration().extraRoutes(),
            true);
    JsonNode read = read(Documents.result(result, add));
    assertThat(read.path("cniVersion").textValue()).isEqualTo(add.version().text());
    if (!add.version().atLeast(CniVersion.V0_3_0)) {
      // There is room for one: the first, as in the reference library's conversion.
      String first =
          add.previous().stream()
              .flatMap(previous -> previous.path("ips").valueStream())
              .map(ip -> ip.path("address").asText())
              .filter(address -> !address.contains(":"))
              .findFirst()
              .orElse("10.0.1.7/24");
      assertThat(read.at("/ip4/ip").textValue()).isEqualTo(first);
      return;
    }
    JsonNode own = read.path("ips").path(read.path("ips").size() - 1);
    assertThat(own.path("address").textValue()).isEqualTo("10.0.1.7/24");
    for (JsonNode ip : read.path("ips")) {
      JsonNode index = ip.get("interface");
      if (index != null && !index.isNull()) {
        assertThat(read.path("interfaces").has(index.intValue())).isTrue();
      }
    }
    isReadAsPrevious(add, read);
  }

  /** The next plugin of the chain gets the result; one of ours must understand it. */
  private static void isReadAsPrevious(CniRequest.Add add, JsonNode result) {
    var configuration =
        STRICT
            .createObjectNode()
            .put("cniVersion", add.version().text())
            .put("name", "millpond")
            .set("prevResult", result);
    Map<String, String> variables =
        Map.of(
            "CNI_COMMAND",
            "ADD",
            "CNI_CONTAINERID",
            "c0ffee",
            "CNI_IFNAME",
            "net1",
            "CNI_NETNS",
            "/run/netns/pod");
    try {
      CniRequest next =
          RequestParser.parse(
              new CniFrame(variables, UTF_8.encode(configuration.toString()), "next"));
      assertThat(((CniRequest.Add) next).previous()).isPresent();
    } catch (CniException e) {
      throw new AssertionError("our own result is refused: " + result, e);
    }
  }

  private static JsonNode read(String document) {
    try {
      return STRICT.readTree(document);
    } catch (JsonProcessingException e) {
      throw new AssertionError("not one JSON document: " + document, e);
    }
  }
}
