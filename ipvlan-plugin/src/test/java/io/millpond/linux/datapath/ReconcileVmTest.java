package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A look after the veths, while an ADD or a DEL ends; in the machine's own namespace. Needs root,
 * but no IPvlan.
 */
@Tag("vm")
final class ReconcileVmTest {
  private static final AttachmentKey KEY = Fabric.key("reconciled");
  private static final String VETH = HostVeth.of(KEY).name();
  private static final IpAddress ADDRESS = IpAddress.parse("10.0.1.21");

  private final HostDatapath node =
      new HostDatapath(IpAddress.parse("127.0.0.1"), new PoolRoutes());

  @AfterEach
  void remove() {
    Shell.run("ip link del %s 2>/dev/null || true".formatted(VETH));
  }

  /** What an ADD has brought about on the node when it ends. */
  private static void add() {
    Shell.run(
        """
        ip link add %1$s address %4$s type veth peer name mpdpeer
        sysctl -qw net.ipv4.conf.%1$s.rp_filter=1
        ip link set mpdpeer up
        ip link set %1$s up
        ip neigh replace 10.0.1.21 lladdr %2$s dev %1$s nud permanent
        ip route replace 10.0.1.21 dev %1$s proto 109 scope link src 127.0.0.1
        ip link set %1$s alias '%3$s'
        """
            .formatted(
                VETH,
                HostVeth.podMac(KEY),
                Alias.of(KEY, ADDRESS, 1, "").format(),
                HostVeth.hostMac(KEY)));
  }

  private static void delete() {
    Shell.run("ip link del " + VETH);
  }

  private List<String> look(Runnable afterLinks) throws IOException {
    Reconciled outcome = new Reconciled();
    try (NetlinkSocket host = NetlinkSocket.open()) {
      node.attachments(host, outcome, afterLinks);
    }
    return outcome.repairs();
  }

  @Test
  void anAddThatEndsMeanwhileIsNoDamage() throws IOException {
    assertThat(look(ReconcileVmTest::add)).isEmpty();
    assertThat(look(() -> {})).isEmpty();
  }

  @Test
  void aVethThatIsDeletedMeanwhileIsNoDamageAndEndsNothing() throws IOException {
    add();
    assertThat(look(ReconcileVmTest::delete)).isEmpty();
  }

  @Test
  void aVethThatIsDeletedAndMadeAnewMeanwhileIsNotTakenForTheOldOne() throws IOException {
    add();
    assertThat(
            look(
                () -> {
                  delete();
                  add();
                }))
        .isEmpty();
  }

  @Test
  void aRouteThatIsReallyGoneComesBack() throws IOException {
    add();
    Shell.run("ip route del 10.0.1.21 dev " + VETH);
    assertThat(look(() -> {})).singleElement().asString().contains("had no route");
    assertThat(Shell.run("ip route show dev " + VETH)).contains("10.0.1.21");
  }
}
