package io.millpond.node.install;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Away goes first what brings pods, then what pods need to leave. */
class UninstallationTest {
  @TempDir Path directory;
  private Path conf;
  private Path bin;

  @SuppressWarnings("NullAway.Init")
  UninstallationTest() {}

  @BeforeEach
  void install() throws Exception {
    conf = directory.resolve("net.d");
    bin = directory.resolve("bin");
    try (CniInstallation installation = daemon()) {
      assertThat(installation.look()).isEmpty();
    }
  }

  private CniInstallation daemon() throws Exception {
    Path plugin = Files.writeString(directory.resolve("built"), "");
    var where =
        new Settings.Installation(
            Optional.of(conf), Optional.of(bin), directory.resolve("none.conflist"));
    return new CniInstallation(where, plugin, Duration.ofSeconds(1));
  }

  private Path conflist() {
    return conf.resolve("10-millpond.conflist");
  }

  private Path plugin() {
    return bin.resolve("millpond");
  }

  @Test
  void theConfigurationIsGoneBeforePodsAreCountedAndThePluginAfterwards() throws Exception {
    List<String> order = new ArrayList<>();
    Uninstallation done =
        Uninstallation.run(
            conf,
            bin,
            () -> {
              order.add(Files.exists(conflist()) + " " + Files.exists(plugin()));
              return List.of();
            });
    assertThat(order).containsExactly("false true");
    assertThat(done).isEqualTo(new Uninstallation(List.of(conflist(), plugin()), List.of()));
    assertThat(plugin()).doesNotExist();
  }

  @Test
  void thePluginStaysForPodsThatAreAttachedAndGoesTheNextTime() throws Exception {
    Uninstallation first = Uninstallation.run(conf, bin, () -> List.of("default/a", "default/b"));
    assertThat(first.removed()).containsExactly(conflist());
    assertThat(first.left())
        .singleElement()
        .asString()
        .contains("2 pods", "default/a, default/b", plugin().toString());
    assertThat(plugin()).exists();
    Uninstallation second = Uninstallation.run(conf, bin, List::of);
    assertThat(second).isEqualTo(new Uninstallation(List.of(plugin()), List.of()));
  }

  /** A reboot, or a daemon that ends and is started again, with pods that are still attached. */
  @Test
  void aDaemonThatStartsMeanwhilePutsNothingBackUntilSomebodyInstallsAgain() throws Exception {
    try (CniInstallation before = daemon()) {
      before.look();
      Uninstallation.run(conf, bin, () -> List.of("default/a"));
      try (CniInstallation after = daemon()) {
        for (CniInstallation one : List.of(before, after)) {
          assertThat(one.look())
              .singleElement()
              .asString()
              .contains("was uninstalled", "remove " + conf.resolve(".millpond-uninstalled"));
        }
        assertThat(conflist()).doesNotExist();
        Uninstallation.run(conf, bin, List::of);
        assertThat(after.look()).hasSize(1);
        assertThat(plugin()).doesNotExist();
        Files.delete(conf.resolve(".millpond-uninstalled"));
        assertThat(after.look()).isEmpty();
        assertThat(conflist()).exists();
        assertThat(plugin()).exists();
      }
    }
  }

  @Test
  void aConfigurationOfSomebodyElseIsLeftAndThePluginWithIt() throws Exception {
    Files.writeString(conflist(), "{\"name\": \"other\"}");
    Uninstallation done = Uninstallation.run(conf, bin, List::of);
    assertThat(done.removed()).isEmpty();
    assertThat(conf.resolve(".millpond-uninstalled")).as("nothing was done").doesNotExist();
    assertThat(done.left()).singleElement().asString().contains("remove it yourself");
    assertThat(conflist()).exists();
    assertThat(plugin()).exists();
  }

  @Test
  void nothingThereIsNoFailure() throws IOException {
    Uninstallation.run(conf, bin, List::of);
    assertThat(Uninstallation.run(conf, bin, List::of))
        .isEqualTo(new Uninstallation(List.of(), List.of()));
  }
}
