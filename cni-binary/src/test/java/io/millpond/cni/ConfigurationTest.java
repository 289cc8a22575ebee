package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.cni.mutants.Mutants;
import io.millpond.pool.value.PoolName;
import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stdin may hold. */
class ConfigurationTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "\n",
        "{",
        "[",
        "[]",
        "[{\"name\":\"a\"}]",
        "\"name\"",
        "7",
        "true",
        "{\"name\":}",
        "{\"name\":\"a\"} {}",
        "{\"name\":\"a\"}x",
        "{\"name\":\"a\"}]",
        "{\"name\":\"a\",}",
        "{name:\"a\"}",
        "{'name':'a'}",
        "{\"name\":\"a\"//\n}",
        "\ufeff{\"name\":\"a\"}",
        "{\"name\":\"\u0001\"}",
        "{\"name\":NaN}",
        "nul",
        "{\"name\":\"a\"}\u0000"
      })
  @Tag("cni-33")
  @Tag("cni-86")
  void whatIsNotOneJsonObjectIsUndecodable(String stdin) {
    for (String verb : List.of("ADD", "DEL", "CHECK", "GC", "STATUS")) {
      CniError error = Call.of(verb).stdin(stdin).refusedWith(6);
      assertThat(error.cniVersion()).isEqualTo("1.0.0");
    }
  }

  static List<Charset> otherEncodings() {
    return List.of(
        UTF_16,
        Charset.forName("UTF-16LE"),
        Charset.forName("UTF-16BE"),
        Charset.forName("UTF-32LE"),
        Charset.forName("UTF-32BE"));
  }

  @ParameterizedTest
  @MethodSource("otherEncodings")
  @Tag("cni-33")
  void anotherEncodingThanUtf8IsUndecodable(Charset encoding) {
    Call.of("ADD").stdin(Call.CONFIGURATION.getBytes(encoding)).refusedWith(6);
  }

  @Test
  @Tag("cni-33")
  void octetsThatAreNoTextAreUndecodableOrReplacedNeverABug() throws Exception {
    for (int octet = 0x80; octet <= 0xFF; octet++) {
      ByteArrayOutputStream inside = new ByteArrayOutputStream();
      inside.write("{\"name\":\"a\",\"type\":\"".getBytes(UTF_8));
      inside.write(octet);
      inside.write("\"}".getBytes(UTF_8));
      assertThat(Call.of("ADD").stdin(inside.toByteArray()).add().network()).isEqualTo("a");

      Call.of("ADD").stdin(new byte[] {0, 0, (byte) octet, 0, 1}).refusedWith(6);
      Call.of("ADD").stdin(new byte[] {(byte) octet, '{', '}'}).refusedWith(6);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"null", "{}", "{\"name\":\"\"}", "{\"name\":null}", "{\"type\":\"millpond\"}"})
  @Tag("cni-34")
  @Tag("cni-86")
  void aNetworkWithoutNameIsInvalid(String stdin) {
    for (String verb : List.of("ADD", "DEL", "CHECK", "GC", "STATUS")) {
      Call.of(verb).stdin(stdin).refusedWith(7);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-a", ".", "a/b", "../a", "a b", "a\\n", "\\na", "a\\u0000", "ä", "%d"})
  @Tag("cni-35")
  @Tag("cni-17")
  void aNameOutsideThePatternIsInvalid(String name) {
    CniError error =
        Call.of("ADD").stdin("{\"cniVersion\":\"0.3.1\",\"name\":\"" + name + "\"}").refusedWith(7);

    assertThat(error.cniVersion()).isEqualTo("0.3.1");
    assertThat(error.msg()).doesNotContain("\n", "\u0000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "0", "A.b_c-9"})
  @Tag("cni-35")
  void aNameOfThePatternIsTaken(String name) throws Exception {
    assertThat(Call.of("DEL").stdin("{\"name\":\"" + name + "\"}").parse().network())
        .isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"7", "true", "[\"a\"]", "{}"})
  @Tag("cni-35")
  @Tag("cni-37")
  void aNameOrVersionOfAnotherTypeIsUndecodable(String value) {
    Call.of("ADD").stdin("{\"name\":" + value + "}").refusedWith(6);
    Call.of("ADD").stdin("{\"name\":\"a\",\"cniVersion\":" + value + "}").refusedWith(6);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",\"cniVersion\":\"\"", ",\"cniVersion\":null"})
  @Tag("cni-36")
  void anAbsentVersionIsTheFirst(String key) throws Exception {
    assertThat(Call.of("ADD").stdin("{\"name\":\"a\"" + key + "}").parse().version())
        .isEqualTo(CniVersion.V0_1_0);
  }

  @Test
  @Tag("cni-42")
  void everyVersionIsTaken() throws Exception {
    for (String version : List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")) {
      for (String verb : List.of("ADD", "DEL")) {
        assertThat(of(verb, version).parse().version().text()).isEqualTo(version);
      }
    }
  }

  private static Call of(String verb, String version) {
    return Call.of(verb)
        .stdin("{\"cniVersion\":\"" + version + "\",\"name\":\"a\",\"prevResult\":{}}");
  }

  @ParameterizedTest
  @CsvSource({
    "ADD, 1.0, 1",
    "ADD, abc, 1",
    "ADD, 9.9.9, 1",
    "ADD, '1.0.0 ', 1",
    "ADD, v1.0.0, 1",
    "ADD, ' 1.0.0', 1",
    "ADD, 1.0.0-rc1, 1",
    "ADD, 1.2.0, 1",
    "DEL, 1.0, 1",
    "DEL, abc, 1",
    "CHECK, abc, 6",
    "GC, abc, 6",
    "STATUS, abc, 6",
    "CHECK, 1.0.0-rc1, 6",
    "CHECK, 1.0.0.0, 6",
    "CHECK, 1.x, 6",
    "CHECK, '1.', 6",
    "GC, ' 1.1.0', 6",
    "CHECK, 9.9.9, 1",
    "GC, 9.9.9, 1",
    "STATUS, 9.9.9, 1",
    "CHECK, 1.0, 1",
    "GC, 2, 1"
  })
  @Tag("cni-37")
  void anotherVersionIsIncompatibleOrUndecodable(String verb, String version, int code) {
    CniError error = of(verb, version).refusedWith(code);

    assertThat(error.cniVersion()).isEqualTo("1.0.0");
    assertThat(error.details()).contains("1.1.0");
  }

  @ParameterizedTest
  @CsvSource({"CHECK, 0.4.0, 0.3.1", "GC, 1.1.0, 1.0.0", "STATUS, 1.1.0, 1.0.0"})
  @Tag("cni-43")
  void aVerbNeedsTheVersionThatBroughtIt(String verb, String first, String before)
      throws Exception {
    assertThat(of(verb, first).parse().version().text()).isEqualTo(first);
    assertThat(of(verb, before).refusedWith(1).cniVersion()).isEqualTo(before);
    Call.of(verb).stdin("{\"name\":\"a\",\"prevResult\":{}}").refusedWith(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'name':'a','name':'b'}|b",
        "{'name':'a','NAME':'b'}|b",
        "{'NAME':'a','name':'b'}|b",
        "{'name':'a','NAME':'b','name':'c'}|c",
        "{'NaMe':'a'}|a",
        "{'name':{},'name':'b'}|b",
        "{'name':'a','Name':'b','nAme':'c','naMe':'d'}|d"
      })
  @Tag("cni-38")
  void keysHaveAnyCapitalisationAndTheLastWins(String stdin, String name) throws Exception {
    String json = stdin.replace('\'', '"');
    assertThat(Call.of("DEL").stdin(json).parse().network()).isEqualTo(name);
  }

  @Test
  @Tag("cni-38")
  void ourOwnKeysHaveAnyCapitalisationToo() throws Exception {
    NetworkConfiguration configuration =
        Call.of("ADD")
            .stdin(
                "{\"Name\":\"a\",\"CNIVERSION\":\"1.0.0\",\"MTU\":1400,\"ExtraRoutes\":[\"10.0.0.0/8\"]}")
            .add()
            .configuration();

    assertThat(configuration.mtu()).isEqualTo(OptionalInt.of(1400));
    assertThat(configuration.extraRoutes()).hasSize(1);
  }

  @Test
  @Tag("cni-39")
  @Tag("cni-111")
  @Tag("cni-115")
  @Tag("cni-116")
  @Tag("cni-117")
  void whatRuntimesPutThereIsTolerated() throws Exception {
    String keys =
        """
        "capabilities":{"io.kubernetes.cri.pod-annotations":true},
        "args":{"labels":[{"key":"app","value":"web"}],"cni":{"aliases":["web"]},"org.example":7},
        "runtimeConfig":{"io.kubernetes.cri.pod-annotations":{"a":"b"},"aliases":{"net":["web"]},
          "dns":{"Servers":["10.0.0.2"]},"ipRanges":[[{"subnet":"10.0.0.0/16"}]],"deviceID":"0000:00:1f.6",
          "infinibandGUID":"c2:11:22:33:44:55:66:77","cgroupPath":"/kubelet","portMappings":null,"ips":[],"mac":"","bandwidth":{}},
        "prevResult":{},"cni.dev/valid-attachments":[],"cni.dev/attachments":null,"cni.dev/x":1,
        "ipMasq":true,"ipam":{},"dns":{},"disableCheck":true,"disableGC":true,
        "loadOnlyInlinedPlugins":true,"cniVersions":["1.0.0","1.1.0"]""";
    assertThat(Call.of("ADD").keys(keys).add().network()).isEqualTo("millpond");
    assertThat(Call.of("CHECK").keys(keys).parse()).isInstanceOf(CniRequest.Check.class);
  }

  /** The configuration that the README tells people to write. */
  @Test
  @Tag("cni-45")
  void theListWeShipSaysAVersionThatOlderRuntimesKnowAndListsTheOthers() throws Exception {
    String readme = Files.readString(Path.of("../README.md"));
    String list = readme.substring(readme.indexOf("```json") + 7);
    JsonNode conflist =
        new ObjectMapper()
            .readTree(Mutants.current().document(list.substring(0, list.indexOf("```"))));

    assertThat(conflist.path("cniVersion").asText()).isEqualTo("1.0.0");
    assertThat(conflist.path("cniVersions")).extracting(JsonNode::asText).contains("1.1.0");
    for (JsonNode version : conflist.path("cniVersions")) {
      ObjectNode alone = (ObjectNode) conflist.path("plugins").path(0).deepCopy();
      alone.put("name", conflist.path("name").asText()).put("cniVersion", version.asText());
      assertThat(Call.of("ADD").stdin(alone.toString()).add().version().text())
          .isEqualTo(version.asText());
    }
  }

  @Test
  @Tag("cni-40")
  void aKeyThatIsNobodysIsUnsupportedAndNamed() throws Exception {
    CniError error = Call.of("ADD").keys("\"warmPool\":3").refusedWith(2);

    assertThat(error.msg()).contains("warmPool");
    assertThat(error.cniVersion()).isEqualTo("1.1.0");
    Call.of("CHECK").keys("\"warmPool\":3,\"prevResult\":{}").refusedWith(2);
    // It must not stand in the way of removal.
    assertThat(Call.of("DEL").keys("\"warmPool\":3").parse()).isInstanceOf(CniRequest.Del.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"mtu\":1279",
        "\"mtu\":9002",
        "\"mtu\":\"1500\"",
        "\"mtu\":1500.5",
        "\"mtu\":-1",
        "\"mtu\":99999999999",
        "\"mtu\":1e3",
        "\"mtu\":[]",
        "\"mtu\":true",
        "\"pool\":7",
        "\"pool\":\"\"",
        "\"pool\":\"a b\"",
        "\"pool\":\"a234567890123456789012345678901234567890123456789012345678901234\"",
        "\"pool\":\"subnet-fast\"",
        "\"subnet\":\"../\"",
        "\"subnet\":\"storage\"",
        "\"subnet\":\"subnet-0a1b2c3\"",
        "\"subnet\":\"subnet-0A1B2C3D\"",
        "\"subnet\":{}",
        "\"extraRoutes\":\"10.0.0.0/8\"",
        "\"extraRoutes\":[7]",
        "\"extraRoutes\":[\"10.0.0.1/8\"]",
        "\"extraRoutes\":[\"10.0.0.0\"]",
        "\"extraRoutes\":[\"fd00::/8\"]",
        "\"extraRoutes\":[\"10.0.0.0/33\"]",
        "\"extraRoutes\":[\"example.org/8\"]",
        "\"extraRoutes\":[null]",
        "\"extraRoutes\":[{}]",
        "\"extraRoutes\":{}"
      })
  @Tag("cni-40")
  void aValueThatDoesNotSuitIsUnsupportedAndNamed(String key) {
    CniError error = Call.of("ADD").keys(key).refusedWith(2);

    assertThat(error.msg()).contains(key.substring(1, key.indexOf('"', 1)));
    assertThat(error.details()).isNotEmpty();
  }

  @Test
  void ourOwnKeysAreRead() throws Exception {
    NetworkConfiguration configuration =
        Call.of("ADD")
            .keys(
                """
                "pool":"fast","subnet":"subnet-0a1b2c3d","mtu":9001,
                "extraRoutes":["10.1.0.0/16","192.168.7.0/24"]""")
            .add()
            .configuration();

    assertThat(configuration.pool()).hasValue(new PoolName("fast"));
    assertThat(configuration.subnet()).hasValue("subnet-0a1b2c3d");
    assertThat(configuration.mtu()).isEqualTo(OptionalInt.of(9001));
    assertThat(configuration.extraRoutes())
        .extracting(Object::toString)
        .containsExactly("10.1.0.0/16", "192.168.7.0/24");
  }

  @Test
  void nullIsAbsent() throws Exception {
    NetworkConfiguration configuration =
        Call.of("ADD")
            .keys(
                "\"pool\":null,\"subnet\":null,\"mtu\":null,\"extraRoutes\":null,\"dns\":null,\"prevResult\":null")
            .add()
            .configuration();

    assertThat(configuration.pool()).isEmpty();
    assertThat(configuration.mtu()).isEmpty();
    assertThat(configuration.extraRoutes()).isEmpty();
    assertThat(configuration.dns()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"runtimeConfig\":{\"mac\":\"02:00:00:00:00:01\"}",
        "\"runtimeConfig\":{\"ips\":[\"10.0.0.9/24\"]}",
        "\"runtimeConfig\":{\"bandwidth\":{\"IngressRate\":1000}}",
        "\"RuntimeConfig\":{\"PortMappings\":[{\"HostPort\":80,\"ContainerPort\":80}]}",
        "\"args\":{\"cni\":{\"ips\":[\"10.0.0.9\"]}}",
        "\"args\":{\"cni\":{\"mac\":\"02:00:00:00:00:01\"}}"
      })
  @Tag("cni-110")
  @Tag("cni-112")
  @Tag("cni-113")
  @Tag("cni-114")
  void whatAPodAsksForAndWouldNotGetIsUnsupported(String key) throws Exception {
    CniError error = Call.of("ADD").keys(key).refusedWith(2);

    assertThat(error.details()).isNotEmpty();
    assertThat(Call.of("DEL").keys(key).parse()).isInstanceOf(CniRequest.Del.class);
    assertThat(Call.of("CHECK").keys(key + ",\"prevResult\":{}").parse())
        .isInstanceOf(CniRequest.Check.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'dns':7|6",
        "'dns':[]|6",
        "'dns':{'nameservers':'10.0.0.2'}|6",
        "'dns':{'nameservers':[7]}|6",
        "'dns':{'nameservers':['ns.example.org']}|2",
        "'dns':{'nameservers':['10.0.0']}|2",
        "'dns':{'nameservers':['']}|2"
      })
  @Tag("cni-61")
  void dnsHoldsAddressesOfNameServers(String key, int code) {
    Call.of("ADD").keys(key.replace('\'', '"')).refusedWith(code);
  }

  @Test
  @Tag("cni-31")
  void depthIsBoundedAndSizeIsNotAProblem() throws Exception {
    Call.of("ADD").keys("\"args\":" + "[".repeat(200) + "]".repeat(200)).refusedWith(6);
    Call.of("ADD").keys("\"args\":" + "[".repeat(2_000_000)).refusedWith(6);
    Call.of("ADD").keys("\"args\":" + "9".repeat(1000)).refusedWith(6);
    assertThat(Call.of("ADD").keys("\"args\":" + "[".repeat(90) + "]".repeat(90)).add())
        .isNotNull();
    assertThat(Call.of("ADD").keys("\"args\":\"" + "x".repeat(4_000_000) + "\"").add()).isNotNull();
    Call.of("ADD").keys("\"" + "x".repeat(4_000_000) + "\":1").refusedWith(6);
  }

  @Test
  @Tag("cni-31")
  void anErrorShowsOnlyTheBeginningOfAValue() {
    CniError error =
        Call.of("ADD").keys("\"mtu\":\"" + "\\u0000x".repeat(100_000) + "\"").refusedWith(2);

    assertThat(error.msg()).hasSizeLessThan(300);
  }
}
