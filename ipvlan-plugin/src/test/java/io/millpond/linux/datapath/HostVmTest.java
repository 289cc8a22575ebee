package io.millpond.linux.datapath;

import static io.millpond.linux.Libc.LIBC;
import static java.util.regex.Pattern.quote;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The node's side: what is put back, what is heard, what is asked of the kernel. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class HostVmTest {
  private static final int CLONE_NEWNS = 0x20000;
  private static final AttachmentKey KEY = Fabric.key("c1");
  private static final String VETH = HostVeth.of(KEY).name();
  private static final IpAddress ADDRESS = IpAddress.parse("10.0.1.21");

  private Fabric fabric;
  private PoolRoutes routes;
  private HostDatapath node;
  private Netns pod;
  private EniLink eni;

  @SuppressWarnings("NullAway.Init")
  HostVmTest() {}

  @BeforeAll
  void build() throws IOException {
    fabric = new Fabric();
  }

  @AfterAll
  void remove() {
    fabric.close();
  }

  @BeforeEach
  void startPod() throws IOException {
    routes = new PoolRoutes();
    node = new HostDatapath(Fabric.NODE1, routes);
    pod = Fabric.pod("pod");
    fabric.node1.inside(
        () -> {
          node.install();
          eni = attachment().eni();
          routes.released(IpAddress.parse("10.0.1.22"), BootTime.ofSeconds(7));
          assertThat(new PodDatapath(routes).attach(attachment(), pod))
              .isInstanceOf(AttachOutcome.Attached.class);
          return true;
        });
  }

  @AfterEach
  void endPod() throws IOException {
    fabric.detach(KEY, pod, routes);
    pod.close();
    Shell.run("ip netns del lx-pod 2>/dev/null || true");
  }

  private static PodAttachment attachment() throws IOException {
    return Fabric.attachment(KEY, "10.0.1.21", "eth1", Fabric.NODE1);
  }

  private List<String> reconcile() throws IOException {
    Reconciled outcome = look();
    assertThat(outcome.findings()).isEmpty();
    return outcome.repairs();
  }

  private Reconciled look() throws IOException {
    // Not attachment().eni(): that prepares the link, which is what is tested.
    return fabric.node1.inside(() -> node.reconcile(List.of(eni)));
  }

  private CheckOutcome check() throws IOException {
    return fabric.node1.inside(() -> new PodDatapath(routes).check(attachment(), pod));
  }

  @Test
  void whatIsInOrderIsNotRepaired() throws IOException {
    String before = Fabric.snapshot("n1");
    assertThat(reconcile()).isEmpty();
    assertThat(Fabric.snapshot("n1")).isEqualTo(before);
  }

  @Test
  void everythingThatAnAgentWipesComesBackAndNothingForeignIsTouched() throws IOException {
    Shell.run(
        """
        ip netns exec lx-n1 nft -f - <<'N'
        table inet foreign {
          chain c { type filter hook forward priority 5; policy accept; }
        }
        N
        ip -n lx-n1 route add 198.51.100.0/24 via 10.0.1.1
        ip -n lx-n1 route add unreachable 198.51.100.7/32 proto 99
        ip -n lx-n1 addr add 192.0.2.7/32 dev lo
        """);
    String before = Fabric.snapshot("n1");
    Shell.run(
        """
        ip -n lx-n1 link set %1$s down
        ip -n lx-n1 link set %1$s up
        ip -n lx-n1 route flush table main proto 109
        ip netns exec lx-n1 nft delete table inet millpond
        ip netns exec lx-n1 sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.%1$s.rp_filter=0
        ip -n lx-n1 addr add 10.0.1.22/32 dev eth0
        """
            .formatted(VETH));
    List<String> repairs = reconcile();
    assertThat(repairs).anyMatch(r -> r.contains("ip_forward"));
    assertThat(repairs).anyMatch(r -> r.contains("nf_tables"));
    assertThat(repairs)
        .anyMatch(r -> r.contains("pool address 10.0.1.22 was on the node's link eth0"));
    assertThat(repairs).anyMatch(r -> r.contains("the veth " + VETH + " of " + KEY));
    assertThat(repairs).anyMatch(r -> r.contains("unreachable route of 10.0.1.22"));
    assertThat(Fabric.snapshot("n1").lines().sorted())
        .containsExactlyElementsOf(before.lines().sorted().toList());
    assertThat(check()).isEqualTo(new CheckOutcome.AsBuilt());
    assertThat(reconcile()).isEmpty();
    Shell.run(
        """
        ip netns exec lx-n1 nft delete table inet foreign
        ip -n lx-n1 route del 198.51.100.0/24
        ip -n lx-n1 route del unreachable 198.51.100.7/32 proto 99
        ip -n lx-n1 addr del 192.0.2.7/32 dev lo
        """);
  }

  private static final String ACCEPTED =
      """
          iifname "mpd*" counter accept comment "millpond: what comes from pods"
          oifname "mpd*" counter accept comment "millpond: what goes to pods"
      """;

  /** Lays a chain, looks twice, and says how it looks then; the second look must change nothing. */
  private String afterALook(String table, String lay, boolean repaired) throws IOException {
    Shell.run("ip netns exec lx-n1 " + lay);
    try {
      List<String> repairs = reconcile();
      if (repaired) {
        assertThat(repairs)
            .singleElement()
            .asString()
            .contains("the chain " + table)
            .contains("drops what is forwarded");
      } else {
        assertThat(repairs).isEmpty();
      }
      assertThat(reconcile()).isEmpty();
      return Shell.run("ip netns exec lx-n1 nft -s list table " + table).replaceAll("\t\t", "    ");
    } finally {
      Shell.run("ip netns exec lx-n1 nft delete table " + table);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "inet fw  | nft 'table inet fw { chain f { type filter hook forward priority 10; policy drop; ct state established accept; }; }'",
        "inet fw2 | nft 'table inet fw2 { chain f { type filter hook forward priority 10; ct state established accept; counter log prefix \"no: \" reject with icmpx admin-prohibited; }; }'",
        "ip filter | bash -c 'iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT'",
        "ip filter | bash -c 'iptables-nft -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT; iptables-nft -A FORWARD -j REJECT --reject-with icmp-host-prohibited'",
      })
  void aFirewallThatDropsWhatIsForwardedGetsARuleAtItsHeadThatAcceptsPods(String table, String lay)
      throws IOException {
    assertThat(afterALook(table, lay, true))
        .containsPattern("hook forward .*;\n" + quote(ACCEPTED));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "inet fw | nft 'table inet fw { chain f { type filter hook forward priority 10; tcp dport 25 drop; }; }'",
        "inet fw | nft 'table inet fw { chain f { type filter hook input priority 10; policy drop; ct state established accept; iif lo accept; }; }'",
        "ip6 fw  | nft 'table ip6 fw { chain f { type filter hook forward priority 10; policy drop; }; }'",
      })
  void aFirewallThatDoesNotDropWhatIsForwardedIsLeftAlone(String table, String lay)
      throws IOException {
    assertThat(afterALook(table, lay, false)).doesNotContain("millpond");
  }

  @Test
  void aFirewallThatOnlyItsOwnerMayChangeIsAFinding() throws Exception {
    try (OwnedTable _ = new OwnedTable("lx-n1")) {
      Reconciled outcome = look();
      assertThat(outcome.repairs()).isEmpty();
      assertThat(outcome.findings())
          .singleElement()
          .asString()
          .contains("the chain inet owned f")
          .contains("let its owner accept");
    }
    assertThat(reconcile()).isEmpty();
  }

  @Test
  void aFirewallOfIptablesLegacyIsAFindingUntilItAcceptsPods() throws IOException {
    Shell.run("ip netns exec lx-n1 iptables-legacy -P FORWARD DROP");
    try {
      assertThat(look().findings())
          .singleElement()
          .asString()
          .contains("iptables-legacy -I FORWARD");
      Shell.run("ip netns exec lx-n1 iptables-legacy -I FORWARD -i mpd+ -j ACCEPT");
      assertThat(look().findings()).as("only one direction is accepted").hasSize(1);
      Shell.run(
          "ip netns exec lx-n1 iptables-legacy -I FORWARD -o mpd+ -m comment --comment pods -j ACCEPT");
      assertThat(look()).isEqualTo(new Reconciled());
      Shell.run(
          """
          ip netns exec lx-n1 iptables-legacy -P FORWARD ACCEPT
          ip netns exec lx-n1 iptables-legacy -F FORWARD
          ip netns exec lx-n1 iptables-legacy -A FORWARD -p tcp --dport 25 -j DROP
          """);
      assertThat(look().findings()).as("a rule for some packets").isEmpty();
      Shell.run("ip netns exec lx-n1 iptables-legacy -A FORWARD -j REJECT");
      assertThat(look().findings()).as("a last rule for all packets").hasSize(1);
    } finally {
      Shell.run(
          "ip netns exec lx-n1 iptables-legacy -P FORWARD ACCEPT; ip netns exec lx-n1 iptables-legacy -F FORWARD");
    }
  }

  @Test
  void theMacsOfBothEndsComeBackWithTheirNeighbours() throws IOException {
    Shell.run(
        """
        ip -n lx-n1 link set %s address 02:be:ef:00:00:01
        ip -n lx-pod link set mpd0 address 02:be:ef:00:00:02
        """
            .formatted(VETH));
    assertThat(reconcile())
        .anyMatch(r -> r.contains(VETH) && r.contains("had another MAC"))
        .anyMatch(r -> r.contains(VETH) && r.contains("its MAC in the pod was changed"));
    assertThat(check()).isEqualTo(new CheckOutcome.AsBuilt());
    assertThat(reconcile()).isEmpty();
  }

  @Test
  void aNeighbourWithAWrongMacIsPutRight() throws IOException {
    Shell.run(
        "ip -n lx-n1 neigh replace 10.0.1.21 lladdr 02:be:ef:00:00:03 dev %s nud permanent"
            .formatted(VETH));
    assertThat(reconcile()).singleElement().asString().contains("neighbour");
    assertThat(check()).isEqualTo(new CheckOutcome.AsBuilt());
  }

  @Test
  void anEnisLinkThatIsDownComesUp() throws IOException {
    Shell.run("ip -n lx-n1 link set eth1 down");
    assertThat(reconcile()).containsExactly("the ENI's link eth1 was down");
    assertThat(check()).isEqualTo(new CheckOutcome.AsBuilt());
  }

  @Test
  void changesOfRulesAndOfLinksSettingsAreHeard() throws Exception {
    BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    LinkWatch.Listener listener =
        new LinkWatch.Listener() {
          @Override
          public void vethGone(String veth, Optional<Alias> alias) {}

          @Override
          public void changed() {
            heard.add("changed");
          }

          @Override
          public void lost(String why) {}
        };
    try (LinkWatch watch = fabric.node1.inside(() -> LinkWatch.start(listener))) {
      assertThat(watch).isNotNull();
      for (String change :
          List.of(
              "nft delete table inet millpond",
              "sysctl -qw net.ipv4.conf.eth1.rp_filter=0",
              "sysctl -qw net.ipv4.conf.eth1.forwarding=0")) {
        heard.clear();
        Shell.run("ip netns exec lx-n1 " + change);
        assertThat(heard.poll(10, TimeUnit.SECONDS)).as(change).isNotNull();
      }
    }
    assertThat(reconcile()).hasSize(3);
  }

  @Test
  void aCallerOfAnAddressWithoutAPodIsRefusedAtOnce() throws IOException {
    // The VPC answers ARP for an assigned address, whether or not a pod has it.
    Shell.run("ip -n lx-host neigh replace 10.0.1.22 lladdr 02:00:00:00:01:01 dev eth0");
    try {
      long start = System.nanoTime();
      assertThat(Echo.tcp(fabric.host, "10.0.1.22", Echo.PORT)).contains("No route to host");
      // Without the answer a caller gives up after minutes, without the VPC's ARP after 3 s.
      assertThat(System.nanoTime() - start).isLessThan(Duration.ofSeconds(2).toNanos());
    } finally {
      Shell.run("ip -n lx-host neigh del 10.0.1.22 dev eth0");
    }
  }

  @Test
  void theDeathOfANamespaceIsHeardWithTheRecordOfItsAttachment() throws Exception {
    BlockingQueue<Alias> gone = new LinkedBlockingQueue<>();
    try (LinkWatch watch = fabric.node1.inside(() -> LinkWatch.start(listener(gone)))) {
      assertThat(watch).isNotNull();
      pod.close();
      Shell.run("ip netns del lx-pod");
      Alias heard = gone.poll(10, TimeUnit.SECONDS);
      assertThat(heard).isNotNull();
      assertThat(heard.address()).isEqualTo(ADDRESS);
      assertThat(heard.key()).isEqualTo(KEY);
    }
  }

  @Test
  void eventsThatAreLostAreReportedAsLost() throws Exception {
    BlockingQueue<String> lost = new LinkedBlockingQueue<>();
    BlockingQueue<Alias> gone = new LinkedBlockingQueue<>();
    LinkWatch.Listener slow =
        new LinkWatch.Listener() {
          private boolean slept;

          @Override
          public void vethGone(String veth, Optional<Alias> alias) {
            alias.ifPresent(gone::add);
          }

          @Override
          public void changed() {
            if (!slept) {
              slept = true;
              // As long as the burst below takes: the kernel's small buffer runs over meanwhile.
              Shell.run("sleep 3");
            }
          }

          @Override
          public void lost(String why) {
            lost.add(why);
          }
        };
    try (LinkWatch watch =
        fabric.node1.inside(
            () ->
                LinkWatch.start(
                    io.millpond.linux.netlink.SmallSocket.open(LinkWatch.GROUPS), slow))) {
      assertThat(watch).isNotNull();
      Shell.run(
          "(for i in $(seq 200); do echo \"link add x$i type dummy\"; echo \"link del x$i\"; done) | ip -n lx-n1 -batch -");
      String why = lost.poll(20, TimeUnit.SECONDS);
      assertThat(why).contains("ENOBUFS");
      lost.clear();
      Shell.run("ip -n lx-n1 link del " + VETH);
      // It goes on to listen: hears of this, or says that this was lost as well.
      await().atMost(Duration.ofSeconds(10)).until(() -> !gone.isEmpty() || !lost.isEmpty());
    }
  }

  private static LinkWatch.Listener listener(BlockingQueue<Alias> gone) {
    return new LinkWatch.Listener() {
      @Override
      public void vethGone(String veth, Optional<Alias> alias) {
        alias.ifPresent(gone::add);
      }

      @Override
      public void changed() {}

      @Override
      public void lost(String why) {}
    };
  }

  @Test
  void theKernelOfTheTestMachineIsSupported() throws IOException {
    assertThat(KernelSupport.missing(3)).isEmpty();
  }

  /** As in a container that was not given a writable /proc/sys. */
  @Test
  void aSettingThatCannotBeMadeIsNamedBeforeAPodNeedsIt() throws Exception {
    FutureTask<Optional<String>> missing =
        new FutureTask<>(
            () -> {
              assertThat(LIBC.unshare(CLONE_NEWNS)).isZero();
              Shell.run(
                  "mount --make-rprivate / && mount --bind /proc/sys /proc/sys"
                      + " && mount -o remount,bind,ro /proc/sys");
              return KernelSupport.missing(1);
            });
    Thread.ofPlatform().start(missing);
    assertThat(missing.get(1, TimeUnit.MINUTES).orElse(""))
        .contains("rehearsal")
        .contains("cannot set net/ipv4/conf/");
  }

  @Test
  void theGatewaysMacIsLearned() throws IOException {
    assertThat(
            fabric.node1.inside(
                () ->
                    GatewayArp.ask(
                        attachment().eni(),
                        IpAddress.parse("10.0.1.20"),
                        Fabric.GATEWAY,
                        Duration.ofSeconds(2))))
        .contains(Fabric.ROUTER);
  }

  @Test
  void anEnisLinkIsFoundByItsMacThoughItsSlaveSharesIt() throws IOException {
    Shell.run("ip -n lx-n1 link add link eth1 name aslave type ipvlan mode l2");
    try {
      assertThat(fabric.node1.inside(HostVmTest::attachment).eni().name()).isEqualTo("eth1");
    } finally {
      Shell.run("ip -n lx-n1 link del aslave");
    }
  }
}
