package io.millpond.cni;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A configuration list is judged before a runtime reads it. */
class ConfigurationListTest {
  private static final String BOTH =
      "{\"type\":\"millpond\",\"capabilities\":{\"portMappings\":true,\"bandwidth\":true}}";
  private static final String PORTMAP =
      "{\"type\":\"portmap\",\"capabilities\":{\"portMappings\":true}}";

  private static String list(String plugins) {
    return "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[" + plugins + "]}";
  }

  @Test
  @Tag("cni-45")
  @Tag("cni-117")
  void whatRuntimesKnowAndOurOwnKeysAreFine() {
    assertThat(
            ConfigurationList.problems(
                """
                {"cniVersion": "1.0.0", "cniVersions": ["0.3.1", "1.0.0", "1.1.0"], "name": "millpond",
                 "disableCheck": true, "disableGC": true, "loadOnlyInlinedPlugins": true,
                 "plugins": [
                   {"type": "millpond", "mtu": 1500, "extraRoutes": ["10.9.0.0/16"], "dns": {}},
                   {"type": "tuning", "sysctl": {"net.core.somaxconn": "500"}}]}
                """))
        .isEmpty();
  }

  @Test
  @Tag("cni-40")
  void anUnknownKeyOfOursIsNamedWithItsPlace() {
    assertThat(
            ConfigurationList.problems(
                list("{\"type\":\"tuning\"},{\"type\":\"millpond\",\"mut\":9}")))
        .singleElement()
        .asString()
        .startsWith("plugins[1]: unknown key 'mut'")
        .contains("pool, subnet, mtu and extraRoutes");
  }

  @ParameterizedTest
  @Tag("cni-40")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"mtu\":70 | mtu",
        "\"extraRoutes\":[\"10.0.0.0/33\"] | extraRoutes",
        "\"subnet\":7 | subnet",
        "\"capabilities\":[\"portMappings\"] | capabilities",
        "\"capabilities\":{\"portMappings\":\"true\"} | 'portMappings'",
        "\"capabilities\":{\"ips\":1} | 'ips'",
        "\"dns\":{\"nameservers\":[\"dns.example\"]} | dns.nameservers",
      })
  void aWrongValueOfOursIsNamed(String pair, String key) {
    assertThat(ConfigurationList.problems(list("{\"type\":\"millpond\"," + pair + "}")))
        .singleElement()
        .asString()
        .contains("plugins[0]: ", key);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{ | not one JSON document",
        "[] | not a JSON object",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\"} | plugins",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[]} | plugins",
        "{\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"millpond\"}]} | name",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"a b\",\"plugins\":[{\"type\":\"millpond\"}]} | name",
        "{\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"}]} | cniVersion is absent",
        "{\"cniVersion\":\"1.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"}]} | cniVersion '1.0'",
        "{\"cniVersion\":\"1.0.0\",\"cniVersions\":[\"9.9.9\"],\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"}]} | cniVersions '9.9.9'",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"ptp\"}]} | no plugin of the type millpond",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"},{\"type\":\"../sh\"}]} | plugins[1].type",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"},7]} | plugins[1].type",
        "{\"CNIVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"}]} | 'CNIVersion': spell it cniVersion",
        "{\"cniVersion\":\"1.0.0\",\"Name\":\"net\",\"plugins\":[{\"type\":\"millpond\"}]} | 'Name': spell it name",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"PLUGINS\":[{\"type\":\"millpond\"}]} | 'PLUGINS': spell it plugins",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"Name\":\"net\",\"plugins\":[{\"type\":\"millpond\"}]} | 'Name': spell it name",
        "{\"cniVersion\":1.0,\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"}]} | cniVersion ('1.0', no text)",
        "{\"cniVersion\":null,\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"}]} | cniVersion ('null', no text)",
        "{\"cniVersion\":\"1.0.0\",\"cniVersions\":null,\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"}]} | cniVersions is not a list",
        "{\"cniVersion\":\"1.0.0\",\"cniVersions\":[1],\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"}]} | cniVersions ('1', no text)",
        "{\"cniVersion\":\"1.0.0\",\"name\":7,\"plugins\":[{\"type\":\"millpond\"}]} | name ('7', no text)",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":null} | plugins is not a list",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"disableCheck\":1,\"plugins\":[{\"type\":\"millpond\"}]} | disableCheck ('1', no text)",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"disableGC\":\"no\",\"plugins\":[{\"type\":\"millpond\"}]} | disableGC 'no'",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"},{\"type\":7}]} | plugins[1].type",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\",\"ipam\":7}]} | plugins[0].ipam '7'",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"},{\"type\":\"tuning\",\"Name\":7}]} | plugins[1].name '7'",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"},{\"type\":\"tuning\",\"capabilities\":{\"mac\":\"true\"}}]} | plugins[1].capabilities",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"},{\"type\":\"tuning\",\"dns\":{\"search\":[\"a\",7]}}]} | plugins[1].dns",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"millpond\"},{\"type\":\"tuning\",\"cni.dev/valid-attachments\":[{\"ifname\":1}]}]} | plugins[1].cni.dev/valid-attachments",
      })
  void whatRuntimesStumbleOverIsNamed(String text, String named) {
    assertThat(ConfigurationList.problems(text)).singleElement().asString().contains(named);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"disableCheck\":\"TRUE\",\"plugins\":[{\"Type\":\"millpond\"}]",
        "\"plugins\":[{\"type\":\"millpond\",\"ipam\":{},\"dns\":null},{\"type\":\"tuning\",\"name\":null,\"capabilities\":{\"mac\":null}}]",
        "\"plugins\":[{\"type\":\"millpond\"},{\"type\":\"tuning\",\"DNS\":{\"nameservers\":[\"dns.example\"]}}]",
        "\"note\":{\"Plugins\":7},\"plugins\":[{\"type\":\"millpond\"}]",
      })
  void whatRuntimesLoadIsFine(String rest) {
    assertThat(
            ConfigurationList.problems("{\"cniVersion\":\"1.0.0\",\"name\":\"net\"," + rest + "}"))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        PORTMAP,
        "{\"Type\":\"portmap\",\"Capabilities\":{\"portMappings\":true},\"snat\":true}",
      })
  @Tag("cni-109")
  void whereBothActOnHostPortsTheListIsRefusedWithTheReason(String portmap) {
    for (String plugins : new String[] {BOTH + "," + portmap, portmap + "," + BOTH}) {
      assertThat(ConfigurationList.problems(list(plugins)))
          .singleElement()
          .asString()
          .contains("portmap", "portMappings", "IPvlan", "remove");
    }
  }

  @Test
  void whereBothLimitBandwidthTheListIsRefusedToo() {
    String bandwidth = "{\"type\":\"bandwidth\",\"capabilities\":{\"bandwidth\":true}}";
    assertThat(ConfigurationList.problems(list(BOTH + "," + bandwidth + "," + PORTMAP))).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\":\"millpond\"}," + PORTMAP,
        "{\"type\":\"millpond\",\"capabilities\":{\"portMappings\":false}}," + PORTMAP,
        BOTH + ",{\"type\":\"portmap\"},{\"type\":\"tuning\"}",
        BOTH,
      })
  void oneOfTheTwoMayActOnHostPorts(String plugins) {
    assertThat(ConfigurationList.problems(list(plugins))).isEmpty();
  }

  @Test
  void millpondStandsInAListOnce() {
    assertThat(
            ConfigurationList.problems(
                list("{\"type\":\"millpond\"},{\"type\":\"millpond\",\"pool\":\"storage\"}")))
        .singleElement()
        .asString()
        .contains("2 of its plugins are of the type millpond", "same interface");
  }

  @Test
  void everythingThatIsWrongIsToldAtOnce() {
    List<String> problems =
        ConfigurationList.problems(
            "{\"cniVersion\":\"x\",\"plugins\":[{\"type\":\"millpond\",\"a\":1}]}");
    assertThat(problems).hasSize(3);
  }
}
