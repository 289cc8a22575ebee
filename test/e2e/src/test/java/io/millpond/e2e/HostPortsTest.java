package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Host ports and bandwidth limits as a runtime asks for them, of a daemon that comes and goes. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class HostPortsTest {
  private static final int PORT = 18_080;

  private Node node;
  private Exchange exchange;
  private Pod web;
  private Pod other;

  @SuppressWarnings("NullAway.Init")
  HostPortsTest() {}

  @BeforeAll
  void start(Vpc vpc) {
    node = Pods.nodeOfThree(vpc, "ports-a", Map.of("IP_COOLDOWN_PERIOD", "0s"));
  }

  @AfterAll
  void stop() {
    node.close();
  }

  @BeforeEach
  void namespaces() {
    exchange = new Exchange();
    web = new Pod(node, "ports-1");
    other = new Pod(node, "ports-2");
  }

  @AfterEach
  void removePods() {
    exchange.close();
    web.close();
    other.close();
  }

  /** As containerd writes it, for a port on every address, of TCP and of UDP. */
  private static String asking(int port) {
    return """
        {"cniVersion":"1.0.0","name":"millpond","type":"millpond",
         "capabilities":{"portMappings":true,"bandwidth":true},
         "runtimeConfig":{
           "portMappings":[
             {"HostPort":PORT,"ContainerPort":POD,"Protocol":"tcp","HostIP":""},
             {"HostPort":PORT,"ContainerPort":POD,"Protocol":"udp","HostIP":""}],
           "bandwidth":{"IngressRate":50000000,"IngressBurst":4294967295,"EgressRate":0}}}
        """
        .replace("PORT", String.valueOf(port))
        .replace("POD", String.valueOf(Exchange.PORT));
  }

  private Shell.Ran plugin(String verb, Pod pod, String configuration) {
    return node.plugin(verb, pod.name(), pod.path(), configuration);
  }

  private void added(Pod pod, String configuration) {
    Shell.Ran ran = plugin("ADD", pod, configuration);
    assertThat(ran.status()).as("%s%s", ran.out(), node.log()).isZero();
    assertThat(pod.attached(ran)).isNotEmpty();
    exchange.serve(pod.name());
  }

  @Test
  void aHostPortOutlivesTheDaemonAndAFlushAndGoesWithTheDel() {
    added(web, asking(PORT));
    Flows.sees(Vpc.HOST, node.address(), PORT, Vpc.HOST_ADDRESS);
    Flows.sees(node.netns(), "127.0.0.1", PORT, node.address());
    assertThat(web.in("tc", "qdisc", "show", "dev", "mpd0i").out()).contains("rate 50Mbit");
    node.kill();
    node.in("nft", "flush", "ruleset").orThrow();
    var _ = node.start();
    Flows.sees(Vpc.HOST, node.address(), PORT, Vpc.HOST_ADDRESS);
    web.mustDel();
    assertThat(Exchange.tcp(Vpc.HOST, node.address(), PORT)).contains("none");
    assertThat(web.in("ip", "-o", "link").out()).doesNotContain("mpd0");
    added(other, asking(PORT));
    Flows.sees(Vpc.HOST, node.address(), PORT, Vpc.HOST_ADDRESS);
  }

  @Test
  void aTakenPortIsCode102AndLeavesNothing() {
    added(web, asking(PORT));
    Shell.Ran refused = plugin("ADD", other, asking(PORT));
    JsonNode error = Pod.document(refused);
    assertThat(refused.status()).isEqualTo(1);
    assertThat(error.at("/code").asInt()).as(refused.out()).isEqualTo(102);
    assertThat(error.at("/details").asText()).contains(PORT + "/tcp", web.name(), web.address());
    assertThat(other.in("ip", "-o", "link").out()).doesNotContain("eth0").doesNotContain("mpd0");
    added(other, asking(PORT + 1));
  }

  @Test
  void checkSeesAPortThatLeadsNowhere() {
    added(web, asking(PORT));
    String checked =
        asking(PORT)
            .replace(
                "\"runtimeConfig\"",
                "\"prevResult\":{\"ips\":[{\"address\":\"%s/24\"}]},\"runtimeConfig\""
                    .formatted(web.address()));
    assertThat(plugin("CHECK", web, checked).out()).isEmpty();
    Shell.Ran another = plugin("CHECK", web, checked.replace("18080", "18081"));
    assertThat(Pod.document(another).at("/details").asText()).contains("host ports");
  }

  @Test
  void whoDoesNotDeclareThemGetsNone() {
    Shell.Ran refused = plugin("ADD", web, asking(PORT).replace("true", "false"));
    assertThat(Pod.document(refused).at("/code").asInt()).as(refused.out()).isEqualTo(2);
  }
}
