package io.millpond.node.pods;

import static io.millpond.node.testing.CniRuntime.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.testing.CniRuntime;
import io.millpond.node.testing.CniRuntime.Reply;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** STATUS judges the pool of the network that it is asked about: 3 ENIs of 3 pods each. */
class AskReadinessTest {
  private static final String IN_STORAGE = "\"pool\":\"storage\"";
  private static final PoolWish STORAGE =
      new PoolWish(Optional.of(new PoolName("storage")), Optional.empty());

  private final TestNode node =
      new TestNode("MILLPOND_POOLS", "{storage: {subnets: [subnet-0a0b0c0d]}}");

  @BeforeEach
  void warm() {
    node.warm();
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private Reply status(String keys) {
    return new CniRuntime(node).ask(request("STATUS").keys(keys));
  }

  private void pods(String name, int count, PoolWish pool) {
    for (int i = 0; i < count; i++) {
      IpAddress _ = node.added(name + i, name.hashCode() * 100L + i, pool);
    }
  }

  @Test
  void aFullPoolIs50ForItsNetworkAndNoReasonForAnother() {
    pods("stored", 6, STORAGE);

    assertThat(status(IN_STORAGE).code()).isEqualTo(50);
    assertThat(status(IN_STORAGE).text()).contains("storage");
    status("").mustBeSilent();
  }

  @Test
  void aFullDefaultPoolDoesNotHoldBackANetworkWhosePoolHasFreeAddresses() {
    pods("stored", 1, STORAGE);
    pods("pod", 6, PoolWish.NONE);
    node.delete("stored0");
    node.clock.advance(Duration.ofSeconds(31));

    assertThat(status("").code()).isEqualTo(50);
    status(IN_STORAGE).mustBeSilent();
  }

  @Test
  void aPoolThatThisNodeDoesNotHaveIs50AndNamesThoseThatItHas() {
    Reply reply = status("\"pool\":\"stroage\"");

    assertThat(reply.code()).isEqualTo(50);
    assertThat(reply.text()).contains("no pool", "stroage", "default, storage");
  }

  @Test
  void aConfigurationThatAddRefusesIsRefusedAlike() {
    for (String keys :
        new String[] {"\"pol\":\"storage\"", "\"mtu\":7", "\"args\":{\"cni\":{\"mac\":\"x\"}}"}) {
      Reply add = new CniRuntime(node).ask(request("ADD", "a", 1).keys(keys));
      assertThat(add.code()).isEqualTo(2);
      assertThat(status(keys)).isEqualTo(add);
    }
  }
}
