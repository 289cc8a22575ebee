package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a list shows that no plugin of it sees. */
class NetworkListTest {
  private static final String OURS =
      "{'type':'millpond','capabilities':{'portMappings':true,'bandwidth':true}}";

  private static List<String> refusals(String document) {
    return NetworkList.refusals(ByteBuffer.wrap(document.replace('\'', '"').getBytes(UTF_8)));
  }

  private static List<String> refusalsOfList(String... plugins) {
    return refusals(
        "{'cniVersion':'1.0.0','name':'millpond','plugins':[" + String.join(",", plugins) + "]}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'type':'portmap','capabilities':{'portMappings':true}}",
        "{'Type':'portmap','Capabilities':{'PORTMAPPINGS':true},'snat':true}",
      })
  @Tag("cni-109")
  void whereBothActOnHostPortsTheListIsRefusedWithTheReason(String portmap) {
    assertThat(refusalsOfList(OURS, portmap))
        .singleElement()
        .asString()
        .contains("portmap", "portMappings", "IPvlan", "remove");
  }

  @Test
  void whereBothLimitBandwidthTheListIsRefusedToo() {
    assertThat(
            refusalsOfList(
                OURS,
                "{'type':'bandwidth','capabilities':{'bandwidth':true}}",
                "{'type':'portmap','capabilities':{'portMappings':true}}"))
        .hasSize(2);
  }

  @Test
  void oneOfTheTwoMayActOnHostPorts() {
    String portmap = "{'type':'portmap','capabilities':{'portMappings':true}}";
    assertThat(refusalsOfList("{'type':'millpond'}", portmap)).isEmpty();
    assertThat(refusalsOfList("{'type':'millpond','capabilities':{'portMappings':false}}", portmap))
        .isEmpty();
    assertThat(refusalsOfList(OURS, "{'type':'portmap'}", "{'type':'tuning'}")).isEmpty();
    assertThat(refusalsOfList(OURS)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "null",
        "{",
        "{'plugins':7}",
        "{'type':'millpond'}",
        "{'plugins':[]}",
        "{'plugins':[7,null]}",
        "{'plugins':[{'type':'millpond'},{'type':'millpond'}]}"
      })
  void aDocumentThatIsNoListOfOursIsRefused(String document) {
    assertThat(refusals(document)).hasSize(1);
  }
}
