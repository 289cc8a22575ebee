package io.millpond.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Host ports and bandwidth limits, as runtimes send them to who declares the capability. */
class DemandsTest {
  private static final String DECLARED =
      "\"capabilities\":{\"portMappings\":true,\"Bandwidth\":true},\"runtimeConfig\":";

  private static Call asking(String runtimeConfig) {
    return Call.of("ADD").stdin(document(runtimeConfig));
  }

  private static String document(String runtimeConfig) {
    return "{\"cniVersion\":\"1.1.0\",\"name\":\"millpond\",%s%s,\"prevResult\":{}}"
        .formatted(DECLARED, runtimeConfig.replace('\'', '"'));
  }

  private static PodDemands demands(String runtimeConfig) throws CniException {
    return asking(runtimeConfig).add().configuration().demands();
  }

  private static HostPort port(String hostIp, HostPort.Protocol protocol, int port, int podPort) {
    return new HostPort(
        Optional.of(hostIp).filter(text -> !text.isEmpty()).map(IpAddress::parse),
        protocol,
        port,
        podPort);
  }

  @Test
  @Tag("cni-109")
  @Tag("cni-110")
  void hostPortsAreReadInAnyCapitalisation() throws Exception {
    assertThat(
            demands(
                    """
                    {'portMappings':[
                      {'HostPort':8080,'ContainerPort':80,'Protocol':'tcp','HostIP':''},
                      {'hostPort':53,'containerPort':5353,'protocol':'UDP','hostIP':'10.0.1.5'},
                      {'hostport':9,'containerport':9,'protocol':'Sctp','hostip':'0.0.0.0'},
                      {'hostPort':81,'containerPort':81,'hostIP':'::'},
                      {'hostPort':81,'containerPort':82,'protocol':'','hostIP':'::ffff:127.0.0.1'}]}""")
                .hostPorts())
        .containsExactly(
            port("", HostPort.Protocol.TCP, 8080, 80),
            port("10.0.1.5", HostPort.Protocol.UDP, 53, 5353),
            port("", HostPort.Protocol.SCTP, 9, 9),
            port("", HostPort.Protocol.TCP, 81, 81),
            port("127.0.0.1", HostPort.Protocol.TCP, 81, 82));
  }

  @Test
  void aPortThatTheNodeDoesNotHaveIsNoneAndTheSameTwiceIsOne() throws Exception {
    assertThat(
            demands(
                    """
                    {'portMappings':[{'containerPort':80},{'hostPort':0,'containerPort':80},
                      {'hostPort':1,'containerPort':1},{'hostPort':1,'containerPort':1}]}""")
                .hostPorts())
        .containsExactly(port("", HostPort.Protocol.TCP, 1, 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'hostPort':65536,'containerPort':80}",
        "{'hostPort':-1,'containerPort':80}",
        "{'hostPort':8080.5,'containerPort':80}",
        "{'hostPort':'8080','containerPort':80}",
        "{'hostPort':8080,'containerPort':0}",
        "{'hostPort':8080}",
        "{'hostPort':8080,'containerPort':80,'protocol':'icmp'}",
        "{'hostPort':8080,'containerPort':80,'protocol':6}",
        "{'hostPort':8080,'containerPort':80,'hostIP':'localhost'}",
        "{'hostPort':8080,'containerPort':80,'hostIP':'2001:db8::1'}",
        "{'hostPort':8080,'containerPort':80,'hostIP':7}",
        "{'hostPort':8080,'containerPort':80},{'hostPort':8080,'containerPort':81}",
        "8080"
      })
  @Tag("cni-40")
  void aHostPortThatCannotBeIsRefusedAndNamed(String mapping) {
    CniError error = asking("{'portMappings':[" + mapping + "]}").refusedWith(2);

    assertThat(error.msg()).contains("portMappings");
    assertThat(error.details()).isNotEmpty();
  }

  @Test
  void thereAreAtMost512HostPorts() throws Exception {
    StringBuilder mappings = new StringBuilder();
    for (int port = 1; port <= 512; port++) {
      mappings.append(",{'hostPort':%d,'containerPort':%d}".formatted(port, port));
    }
    assertThat(demands("{'portMappings':[" + mappings.substring(1) + "]}").hostPorts())
        .hasSize(512);
    asking("{'portMappings':[{}" + mappings + "]}").refusedWith(2);
    asking("{'portMappings':{}}").refusedWith(2);
  }

  @Test
  @Tag("cni-110")
  @Tag("cni-114")
  void limitsAreReadInAnyCapitalisation() throws Exception {
    assertThat(
            demands(
                    "{'bandwidth':{'IngressRate':10000000,'IngressBurst':800000,'egressRate':2000,'egressBurst':16000}}")
                .bandwidth())
        .isEqualTo(
            new Bandwidth(
                Optional.of(new Bandwidth.Limit(10_000_000, 800_000)),
                Optional.of(new Bandwidth.Limit(2_000, 16_000))));
  }

  /** containerd sends the first of these for want of a burst, CRI-O the second. */
  @ParameterizedTest
  @ValueSource(strings = {"4294967295", "34359738360", "0"})
  @Tag("cni-114")
  void aBurstThatStandsForNoneIsTheUsualOne(String burst) throws Exception {
    assertThat(
            demands("{'bandwidth':{'IngressRate':50000000,'IngressBurst':" + burst + "}}")
                .bandwidth())
        .isEqualTo(
            new Bandwidth(
                Optional.of(Bandwidth.Limit.withUsualBurst(50_000_000)), Optional.empty()));
    assertThat(Bandwidth.Limit.withUsualBurst(50_000_000).burst()).isEqualTo(1_000_000);
  }

  @Test
  void noRateIsNoLimit() throws Exception {
    assertThat(
            demands("{'bandwidth':{'ingressRate':0,'ingressBurst':7,'egressRate':null}}").isEmpty())
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'ingressRate':-1}",
        "{'ingressRate':999}",
        "{'egressRate':1000000000000001}",
        "{'egressRate':100000000000000000000}",
        "{'egressRate':1.5e7}",
        "{'egressRate':'10M'}",
        "{'egressRate':1000000,'egressBurst':-1}",
        "7"
      })
  @Tag("cni-114")
  void aLimitThatCannotBeIsRefusedAndNamed(String bandwidth) {
    assertThat(asking("{'bandwidth':" + bandwidth + "}").refusedWith(2).msg())
        .contains("bandwidth");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "|{'portMappings':[{'hostPort':80,'containerPort':80}]}",
        "'capabilities':{},|{'bandwidth':{'ingressRate':1000000}}",
        "'capabilities':{'portMappings':false},|{'portMappings':[{'hostPort':80,'containerPort':80}]}",
        "'capabilities':{'portMappings':true},|{'bandwidth':{'ingressRate':1000000}}",
        "'capabilities':{'portMappings':'yes'},|{'portMappings':[]}",
        "'capabilities':['portMappings'],|{'portMappings':[]}"
      })
  @Tag("cni-109")
  void whatIsNotDeclaredIsRefused(String capabilities, String runtimeConfig) {
    String declared = capabilities == null ? "" : capabilities.replace('\'', '"');
    Call.of("ADD")
        .stdin(
            "{\"cniVersion\":\"1.1.0\",\"name\":\"millpond\",%s\"runtimeConfig\":%s}"
                .formatted(declared, runtimeConfig.replace('\'', '"')))
        .refusedWith(2);
  }

  @Test
  void addressesAndMacsAreRefusedThoughDeclared() {
    Call.of("ADD")
        .stdin(
            "{\"cniVersion\":\"1.1.0\",\"name\":\"millpond\",\"capabilities\":{\"ips\":true,\"mac\":true},\"runtimeConfig\":{\"ips\":[\"10.0.0.9/24\"]}}")
        .refusedWith(2);
  }

  @Test
  void checkIsToldOfThemAndDelIsNotAsked() throws Exception {
    String asked = "{'portMappings':[{'hostPort':80,'containerPort':80}]}";
    CniRequest check = Call.of("CHECK").stdin(document(asked)).parse();

    assertThat(((CniRequest.Check) check).configuration().demands().hostPorts()).hasSize(1);
    assertThat(Call.of("DEL").stdin(document("{'portMappings':7}")).parse())
        .isInstanceOf(CniRequest.Del.class);
  }
}
