package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netns.Netns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Links that are deleted, in a namespace of their own; needs root, but no IPvlan. */
@Tag("vm")
final class LinkRemovalVmTest {
  private static final String NAME = "mpremoval";

  @BeforeEach
  void create() {
    Shell.run("ip netns add %s; ip -n %1$s link add mpr0 type veth peer name mpr1".formatted(NAME));
  }

  @AfterEach
  void remove() {
    Shell.run("ip netns del " + NAME);
  }

  private static void delete(String link) throws IOException {
    try (Netns netns = Netns.open(Path.of("/run/netns", NAME));
        NetlinkSocket asks = netns.inside(NetlinkSocket::open)) {
      LinkRemoval.run(asks, netns.inside(NetlinkSocket::open), Links.get(link), Links.delete(link));
    }
  }

  @Test
  void aLinkIsGoneWhenItsRemovalReturnsAndItsNameIsFree() throws IOException {
    for (int i = 0; i < 20; i++) {
      delete("mpr0");
      Shell.run("ip -n %s link add mpr0 type veth peer name mpr1".formatted(NAME));
    }
  }

  @Test
  void aLinkThatIsGoneAlreadyIsRemoved() throws IOException {
    delete("mpr0");
    delete("mpr0");
  }

  @Test
  void aRefusalIsToldInTheKernelsWords() {
    assertThatThrownBy(() -> delete("lo"))
        .isInstanceOf(NetlinkException.class)
        .hasMessageContaining("delete link lo");
  }

  /** A thread that was started inside would keep it alive for good. */
  @Test
  void noThreadStaysInTheNamespaceAfterARemoval() throws IOException {
    long inode = ((Number) Files.getAttribute(Path.of("/run/netns", NAME), "unix:ino")).longValue();
    delete("mpr0");
    await("no thread of this process is in the namespace")
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(() -> assertThat(namespacesOfThreads()).doesNotContain(inode));
  }

  private static List<Long> namespacesOfThreads() throws IOException {
    try (var tasks = Files.list(Path.of("/proc/self/task"))) {
      return tasks.map(task -> inode(task.resolve("ns/net"))).toList();
    }
  }

  private static long inode(Path file) {
    try {
      return ((Number) Files.getAttribute(file, "unix:ino")).longValue();
    } catch (IOException e) {
      return 0; // the thread ended
    }
  }
}
