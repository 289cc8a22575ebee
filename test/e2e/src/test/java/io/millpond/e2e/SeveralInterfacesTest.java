package io.millpond.e2e;

import static io.millpond.e2e.Flows.sees;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A pod with a further interface, on another ENI and in another subnet than its first. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class SeveralInterfacesTest {
  private static final String NETWORK =
      "{\"cniVersion\":\"1.0.0\",\"name\":\"second\",\"type\":\"millpond\",\"extraRoutes\":[\"192.168.50.0/24\"]}";

  private final Exchange exchange = new Exchange();
  private Vpc vpc;
  private Node node;
  private Pods pods;

  @SuppressWarnings("NullAway.Init")
  SeveralInterfacesTest() {}

  @BeforeAll
  void build(Vpc where) {
    vpc = where;
    node =
        vpc.launch(
            "several-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of(
                "WARM_IP_TARGET",
                "1",
                "MINIMUM_IP_TARGET",
                "6",
                "MAX_ENI",
                "2",
                "MILLPOND_SUBNETS",
                Vpc.SUBNET_2,
                "IP_COOLDOWN_PERIOD",
                "1s"));
    node.start().awaitSize(6, 2);
    pods = new Pods(node);
    // The primary ENI has three addresses; the fourth is of the next one.
    Pod other = pods.added("several-1");
    pods.added("several-2");
    for (String host :
        new String[] {Vpc.HOST, Vpc.INTERNET, Vpc.ON_PREMISES, node.netns(), other.name()}) {
      exchange.serve(host);
    }
  }

  @AfterAll
  void remove() {
    exchange.close();
    pods.close();
    node.close();
  }

  private Shell.Ran second(String verb, Pod pod, String configuration) {
    Map<String, String> variables = new HashMap<>(Node.variables(verb, pod.name(), pod.path()));
    variables.put("CNI_IFNAME", "net1");
    return node.plugin(variables, configuration);
  }

  private static String withResult(String configuration, JsonNode result) {
    return configuration.replaceAll("}$", ",\"prevResult\":" + result + "}");
  }

  @Test
  void eachInterfaceIsReachedAndAnswersByItselfAndTheInternetGoesByTheFirst() throws Exception {
    long dropped = vpc.sourceCheckDropped();
    // So that the first gets the last address of the primary ENI.
    node.awaitPool("nobody rests", pool -> pool.at("/counts/free").asInt() == 4);
    try (Pod pod = Pod.added(node, "several-3")) {
      JsonNode result = Pod.document(new Shell.Ran(0, added(pod), ""));
      assertThat(result.at("/routes")).hasSize(1);
      assertThat(result.at("/routes/0/dst").asText()).isEqualTo("192.168.50.0/24");
      String first = pod.address();
      String second = result.at("/ips/0/address").asText().replaceAll("/.*", "");
      assertThat(first).startsWith("10.0.1.");
      assertThat(second).startsWith("10.0.2.");
      try (AutoCloseable _ = exchange.serve(pod.name())) {
        for (String address : new String[] {first, second}) {
          reaches(node.netns(), address, node.address());
          reaches("several-1", address, pods.address("several-1"));
          reaches(Vpc.HOST, address, Vpc.HOST_ADDRESS);
          reaches(Vpc.INTERNET, address, Vpc.INTERNET_ADDRESS);
          reaches(Vpc.ON_PREMISES, address, Vpc.ON_PREMISES_ADDRESS);
        }
        sees(pod.name(), node.address(), first);
        sees(pod.name(), Vpc.INTERNET_ADDRESS, node.address());
        sees(pod.name(), pods.address("several-1"), first);
        // Its subnet and its network's own routes are the second's.
        sees(pod.name(), Vpc.HOST_ADDRESS, second);
        sees(pod.name(), Vpc.ON_PREMISES_ADDRESS, second);
        // What is bound, or older than the further interface, keeps to its own: the main table's
        // way to this host is the second's.
        assertThat(bound(pod, first)).isEqualTo(first);
        assertThat(bound(pod, second)).isEqualTo(second);
        assertThat(vpc.sourceCheckDropped()).as("dropped by the source check").isEqualTo(dropped);
        assertThat(second("CHECK", pod, withResult(NETWORK, result)).orThrow()).isEmpty();

        pod.mustDel();
        reaches(Vpc.HOST, second, Vpc.HOST_ADDRESS);
        reaches(node.netns(), second, node.address());
        assertThat(second("CHECK", pod, withResult(NETWORK, result)).orThrow()).isEmpty();
      }
      assertThat(second("DEL", pod, NETWORK).orThrow()).isEmpty();
      assertThat(pod.in("ip", "-o", "link").out().strip().lines()).hasSize(1);
      assertThat(pod.in("nft", "list", "ruleset").out()).isEmpty();
    }
  }

  /** Over TCP: a server for UDP has to choose its source itself where there are two. */
  private static void reaches(String from, String to, String source) {
    assertThat(Exchange.tcp(from, to, Exchange.PORT)).as("%s -> %s", from, to).isEqualTo(source);
  }

  /** The source that the VPC's host sees of a socket that is bound to an address. */
  private static String bound(Pod pod, String source) {
    return pod.in("nc", "-s", source, "-w", "5", Vpc.HOST_ADDRESS, String.valueOf(Exchange.PORT))
        .out();
  }

  private String added(Pod pod) {
    return second("ADD", pod, NETWORK).orThrow();
  }

  /** The order is the runtime's affair: some attach all networks of a pod at once. */
  @Test
  void aFirstInterfaceThatComesLastIsTheDefaultNetwork() throws Exception {
    try (Pod pod = new Pod(node, "several-4");
        AutoCloseable _ = exchange.serve(pod.name())) {
      String second = Pod.document(new Shell.Ran(0, added(pod), "")).at("/ips/0/address").asText();
      String first = pod.mustAdd();
      sees(pod.name(), node.address(), first);
      sees(pod.name(), Vpc.INTERNET_ADDRESS, node.address());
      reaches(Vpc.ON_PREMISES, first, Vpc.ON_PREMISES_ADDRESS);
      reaches(Vpc.ON_PREMISES, second.replaceAll("/.*", ""), Vpc.ON_PREMISES_ADDRESS);
      second("DEL", pod, NETWORK).orThrow();
    }
  }

  @Test
  void theSameAgainAndATakenNameAreRefused() {
    try (Pod pod = new Pod(node, "several-5")) {
      pod.mustAdd();
      assertThat(added(pod)).isNotEmpty();
      assertThat(second("ADD", pod, NETWORK).status()).isEqualTo(1);
      String another = NETWORK.replace("second", "third");
      Shell.Ran other = second("ADD", pod, another);
      assertThat(other.status()).isEqualTo(1);
      assertThat(other.out()).contains("has an interface net1 already");
      second("DEL", pod, another).orThrow();
      assertThat(pod.in("ip", "-o", "link").out()).contains("net1");
      second("DEL", pod, NETWORK).orThrow();
    }
  }
}
