package io.millpond.e2e;

import static io.millpond.e2e.Flows.sees;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Pods whose network names another pool than the node's default one, on a 3×4 instance. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Scenarios.class)
class PoolsTest {
  private static final String STORAGE = network("\"pool\":\"storage\"");
  private static final int WARM = 2;

  private final List<Pod> pods = new ArrayList<>();
  private Vpc vpc;
  private Node node;

  @SuppressWarnings("NullAway.Init")
  PoolsTest() {}

  private static String network(String keys) {
    return "{\"cniVersion\":\"1.0.0\",\"name\":\"storage\",\"type\":\"millpond\"," + keys + "}";
  }

  @BeforeAll
  void start(Vpc shared) {
    vpc = shared;
    node =
        vpc.launch(
            "pools-a",
            "t3.small",
            Vpc.SUBNET_1,
            Map.of(
                "WARM_IP_TARGET",
                String.valueOf(WARM),
                "IP_COOLDOWN_PERIOD",
                "1",
                "MILLPOND_RELEASE_DELAY",
                "3",
                "MILLPOND_POOLS",
                "{storage: {subnets: [" + Vpc.SUBNET_2 + "]}}"));
    node.start().awaitSize(WARM, 1);
  }

  @AfterEach
  void nobodyStays() {
    pods.forEach(Pod::close);
    pods.clear();
    node.awaitSize(WARM, 1);
    assertThat(vpc.sourceCheckDropped()).as("frames with a foreign source").isZero();
  }

  @AfterAll
  void stop() {
    node.close();
  }

  private Pod pod(String name, String configuration) {
    Pod pod = new Pod(node, name, configuration);
    pods.add(pod);
    return pod;
  }

  private Pod added(String name, String configuration) {
    Pod pod = pod(name, configuration);
    String ignored = pod.mustAdd();
    return pod;
  }

  private String poolOf(String address) {
    for (JsonNode eni : node.pool().at("/enis")) {
      for (JsonNode one : eni.at("/addresses")) {
        if (one.at("/ip").asText().equals(address)) {
          return eni.at("/pool").asText();
        }
      }
    }
    return "none";
  }

  @Test
  void aPodOfAnotherPoolHasAnAddressOfItsSubnetAndReachesTheVpcWithIt() {
    Pod ordinary = added("pools-1", Pod.CONFIGURATION);
    Pod storage = pod("pools-2", STORAGE);
    Shell.Ran result = storage.add();
    assertThat(result.status()).as("%s%n%s", result.out(), node.log()).isZero();
    String address = storage.attached(result);

    assertThat(ordinary.address()).startsWith("10.0.1.");
    assertThat(poolOf(ordinary.address())).isEqualTo("default");
    assertThat(address).startsWith("10.0.2.");
    assertThat(poolOf(address)).isEqualTo("storage");
    JsonNode ip = Pod.document(result).at("/ips/0");
    assertThat(ip.at("/address").asText()).isEqualTo(address + "/24");
    assertThat(ip.at("/gateway").asText()).isEqualTo("10.0.2.1");
    try (Exchange servers = new Exchange()) {
      for (String netns : List.of(Vpc.HOST, node.netns(), ordinary.name(), storage.name())) {
        AutoCloseable ignored = servers.serve(netns);
      }
      sees(storage.name(), Vpc.HOST_ADDRESS, address);
      sees(Vpc.HOST, address, Vpc.HOST_ADDRESS);
      sees(ordinary.name(), address, ordinary.address());
      sees(storage.name(), ordinary.address(), address);
      sees(storage.name(), node.address(), address);
      sees(node.netns(), address, node.address());
    }
    Shell.Ran router = storage.in("ping", "-c", "1", "-W", "5", Vpc.ON_PREMISES_ADDRESS);
    assertThat(router.status()).as("through the router of its subnet: %s", router.out()).isZero();
    assertThat(node.page("/v1/pool").out()).contains("\"pool\":\"storage\"");
  }

  @Test
  void theNextDaemonKnowsWhosePoolAnEniIsAndGivesItBackWhenItsLastPodHasGone() {
    Pod storage = added("pools-3", STORAGE);
    String eni = eniOf(storage.address());
    node.kill();
    node.start();
    assertThat(poolOf(storage.address())).isEqualTo("storage");
    try (Exchange servers = new Exchange()) {
      AutoCloseable ignored = servers.serve(Vpc.HOST);
      sees(storage.name(), Vpc.HOST_ADDRESS, storage.address());
    }
    // Its free slots are not the default pool's, which may have two ENIs more.
    Pod ordinary = added("pools-4", Pod.CONFIGURATION);
    assertThat(ordinary.address()).startsWith("10.0.1.");
    Pod another = added("pools-5", STORAGE);
    assertThat(eniOf(another.address())).isEqualTo(eni);

    storage.mustDel();
    another.mustDel();
    node.awaitPool("its ENI is given back", pool -> !pool.toString().contains(eni));
    node.awaitPool(
        "its ENI is deleted",
        _ -> !vpc.get("/v1/state").at("/interfaces").toString().contains(eni));
    assertThat(node.state(ordinary.address())).isEqualTo("owned");
  }

  @Test
  void anEniThatIsOnlyKeptWarmMakesPlace() {
    Node full = vpc.launch("pools-b", "t3.small", Vpc.SUBNET_1, Map.of("WARM_ENI_TARGET", "2"));
    try (Pods ofFull = new Pods(full)) {
      full.start().awaitSize(6, 2);
      Pod ordinary = ofFull.added("pools-8");
      full.awaitSize(9, 3);
      Pod storage = ofFull.namespace("pools-9", network("\"subnet\":\"" + Vpc.SUBNET_2 + "\""));
      assertThat(storage.mustAdd()).startsWith("10.0.2.");
      full.awaitSize(7, 3);
      assertThat(full.state(ordinary.address())).isEqualTo("owned");
    } finally {
      full.close();
    }
  }

  @Test
  void whatDoesNotExistIsRefusedWithTheKeyItsValueAndARemedy() {
    Shell.Ran unknown = pod("pools-6", network("\"pool\":\"stroage\"")).add();
    assertThat(unknown.status()).isNotZero();
    assertThat(Pod.document(unknown).at("/code").asInt()).isEqualTo(2);
    assertThat(unknown.out()).contains("stroage", "key pool", "default, storage");

    Shell.Ran nowhere = pod("pools-7", network("\"subnet\":\"subnet-0a0000000000000ff\"")).add();
    assertThat(nowhere.status()).isNotZero();
    assertThat(Pod.document(nowhere).at("/code").asInt()).isEqualTo(2);
    assertThat(nowhere.out()).contains("EC2 knows no subnet-0a0000000000000ff", "eu-central-1a");
  }

  private String eniOf(String address) {
    for (JsonNode eni : node.pool().at("/enis")) {
      if (eni.toString().contains("\"" + address + "\"")) {
        return eni.at("/id").asText();
      }
    }
    throw new AssertionError(address + " is in no pool: " + node.pool());
  }
}
