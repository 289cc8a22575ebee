package io.millpond.cni.plugin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.cni.plugin.FakeDaemon.Frame;
import io.millpond.cni.plugin.Plugin.Ran;
import io.millpond.cni.plugin.Plugin.Running;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a DEL is kept. */
@Tag("cni-83")
class SpoolTest {
  @TempDir private Path run;
  private Path spool;

  @BeforeEach
  void spool() {
    spool = run.resolve("spool");
  }

  private Plugin del() {
    return Plugin.call("DEL", run);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(spool)) {
      return files.sorted().toList();
    }
  }

  private static String name(String containerId, String ifName, byte[] stdin) throws Exception {
    ByteBuffer key = ByteBuffer.allocate(8 + containerId.length() + ifName.length());
    key.putInt(containerId.length()).put(containerId.getBytes(UTF_8));
    key.putInt(ifName.length()).put(ifName.getBytes(UTF_8));
    return sha256(key.array()) + "-" + sha256(stdin);
  }

  private static String sha256(byte[] octets) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(octets));
  }

  @Test
  void whatIsKeptIsTheRequestThatTheDaemonDidNotAnswer() throws Exception {
    try (FakeDaemon daemon = FakeDaemon.notAccepting(run, 50)) {
      daemon.serve(daemon::read);
      del().with("CNI_ARGS", "K8S_POD_NAME=web").run().succeededSilently();

      assertThat(files()).hasSize(1);
      assertThat(files().getFirst()).hasBinaryContent(daemon.frames().getFirst());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1_000_003, 4 * 1024 * 1024})
  void theNameIsTwoDigestsOfContainerAndInterfaceAndOfStdin(int length) throws Exception {
    byte[] stdin = "network".repeat(length / 7 + 1).substring(0, length).getBytes(UTF_8);
    String id = "c".repeat(length % 150 + 1);

    del().with("CNI_CONTAINERID", id).with("CNI_IFNAME", "net1").stdin(stdin).run();

    assertThat(files())
        .extracting(f -> f.getFileName().toString())
        .containsExactly(name(id, "net1", stdin));
    assertThat(Frame.of(Files.readAllBytes(files().getFirst())).stdin()).isEqualTo(stdin);
  }

  @Test
  @Tag("cni-18")
  void theLongestContainerIdIsDigestedToo() throws Exception {
    String id = "C".repeat(8192);
    del().with("CNI_CONTAINERID", id).with("CNI_IFNAME", "abcdefghijklmno").stdin("").run();

    assertThat(files().getFirst()).hasFileName(name(id, "abcdefghijklmno", new byte[0]));
  }

  @ParameterizedTest
  @ValueSource(strings = {"000", "022", "077"})
  void onlyTheOwnerMayReadIt(String umask) throws Exception {
    run = run.resolve("new");
    spool();
    del().after("umask " + umask).run().succeededSilently();

    assertThat(mode(run)).isEqualTo("rwx------");
    assertThat(mode(spool)).isEqualTo("rwx------");
    assertThat(mode(files().getFirst())).isEqualTo("rw-------");
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  @Tag("cni-78")
  void theSameDelAgainReplacesIt() throws Exception {
    // As containerd does: with the namespace, then twice without.
    del().run().succeededSilently();
    byte[] first = Files.readAllBytes(files().getFirst());
    del().with("CNI_NETNS", "").run().succeededSilently();
    del().with("CNI_NETNS", "").run().succeededSilently();

    assertThat(files()).hasSize(1);
    byte[] last = Files.readAllBytes(files().getFirst());
    assertThat(last).isNotEqualTo(first);
    assertThat(Frame.of(last).variables()).doesNotContainKey("CNI_NETNS");
  }

  @Test
  void anotherContainerInterfaceOrNetworkIsAnotherFile() throws Exception {
    del().run();
    del().with("CNI_CONTAINERID", "other").run();
    del().with("CNI_IFNAME", "net1").run();
    del().stdin("{\"name\":\"other\"}").run();
    // The border between the two parts counts.
    del().with("CNI_CONTAINERID", "ab").with("CNI_IFNAME", "c").run();
    del().with("CNI_CONTAINERID", "a").with("CNI_IFNAME", "bc").run();

    assertThat(files()).hasSize(6);
  }

  @Test
  @Tag("cni-71")
  void callsAtTheSameTimeAreAllKept() throws Exception {
    List<Running> all = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      all.add(del().with("CNI_CONTAINERID", "c" + i / 2).start());
    }

    assertThat(all).allSatisfy(one -> one.end().succeededSilently());
    assertThat(files()).hasSize(8).allSatisfy(f -> Frame.of(Files.readAllBytes(f)));
  }

  @Test
  @Tag("cni-73")
  @Tag("cni-84")
  void aDelThatDoesNotFitFails() throws Exception {
    keep("a").succeededSilently();
    keep("b").succeededSilently();
    Ran third = keep("c");

    third.failedWith(11);
    assertThat(third.error().path("details").textValue()).contains("full");
    assertThat(third.text()).doesNotContain("not found").doesNotContainIgnoringCase("no such file");
    assertThat(files()).hasSize(2);
    // One that is kept already may come again.
    keep("a").succeededSilently();
  }

  private Ran keep(String containerId) {
    return del().with("CNI_CONTAINERID", containerId).with("MILLPOND_SPOOL_FILES", "2").run();
  }

  @Test
  void aDelThatWouldTakeTooManyOctetsFails() throws Exception {
    Plugin call = del().stdin(new byte[10_000]);
    call.run().succeededSilently();
    // The request's name differs by a few octets.
    long two = 2 * Files.size(files().getFirst());

    call.with("MILLPOND_SPOOL_BYTES", Long.toString(two - 10));
    call.with("CNI_CONTAINERID", "beef00").run().failedWith(11);
    assertThat(files()).hasSize(1);
    call.with("CNI_CONTAINERID", "c0ffee").run().succeededSilently();

    call.with("MILLPOND_SPOOL_BYTES", Long.toString(two + 10));
    call.with("CNI_CONTAINERID", "beef00").run().succeededSilently();
    assertThat(files()).hasSize(2);
  }

  @Test
  @Tag("cni-11")
  void whatAKilledPluginLeftCounts() throws Exception {
    keep("a").succeededSilently();
    Files.writeString(spool.resolve(".12345.half"), "MPC1");

    keep("b").failedWith(11);
    keep("a").succeededSilently();
    assertThat(files()).hasSize(2);
  }

  @Test
  @Tag("cni-11")
  void aPluginThatIsKilledBeforeItKnowsAllKeepsNothing() throws Exception {
    try (Running running = del().stdin("{").stdinStaysOpen().start()) {
      await().until(running::sleeps);
      running.process().destroyForcibly().waitFor();
    }
    assertThat(spool).doesNotExist();
  }

  @Test
  void aDirectoryThatOthersMayReadIsNotUsed() throws Exception {
    Files.createDirectory(spool);
    for (String mode : new String[] {"rwxr-xr-x", "rwx-----x", "rwxr-----", "rwx-w----"}) {
      Files.setPosixFilePermissions(spool, PosixFilePermissions.fromString(mode));
      del().run().failedWith(11);
    }

    assertThat(files()).isEmpty();
  }

  @Test
  void aLinkOrAFileInThePlaceOfTheDirectoryIsNotUsed() throws Exception {
    Path elsewhere = Files.createDirectory(run.resolve("elsewhere"));
    Files.setPosixFilePermissions(elsewhere, PosixFilePermissions.fromString("rwx------"));
    Files.createSymbolicLink(spool, elsewhere);
    del().run().failedWith(11);
    assertThat(elsewhere).isEmptyDirectory();

    Files.delete(spool);
    Files.writeString(spool, "");
    del().run().failedWith(11);
  }

  @Test
  void aLinkInThePlaceOfAFileIsReplacedNotFollowed() throws Exception {
    del().run();
    Path victim = Files.writeString(run.resolve("victim"), "untouched");
    Path file = files().getFirst();
    Files.delete(file);
    Files.createSymbolicLink(file, victim);

    del().run().succeededSilently();

    assertThat(victim).hasContent("untouched");
    assertThat(file).isRegularFile();
    assertThat(Files.isSymbolicLink(file)).isFalse();
  }

  @Test
  void aRunDirectoryThatCannotBeMadeIsReported() {
    Ran ran = Plugin.call("DEL", run.resolve("missing/below")).run();

    ran.failedWith(11);
    assertThat(ran.error().path("details").textValue()).contains("run directory");
  }
}
