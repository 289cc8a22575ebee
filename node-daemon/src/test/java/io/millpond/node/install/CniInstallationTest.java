package io.millpond.node.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.cni.ConfigurationList;
import io.millpond.node.settings.Settings;
import io.millpond.node.testing.TestNode;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The plugin and the network configuration come when pods can be attached, and stay. */
class CniInstallationTest {
  private static final String OWN =
      """
      {"cniVersion": "1.0.0", "name": "own", "plugins": [{"type": "millpond", "mtu": 1500}, {"type": "tuning"}]}
      """;

  @TempDir Path directory;
  private Path conf;
  private Path bin;
  private Path template;

  @SuppressWarnings("NullAway.Init")
  CniInstallationTest() {}

  @BeforeEach
  void makeDirectories() throws IOException {
    conf = Files.createDirectories(directory.resolve("net.d"));
    bin = directory.resolve("opt/cni/bin");
    template = directory.resolve("template.conflist");
    Files.writeString(plugin(), "version 1");
  }

  private Path plugin() {
    return directory.resolve("plugin");
  }

  private Path conflist() {
    return conf.resolve("10-millpond.conflist");
  }

  private CniInstallation installation() throws InvalidConflistException {
    return new CniInstallation(
        new Settings.Installation(Optional.of(conf), Optional.of(bin), template),
        plugin(),
        Duration.ofMillis(50));
  }

  private static Object inode(Path file) throws IOException {
    return Files.getAttribute(file, "unix:ino");
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  private static Stream<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
    }
  }

  @Test
  void nothingIsThereBeforePodsCanBeAttachedAndAllOfItStaysWhenTheyCannotAnyMore()
      throws Exception {
    AtomicBoolean ready = new AtomicBoolean();
    try (CniInstallation installation = installation()) {
      installation.start(ready::get);
      await()
          .during(Duration.ofMillis(600))
          .atMost(TestNode.SOON)
          .until(() -> !Files.exists(bin) && !Files.exists(conflist()));
      ready.set(true);
      await().atMost(TestNode.SOON).until(() -> Files.exists(conflist()));
      assertThat(bin.resolve("millpond")).hasContent("version 1");
      ready.set(false);
      await()
          .during(Duration.ofMillis(300))
          .atMost(TestNode.SOON)
          .until(() -> Files.exists(conflist()) && installation.findings().isEmpty());
    }
    assertThat(conflist()).exists();
    assertThat(bin.resolve("millpond")).exists();
  }

  @Test
  void withoutDirectoriesNothingIsWritten() throws Exception {
    try (CniInstallation installation =
        new CniInstallation(Settings.defaults().installation(), plugin(), Duration.ofMillis(10))) {
      installation.start(() -> true);
      assertThat(installation.look()).isEmpty();
    }
    assertThat(names(conf)).isEmpty();
  }

  @Test
  void theConfigurationIsForRootAloneAndThePluginForAll() throws Exception {
    assertThat(installation().look()).isEmpty();
    assertThat(mode(conflist())).isEqualTo("rw-------");
    assertThat(mode(bin.resolve("millpond"))).isEqualTo("rwxr-xr-x");
    assertThat(names(conf)).containsExactly("10-millpond.conflist");
    assertThat(names(bin)).containsExactly("millpond");
  }

  /** containerd passes over CREATE, and hears of a rename within the directory. */
  @Test
  @Tag("cni-13")
  void theFileComesByARenameWithinItsDirectory() throws Exception {
    try (WatchService watch = conf.getFileSystem().newWatchService()) {
      conf.register(
          watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
      installation().look();
      var seen =
          watch.take().pollEvents().stream()
              .map(event -> event.context().toString() + event.kind())
              .toList();
      assertThat(seen).contains(".10-millpond.conflist.newENTRY_CREATE");
      assertThat(seen).doesNotContain("10-millpond.conflistENTRY_MODIFY");
    }
  }

  @Test
  void whatSaysTheSameIsLeftAloneWhoeverWroteIt() throws Exception {
    Files.writeString(
        conflist(),
        """
        {"plugins": [{"capabilities": {"bandwidth": true, "portMappings": true}, "type": "millpond"}], "name": "millpond", "cniVersion": "1.0.0",
         "cniVersions": ["0.3.1", "0.4.0", "1.0.0", "1.1.0"]}
        """);
    Object before = inode(conflist());
    assertThat(installation().look()).isEmpty();
    assertThat(inode(conflist())).isEqualTo(before);
  }

  @Test
  void whatMillpondWroteIsReplacedAndThePluginOfAnotherVersionToo() throws Exception {
    installation().look();
    Files.writeString(template, OWN);
    Files.writeString(plugin(), "version 2");
    Object before = inode(bin.resolve("millpond"));
    assertThat(installation().look()).isEmpty();
    assertThat(conflist()).content().contains("tuning", "\"own\"");
    assertThat(bin.resolve("millpond")).hasContent("version 2");
    assertThat(inode(bin.resolve("millpond"))).isNotEqualTo(before);
    Files.delete(template);
    assertThat(installation().look()).isEmpty();
    assertThat(conflist()).content().doesNotContain("tuning");
  }

  /** Kubernetes' hostPort and bandwidth annotations reach only who declares the capability. */
  @Test
  void hostPortsAndLimitsWorkWithTheConfigurationThatComesWithMillpond() throws Exception {
    installation().look();
    assertThat(new ObjectMapper().readTree(conflist().toFile()).at("/plugins/0/capabilities"))
        .isEqualTo(new ObjectMapper().readTree("{\"portMappings\": true, \"bandwidth\": true}"));
    assertThat(ConfigurationList.problems(Files.readString(conflist()))).isEmpty();
  }

  /** As builds wrote it before their configuration declared capabilities. */
  @Test
  void theConfigurationThatAnOlderBuildWroteIsReplaced() throws Exception {
    String older =
        """
        {
          "cniVersion" : "1.0.0",
          "cniVersions" : [ "0.3.1", "0.4.0", "1.0.0", "1.1.0" ],
          "name" : "millpond",
          "plugins" : [ {
            "type" : "millpond"
          } ],
          "millpond.io/installed" : "86bc8447923d6fdcb0dfe429eff0f179"
        }
        """;
    Files.writeString(conflist(), older);
    assertThat(installation().look()).isEmpty();
    assertThat(conflist()).content().contains("portMappings");
    Files.writeString(conflist(), older.replace("\"0.3.1\", ", ""));
    assertThat(installation().look()).singleElement().asString().contains("changed since");
  }

  @Test
  void whatSomebodyElseWroteIsLeftAloneAndTold() throws Exception {
    Files.writeString(conflist(), OWN);
    assertThat(installation().look())
        .singleElement()
        .asString()
        .contains("was not written by millpond", "move it to " + template);
    assertThat(conflist()).hasContent(OWN);
  }

  @Test
  void whatSomebodyChangedIsLeftAloneAndTold() throws Exception {
    installation().look();
    String changed =
        Files.readString(conflist())
            .replace("\"type\" : \"millpond\"", "\"type\" : \"millpond\", \"mut\" : 1");
    assertThat(changed).contains("mut");
    Files.writeString(conflist(), changed);
    assertThat(installation().look())
        .singleElement()
        .asString()
        .contains("changed since", "unknown key 'mut'");
    assertThat(conflist()).hasContent(changed);
  }

  @Test
  void whatSomebodyRemovedIsToldAndComesBackWithTheNextDaemon() throws Exception {
    CniInstallation running = installation();
    running.look();
    Files.delete(conflist());
    assertThat(running.look())
        .singleElement()
        .asString()
        .contains("was removed", "restart millpondd");
    assertThat(conflist()).doesNotExist();
    assertThat(installation().look()).isEmpty();
    assertThat(conflist()).exists();
  }

  @Test
  void aConfigurationThatSortsBeforeIsToldWithTheRemedy() throws Exception {
    Files.writeString(conf.resolve("10-aws.conflist"), "{}");
    Files.writeString(conf.resolve("00-bridge.conf"), "{\"type\": \"bridge\"}");
    Files.writeString(conf.resolve("05-old.conflist.bak"), "{}");
    Files.writeString(conf.resolve("99-loopback.conf"), "{}");
    CniInstallation running = installation();
    assertThat(running.look())
        .satisfiesExactly(
            bridge -> assertThat(bridge).contains("00-bridge.conf sorts before"),
            aws -> assertThat(aws).contains("10-aws.conflist", "DaemonSet aws-node"));
    Files.delete(conf.resolve("10-aws.conflist"));
    Files.delete(conf.resolve("00-bridge.conf"));
    assertThat(running.look()).isEmpty();
  }

  /** Multus' own configuration must sort first; to remove it would take pods their networks. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\": \"multus\", \"clusterNetwork\": \"millpond\"}",
        "{\"name\": \"multus\", \"plugins\": [{\"type\": \"multus-shim\"}]}",
        "{\"type\": \"genie\", \"delegates\": [{\"plugins\": [{\"type\": \"millpond\"}]}]}",
        "{\"type\": \"other\", \"delegate\": {\"type\": \"millpond\"}}",
        "{\"plugins\": [{\"type\": \"millpond\"}, {\"type\": \"tuning\"}]}",
      })
  void anEarlierConfigurationThatLeadsToMillpondIsNoFinding(String text) throws Exception {
    Files.writeString(conf.resolve("00-multus.conf"), text);
    assertThat(installation().look()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{\"type\": [\"multus\"], \"plugins\": 7, \"delegates\": null, \"delegate\": []}",
        "{\"type\": \"ptp\", \"name\": \"millpond\", \"note\": {\"type\": \"millpond\"}}",
      })
  void anEarlierConfigurationThatIsNotUnderstoodIsAFinding(String text) throws Exception {
    Files.writeString(conf.resolve("00-multus.conf"), text);
    assertThat(installation().look()).singleElement().asString().contains("sorts before");
  }

  @Test
  void anEarlierConfigurationIsNotReadWithoutEnd() throws Exception {
    Files.writeString(
        conf.resolve("00-multus.conf"), "{\"type\": \"multus\"}" + " ".repeat(1 << 20));
    Files.createDirectory(conf.resolve("01-directory.conf"));
    assertThat(installation().look()).hasSize(2);
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsToldAndTriedAgain() throws Exception {
    Files.createDirectories(directory.resolve("opt/cni"));
    Files.writeString(bin, "a file where the directory should be");
    CniInstallation running = installation();
    assertThat(running.look())
        .singleElement()
        .asString()
        .contains("cannot be installed", "tried again");
    assertThat(conflist()).as("without the plugin").doesNotExist();
    Files.delete(bin);
    assertThat(running.look()).isEmpty();
    assertThat(conflist()).exists();
  }

  @Test
  void aDirectoryThatCannotBeReadIsToldAsThat() throws Exception {
    CniInstallation running = installation();
    assertThat(running.look()).isEmpty();
    Files.move(conf, directory.resolve("away"));
    Files.writeString(conf, "a file where the directory should be");
    assertThat(running.look())
        .singleElement()
        .asString()
        .contains("which network runtimes use", conf + " cannot be read")
        .doesNotContain("cannot be installed");
  }

  @Test
  void namesThatCannotBeReadToTheirEndAreNoBug() {
    DirectoryStream<Path> broken =
        new DirectoryStream<>() {
          @Override
          public Iterator<Path> iterator() {
            throw new DirectoryIteratorException(new IOException("EIO"));
          }

          @Override
          public void close() {}
        };
    assertThatThrownBy(() -> EarlierConfigurations.inTheWay(broken))
        .isInstanceOf(IOException.class)
        .hasMessage("EIO");
  }

  /** The daemon is root without CAP_DAC_OVERRIDE; who runs the tests has it, or is not root. */
  @Test
  void whoseADirectoryIsThatRefusesTheDaemonIsToldWithTheRemedy() throws Exception {
    Files.createDirectories(bin);
    Files.setPosixFilePermissions(bin, PosixFilePermissions.fromString("r-xr-xr-x"));
    assertThat(Refusal.why(new AccessDeniedException(bin.resolve(".millpond.new").toString())))
        .startsWith(bin + " belongs to " + Files.getOwner(bin).getName() + ":")
        .contains("with mode r-xr-xr-x", "CAP_DAC_OVERRIDE");
    assumeTrue(Files.getOwner(bin).getName().equals("root"), "only root gives files away");
    Files.setOwner(
        bin, bin.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
    assertThat(Refusal.why(new AccessDeniedException(bin.resolve("a/b").toString())))
        .startsWith(bin + " belongs to nobody:root")
        .endsWith(": chown root:root " + bin);
  }

  @Test
  void anEmptyTemplateIsNotTheOneThatComesWithMillpond() throws Exception {
    for (String text : new String[] {"", " \n"}) {
      Files.writeString(template, text);
      assertThatThrownBy(this::installation)
          .isInstanceOf(InvalidConflistException.class)
          .hasMessageContaining(template + " is empty");
    }
  }

  @Test
  void aTemplateThatThePluginWouldRefuseIsRefusedBeforeAnythingStarts() throws Exception {
    Files.writeString(template, OWN.replace("mtu", "mut"));
    assertThatThrownBy(this::installation)
        .isInstanceOfSatisfying(
            InvalidConflistException.class,
            e ->
                assertThat(e.errors())
                    .singleElement()
                    .asString()
                    .startsWith(template + ": plugins[0]: unknown key 'mut'")
                    .endsWith("correct the file, or remove it"));
  }

  @ParameterizedTest
  @Tag("cni-109")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"type\":\"portmap\",\"capabilities\":{\"portMappings\":true}} | both declare the capability portMappings",
        "{\"type\":\"millpond\"} | same interface",
      })
  void aTemplateWhosePluginsWouldBeInEachOthersWayIsRefused(String plugin, String why)
      throws Exception {
    Files.writeString(
        template,
        """
        {"cniVersion": "1.0.0", "name": "own",
         "plugins": [{"type": "millpond", "capabilities": {"portMappings": true}}, %s]}
        """
            .formatted(plugin));
    assertThatThrownBy(() -> Conflist.of(template))
        .isInstanceOf(InvalidConflistException.class)
        .hasMessageContaining(why);
    Files.move(template, conflist());
    assertThat(installation().look()).singleElement().asString().contains("left alone", why);
  }

  @Test
  void whatADiedInstallationLeftIsReplaced() throws Exception {
    Files.writeString(conf.resolve(".10-millpond.conflist.new"), "half");
    assertThat(installation().look()).isEmpty();
    assertThat(names(conf)).containsExactly("10-millpond.conflist");
  }
}
