package io.millpond.cni;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.cni.mutants.Mutants;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResultTest {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static CniResult pod(String address, int length, String gateway, String route) {
    return new CniResult(
        "eth0",
        MacAddress.parse("0e:00:00:00:00:01"),
        9001,
        "/var/run/netns/cni-1",
        IpAddress.parse(address),
        length,
        IpAddress.parse(gateway),
        List.of(Prefix.parse(route)),
        true);
  }

  private static final CniResult POD = pod("10.0.1.9", 24, "10.0.1.1", "10.0.0.0/16");
  private static final CniResult POD6 = pod("fd00::9", 64, "fd00::1", "fd00:1::/32");

  private static JsonNode result(CniResult result, String version, String keys) throws Exception {
    CniRequest.Add add =
        Call.of("ADD")
            .stdin("{\"cniVersion\":\"" + version + "\",\"name\":\"millpond\"" + keys + "}")
            .add();
    String document = Mutants.current().document(Documents.result(result, add));
    assertThat(document).endsWith("}\n");
    return JSON.readTree(document);
  }

  static Stream<Arguments> shapes() {
    String legacy =
        """
        {"cniVersion":"%s",
         "ip4":{"ip":"10.0.1.9/24","gateway":"10.0.1.1",
                "routes":[{"dst":"0.0.0.0/0","gw":"10.0.1.1"},{"dst":"10.0.0.0/16"}]},
         "dns":{}}""";
    String threes =
        """
        {"cniVersion":"%s",
         "interfaces":[{"name":"eth0","mac":"0e:00:00:00:00:01","sandbox":"/var/run/netns/cni-1"}],
         "ips":[{"version":"4","interface":0,"address":"10.0.1.9/24","gateway":"10.0.1.1"}],
         "routes":[{"dst":"0.0.0.0/0","gw":"10.0.1.1"},{"dst":"10.0.0.0/16"}],
         "dns":{}}""";
    String one =
        """
        {"cniVersion":"1.0.0",
         "interfaces":[{"name":"eth0","mac":"0e:00:00:00:00:01","sandbox":"/var/run/netns/cni-1"}],
         "ips":[{"interface":0,"address":"10.0.1.9/24","gateway":"10.0.1.1"}],
         "routes":[{"dst":"0.0.0.0/0","gw":"10.0.1.1"},{"dst":"10.0.0.0/16"}],
         "dns":{}}""";
    String oneOne =
        """
        {"cniVersion":"1.1.0",
         "interfaces":[{"name":"eth0","mac":"0e:00:00:00:00:01","mtu":9001,
                        "sandbox":"/var/run/netns/cni-1"}],
         "ips":[{"interface":0,"address":"10.0.1.9/24","gateway":"10.0.1.1"}],
         "routes":[{"dst":"0.0.0.0/0","gw":"10.0.1.1"},{"dst":"10.0.0.0/16"}],
         "dns":{}}""";
    return Stream.of(
        Arguments.of("0.1.0", legacy.formatted("0.1.0")),
        Arguments.of("0.2.0", legacy.formatted("0.2.0")),
        Arguments.of("0.3.0", threes.formatted("0.3.0")),
        Arguments.of("0.3.1", threes.formatted("0.3.1")),
        Arguments.of("0.4.0", threes.formatted("0.4.0")),
        Arguments.of("1.0.0", one),
        Arguments.of("1.1.0", oneOne));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("shapes")
  @Tag("cni-42")
  @Tag("cni-44")
  @Tag("cni-48")
  @Tag("cni-49")
  @Tag("cni-50")
  @Tag("cni-51")
  @Tag("cni-52")
  @Tag("cni-53")
  @Tag("cni-54")
  @Tag("cni-57")
  @Tag("cni-58")
  @Tag("cni-59")
  @Tag("cni-60")
  void aResultHasTheShapeOfItsVersion(String version, String expected) throws Exception {
    assertThat(result(POD, version, "")).isEqualTo(JSON.readTree(expected));
  }

  @ParameterizedTest
  @CsvSource({"0.2.0, ''", "0.4.0, 6", "1.0.0, ''"})
  @Tag("cni-48")
  @Tag("cni-51")
  void anIpv6AddressHasAnIpv6DefaultRoute(String version, String ipVersion) throws Exception {
    JsonNode result = result(POD6, version, "");
    JsonNode ip = version.equals("0.2.0") ? result.path("ip6") : result.path("ips").path(0);
    JsonNode routes = version.equals("0.2.0") ? ip.path("routes") : result.path("routes");

    assertThat(ip.path(version.equals("0.2.0") ? "ip" : "address").asText())
        .isEqualTo("fd00:0:0:0:0:0:0:9/64");
    assertThat(ip.path("version").asText()).isEqualTo(ipVersion);
    assertThat(routes.path(0))
        .isEqualTo(JSON.readTree("{\"dst\":\"::/0\",\"gw\":\"fd00:0:0:0:0:0:0:1\"}"));
    assertThat(result.has("ip4")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.2.0", "0.4.0", "1.1.0"})
  void theDefaultRouteIsNamedOnlyIfItIsTheAttachments(String version) throws Exception {
    CniResult further =
        new CniResult(
            "net1",
            POD.mac(),
            POD.mtu(),
            POD.sandbox(),
            POD.address(),
            POD.prefixLength(),
            POD.gateway(),
            POD.routes(),
            false);
    JsonNode result = result(further, version, "");
    JsonNode routes = version.equals("0.2.0") ? result.at("/ip4/routes") : result.path("routes");
    assertThat(routes).isEqualTo(JSON.readTree("[{\"dst\":\"10.0.0.0/16\"}]"));
  }

  @Test
  @Tag("cni-61")
  void dnsIsThatOfTheConfigurationElseThatOfThePreviousResult() throws Exception {
    String dns =
        "{\"nameservers\":[\"10.0.0.2\",\"fd00::2\"],\"domain\":\"a.example\",\"search\":[\"b\"]}";
    String previous = ",\"prevResult\":{\"dns\":{\"nameservers\":[\"10.0.0.3\"]}}";
    for (CniVersion version : CniVersion.values()) {
      assertThat(result(POD, version.text(), ",\"dns\":" + dns + previous).path("dns"))
          .isEqualTo(JSON.readTree(dns));
      assertThat(result(POD, version.text(), ",\"dns\":{}" + previous).path("dns"))
          .isEqualTo(JSON.readTree("{\"nameservers\":[\"10.0.0.3\"]}"));
    }
  }

  private static final String PREVIOUS =
      """
      ,"prevResult":{"cniVersion":"%s",
         "interfaces":[{"name":"br0","mac":"02:00:00:00:00:01","mtu":1400,"pciID":"x"},
                       {"name":"net1","mac":"02:00:00:00:00:02","sandbox":"/x","socketPath":"/s"}],
         "ips":[{"version":"4","interface":1,"address":"192.168.1.2/24"}],
         "routes":[{"dst":"192.168.0.0/16","gw":"192.168.1.1","mtu":1300,"table":7,"scope":0,
                    "advmss":1200,"priority":3}],
         "dns":{"nameservers":["192.168.1.1"]}}""";

  @Test
  @Tag("cni-66")
  @Tag("cni-53")
  @Tag("cni-56")
  void whatPluginsBeforeMadeComesFirstAndIndexesStillHold() throws Exception {
    JsonNode result = result(POD, "1.1.0", PREVIOUS.formatted("1.1.0"));

    assertThat(result)
        .isEqualTo(
            JSON.readTree(
                """
                {"cniVersion":"1.1.0",
                 "interfaces":[
                   {"name":"br0","mac":"02:00:00:00:00:01","mtu":1400,"pciID":"x"},
                   {"name":"net1","mac":"02:00:00:00:00:02","sandbox":"/x","socketPath":"/s"},
                   {"name":"eth0","mac":"0e:00:00:00:00:01","mtu":9001,"sandbox":"/var/run/netns/cni-1"}],
                 "ips":[{"interface":1,"address":"192.168.1.2/24"},
                        {"interface":2,"address":"10.0.1.9/24","gateway":"10.0.1.1"}],
                 "routes":[{"dst":"192.168.0.0/16","gw":"192.168.1.1","mtu":1300,"table":7,"scope":0,
                            "advmss":1200,"priority":3},
                           {"dst":"0.0.0.0/0","gw":"10.0.1.1"},{"dst":"10.0.0.0/16"}],
                 "dns":{"nameservers":["192.168.1.1"]}}"""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.3.0", "0.3.1", "0.4.0", "1.0.0"})
  @Tag("cni-52")
  @Tag("cni-66")
  void keysOfNewerVersionsDoNotLeakIntoOlderResults(String version) throws Exception {
    JsonNode result = result(POD, version, PREVIOUS.formatted(version));

    assertThat(result.path("interfaces"))
        .isEqualTo(
            JSON.readTree(
                """
                [{"name":"br0","mac":"02:00:00:00:00:01"},
                 {"name":"net1","mac":"02:00:00:00:00:02","sandbox":"/x"},
                 {"name":"eth0","mac":"0e:00:00:00:00:01","sandbox":"/var/run/netns/cni-1"}]"""));
    assertThat(result.path("routes").path(0))
        .isEqualTo(JSON.readTree("{\"dst\":\"192.168.0.0/16\",\"gw\":\"192.168.1.1\"}"));
    assertThat(result.path("ips").path(0).has("version")).isEqualTo(!version.equals("1.0.0"));
  }

  @Test
  @Tag("cni-38")
  @Tag("cni-66")
  void aPreviousResultHasKeysInAnyCapitalisation() throws Exception {
    JsonNode result =
        result(POD, "1.0.0", ",\"PrevResult\":{\"IPs\":[{\"Address\":\"192.168.1.2/24\"}]}");

    assertThat(result.path("ips")).hasSize(2);
  }

  /** The same result of another plugin, in the form of each version. */
  static Stream<Arguments> previousOfEveryVersion() {
    return Stream.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
        .map(
            version ->
                Arguments.of(
                    version,
                    version.matches("0\\.[12]\\.0")
                        ? """
                          {"cniVersion":"%s",
                           "ip4":{"ip":"192.168.1.2/24","gateway":"192.168.1.1",
                                  "routes":[{"dst":"192.168.0.0/16","gw":"192.168.1.1"}]}}"""
                            .formatted(version)
                        : """
                          {"cniVersion":"%s",
                           "ips":[{"version":"4","address":"192.168.1.2/24","gateway":"192.168.1.1"}],
                           "routes":[{"dst":"192.168.0.0/16","gw":"192.168.1.1"}]}"""
                            .formatted(version)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("previousOfEveryVersion")
  @Tag("cni-66")
  void aPreviousResultOfAnyVersionIsMergedInTheRequestsForm(String version, String previous)
      throws Exception {
    JsonNode result = result(POD, "0.4.0", ",\"prevResult\":" + previous);

    assertThat(result.path("ips"))
        .isEqualTo(
            JSON.readTree(
                """
                [{"version":"4","address":"192.168.1.2/24","gateway":"192.168.1.1"},
                 {"version":"4","interface":0,"address":"10.0.1.9/24","gateway":"10.0.1.1"}]"""));
    assertThat(result.path("routes").path(0))
        .isEqualTo(JSON.readTree("{\"dst\":\"192.168.0.0/16\",\"gw\":\"192.168.1.1\"}"));
    assertThat(result(POD, "0.2.0", ",\"prevResult\":" + previous).at("/ip4/routes"))
        .as("the old form has one address of a family, the first, and all of its routes")
        .hasSize(3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'cniVersion':'9.9.9'|7",
        "'cniVersion':7|6",
        "'cniVersion':'0.2.0','ip4':[]|6",
        "'cniVersion':'0.2.0','ip4':{'ip':'192.168.1.2'}|6",
        "'cniVersion':'0.2.0','ip4':{'ip':'192.168.1.2/24','routes':{}}|6",
        "'ips':[{'address':'192.168.1.2/33'}]|6",
        "'ips':[{'address':'192.168.1.2/24','gateway':'router'}]|6",
        "'routes':[{'dst':'192.168.0.0'}]|6",
        "'routes':[{'dst':'192.168.0.0/16','gw':'router'}]|6",
        "'ips':[{'interface':0,'address':'192.168.1.2/24'}]|7",
        "'interfaces':[{'name':'a'}],'ips':[{'interface':1}]|7",
        "'interfaces':[{'name':'a'}],'ips':[{'interface':-1}]|7",
        "'interfaces':[{'name':'a'}],'ips':[{'interface':4294967296}]|7",
        "'interfaces':[{'name':'a'}],'ips':[{'interface':'0'}]|7",
        "'interfaces':[{'name':'a'}],'ips':[{'interface':0.5}]|7",
        "'interfaces':{}|6",
        "'interfaces':['a']|6",
        "'ips':7|6",
        "'ips':[null]|6",
        "'routes':[[]]|6",
        "'dns':[]|6",
        "'dns':{'nameservers':['resolver']}|2"
      })
  @Tag("cni-67")
  void aPreviousResultThatCannotBeMergedIsRefused(String parts, int code) {
    Call.of("ADD").keys("\"prevResult\":{" + parts.replace('\'', '"') + "}").refusedWith(code);
  }

  @ParameterizedTest
  @ValueSource(strings = {"7", "[]", "\"x\"", "true"})
  @Tag("cni-67")
  void aPreviousResultThatIsNoObjectIsUndecodable(String previous) {
    Call.of("ADD").keys("\"prevResult\":" + previous).refusedWith(6);
    Call.of("CHECK").keys("\"prevResult\":" + previous).refusedWith(6);
  }

  @Test
  @Tag("cni-77")
  @Tag("cni-81")
  void aDelDoesNotLookAtThePreviousResult() throws Exception {
    for (String previous : new String[] {"7", "{\"ips\":7}", "null"}) {
      assertThat(Call.of("DEL").keys("\"prevResult\":" + previous).parse())
          .isInstanceOf(CniRequest.Del.class);
    }
  }

  @Test
  @Tag("cni-88")
  void aCheckNeedsThePreviousResult() throws Exception {
    Call.of("CHECK").refusedWith(7);
    Call.of("CHECK").keys("\"prevResult\":null").refusedWith(7);

    CniRequest.Check check =
        (CniRequest.Check)
            Call.of("CHECK").keys("\"prevResult\":{\"ips\":[{\"interface\":9}]}").parse();
    assertThat(check.previous()).isEqualTo(JSON.readTree("{\"ips\":[{\"interface\":9}]}"));
  }

  @ParameterizedTest
  @EnumSource(CniVersion.class)
  @Tag("cni-5")
  void anErrorHasTheRequestsVersionACodeAMessageAndDetails(CniVersion version) throws Exception {
    JsonNode error =
        JSON.readTree(
            Mutants.current()
                .document(
                    Documents.error(CniError.of(version, 11, "no \"address\"\n", "wait\u0000"))));

    assertThat(error)
        .isEqualTo(
            JSON.readTree(
                "{\"cniVersion\":\"%s\",\"code\":11,\"msg\":\"no \\\"address\\\"\\n\",\"details\":\"wait\\u0000\"}"
                    .formatted(version.text())));
  }

  @Test
  @Tag("cni-5")
  void detailsAreOptional() {
    assertThat(Documents.error(new CniError("1.0.0", 8, "m", "")))
        .isEqualTo("{\"cniVersion\":\"1.0.0\",\"code\":8,\"msg\":\"m\"}\n");
  }
}
