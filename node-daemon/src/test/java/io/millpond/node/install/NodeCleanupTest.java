package io.millpond.node.install;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.unix.FileLock;
import io.millpond.node.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node to which no daemon comes back. */
class NodeCleanupTest {
  @TempDir Path directory;
  private Path conf;
  private Path bin;
  private Path run;
  private List<String> pods = List.of();
  private boolean kernelTouched;

  @SuppressWarnings("NullAway.Init")
  NodeCleanupTest() {}

  @BeforeEach
  void aNodeThatMillpondServed() throws Exception {
    conf = directory.resolve("net.d");
    bin = directory.resolve("bin");
    run = Files.createDirectory(directory.resolve("run"));
    Files.createDirectories(run.resolve("spool/unreadable"));
    Files.writeString(run.resolve("spool/kept"), "");
    Files.writeString(run.resolve("spool/unreadable/old"), "");
    Files.writeString(run.resolve("cni.sock"), "");
    install();
  }

  private void install() throws Exception {
    Path plugin = Files.writeString(directory.resolve("built"), "");
    var where =
        new Settings.Installation(
            Optional.of(conf), Optional.of(bin), directory.resolve("none.conflist"));
    try (var installation = new CniInstallation(where, plugin, Duration.ofSeconds(1))) {
      assertThat(installation.look()).isEmpty();
    }
  }

  private NodeCleanup round() throws IOException {
    return NodeCleanup.round(
        conf,
        bin,
        run,
        () -> pods,
        () -> {
          assertThat(FileLock.tryLock(run.resolve("lock"))).as("no daemon begins").isEmpty();
          kernelTouched = true;
          return List.of("the routes");
        });
  }

  @Test
  void nothingIsTouchedWhileADaemonServes() throws IOException {
    try (FileLock _ = FileLock.tryLock(run.resolve("lock")).orElseThrow()) {
      NodeCleanup done = round();
      assertThat(done.removed()).isEmpty();
      assertThat(done.left()).singleElement().asString().contains("a daemon serves this node");
    }
    assertThat(conf.resolve("10-millpond.conflist")).exists();
    assertThat(bin.resolve("millpond")).exists();
    assertThat(kernelTouched).isFalse();
  }

  @Test
  void thePluginAndTheKernelWaitForTheLastPodAndNoMarkKeepsADaemonAway() throws Exception {
    pods = List.of("default/a");
    NodeCleanup first = round();
    assertThat(first.removed()).containsExactly(conf.resolve("10-millpond.conflist").toString());
    assertThat(first.left()).singleElement().asString().contains("default/a");
    assertThat(kernelTouched).isFalse();
    assertThat(bin.resolve("millpond")).exists();
    assertThat(run.resolve("spool/kept")).exists();
    install(); // whoever changes his mind meanwhile
    assertThat(conf.resolve("10-millpond.conflist")).exists();

    pods = List.of();
    assertThat(round().left()).isEmpty();
    assertThat(kernelTouched).isTrue();
  }

  @Test
  void aCleanNodeHasNothingButTheLock() throws Exception {
    Files.writeString(conf.resolve(".millpond-uninstalled"), "by hand, before");
    NodeCleanup done = round();
    assertThat(done.left()).isEmpty();
    assertThat(done.removed())
        .contains(
            "the routes", run.resolve("cni.sock").toString(), run.resolve("spool").toString());
    assertThat(conf).isEmptyDirectory();
    assertThat(bin).isEmptyDirectory();
    assertThat(run).isDirectoryNotContaining(file -> !file.endsWith("lock"));
    assertThat(round()).isEqualTo(new NodeCleanup(List.of("the routes"), List.of()));
  }

  @Test
  void aConfigurationOfSomebodyElseStaysAndIsNamed() throws Exception {
    Files.writeString(conf.resolve("10-millpond.conflist"), "{\"name\": \"other\"}");
    assertThat(round().left()).singleElement().asString().contains("remove it yourself");
    assertThat(bin.resolve("millpond")).exists();
    assertThat(kernelTouched).isFalse();
  }
}
